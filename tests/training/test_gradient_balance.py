import numpy as np
import pytest
import torch
from skorch.callbacks import Callback
from torch import nn

from sklearn_crossmodal import FusionClassifier, FusionRegressor, MultiModalFrame, Numeric
from sklearn_crossmodal.training import BALANCES
from sklearn_crossmodal.training._objectives._gradient_balance import (
    MODULATION,
    blended_weights,
    step_shares,
    without_conflict,
)


class LookOn(Callback):
    """Has batches told one by one."""

    def on_batch_end(self, net, **kwargs):
        assert kwargs["y_pred"]["y"].shape[1] == 2 or not kwargs["training"]


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
    clf = FusionClassifier(**settings).fit(X[:900], y[:900])
    return clf.score(X[["weak"]][900:], y[900:])


@pytest.fixture(scope="module")
def score_without(ignored):
    return score_of_weak(ignored, auxiliary_weight=0.0, validation=0.15)


@pytest.mark.parametrize("balance", sorted(BALANCES))
def test_a_modality_that_is_otherwise_ignored_is_learned(ignored, score_without, balance):
    assert score_without < 0.6
    assert score_of_weak(ignored, balance=balance, validation=0.15) > score_without + 0.05


def test_only_encoders_that_are_ahead_move_less():
    shares = step_shares(torch.tensor([30.0, 10.0, 20.0]))
    expected = [1 - np.tanh(MODULATION * 2), 1.0, 1.0]
    np.testing.assert_allclose(shares.numpy(), expected, rtol=1e-6)


def test_a_modality_that_a_batch_lacks_is_neither_ahead_nor_behind():
    assert step_shares(torch.tensor([0.5, 0.0])).tolist() == [1.0, 1.0]
    shares = step_shares(torch.tensor([0.4, 0.0, 0.2]))
    np.testing.assert_allclose(shares.numpy(), [1 - np.tanh(MODULATION * 2), 1.0, 1.0], rtol=1e-6)


@pytest.mark.parametrize("balance", ["modulation", "pareto"])
def test_gradients_are_shown_to_callbacks_and_encoders_may_have_none(ignored, balance):
    class Count(Callback):
        n = 0

        def on_grad_computed(self, net, **kwargs):
            Count.n += 1

    X, y = ignored
    modalities = [
        ("strong", Numeric(encoder=lambda spec: nn.Flatten()), "strong"),
        ("weak", "numeric", "weak"),
    ]
    clf = FusionClassifier(modalities, balance=balance, max_epochs=1, callbacks=[Count()])
    clf.fit(X, y)
    assert Count.n > 10


def test_gradient_blending_without_held_out_rows_weighs_as_ever(ignored):
    X, y = ignored
    plain, blended = (
        FusionClassifier(balance=balance, random_state=0).partial_fit(X, y).predict_proba(X)
        for balance in (None, "gradient_blending")
    )
    np.testing.assert_array_equal(plain, blended)


def test_gradients_that_agree_are_added():
    fused, alone = [torch.tensor([1.0, 0.0])], [torch.tensor([1.0, 1.0])]
    torch.testing.assert_close(without_conflict(fused, alone)[0], torch.tensor([2.0, 1.0]))


def test_gradients_in_conflict_lead_down_for_both():
    fused, alone = torch.tensor([4.0, 0.0]), torch.tensor([-3.0, 1.0])
    (found,) = without_conflict([fused], [alone])
    # The shortest vector between both is at right angles to their difference.
    assert float(found @ (fused - alone)) == pytest.approx(0, abs=1e-5)
    assert found @ fused > 0
    assert found @ alone > 0
    assert float(found.norm()) >= float((fused + alone).norm()) - 1e-5


def test_tasks_are_weighed_by_generalisation_over_squared_overfitting():
    before = torch.tensor([1.0, 1.0, 1.0]), torch.tensor([1.0, 1.0, 1.0])
    now = torch.tensor([0.2, 0.5, 0.9]), torch.tensor([0.4, 0.6, 1.1])
    generalisation, overfitting = np.array([0.6, 0.4, 0.0]), np.array([0.2, 0.1, 0.2])
    expected = generalisation / overfitting**2
    np.testing.assert_allclose(blended_weights(before, now), expected / expected.sum(), rtol=1e-5)


def test_weights_stay_where_nothing_generalises():
    worse = torch.tensor([1.0, 1.0]), torch.tensor([2.0, 2.0])
    assert blended_weights((worse[0], worse[0]), worse) is None


def test_weights_of_tasks_are_found_in_training(ignored):
    X, y = ignored
    clf = FusionClassifier(balance="gradient_blending", max_epochs=8, random_state=0).fit(X, y)
    weights = clf.net_.criterion_.task_weights
    assert len(weights) == 3
    assert sum(weights) == pytest.approx(1)
    assert weights != [1 / 3] * 3


@pytest.mark.parametrize("balance", sorted(BALANCES))
def test_numbers_are_balanced_too(ignored, balance):
    X, y = ignored
    reg = FusionRegressor(balance=balance, max_epochs=4, learning_rate=0.01, random_state=0)
    reg.fit(X, y.astype(float))
    assert reg.score(X, y) > 0.5


@pytest.mark.parametrize("balance", ["modulation", "pareto"])
def test_callbacks_that_look_at_batches_change_nothing(ignored, balance):
    X, y = ignored
    settings = {"balance": balance, "max_epochs": 2, "random_state": 0, "validation": None}
    plain = FusionClassifier(**settings).fit(X, y)
    watched = FusionClassifier(**settings, callbacks=[LookOn()]).fit(X, y)
    np.testing.assert_allclose(plain.predict_proba(X), watched.predict_proba(X))


def test_what_a_remedy_needs_is_said(ignored):
    X, y = ignored
    with pytest.raises(ValueError, match="FusionClassifier: balance='pareto'.*auxiliary_weight"):
        FusionClassifier(balance="pareto", auxiliary_weight=0).fit(X, y)
    with pytest.raises(ValueError, match="validation to 'auto' or a share"):
        FusionClassifier(balance="gradient_blending", validation=None).fit(X, y)


def test_one_modality_alone_needs_no_balance(ignored):
    X, y = ignored
    alone = {"max_epochs": 2, "random_state": 0}
    plain = FusionClassifier(**alone).fit(X[["strong"]], y)
    balanced = FusionClassifier(balance="pareto", **alone).fit(X[["strong"]], y)
    np.testing.assert_array_equal(
        plain.predict_proba(X[["strong"]]), balanced.predict_proba(X[["strong"]])
    )
