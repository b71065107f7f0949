import json
from types import SimpleNamespace

import pytest
from torch import nn

from sklearn_crossmodal.nn.pretrained._image_normalization import find_normalization

NOTHING = {"mean": None, "std": None, "size": None}
IMAGENET = {"mean": (0.4, 0.5, 0.6), "std": (0.1, 0.2, 0.3)}


class TimmLike(nn.Module):
    def __init__(self, name="pretrained_cfg", settings=None):
        super().__init__()
        setattr(self, name, settings or {**IMAGENET, "input_size": (3, 224, 192)})


class TorchvisionLike:
    """As a member of `torchvision.models.ResNet18_Weights`."""

    url = "https://example.org/resnet18.pth"

    @staticmethod
    def transforms():
        return SimpleNamespace(mean=[0.4, 0.5, 0.6], std=[0.1, 0.2, 0.3], crop_size=[224])


def test_nothing_is_known_of_any_module():
    assert find_normalization(NOTHING, module=lambda: nn.Linear(1, 1)) is None
    assert find_normalization(NOTHING) is None


@pytest.mark.parametrize(
    "module",
    [
        TimmLike(),
        TimmLike("default_cfg"),
        TimmLike(settings=SimpleNamespace(**IMAGENET, input_size=(3, 224, 192))),
    ],
)
def test_modules_of_timm_say_it(module):
    expected = {**IMAGENET, "size": (224, 192)}
    assert find_normalization(NOTHING, module=lambda: module) == expected


def test_weights_of_torchvision_say_it():
    assert find_normalization(NOTHING, TorchvisionLike) == {**IMAGENET, "size": (224, 224)}


@pytest.mark.parametrize(
    ("settings", "size"),
    [
        ({"size": {"height": 32, "width": 48}}, (32, 48)),
        ({"size": {"shortest_edge": 40}}, (40, 40)),
        ({"size": 40}, (40, 40)),
        ({"size": 50, "crop_size": {"height": 40, "width": 40}, "do_center_crop": True}, (40, 40)),
        ({}, None),
    ],
)
def test_the_processor_in_a_folder_says_it(tmp_path, settings, size):
    settings = {"image_mean": IMAGENET["mean"], "image_std": IMAGENET["std"], **settings}
    (tmp_path / "preprocessor_config.json").write_text(json.dumps(settings))
    assert find_normalization(NOTHING, folder=tmp_path) == {**IMAGENET, "size": size}


def test_a_processor_that_does_not_normalise_leaves_images_as_they_are(tmp_path):
    settings = {"image_mean": [0.5], "image_std": [0.5], "do_normalize": False, "size": 8}
    (tmp_path / "preprocessor_config.json").write_text(json.dumps(settings))
    expected = {"mean": 0.0, "std": 1.0, "size": (8, 8)}
    assert find_normalization(NOTHING, folder=tmp_path) == expected


def test_what_the_user_says_comes_first():
    given = {"mean": 0.5, "std": [0.1, 0.1, 0.2], "size": None}
    expected = {"mean": 0.5, "std": (0.1, 0.1, 0.2), "size": (224, 192)}
    assert find_normalization(given, module=TimmLike) == expected
    given = {"mean": 0.5, "std": 0.25, "size": (8, 9)}

    def fail():
        raise AssertionError("the module is not needed")

    assert find_normalization(given, module=fail) == {
        "mean": 0.5,
        "std": 0.25,
        "size": (8, 9),
    }


def test_what_is_not_known_is_not_made_up():
    found = find_normalization({"mean": None, "std": None, "size": 8})
    assert found == {"mean": None, "std": None, "size": (8, 8)}
    found = find_normalization({"mean": [0.5], "std": None, "size": None})
    assert found == {"mean": (0.5,), "std": 1.0, "size": None}
