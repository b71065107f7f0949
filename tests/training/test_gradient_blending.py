import numpy as np
import pytest
import torch

from sklearn_crossmodal import FusionClassifier, FusionRegressor, MultiModalFrame, Numeric
from sklearn_crossmodal.training._objectives._gradient_blending import blended_weights


@pytest.fixture(scope="module")
def ignored():
    """A modality that tells the classes at once, and one that tells them by a product."""
    rng = np.random.default_rng(0)
    y = rng.integers(0, 2, 1400)
    strong = (2 * y - 1)[:, np.newaxis] * 1.5 + rng.normal(size=(1400, 30))
    weak = rng.normal(size=(1400, 2))
    weak[:, 0] = np.abs(weak[:, 0]) * np.sign(weak[:, 1]) * (2 * y - 1)
    return MultiModalFrame({"strong": strong, "weak": weak}), y


def score_of_weak(ignored, **params):
    X, y = ignored
    settings = {"modality_dropout": 0.0, "max_epochs": 20, "random_state": 0, **params}
    modalities = [(name, Numeric(encoder="mlp"), name) for name in X]  # slow to learn products
    clf = FusionClassifier(modalities, **settings).fit(X[:900], y[:900])
    return clf.score(X[["weak"]][900:], y[900:])


@pytest.fixture(scope="module")
def score_without(ignored):
    return score_of_weak(ignored, auxiliary_weight=0.0, validation=0.15)


def test_a_modality_that_is_otherwise_ignored_is_learned(ignored, score_without):
    assert score_without < 0.6
    blended = score_of_weak(ignored, balance="gradient_blending", validation=0.15)
    assert blended > score_without + 0.05


def test_gradient_blending_without_held_out_rows_weighs_as_ever(ignored):
    X, y = ignored
    plain, blended = (
        FusionClassifier(balance=balance, random_state=0).partial_fit(X, y).predict_proba(X)
        for balance in (None, "gradient_blending")
    )
    np.testing.assert_array_equal(plain, blended)


def test_tasks_are_weighed_by_generalisation_over_squared_overfitting():
    before = torch.tensor([1.0, 1.0, 1.0]), torch.tensor([1.0, 1.0, 1.0])
    now = torch.tensor([0.2, 0.5, 0.9]), torch.tensor([0.4, 0.6, 1.1])
    generalisation, overfitting = np.array([0.6, 0.4, 0.0]), np.array([0.2, 0.1, 0.2])
    expected = generalisation / overfitting**2
    np.testing.assert_allclose(blended_weights(before, now), expected / expected.sum(), rtol=1e-5)


def test_weights_stay_where_nothing_generalises():
    worse = torch.tensor([1.0, 1.0]), torch.tensor([2.0, 2.0])
    assert blended_weights((worse[0], worse[0]), worse) is None


@pytest.mark.slow
def test_weights_of_tasks_are_found_in_training(ignored):
    X, y = ignored[0][:500], ignored[1][:500]
    clf = FusionClassifier(balance="gradient_blending", max_epochs=8, random_state=0).fit(X, y)
    weights = clf.net_.criterion_.task_weights
    assert len(weights) == 3
    assert sum(weights) == pytest.approx(1)
    assert weights != [1 / 3] * 3


@pytest.mark.slow
def test_numbers_are_balanced_too(ignored):
    X, y = ignored
    settings = {"balance": "gradient_blending", "max_epochs": 4}
    reg = FusionRegressor(**settings, learning_rate=0.01, random_state=0)
    reg.fit(X, y.astype(float))
    assert reg.score(X, y) > 0.5


def test_what_blending_needs_is_named_in_the_error(ignored):
    X, y = ignored
    with pytest.raises(ValueError, match="FusionClassifier: balance=.*auxiliary_weight"):
        FusionClassifier(balance="gradient_blending", auxiliary_weight=0).fit(X, y)
    with pytest.raises(ValueError, match="validation to 'auto', a share"):
        FusionClassifier(balance="gradient_blending", validation=None).fit(X, y)


def test_one_modality_alone_needs_no_balance(ignored):
    X, y = ignored
    alone = {"max_epochs": 2, "random_state": 0}
    plain = FusionClassifier(**alone).fit(X[["strong"]], y)
    balanced = FusionClassifier(balance="gradient_blending", **alone).fit(X[["strong"]], y)
    np.testing.assert_array_equal(
        plain.predict_proba(X[["strong"]]), balanced.predict_proba(X[["strong"]])
    )
