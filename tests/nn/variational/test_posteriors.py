"""What each posterior is given what is present, and what it is trained by."""

import pytest
import torch

from sklearn_crossmodal.nn.variational import (
    POSTERIORS,
    Gaussian,
    MVTCAEPosterior,
    kl_divergence,
    product_of_experts,
)

WIDTHS, N_COMPONENTS, N = [3, 5, 4], 2, 6
every = pytest.mark.parametrize("name", sorted(POSTERIORS))


@pytest.fixture
def latents():
    torch.manual_seed(0)
    return [torch.randn(N, width).double() for width in WIDTHS]


@pytest.fixture
def present():
    return torch.tensor([[1, 1, 1], [1, 0, 0], [0, 1, 1], [1, 1, 0], [0, 0, 1], [1, 0, 1]]).bool()


def build(part, widths=WIDTHS):
    torch.manual_seed(1)
    part = POSTERIORS[part]() if isinstance(part, str) else part
    return part.build(widths, N_COMPONENTS).double()


@every
def test_what_an_absent_modality_holds_changes_nothing(name, latents, present):
    posterior = build(name)
    other = [
        torch.where(there.unsqueeze(-1), latent, 1e3)
        for latent, there in zip(latents, present.unbind(1), strict=True)
    ]
    torch.testing.assert_close(posterior(other, present), posterior(latents, present))
    draws = [
        posterior.draw(some, present, torch.Generator().manual_seed(0)) for some in (latents, other)
    ]
    torch.testing.assert_close(draws[0].latent, draws[1].latent)
    torch.testing.assert_close(draws[0].divergence, draws[1].divergence)


@every
def test_draws_come_from_what_is_present(name, latents, present):
    draws = build(name).draw(latents, present)
    n_draws = len(draws.latent) // N
    assert draws.latent.shape == (n_draws * N, N_COMPONENTS)
    assert draws.divergence.shape == (n_draws * N,)
    sources = draws.sources.view(n_draws, N, -1)
    assert sources.any(dim=-1).all()
    assert not (sources & ~present).any()


@every
def test_of_one_modality_all_cost_the_divergence_from_the_prior(name, latents):
    posterior = build(name, WIDTHS[:1])
    belief = posterior.belief(latents[:1])
    draws = posterior.draw(latents[:1], None)
    cost = draws.divergence.view(-1, N)
    share = 0.1 if name == "mvtcae" else 1.0  # the rest is from itself: none
    torch.testing.assert_close(cost[0], share * kl_divergence(belief))


@every
def test_the_mean_of_the_draws_is_that_of_the_belief(name, latents, present):
    posterior = build(name)
    many = [latent[:1].expand(40_000, -1) for latent in latents]
    found = posterior.draw(many, None).latent[:40_000].mean(dim=0)
    expected = posterior([latent[:1] for latent in latents])[0]
    if name == "mopoe":  # the mixture's mean is that of the means of all subsets
        experts = posterior.experts([latent[:1] for latent in latents])
        subsets = posterior.subsets(torch.ones(1, 3, dtype=torch.bool), None)
        expected = product_of_experts(experts, subsets).mean.mean(dim=1)[0]
    torch.testing.assert_close(found, expected, atol=0.05, rtol=0)


def test_poe_has_the_prior_as_an_expert(latents):
    posterior = build("poe")
    precision = (-posterior.experts(latents).log_variance).exp()
    expected = -(1 + precision.sum(dim=1)).log()
    torch.testing.assert_close(posterior.belief(latents).log_variance, expected)


def test_poe_explains_what_it_was_drawn_from(latents, present):
    draws = build("poe").draw(latents, present)
    assert torch.equal(draws.targets, draws.sources)
    whole, one, _ = draws.sources.view(3, N, -1)
    assert torch.equal(whole, present)
    assert (one.sum(dim=1) == 1).all()


def test_moe_draws_from_one(latents, present):
    draws = build("moe").draw(latents, present)
    assert (draws.sources.sum(dim=1) == 1).all()
    experts = build("moe").experts(latents)
    costs = kl_divergence(experts)
    expected = (costs * present).sum(dim=1) / present.sum(dim=1)
    torch.testing.assert_close(draws.divergence, expected)


def test_mopoe_draws_each_subset_as_often(latents):
    many = [latent[:1].expand(14_000, -1) for latent in latents]
    present = torch.tensor([[True, True, False]]).expand(14_000, -1)
    sources = build("mopoe").draw(many, present).sources
    _, counts = torch.unique(sources, dim=0, return_counts=True)
    assert len(counts) == 3
    torch.testing.assert_close(counts / 14_000, torch.full((3,), 1 / 3), atol=0.015, rtol=0)


def test_mopoe_draws_subsets_of_many_modalities():
    torch.manual_seed(0)
    latents = [torch.randn(50, 3).double() for _ in range(8)]
    draws = build("mopoe", [3] * 8).draw(latents, None)
    assert draws.sources.any(dim=1).all()
    assert len(torch.unique(draws.sources, dim=0)) > 5
    assert torch.isfinite(draws.divergence).all()


@pytest.mark.parametrize("alpha", [0.0, 0.5, 1.0])
def test_mvtcae_weighs_prior_and_experts(alpha, latents):
    posterior = build(MVTCAEPosterior(alpha=alpha))
    joint, experts = posterior.belief(latents), posterior.experts(latents)
    each = [kl_divergence(joint, Gaussian(*(part[:, m] for part in experts))) for m in range(3)]
    expected = (1 - alpha) * kl_divergence(joint) + alpha * torch.stack(each).mean(dim=0)
    draws = posterior.draw(latents, None)
    torch.testing.assert_close(draws.divergence, expected)
    torch.testing.assert_close(draws.targets, torch.full((N, 3), 1 - alpha / 3).double())


def test_moe_has_the_spread_of_the_mixture(latents):
    posterior = build("moe")
    experts = posterior.experts(latents)
    belief = posterior.belief(latents)
    second = (experts.log_variance.exp() + experts.mean**2).mean(dim=1)
    torch.testing.assert_close(belief.log_variance.exp(), second - belief.mean**2)


@every
def test_every_weight_learns(name, latents):
    posterior = build(name)
    draws = posterior.draw(latents, None)
    (draws.latent.square().sum() + draws.divergence.sum()).backward()
    for weight in posterior.parameters():
        assert weight.grad.abs().sum() > 0
