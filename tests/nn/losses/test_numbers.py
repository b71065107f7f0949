"""Losses of numbers that make something else of them than a mean, against scikit-learn's."""

import numpy as np
import pytest
import torch
from sklearn.metrics import mean_gamma_deviance, mean_pinball_loss, mean_poisson_deviance

from sklearn_crossmodal.data import BlockSpec
from sklearn_crossmodal.exceptions import ModalityError
from sklearn_crossmodal.nn import build_decoder, build_loss, check_range
from sklearn_crossmodal.nn.losses import (
    GammaLoss,
    PoissonLoss,
    QuantileLoss,
    gamma_deviance,
    pinball,
    poisson_deviance,
)


@pytest.fixture
def target(rng):
    return torch.from_numpy(rng.gamma(2, size=(6, 1)))


@pytest.mark.parametrize(
    ("ours", "reference"),
    [(poisson_deviance, mean_poisson_deviance), (gamma_deviance, mean_gamma_deviance)],
)
def test_deviances_are_half_of_those_of_scikit_learn(ours, reference, target):
    scores = torch.randn(6, 1, dtype=torch.float64)
    expected = reference(target.numpy(), scores.exp().numpy()) / 2
    assert ours(scores, target).mean().item() == pytest.approx(expected)


@pytest.mark.parametrize("part", [PoissonLoss, GammaLoss])
def test_what_is_least_is_the_mean(part, target):
    mean = target.mean().log()
    scores = mean + torch.linspace(-1, 1, 201, dtype=torch.float64)
    losses = [part().build()(score.expand(6, 1), target) for score in scores]
    assert torch.stack(losses).argmin() == 100


@pytest.mark.parametrize("part", [PoissonLoss, GammaLoss])
def test_predictions_of_logarithms_are_positive_and_finite(part):
    found = part().build().link(torch.tensor([-1e9, 0.0, 1e9]))
    assert (found > 0).all()
    assert found.isfinite().all()
    assert found[1] == 1


def test_pinball_is_that_of_scikit_learn(target):
    scores = torch.randn(6, 1, 3, dtype=torch.float64)
    levels = (0.2, 0.5, 0.95)
    expected = [
        mean_pinball_loss(target[:, 0], scores[:, 0, place], alpha=level)
        for place, level in enumerate(levels)
    ]
    found = pinball(scores, target, quantiles=levels).mean().item()
    assert found == pytest.approx(sum(expected) / 3)


def test_quantiles_do_not_cross_whatever_the_scores():
    found = QuantileLoss((0.1, 0.2, 0.5, 0.9)).build().link(torch.randn(500, 2, 4) * 50)
    assert (found.diff(dim=-1) >= 0).all()


def test_a_decoder_gives_a_score_for_each_quantile():
    spec = BlockSpec("vector", (5,))
    loss = build_loss(QuantileLoss((0.1, 0.9)), spec)
    assert build_decoder("mlp", 4, spec, loss)(torch.zeros(3, 4)).shape == (3, 5, 2)
    assert loss.point == 0
    assert QuantileLoss((0.05, 0.4, 0.8)).build().point == 1


@pytest.mark.parametrize(
    ("part", "values", "allowed"),
    [(PoissonLoss, [0.0, -1.0], "of 0 or more"), (GammaLoss, [0.0, 1.0], "above 0")],
)
def test_values_beyond_the_range_are_refused(part, values, allowed):
    with pytest.raises(ModalityError, match=f"takes values {allowed}, got"):
        check_range(part().build(), torch.tensor(values).numpy())
    check_range(part().build(), torch.tensor([1e-9, 1e9]).numpy())


@pytest.mark.parametrize("part", [PoissonLoss, GammaLoss])
def test_what_was_not_observed_adds_nothing(part):
    scores = torch.zeros(2, 2, requires_grad=True)
    target, mask = (
        torch.tensor([[1.0, -1.0], [2.0, 3.0]]),
        torch.tensor([[True, False], [True] * 2]),
    )
    found = part().build().per_sample(scores, target, mask)
    found.sum().backward()
    assert scores.grad[0, 1] == 0
    other = part().build().per_sample(torch.zeros(2, 2), torch.tensor([[1.0, 5.0], [2, 3]]), mask)
    torch.testing.assert_close(found.detach(), other)


def test_gamma_deviance_of_an_amount_that_underflows_is_finite():
    scores = torch.zeros(1, 1, requires_grad=True)
    found = gamma_deviance(scores, torch.tensor([[1e-46]]))
    found.sum().backward()
    assert torch.isfinite(found).all()
    assert torch.isfinite(scores.grad).all()


def test_only_what_was_observed_must_be_in_range():
    values, observed = np.array([[1.0, -1.0]]), np.array([[True, False]])
    check_range(GammaLoss().build(), values, observed=observed)
    check_range(GammaLoss().build(), values, observed=np.zeros((1, 2), dtype=bool))
    with pytest.raises(ModalityError, match="values above 0, got -1 to 1"):
        check_range(GammaLoss().build(), values, observed=np.ones((1, 2), dtype=bool))
