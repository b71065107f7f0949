import pytest
import torch
from torch import nn

from sklearn_crossmodal.data import BlockSpec
from sklearn_crossmodal.nn import MultiModalNetwork, build_encoder, build_fusion, build_loss
from sklearn_crossmodal.nn.networks._batch_ensemble import EnsembleNetwork
from sklearn_crossmodal.nn.networks._unimodal_heads import HEADS, PRESENT, ModalityHeads
from sklearn_crossmodal.training._objectives._criterion import Criterion

K = 3


@pytest.fixture
def network():
    torch.manual_seed(0)
    encoders = {
        "table": build_encoder("mlp", BlockSpec("vector", (4,))),
        "words": nn.Embedding(5, 6),
    }
    encoders["words"].out_features = 6
    encoders["words"].forward = lambda values, mask: encoders["words"].weight[values]
    heads = ModalityHeads([nn.Linear(64, 2), nn.Linear(6, 2)], [64, 6], "y", adds=True)
    fusion = build_fusion("concat", [64, 6])
    plain = MultiModalNetwork(
        encoders, fusion, nn.Identity(), {"y": nn.Linear(fusion.out_features, 2)}, heads
    )
    return EnsembleNetwork.of(plain, K, {"table": 4}).eval()


@pytest.fixture
def values():
    return {"table": torch.randn(7, 4), "words": torch.arange(7) % 5}


def scores_of_member(network, values, k):
    scales = [scale.view(K, -1)[k] for scale in network.scales]
    latents = [
        network.encoders["table"](values["table"] * scales[0]),
        network.encoders["words"](values["words"], None) * scales[1],
    ]
    return network.decoders["y"].members[k](network.fusion(latents))


def test_answers_are_the_mean_of_the_members(network, values):
    expected = torch.stack([scores_of_member(network, values, k) for k in range(K)]).mean(dim=0)
    torch.testing.assert_close(network(values)["y"], expected)


def test_members_differ_from_the_start(network, values):
    first, second = (scores_of_member(network, values, k) for k in range(2))
    assert not torch.allclose(first, second)


def test_the_loss_is_the_mean_of_losses_not_the_loss_of_the_mean(network, values):
    for part in network.modules():
        if hasattr(part, "p"):
            part.p = 0.0
    target = torch.randn(7, 2)
    loss = build_loss("squared_error", BlockSpec("vector", (2,)))
    found = Criterion({"y": loss})(network.train()(values), {"y": (target, None, None)})
    each = [loss(scores_of_member(network, values, k), target) for k in range(K)]
    torch.testing.assert_close(found, torch.stack(each).mean())
    mean = torch.stack([scores_of_member(network, values, k) for k in range(K)]).mean(dim=0)
    assert found > loss(mean, target) + 1e-4


def test_weights_of_samples_count_for_each_member(network, values):
    loss = build_loss("squared_error", BlockSpec("vector", (2,)))
    for part in network.modules():
        if hasattr(part, "p"):
            part.p = 0.0
    network.train()
    target, weight = torch.zeros(7, 2), torch.tensor([1.0, 1.0, 1.0, 0, 0, 0, 0])
    some = {name: part[:3] for name, part in values.items()}
    criterion = Criterion({"y": loss}, auxiliary_weight=0.5)
    weighted = criterion(network(values), {"y": (target, None, weight)})
    alone = criterion(network(some), {"y": (target[:3], None, None)})
    torch.testing.assert_close(weighted, alone)


def test_heads_and_presence_come_once_for_each_member(network, values):
    present = torch.tensor([[True, False]] * 7)
    found = network.train()(values, present=present)
    assert found["y"].shape == (K * 7, 2)
    assert found[HEADS].shape == (K * 7, 2, 2)
    assert found[PRESENT].shape == (K * 7, 2)


def test_latents_of_members_stand_side_by_side(network, values):
    latent = network.encode(values)
    assert latent.shape == (7, network.n_latents) == (7, K * network.fusion.out_features)
    second = network.fusion(
        [
            network.encoders["table"](values["table"] * network.scales[0].view(K, -1)[1]),
            network.encoders["words"](values["words"], None) * network.scales[1].view(K, -1)[1],
        ]
    )
    torch.testing.assert_close(latent.chunk(K, dim=1)[1], second)


@pytest.mark.parametrize("held", [0.0, float("inf"), float("nan")])
def test_what_an_absent_modality_holds_does_not_reach_the_scores(network, values, held):
    present = torch.tensor([[False, True]] * 7)
    expected = network(values, present=present)["y"]
    values["table"][:] = held
    assert torch.equal(network(values, present=present)["y"], expected)
    assert expected.isfinite().all()
