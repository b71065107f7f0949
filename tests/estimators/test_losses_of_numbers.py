"""A regressor under losses that make something else of its target than a mean."""

import numpy as np
import pytest
from sklearn.ensemble import StackingRegressor, VotingRegressor
from sklearn.metrics import mean_gamma_deviance, mean_poisson_deviance, r2_score
from sklearn.model_selection import cross_val_predict, cross_val_score

from sklearn_crossmodal import (
    BatchedGridSearchCV,
    CrossModalRegressor,
    FusionRegressor,
    MultiModalAutoencoder,
    MultiModalFrame,
    Numeric,
)
from sklearn_crossmodal.nn.losses import BinaryCrossEntropy, QuantileLoss

LEVELS = (0.1, 0.5, 0.9)
QUICK = {"max_epochs": 25, "learning_rate": 0.01, "random_state": 0}
#: One network instead of one a fold.
SINGLE = {**QUICK, "n_folds": None}


@pytest.fixture(scope="module")
def positive():
    """Return X and the mean of a positive target, log-linear in X."""
    X = np.random.default_rng(0).normal(size=(900, 3))
    return X, np.exp(1 + X[:, 0] - 0.5 * X[:, 1])


@pytest.fixture(scope="module")
def fan():
    """Return X and y whose spread grows with the second column."""
    rng = np.random.default_rng(0)
    X = rng.uniform(-1, 1, size=(2400, 2))
    return X, X[:, 0] + (0.2 + np.abs(X[:, 1])) * rng.normal(size=2400)


@pytest.fixture(scope="module")
def quantiles(fan):
    X, y = fan
    return FusionRegressor(loss=QuantileLoss(LEVELS), **QUICK).fit(X[:1200], y[:1200])


@pytest.mark.slow
def test_counts_are_predicted_better_in_their_deviance_and_never_below_zero(positive, rng):
    X, mean = positive
    y = rng.poisson(mean)
    found = {}
    for loss in ("squared_error", "poisson"):
        predicted = FusionRegressor(loss=loss, **SINGLE).fit(X[:400], y[:400]).predict(X)
        found[loss] = mean_poisson_deviance(y[400:], np.maximum(predicted[400:], 1e-2))
    assert (predicted > 0).all()
    assert found["poisson"] < found["squared_error"] - 0.05
    assert found["poisson"] < mean_poisson_deviance(y[400:], mean[400:]) + 0.1


@pytest.mark.slow
def test_amounts_are_predicted_better_in_their_deviance_and_never_below_zero(positive, rng):
    X, mean = positive
    y = rng.gamma(2, mean / 2)
    found = {}
    for loss in ("squared_error", "gamma"):
        reg = FusionRegressor(loss=loss, n_folds=None, random_state=0)
        predicted = reg.fit(X[:400], y[:400]).predict(X)
        found[loss] = mean_gamma_deviance(y[400:], np.maximum(predicted[400:], 1e-2))
    assert (predicted > 0).all()
    assert found["gamma"] < found["squared_error"] - 0.5
    assert found["gamma"] < mean_gamma_deviance(y[400:], mean[400:]) + 0.15


@pytest.mark.parametrize("loss", ["poisson", "gamma"])
def test_constant_amounts_are_predicted_in_their_units(loss):
    X = np.random.default_rng(0).normal(size=(200, 3))
    predicted = FusionRegressor(loss=loss, **SINGLE).fit(X, np.full(200, 700)).predict(X)
    np.testing.assert_allclose(predicted, 700, rtol=0.05)


