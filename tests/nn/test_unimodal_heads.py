import numpy as np
import pytest
import torch
from torch import nn

from sklearn_crossmodal.data import BlockSpec
from sklearn_crossmodal.nn import MultiModalNetwork, build_encoder, build_fusion
from sklearn_crossmodal.nn.networks._unimodal_heads import HEADS, PRESENT, ModalityHeads


def heads_of(n_heads, *, adds, n_scores=3):
    heads = [nn.Linear(2, n_scores) for _ in range(n_heads)]
    return ModalityHeads(heads, [2] * n_heads, "y", adds=adds).double()


def network_of(heads):
    torch.manual_seed(0)
    spec = BlockSpec("vector", (4,))
    encoders = {name: build_encoder("mlp", spec) for name in ("a", "b")}
    decoders = {"y": nn.Linear(192, 3)}
    parts = encoders, build_fusion("concat", [64, 64]), nn.Identity(), decoders
    if heads:
        made = [nn.Linear(64, 3), nn.Linear(64, 3)]
        heads = ModalityHeads(made, [64, 64], "y", adds=True)
    return MultiModalNetwork(*parts, heads or None)


@pytest.fixture
def values():
    return {name: torch.randn(5, 4) for name in ("a", "b")}


def test_in_training_each_head_scores_its_own_modality(values):
    network = network_of(heads=True)
    found = network(values)
    assert set(found) == {"y", HEADS, PRESENT}
    for m, (head, latent) in enumerate(
        zip(network.heads.heads, network.latents(values), strict=True)
    ):
        torch.testing.assert_close(found[HEADS][:, m], head(latent))


def test_samples_with_all_modalities_are_answered_by_the_fusion_alone(values):
    plain, headed = network_of(heads=False).eval(), network_of(heads=True).eval()
    expected = plain(values)["y"]
    assert torch.equal(headed(values)["y"], expected)
    present = torch.ones(5, 2, dtype=torch.bool)
    torch.testing.assert_close(headed(values, present=present)["y"], expected)


@pytest.mark.parametrize("held", [0.0, 1e30, float("inf"), float("nan")])
def test_what_an_absent_modality_holds_does_not_reach_the_blend(values, held):
    network = network_of(heads=True).eval()
    present = torch.tensor([[True, False]] * 5)
    expected = network(values, present=present)["y"]
    values["b"][:] = held
    assert torch.equal(network(values, present=present)["y"], expected)
    assert expected.isfinite().all()


def test_shares_of_the_fused_scores_are_those_of_how_many_modalities_are_there():
    heads = heads_of(3, adds=True).eval()
    heads.shares.copy_(torch.tensor([0.0, 0.0, 0.25, 1.0]))
    fused, head_scores = torch.randn(3, 3).double(), torch.randn(3, 3, 3).double()
    present = torch.tensor([[1, 0, 0], [1, 0, 1], [1, 1, 1]]).bool()
    blend = heads.blend(fused, head_scores, present)
    torch.testing.assert_close(blend[0], head_scores[0, 0])
    torch.testing.assert_close(
        blend[1], 0.25 * fused[1] + 0.75 * (head_scores[1, 0] + head_scores[1, 2])
    )
    torch.testing.assert_close(blend[2], fused[2])


def test_logits_together_are_the_posterior_of_independent_evidence():
    prior = torch.tensor([0.5, 0.3, 0.2]).double()
    likelihoods = torch.rand(4, 2, 3).double()
    heads = heads_of(2, adds=True)
    heads.prior.copy_(prior.log())
    posteriors = likelihoods * prior
    posteriors = posteriors / posteriors.sum(dim=-1, keepdim=True)
    found = heads.combine(posteriors.log(), torch.ones(4, 2).bool()).softmax(dim=-1)
    expected = likelihoods.prod(dim=1) * prior
    torch.testing.assert_close(found, expected / expected.sum(dim=-1, keepdim=True))


def test_numbers_together_are_the_posterior_mean_of_independent_measurements(rng):
    # y ~ N(0, 1) is measured with noise of variance v: the posterior has precision 1 + 1 / v.
    variances = np.array([0.5, 2.0])
    measured = torch.from_numpy(rng.normal(size=(6, 2)))
    heads = heads_of(2, adds=False, n_scores=1)
    precisions = torch.from_numpy(1 + 1 / variances)
    heads.precisions.copy_(precisions.unsqueeze(-1))
    alone = measured / torch.from_numpy(variances) / precisions
    found = heads.combine(alone.unsqueeze(-1), torch.ones(6, 2).bool())[:, 0]
    expected = (measured / torch.from_numpy(variances)).sum(dim=1) / (1 + (1 / variances).sum())
    torch.testing.assert_close(found, expected)


def test_numbers_of_unknown_precision_are_averaged():
    heads = heads_of(3, adds=False)
    head_scores = torch.randn(2, 3, 3).double()
    present = torch.tensor([[1, 1, 1], [0, 1, 1]]).bool()
    found = heads.combine(head_scores, present)
    torch.testing.assert_close(found[0], head_scores[0].mean(dim=0), rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(found[1], head_scores[1, 1:].mean(dim=0), rtol=1e-4, atol=1e-4)
