"""Meta-learners on out-of-fold predictions."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from sklearn_crossmodal.ensemble._stacking._meta_learners import (
    ConvexWeights,
    LogPool,
    NonNegativeLeastSquares,
    StackedLogistic,
    log_losses,
    smoothed_log_losses,
    squared_errors,
)
from sklearn_crossmodal.ensemble._stacking._subset_stacking import choose_meta_learner


@pytest.fixture
def rng():
    return np.random.default_rng(0)


@pytest.fixture
def two_models(rng):
    """Return predictions of two base models for two classes, the first more accurate, and y."""
    y = rng.integers(0, 2, 500)
    sharp = np.where(rng.random(500) < 0.9, y, 1 - y)
    poor = np.where(rng.random(500) < 0.6, y, 1 - y)
    first, second = (np.abs(1 - one[:, np.newaxis] - [0.1, 0.9]) for one in (sharp, poor))
    return np.stack([first, second], axis=1), y


def test_convex_weights_have_the_least_log_loss(two_models):
    predictions, y = two_models
    found = ConvexWeights(n_steps=2000).fit(predictions, y)
    assert found.weights_.sum() == pytest.approx(1)
    least = log_losses(found.combine(predictions), y).mean()
    for share in np.linspace(0, 1, 101):
        mixed = share * predictions[:, 0] + (1 - share) * predictions[:, 1]
        assert least <= log_losses(mixed, y).mean() + 1e-6


def test_a_doubled_weight_is_a_row_twice(two_models):
    predictions, y = two_models
    weight = np.where(np.arange(len(y)) < 100, 2.0, 1.0)
    rows = np.repeat(np.arange(len(y)), weight.astype(int))
    for meta_learner in (ConvexWeights(), LogPool(), StackedLogistic()):
        weighted = meta_learner.fit(predictions, y, weight).combine(predictions)
        repeated = meta_learner.fit(predictions[rows], y[rows]).combine(predictions)
        np.testing.assert_allclose(weighted, repeated, atol=1e-4)


def test_equal_weights_are_the_mean(two_models):
    predictions, y = two_models
    np.testing.assert_allclose(
        ConvexWeights(equal=True).fit(predictions, y).combine(predictions), predictions.mean(axis=1)
    )


def test_powers_of_a_product_have_the_least_log_loss(two_models):
    predictions, y = two_models
    found = LogPool().fit(predictions, y)
    least = log_losses(found.combine(predictions), y).mean()
    for first in np.linspace(0, 2, 21):
        for second in np.linspace(0, 2, 21):
            product = predictions[:, 0] ** first * predictions[:, 1] ** second
            product /= product.sum(axis=1, keepdims=True)
            assert least <= log_losses(product, y).mean() + 1e-6


def test_a_product_corrects_overconfident_base_models(rng):
    truth = rng.dirichlet(np.ones(3), 2000)
    y = np.array([rng.choice(3, p=row) for row in truth])
    sure = truth**3 / (truth**3).sum(axis=1, keepdims=True)
    found = LogPool().fit(sure[:, np.newaxis], y)
    assert found.powers_ == pytest.approx(1 / 3, abs=0.05)
    assert found.weights_ == pytest.approx(1)


def test_stacking_is_logistic_regression_on_probabilities(two_models):
    predictions, y = two_models
    oracle = LogisticRegression(max_iter=1000).fit(predictions[:, :, 1], y)
    found = StackedLogistic().fit(predictions, y)
    np.testing.assert_allclose(
        found.combine(predictions), oracle.predict_proba(predictions[:, :, 1])
    )
    assert found.weights_[0] > 0.7


def test_a_class_that_no_row_has_gets_probability_zero(two_models):
    predictions, y = two_models
    predictions = np.concatenate([predictions, np.zeros((500, 2, 1))], axis=2)
    found = StackedLogistic().fit(predictions, y).combine(predictions)
    assert not found[:, 2].any()
    np.testing.assert_allclose(found.sum(axis=1), 1)


def test_least_squares_of_a_mixture_are_its_weights(rng):
    predictions = rng.normal(size=(300, 3, 2)) + 5
    y = predictions[:, 0] * 0.7 + predictions[:, 2] * 0.3
    found = NonNegativeLeastSquares().fit(predictions, y)
    np.testing.assert_allclose(found.weights_, [0.7, 0, 0.3], atol=0.01)
    np.testing.assert_allclose(found.combine(predictions), y, atol=0.2)


def choice(predictions, y, **params):
    candidates = [ConvexWeights(equal=True), ConvexWeights(), LogPool(), StackedLogistic()]
    settings = {"sample_weight": None, "stratify": True, "seed": 0}
    return choose_meta_learner(candidates, predictions, y, log_losses, **settings | params)


def test_few_rows_get_no_coefficients_for_each_class(two_models):
    predictions, y = two_models
    meta_learner, _ = choice(predictions[:15], y[:15])
    assert not meta_learner.per_class


def test_many_rows_get_what_predicts_best(two_models):
    predictions, y = two_models
    meta_learner, combined = choice(predictions, y)
    assert getattr(meta_learner, "equal", None) is not True
    mean = log_losses(predictions.mean(axis=1), y).mean()
    assert log_losses(combined, y).mean() < mean


def test_combined_predictions_are_made_by_other_rows(rng):
    predictions = rng.normal(size=(40, 20, 1)).reshape(40, 20)
    y = rng.normal(size=40)  # nothing to be known, but much to be fitted
    candidates = [ConvexWeights(equal=True), NonNegativeLeastSquares()]
    _, combined = choose_meta_learner(
        candidates, predictions, y, squared_errors, sample_weight=None, stratify=False, seed=0
    )
    assert squared_errors(combined, y).mean() > 0.9 * y.var()


def test_where_a_training_part_has_one_class_there_is_no_regression(two_models):
    predictions, y = two_models
    meta_learner, combined = choice(predictions, np.ones_like(y))
    assert not isinstance(meta_learner, StackedLogistic)
    assert np.isfinite(combined).all()
    one_other = np.r_[0, np.ones(len(y) - 1, dtype=int)]
    assert not isinstance(choice(predictions, one_other)[0], StackedLogistic)


class ByHeart(ConvexWeights):
    """Is right of the rows that it was fitted on."""

    def fit(self, predictions, y, sample_weight=None):
        self.known_ = {row.tobytes(): label for row, label in zip(predictions, y, strict=True)}
        return self

    def combine(self, predictions):
        labels = [self.known_.get(row.tobytes(), -1) for row in predictions]
        return np.stack([np.eye(predictions.shape[2])[label] for label in labels])


def test_a_class_of_one_row_lets_no_meta_learner_predict_rows_it_was_fitted_on(rng):
    y = np.r_[2, rng.integers(0, 2, 199)]
    predictions = rng.dirichlet(np.ones(3), (200, 4))
    candidates = [ConvexWeights(equal=True), ByHeart()]
    settings = {"sample_weight": None, "stratify": True, "seed": 0}
    assert (
        type(choose_meta_learner(candidates, predictions, y, log_losses, **settings)[0])
        is ConvexWeights
    )


def test_rows_of_a_group_are_not_parted(rng):
    groups = np.repeat(np.arange(20), 10)
    y = rng.integers(0, 2, 20)[groups]
    predictions = rng.dirichlet(np.ones(2), (20, 3))[groups]  # a group is known again
    _, parted = choice(predictions, y)
    _, whole = choice(predictions, y, groups=groups)
    assert log_losses(whole, y).mean() > log_losses(parted, y).mean()


def test_one_group_gets_the_mean(two_models):
    predictions, y = two_models
    meta_learner, _ = choice(predictions, y, groups=np.zeros(len(y)))
    assert meta_learner.equal


def test_powers_do_not_grow_where_all_samples_are_predicted_right(rng):
    y = np.arange(60) % 3
    near = rng.dirichlet(np.ones(3), size=(60, 4)) * 0.3 + 0.7 * np.eye(3)[y][:, np.newaxis]
    for penalty in (0.0, 1.0, np.inf):
        pool = LogPool(penalty).fit(near, y)
        assert pool.powers_.sum() < 4
        wrong = pool.combine(np.roll(near, 1, axis=2))
        assert -np.log(wrong[np.arange(60), y]).mean() < 10


def test_of_models_that_are_always_right_the_most_certain_is_not_the_best():
    y = np.arange(30) % 2
    sure, fair = (np.where(np.eye(2)[y] == 1, p, 1 - p) for p in (1 - 1e-6, 0.98))
    assert log_losses(sure, y).mean() < log_losses(fair, y).mean()
    assert smoothed_log_losses(sure, y).mean() > smoothed_log_losses(fair, y).mean()
    many = np.tile(y, 10_000)
    sure, fair = (np.tile(one, (10_000, 1)) for one in (sure, fair))
    assert smoothed_log_losses(sure, many).mean() < smoothed_log_losses(fair, many).mean()