@pytest.mark.filterwarnings("ignore:.*nothing was learned:sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("loss", ["poisson", "gamma"])
def test_without_knowledge_the_prediction_is_the_mean(loss, rng):
    y = rng.gamma(2, 50, size=400)
    settings = {"batch_size": 400, "modality_dropout": 0, "validation": None}
    reg = FusionRegressor(loss=loss, fusion="sum", random_state=0, **settings)
    predicted = reg.fit(np.zeros((400, 1)), y).predict(np.zeros((1, 1)))
    np.testing.assert_allclose(predicted, y.mean(), rtol=1e-3)


@pytest.mark.slow
@pytest.mark.parametrize("loss", ["poisson", "gamma", "quantile"])
def test_change_of_units_changes_only_the_units(loss, positive, rng):
    X, y = positive[0][:150], 1 + rng.poisson(positive[1][:150])
    fits = [
        FusionRegressor(loss=loss, max_epochs=5, random_state=0, dtype="float64").fit(X, y * unit)
        for unit in (1.0, 1000.0)
    ]
    predicted = [reg.predict(X) for reg in fits]
    np.testing.assert_allclose(predicted[1], 1000 * predicted[0], rtol=1e-6)


def test_predictions_stay_positive_and_finite_far_from_all_samples(positive, rng):
    X, mean = positive
    reg = FusionRegressor(
        [("x", Numeric(scaling="standard"), slice(None))], loss="poisson", **SINGLE
    ).fit(X, rng.poisson(mean))
    predicted = reg.predict(np.array([[1e9, 0, 0], [-1e9, 0, 0], [0, 1e9, -1e9]]))
    assert (predicted > 0).all()
    assert np.isfinite(predicted).all()


@pytest.mark.parametrize(
    ("loss", "y", "allowed"), [("poisson", -1, "of 0 or more"), ("gamma", 0, "above 0")]
)
def test_numbers_that_a_loss_is_not_for_are_refused_in_their_units(loss, y, allowed):
    X = np.arange(20.0).reshape(10, 2)
    numbers = np.r_[y, np.arange(1.0, 10)]
    reg = FusionRegressor(loss=loss)
    expected = rf"FusionRegressor: loss='{loss}' .* values {allowed}, got {y} to 9: take another"
    for call in (reg.fit, reg.partial_fit):
        with pytest.raises(ValueError, match=expected):
            call(X, numbers)
    reg.partial_fit(X, numbers + 2)
    with pytest.raises(ValueError, match=expected):
        reg.partial_fit(X, numbers)


def test_shares_of_one_are_learned_by_binary_cross_entropy(rng):
    X = rng.normal(size=(300, 2))
    y = 1 / (1 + np.exp(-2 * X[:, 0]))
    reg = FusionRegressor(loss=BinaryCrossEntropy(), **SINGLE).fit(X, y)
    assert reg.score(X, y) > 0.98
    assert 0 < reg.predict(10 * X).min() < reg.predict(10 * X).max() < 1


@pytest.mark.slow
def test_quantiles_cover_their_shares_and_follow_the_spread(fan, quantiles):
    X, y = fan
    predicted = quantiles.predict(X[1200:])
    assert predicted.shape == (1200, 3)
    below = (y[1200:, np.newaxis] < predicted).mean(axis=0)
    np.testing.assert_allclose(below, LEVELS, atol=0.05)
    width = predicted[:, 2] - predicted[:, 0]
    assert np.corrcoef(width, np.abs(X[1200:, 1]))[0, 1] > 0.9


def test_quantiles_never_cross_not_even_far_from_all_samples(quantiles, rng):
    predicted = quantiles.predict(rng.normal(size=(500, 2)) * 100)
    assert (np.diff(predicted, axis=1) >= 0).all()


def test_score_of_quantiles_is_that_of_the_median(fan, quantiles):
    X, y = fan
    assert quantiles.score(X, y) == r2_score(y, quantiles.predict(X)[:, 1])
    weight = np.arange(len(y))
    expected = r2_score(y, quantiles.predict(X)[:, 1], sample_weight=weight)
    assert quantiles.score(X, y, weight) == expected


@pytest.mark.parametrize("level", [0.8, (0.8,), np.float32(0.8)])
def test_one_quantile_has_the_shape_of_y(fan, level):
    X, y = fan
    reg = FusionRegressor(loss=QuantileLoss(level), **QUICK).fit(X[:1200], y[:1200])
    assert reg.predict(X).shape == (len(X),)
    assert np.mean(y < reg.predict(X)) == pytest.approx(0.8, abs=0.05)
    assert reg.score(X, y) == r2_score(y, reg.predict(X))


@pytest.mark.parametrize("estimator", [FusionRegressor, CrossModalRegressor])
@pytest.mark.parametrize("level", [0.9, (0.9,)])
def test_scikit_learn_combines_one_quantile(fan, estimator, level):
    X, y = fan[0][:90], fan[1][:90]
    reg = estimator(loss=QuantileLoss(level), max_epochs=2, n_folds=None, random_state=0)
    for tool in (VotingRegressor([("q", reg)]), StackingRegressor([("q", reg)], cv=2)):
        assert tool.fit(X, y).predict(X).shape == y.shape
    assert cross_val_predict(reg, X, y, cv=2).shape == y.shape
    assert np.isfinite(cross_val_score(reg, X, y, cv=2, scoring="neg_mean_absolute_error")).all()
    both = np.column_stack([y, 2 * y])
    assert reg.fit(X, both).predict(X).shape == both.shape


def test_one_quantile_of_a_frame_of_targets_and_its_interval(fan):
    X, y = fan[0][:150], fan[1][:150]
    Y = MultiModalFrame({"a": y, "b": np.column_stack([y, y])})
    reg = CrossModalRegressor(loss=QuantileLoss(0.5), max_epochs=3, random_state=0)
    reg.set_params(target={"a": "a", "b": "b"}).fit(X, Y)
    shapes = {name: np.shape(part) for name, part in reg.predict(X[:4]).items()}
    assert shapes == {"a": (4,), "b": (4, 2)}
    ends = {name: np.shape(part) for name, part in reg.predict_interval(X[:4]).items()}
    assert ends == {"a": (4, 2), "b": (4, 2, 2)}


def test_several_outputs_have_quantiles_each(fan):
    X, y = fan
    both = np.column_stack([y, 100 - y])
    reg = FusionRegressor(loss="quantile", **SINGLE).fit(X[:1200], both[:1200])
    predicted = reg.predict(X)
    assert predicted.shape == (len(X), 2, 3)
    below = (both[:, :, np.newaxis] < predicted).mean(axis=0)
    np.testing.assert_allclose(below, [LEVELS, LEVELS], atol=0.06)
    assert reg.score(X, both) == r2_score(both, predicted[:, :, 1])


@pytest.mark.parametrize(
    "levels", [(0.9, 0.1), (), (0.5, 0.5), (0.0, 0.5), (0.5, 1.0), ("a",), 0.0, 1.5]
)
def test_quantiles_that_are_none_are_refused(levels):
    with pytest.raises(ValueError, match="FusionRegressor: .*quantiles"):
        FusionRegressor(loss=QuantileLoss(levels)).fit(np.ones((4, 1)), np.arange(4))


def test_weight_two_is_a_row_twice(fan):
    X, y = fan[0][:60], np.abs(fan[1][:60]) + 1
    twice = np.r_[np.arange(60), np.arange(20)]
    weight = np.r_[np.full(20, 2.0), np.ones(40)]
    settings = {"batch_size": 100, "validation": None, "max_epochs": 20, "dtype": "float64"}
    modalities = [("x", Numeric(scaling="standard"), slice(None))]
    for loss in ("poisson", "gamma", "quantile"):
        reg = FusionRegressor(
            modalities, loss=loss, fusion="sum", modality_dropout=0, random_state=0, **settings
        )
        weighted = reg.fit(X, y, weight).predict(X)
        np.testing.assert_allclose(reg.fit(X[twice], y[twice]).predict(X), weighted, rtol=1e-6)


def test_quantiles_are_searched_over_in_lockstep(fan):
    X, y = fan[0][:120], fan[1][:120]
    grid = {"loss__quantiles": [(0.5,), (0.1, 0.5, 0.9)], "learning_rate": [1e-3, 1e-2]}
    reg = FusionRegressor(loss=QuantileLoss(), max_epochs=5, random_state=0)
    search = BatchedGridSearchCV(reg, grid, cv=2, error_score="raise").fit(X, y)
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()


@pytest.mark.slow
def test_a_modality_is_decoded_to_the_median_of_its_quantiles(rng):
    a = rng.normal(size=(300, 2))
    X = MultiModalFrame({"a": a, "b": a @ rng.normal(size=(2, 2))})
    numeric = Numeric(scaling="standard", loss=QuantileLoss())
    auto = MultiModalAutoencoder(
        [("a", numeric, "a"), ("b", Numeric(), "b")], n_components=2, **QUICK
    ).fit(X)
    assert r2_score(a, auto.reconstruct(X)["a"]) > 0.8
    reg = CrossModalRegressor([("b", Numeric(), "b")], target=numeric, **SINGLE)
    assert reg.fit(X[["b"]], a).predict(X[["b"]]).shape == (300, 2, 3)
    assert reg.score(X[["b"]], a) > 0.8


def test_counts_are_a_target_of_their_own_scale(positive, rng):
    X, mean = positive
    target = Numeric(scaling="mean", loss="poisson")
    y = rng.poisson(mean)
    reg = CrossModalRegressor(target=target, **SINGLE).fit(X, y)
    assert (reg.predict(X) > 0).all()
    assert reg.score(X, y) > 0.7


def test_going_on_with_another_loss_is_refused(positive):
    X, y = positive
    reg = FusionRegressor(warm_start=True, n_folds=None, max_epochs=2).fit(X, y)
    reg.set_params(loss="squared_error").fit(X, y)
    for loss in ("quantile", "poisson", QuantileLoss()):
        with pytest.raises(ValueError, match=r"FusionRegressor: loss=.* first call, SquaredError"):
            reg.set_params(loss=loss).fit(X, y)
    reg.set_params(warm_start=False, loss=QuantileLoss((0.5,))).fit(X, y)
    with pytest.raises(ValueError, match="first call, QuantileLoss"):
        reg.set_params(warm_start=True, loss=QuantileLoss((0.4,))).fit(X, y)


def test_the_class_of_a_loss_is_no_loss(positive):
    with pytest.raises(TypeError, match=r"the loss is the class QuantileLoss: pass .* Quantile"):
        FusionRegressor(loss=QuantileLoss).fit(*positive)


def test_amounts_too_small_for_float32_are_learned(positive):
    X, y = positive
    reg = FusionRegressor(loss="gamma", dtype="float32", n_folds=None, max_epochs=2)
    reg.fit(X, np.r_[1e-46, y[1:]])
    assert np.isfinite(reg.predict(X)).all()
    assert np.isfinite(reg.history_[-1]["train_loss"])


@pytest.mark.parametrize("loss", ["gamma", "poisson"])
@pytest.mark.parametrize("scaling", ["mean", None])
def test_amounts_that_were_not_observed_are_no_amounts(loss, scaling):
    amounts = np.random.default_rng(0).gamma(2, size=(60, 3)) + 0.1
    amounts[3, 1], amounts[5:9] = np.nan, np.nan
    other = np.random.default_rng(1).normal(size=(60, 2))
    X = MultiModalFrame({"n": amounts, "m": other})
    entries = [("n", Numeric(scaling=scaling, loss=loss), "n"), ("m", Numeric(), "m")]
    encoder = MultiModalAutoencoder(entries, n_components=2, max_epochs=3, random_state=0).fit(X)
    assert np.isfinite(encoder.transform(X)).all()
    assert np.isfinite(encoder.history_[-1]["train_loss"])


def test_advice_on_amounts_is_to_scale_them_by_their_mean():
    X = np.random.default_rng(0).gamma(2, size=(60, 3))
    encoder = MultiModalAutoencoder([("n", Numeric(loss="gamma"), slice(None))], n_components=2)
    with pytest.raises(ValueError, match="scale them by their mean.*Numeric\\(scaling='mean'\\)"):
        encoder.fit(X)
