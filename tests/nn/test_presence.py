"""Encoders that are not finite where a modality is absent: no result and no gradient sees it."""

import pytest
import torch
from torch import nn

from sklearn_crossmodal.data import BlockSpec
from sklearn_crossmodal.nn import MultiModalNetwork, PrivateNetwork, build_encoder, build_fusion
from sklearn_crossmodal.nn._presence import is_finite_at_zeros, where_present
from sklearn_crossmodal.nn.encoders import MLPEncoder
from sklearn_crossmodal.nn.fusion import FUSIONS
from sklearn_crossmodal.nn.fusion._subset_fusion import PartialFusion
from sklearn_crossmodal.nn.networks._unimodal_heads import ModalityHeads
from sklearn_crossmodal.nn.variational import POSTERIORS, VariationalNetwork

PRESENT = torch.tensor([[True, False], [True, True], [False, True], [True, True], [True, False]])
NOWHERE = torch.tensor([[True, False]] * 5)
HOSTILE = {
    "norm": lambda x: x / x.norm(dim=1, keepdim=True),
    "log": lambda x: x.abs().log(),
    "root": lambda x: x.abs().sqrt(),
    "inverse": lambda x: 1 / x,
    "variance": lambda x: (x - x.mean(1, keepdim=True)) / x.std(1, keepdim=True),
}
NETWORKS = ["plain", "heads", "private", *POSTERIORS]


class Hostile(nn.Module):
    """An encoder whose values, or derivatives, at zeros are not finite."""

    def __init__(self, transform):
        super().__init__()
        self.linear, self.transform = nn.Linear(4, 3), transform
        self.out_features = 3
        self.seen = []

    def forward(self, values):
        self.seen.append(values.detach())
        return self.linear(self.transform(values))


def network_of(kind, hostile, fusion="concat"):
    encoders = {
        "a": build_encoder(MLPEncoder(width=3), BlockSpec("vector", (2,))),
        "b": build_encoder(hostile, BlockSpec("vector", (4,))),
    }
    joined = build_fusion(fusion, [3, 3])
    bottleneck = nn.Linear(joined.out_features, 5)
    width = 7 if kind in {"private", *POSTERIORS} else 5
    decoders = {"a": nn.Linear(width, 2), "b": nn.Linear(width, 4)}
    if kind == "private":
        return PrivateNetwork(encoders, joined, bottleneck, decoders, 2)
    if kind in POSTERIORS:
        return VariationalNetwork(encoders, POSTERIORS[kind]().build([3, 3], 5), decoders, 2)
    heads = ModalityHeads([nn.Linear(3, 2), nn.Linear(3, 2)], [3, 3], "a", adds=True)
    return MultiModalNetwork(
        encoders, joined, bottleneck, decoders, heads if kind == "heads" else None
    )


def inputs(present, filler=0.0):
    values = {"a": torch.randn(5, 2), "b": torch.randn(5, 4)}
    for m, name in enumerate(values):
        values[name][~present[:, m]] = 0.0 if name == "a" else filler
    return {"values": values, "present": present}


def assert_finite(network, given):
    for training in (True, False):
        network.zero_grad()
        network.train(training)
        scores = network(**given)
        numbers = [one for one in scores.values() if one is not None and one.is_floating_point()]
        assert all(one.isfinite().all() for one in numbers)
        sum(one.square().sum() for one in numbers).backward()
        grads = [weight.grad for weight in network.parameters() if weight.grad is not None]
        assert grads
        assert all(grad.isfinite().all() for grad in grads)


@pytest.fixture(autouse=True)
def _seeded():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        yield


@pytest.mark.parametrize("present", [PRESENT, NOWHERE], ids=["some", "none"])
@pytest.mark.parametrize("kind", NETWORKS)
@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_encoder_never_sees_the_filler(name, kind, present):
    hostile = Hostile(HOSTILE[name])
    network = network_of(kind, hostile)
    assert_finite(network, inputs(present))
    encoder = network.encoders["b"].module
    assert all((seen != 0).all() for seen in encoder.seen)
    assert bool(encoder.seen) == bool(present[:, 1].any())


@pytest.mark.parametrize("filler", [float("nan"), float("inf"), -float("inf"), 0.0])
@pytest.mark.parametrize("fusion", FUSIONS)
def test_whatever_stands_there(fusion, filler):
    network = network_of("plain", Hostile(HOSTILE["norm"]), fusion)
    assert_finite(network, inputs(PRESENT, filler))


