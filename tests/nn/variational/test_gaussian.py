"""Against torch's distributions, and products against numerical integration."""

import pytest
import torch
from torch import distributions

from sklearn_crossmodal.nn.variational import Gaussian, kl_divergence, product_of_experts

torch.manual_seed(0)
FIRST = Gaussian(torch.randn(4, 3).double(), torch.randn(4, 3).double())
SECOND = Gaussian(torch.randn(4, 3).double(), torch.randn(4, 3).double())


def normal(gaussian):
    scale = (0.5 * gaussian.log_variance).exp()
    return distributions.Independent(distributions.Normal(gaussian.mean, scale), 1)


def test_divergence_of_two():
    expected = distributions.kl_divergence(normal(FIRST), normal(SECOND))
    torch.testing.assert_close(kl_divergence(FIRST, SECOND), expected)


def test_divergence_from_the_standard_normal():
    zero = torch.zeros(4, 3).double()
    expected = distributions.kl_divergence(normal(FIRST), normal(Gaussian(zero, zero)))
    torch.testing.assert_close(kl_divergence(FIRST), expected)
    assert kl_divergence(Gaussian(zero, zero)).eq(0).all()


@pytest.mark.parametrize("prior", [False, True])
def test_product_is_the_normalised_product_of_densities(prior):
    experts = Gaussian(torch.randn(1, 3, 1).double(), torch.randn(1, 3, 1).double())
    chosen = torch.tensor([[[True, False, True]]])
    found = product_of_experts(experts, chosen, prior=prior)
    grid = torch.linspace(-30, 30, 60_001).double()
    log_density = sum(
        distributions.Normal(
            experts.mean[0, m, 0], (0.5 * experts.log_variance[0, m, 0]).exp()
        ).log_prob(grid)
        for m in (0, 2)
    )
    if prior:
        log_density = log_density - grid**2 / 2
    density = log_density.exp() / log_density.exp().sum()
    mean = (density * grid).sum()
    variance = (density * (grid - mean) ** 2).sum()
    torch.testing.assert_close(found.mean.squeeze(), mean)
    torch.testing.assert_close(found.log_variance.exp().squeeze(), variance)


def test_product_of_none_is_the_prior():
    experts = Gaussian(torch.full((1, 2, 3), 7.0), torch.zeros(1, 2, 3))
    for prior in (False, True):
        found = product_of_experts(experts, torch.zeros(1, 1, 2, dtype=torch.bool), prior=prior)
        assert found.mean.eq(0).all()
        assert found.log_variance.eq(0).all()


def test_an_expert_that_is_not_chosen_does_not_count():
    chosen = torch.tensor([[[True, False]]])
    one = product_of_experts(Gaussian(torch.ones(1, 2, 1), torch.zeros(1, 2, 1)), chosen)
    other = Gaussian(torch.tensor([[[1.0], [99.0]]]), torch.tensor([[[0.0], [-8.0]]]))
    torch.testing.assert_close(one, product_of_experts(other, chosen))


def test_draws_have_the_mean_and_the_variance():
    noise = torch.randn(200_000, 4, 3).double()
    draws = FIRST.at(noise)
    torch.testing.assert_close(draws.mean(dim=0), FIRST.mean, atol=0.03, rtol=0)
    torch.testing.assert_close(draws.var(dim=0), FIRST.log_variance.exp(), atol=0, rtol=0.02)
