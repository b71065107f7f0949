import pytest
import torch
from torch import nn

from sklearn_crossmodal.data import BlockSpec
from sklearn_crossmodal.nn import MultiModalNetwork, build_encoder, build_fusion
from sklearn_crossmodal.nn.networks._ridge_path import LinearPath

SIZES = {"a": 3, "c": 2}


@pytest.fixture
def values():
    return {"a": torch.randn(6, 3), "b": torch.randn(6, 4), "c": torch.randn(6, 2)}


@pytest.fixture
def path():
    """Return a path from a and c, of three modalities, that was set, in evaluation."""
    made = LinearPath(SIZES, ["a", "b", "c"], "y", (2, 2))
    made.set(torch.randn(4, 5), torch.randn(4), torch.randn(5))
    made.blend(0.25)
    return made.eval()


def by_hand(path, values):
    numbers = torch.cat([values["a"], values["c"]], dim=1) - path.means
    return (numbers @ path.weight.T + path.bias).view(-1, 2, 2)


def test_scores_are_blended_by_the_share_of_the_network(path, values):
    fused = torch.randn(6, 2, 2)
    found = path({"y": fused, "other": fused}, values, None)
    expected = 0.25 * fused + 0.75 * by_hand(path, values)
    torch.testing.assert_close(found["y"], expected)
    assert found["other"] is fused


def test_scores_pass_by_in_training_and_before_the_path_is_set(path, values):
    fused = {"y": torch.randn(6, 2, 2)}
    assert path.train()(fused, values, None)["y"] is fused["y"]
    fresh = LinearPath(SIZES, ["a", "b", "c"], "y", (2, 2)).eval()
    assert fresh(fused, values, None)["y"] is fused["y"]
    path.blend(1.0)
    assert path.eval()(fused, values, None)["y"] is fused["y"]


@pytest.mark.parametrize("held", [0.0, 1e30, float("inf"), float("nan")])
def test_an_absent_modality_has_the_share_of_its_mean(path, values, held):
    fused = {"y": torch.zeros(6, 2, 2)}
    present = torch.tensor([[True, False, False]] * 3 + [[True, True, True]] * 3)
    filled = {**values, "c": values["c"].clone()}
    filled["c"][:3] = path.means[3:]
    values["c"][:3] = held
    found = path(fused, values, present)["y"]
    torch.testing.assert_close(found, path(fused, filled, None)["y"])


def test_the_share_comes_with_the_weights(path, values):
    fused = {"y": torch.randn(6, 2, 2)}
    other = LinearPath(SIZES, ["a", "b", "c"], "y", (2, 2)).eval()
    other.load_state_dict(path.state_dict())
    torch.testing.assert_close(other(fused, values, None)["y"], path(fused, values, None)["y"])


def test_a_network_answers_by_its_paths():
    spec = BlockSpec("vector", (3,))
    parts = {"a": build_encoder("mlp", spec)}, build_fusion("concat", [64])
    network = MultiModalNetwork(*parts, nn.Identity(), {"y": nn.Linear(64, 2)}).eval()
    values = {"a": torch.randn(4, 3)}
    alone = network(values)["y"]
    path = LinearPath({"a": 3}, ["a"], "y", (2,))
    path.set(torch.ones(2, 3), torch.zeros(2), torch.zeros(3))
    path.blend(0.0)
    network.linear_paths.append(path.eval())
    torch.testing.assert_close(network(values)["y"], values["a"].sum(1, keepdim=True).expand(4, 2))
    torch.testing.assert_close(network.train()(values)["y"], alone)