def test_gradients_are_those_of_the_samples_that_have_it():
    network = network_of("plain", Hostile(HOSTILE["norm"])).eval()
    given = inputs(PRESENT)
    latent = network.latents(**given)[1]
    latent.square().sum().backward()
    found = network.encoders["b"].module.linear.weight.grad.clone()
    network.zero_grad()
    alone = network.encoders["b"](given["values"]["b"][PRESENT[:, 1]], None)
    alone.square().sum().backward()
    torch.testing.assert_close(found, network.encoders["b"].module.linear.weight.grad)
    torch.testing.assert_close(latent[PRESENT[:, 1]], alone)


def test_samples_whose_modality_is_hidden_are_encoded_as_they_are():
    network = network_of("plain", Hostile(HOSTILE["norm"]))
    values = {"a": torch.randn(5, 2), "b": torch.randn(5, 4)}
    network.latents(values, present=PRESENT)
    assert torch.equal(network.encoders["b"].module.seen[0], values["b"])


def test_what_is_normalised_over_a_batch_keeps_its_mean():
    network = network_of("plain", lambda spec: nn.Sequential(nn.BatchNorm1d(4), FirstThree()))
    given = inputs(PRESENT)
    network.train()(**given)
    mean = network.encoders["b"].module[0].running_mean
    has = given["values"]["b"][[1, 1, 2, 3, 3]]  # each that lacks it stands for the one before
    torch.testing.assert_close(mean, 0.1 * has.mean(dim=0))


class FirstThree(nn.Module):
    def forward(self, values):
        return values[:, :3]


def test_tokens_and_their_mask_are_replaced_together():
    class Mean(nn.Module):
        out_features = 1

        def forward(self, values, mask):
            assert mask.any(dim=1).all()
            return ((values * mask).sum(1) / mask.sum(1)).unsqueeze(1).float()

    network = MultiModalNetwork(
        {"t": Mean(), "u": Mean()},
        build_fusion("mean", [1, 1]),
        nn.Identity(),
        {"y": nn.Identity()},
    )
    ids, mask = torch.tensor([[2, 4], [0, 0]]), torch.tensor([[True, True], [False, False]])
    masks = {"t": mask, "u": torch.ones(2, 2, dtype=torch.bool)}
    present = torch.tensor([[True, True], [False, True]])
    latents = network.latents({"t": ids, "u": ids + 1}, masks, present)
    assert latents[0].tolist() == [[3.0], [0.0]]


def test_only_classes_of_ones_own_are_guarded():
    spec = BlockSpec("vector", (4,))
    assert is_finite_at_zeros(build_encoder("mlp", spec))
    assert is_finite_at_zeros(build_encoder(lambda s: nn.Sequential(nn.Linear(4, 2)), spec))
    assert not is_finite_at_zeros(build_encoder(Hostile(HOSTILE["log"]), spec))
    assert not network_of("plain", Hostile(HOSTILE["log"])).stacks
    assert network_of("plain", lambda spec: nn.Linear(4, 3)).stacks


@pytest.mark.parametrize("filler", [float("nan"), float("inf")])
@pytest.mark.parametrize("name", POSTERIORS)
def test_posteriors_do_not_see_absent_latents(name, filler):
    posterior = POSTERIORS[name]().build([3, 2], 4)
    latents = [torch.randn(5, 3), torch.randn(5, 2)]
    zeros = where_present(latents, PRESENT)
    held = [z.masked_fill(~p[:, None], filler) for z, p in zip(latents, PRESENT.T, strict=True)]
    expected = posterior.belief(zeros, PRESENT)
    for one, other in zip(posterior.belief(held, PRESENT), expected, strict=True):
        assert torch.equal(one, other)
    draws = posterior.draw(held, PRESENT)
    (draws.latent.square().sum() + draws.divergence.sum()).backward()
    assert all(weight.grad.isfinite().all() for weight in posterior.parameters())


@pytest.mark.parametrize("filler", [float("nan"), float("inf")])
def test_heads_and_partial_fusions_do_not_see_absent_latents(filler):
    latents = [torch.randn(5, 3), torch.randn(5, 3)]
    held = [z.masked_fill(~p[:, None], filler) for z, p in zip(latents, PRESENT.T, strict=True)]
    heads = ModalityHeads([nn.Linear(3, 2), nn.Linear(3, 2)], [3, 3], "y", adds=True)
    inner = build_fusion("mean", [3, 3])
    outer = build_fusion("mean", [64, 3])
    partial = PartialFusion(inner, nn.Identity(), [3, 3], [1, None], outer, 64)
    for training in (True, False):
        heads.train(training)
        found = heads({"y": torch.zeros(5, 2)}, held, PRESENT)
        numbers = [one for one in found.values() if one.is_floating_point()]
        sum(one.square().sum() for one in [*numbers, partial(held, PRESENT)]).backward()
        for module in (heads, partial):
            grads = [weight.grad for weight in module.parameters() if weight.grad is not None]
            assert all(grad.isfinite().all() for grad in grads)
