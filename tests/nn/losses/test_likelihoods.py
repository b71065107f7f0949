"""Each is minus the logarithm of SciPy's density."""

import numpy as np
import pytest
import torch
from scipy import stats

from sklearn_crossmodal.nn.losses import (
    LOSSES,
    GaussianLoss,
    LaplaceLoss,
    NegativeBinomialLoss,
    gaussian_nll,
    laplace_nll,
    negative_binomial_nll,
    poisson_nll,
)

RNG = np.random.default_rng(0)
SCORES = RNG.normal(size=(5, 3))
NUMBERS = RNG.normal(size=(5, 3))
COUNTS = RNG.poisson(3.0, size=(5, 3)).astype(float)


def tensors(*arrays):
    return [torch.tensor(array) for array in arrays]


def means(densities):
    return torch.tensor(-densities.mean(axis=1))


@pytest.mark.parametrize("scale", [0.3, 1.0, 4.0])
@pytest.mark.parametrize(
    ("part", "function", "density"),
    [(GaussianLoss, gaussian_nll, stats.norm), (LaplaceLoss, laplace_nll, stats.laplace)],
)
def test_numbers_with_noise(part, function, density, scale):
    expected = means(density.logpdf(NUMBERS, SCORES, scale))
    torch.testing.assert_close(function(*tensors(SCORES, NUMBERS), scale=scale), expected)
    loss = part(scale=scale).build()
    torch.testing.assert_close(loss.per_sample(*tensors(SCORES, NUMBERS)), expected)
    torch.testing.assert_close(loss.nll(*tensors(SCORES, NUMBERS)), expected)


def test_counts():
    expected = means(stats.poisson.logpmf(COUNTS, np.exp(SCORES)))
    torch.testing.assert_close(poisson_nll(*tensors(SCORES, COUNTS)), expected)


def test_counts_that_spread_more():
    log_r = RNG.normal(size=SCORES.shape)
    mean, r = np.exp(SCORES), np.exp(log_r)
    expected = means(stats.nbinom.logpmf(COUNTS, r, r / (r + mean)))
    scores, counts = tensors(np.stack([SCORES, log_r], axis=-1), COUNTS)
    torch.testing.assert_close(negative_binomial_nll(scores, counts), expected)
    loss = NegativeBinomialLoss().build()
    torch.testing.assert_close(loss.link(scores), torch.tensor(mean))


def test_what_is_masked_counts_for_no_likelihood():
    log_r = np.zeros_like(SCORES)
    mask = torch.tensor(RNG.random(COUNTS.shape) < 0.5)
    for function, scores in [
        (gaussian_nll, SCORES),
        (laplace_nll, SCORES),
        (poisson_nll, SCORES),
        (negative_binomial_nll, np.stack([SCORES, log_r], axis=-1)),
    ]:
        scores, counts = tensors(scores, COUNTS)
        hidden = torch.where(mask, counts, torch.nan)
        found = function(scores, counts, mask)
        assert torch.isfinite(found).all()
        if function is not gaussian_nll and function is not laplace_nll:
            torch.testing.assert_close(function(scores, hidden, mask), found)


@pytest.mark.parametrize("name", ["squared_error", "absolute_error"])
def test_an_error_is_that_of_the_noise_of_scale_one(name):
    loss = LOSSES[name]().build()
    first, second = tensors(SCORES, NUMBERS)
    factor = 0.5 if name == "squared_error" else 1.0
    shift = loss.nll(first, second) - factor * loss.per_sample(first, second)
    torch.testing.assert_close(shift, shift[:1].expand_as(shift))


@pytest.mark.parametrize("name", ["huber", "gamma", "quantile"])
def test_some_losses_are_of_no_distribution(name):
    assert LOSSES[name]().build().nll is None
