"""Combiners of what models say out of fold."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from sklearn_crossmodal.ensemble._meta_learner_selection import choose_combiner
from sklearn_crossmodal.ensemble._meta_learners import (
    ConvexWeights,
    LogPool,
    NonNegativeLeastSquares,
    StackedLogistic,
    log_losses,
    squared_errors,
)


@pytest.fixture
def rng():
    return np.random.default_rng(0)


@pytest.fixture
def said(rng):
    """Return what two members say of two classes, the first of them right more often, and y."""
    y = rng.integers(0, 2, 500)
    sharp = np.where(rng.random(500) < 0.9, y, 1 - y)
    poor = np.where(rng.random(500) < 0.6, y, 1 - y)
    first, second = (np.abs(1 - one[:, np.newaxis] - [0.1, 0.9]) for one in (sharp, poor))
    return np.stack([first, second], axis=1), y


def test_convex_weights_have_the_least_log_loss(said):
    answers, y = said
    found = ConvexWeights(n_steps=2000).fit(answers, y)
    assert found.weights_.sum() == pytest.approx(1)
    least = log_losses(found.combine(answers), y).mean()
    for share in np.linspace(0, 1, 101):
        mixed = share * answers[:, 0] + (1 - share) * answers[:, 1]
        assert least <= log_losses(mixed, y).mean() + 1e-6


def test_a_doubled_weight_is_a_row_twice(said):
    answers, y = said
    weight = np.where(np.arange(len(y)) < 100, 2.0, 1.0)
    rows = np.repeat(np.arange(len(y)), weight.astype(int))
    for combiner in (ConvexWeights(), LogPool(), StackedLogistic()):
        weighted = combiner.fit(answers, y, weight).combine(answers)
        repeated = combiner.fit(answers[rows], y[rows]).combine(answers)
        np.testing.assert_allclose(weighted, repeated, atol=1e-4)


def test_equal_weights_are_the_mean(said):
    answers, y = said
    np.testing.assert_allclose(
        ConvexWeights(equal=True).fit(answers, y).combine(answers), answers.mean(axis=1)
    )


def test_powers_of_a_product_have_the_least_log_loss(said):
    answers, y = said
    found = LogPool().fit(answers, y)
    least = log_losses(found.combine(answers), y).mean()
    for first in np.linspace(0, 2, 21):
        for second in np.linspace(0, 2, 21):
            product = answers[:, 0] ** first * answers[:, 1] ** second
            product /= product.sum(axis=1, keepdims=True)
            assert least <= log_losses(product, y).mean() + 1e-6


def test_a_product_makes_good_for_members_too_sure_of_themselves(rng):
    truth = rng.dirichlet(np.ones(3), 2000)
    y = np.array([rng.choice(3, p=row) for row in truth])
    sure = truth**3 / (truth**3).sum(axis=1, keepdims=True)
    found = LogPool().fit(sure[:, np.newaxis], y)
    assert found.powers_ == pytest.approx(1 / 3, abs=0.05)
    assert found.weights_ == pytest.approx(1)


def test_stacking_is_logistic_regression_on_probabilities(said):
    answers, y = said
    oracle = LogisticRegression(max_iter=1000).fit(answers[:, :, 1], y)
    found = StackedLogistic().fit(answers, y)
    np.testing.assert_allclose(found.combine(answers), oracle.predict_proba(answers[:, :, 1]))
    assert found.weights_[0] > 0.7


def test_a_class_that_no_row_has_gets_probability_zero(said):
    answers, y = said
    answers = np.concatenate([answers, np.zeros((500, 2, 1))], axis=2)
    found = StackedLogistic().fit(answers, y).combine(answers)
    assert not found[:, 2].any()
    np.testing.assert_allclose(found.sum(axis=1), 1)


def test_least_squares_of_a_mixture_are_its_weights(rng):
    answers = rng.normal(size=(300, 3, 2)) + 5
    y = answers[:, 0] * 0.7 + answers[:, 2] * 0.3
    found = NonNegativeLeastSquares().fit(answers, y)
    np.testing.assert_allclose(found.weights_, [0.7, 0, 0.3], atol=0.01)
    np.testing.assert_allclose(found.combine(answers), y, atol=0.2)


def choice(answers, y, **params):
    candidates = [ConvexWeights(equal=True), ConvexWeights(), LogPool(), StackedLogistic()]
    settings = {"sample_weight": None, "stratify": True, "seed": 0}
    return choose_combiner(candidates, answers, y, log_losses, **settings | params)


def test_few_rows_get_the_mean(said):
    answers, y = said
    combiner, predictions = choice(answers[:15], y[:15])
    assert combiner.equal
    np.testing.assert_allclose(predictions, answers[:15].mean(axis=1))


def test_many_rows_get_what_predicts_best(said):
    answers, y = said
    combiner, predictions = choice(answers, y)
    assert getattr(combiner, "equal", None) is not True
    mean = log_losses(answers.mean(axis=1), y).mean()
    assert log_losses(predictions, y).mean() < mean


def test_predictions_come_of_other_rows(rng):
    answers = rng.normal(size=(40, 20, 1)).reshape(40, 20)
    y = rng.normal(size=40)  # nothing to be known, but much to be fitted
    candidates = [ConvexWeights(equal=True), NonNegativeLeastSquares()]
    _, predictions = choose_combiner(
        candidates, answers, y, squared_errors, sample_weight=None, stratify=False, seed=0
    )
    assert squared_errors(predictions, y).mean() > 0.9 * y.var()


def test_where_a_training_part_has_one_class_there_is_no_regression(said):
    answers, y = said
    combiner, predictions = choice(answers, np.ones_like(y))
    assert not isinstance(combiner, StackedLogistic)
    assert np.isfinite(predictions).all()
    one_other = np.r_[0, np.ones(len(y) - 1, dtype=int)]
    assert not isinstance(choice(answers, one_other)[0], StackedLogistic)


class ByHeart(ConvexWeights):
    """Is right of the rows that it was fitted on."""

    def fit(self, answers, y, sample_weight=None):
        self.known_ = {row.tobytes(): label for row, label in zip(answers, y, strict=True)}
        return self

    def combine(self, answers):
        labels = [self.known_.get(row.tobytes(), -1) for row in answers]
        return np.stack([np.eye(answers.shape[2])[label] for label in labels])


def test_a_class_of_one_row_makes_no_combiner_judge_rows_it_was_fitted_on(rng):
    y = np.r_[2, rng.integers(0, 2, 199)]
    answers = rng.dirichlet(np.ones(3), (200, 4))
    candidates = [ConvexWeights(equal=True), ByHeart()]
    settings = {"sample_weight": None, "stratify": True, "seed": 0}
    assert type(choose_combiner(candidates, answers, y, log_losses, **settings)[0]) is ConvexWeights


def test_rows_of_a_group_are_not_parted(rng):
    groups = np.repeat(np.arange(20), 10)
    y = rng.integers(0, 2, 20)[groups]
    answers = rng.dirichlet(np.ones(2), (20, 3))[groups]  # a group is known again
    _, parted = choice(answers, y)
    _, whole = choice(answers, y, groups=groups)
    assert log_losses(whole, y).mean() > log_losses(parted, y).mean()


def test_one_group_gets_the_mean(said):
    answers, y = said
    combiner, _ = choice(answers, y, groups=np.zeros(len(y)))
    assert combiner.equal
