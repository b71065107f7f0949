import numpy as np
import pytest
from sklearn.metrics import r2_score
from skorch.callbacks import Callback

from sklearn_crossmodal import FusionRegressor, Numeric
from sklearn_crossmodal.datasets import make_multimodal_regression
from sklearn_crossmodal.nn.losses import LOSSES, HuberLoss, losses_of

QUICK = {"max_epochs": 40, "learning_rate": 0.02, "validation": None, "random_state": 0}
PLAIN = {
    "fusion": "sum",  # has no dropout
    "learning_rate": 1e-12,
    "weight_decay": 0.0,
    "modality_dropout": 0.0,
    "max_epochs": 1,
}


@pytest.fixture(scope="module")
def line():
    X = np.linspace(-2, 2, 50)[:, np.newaxis]
    return X, 1000 + 300 * X[:, 0]


def test_numbers_in_any_units_are_learned(line):
    X, y = line
    for scale, offset in [(1e-9, 0.0), (1e6, -1e9)]:
        target = offset + scale * y
        reg = FusionRegressor(**QUICK).fit(X, target)
        assert reg.score(X, target) > 0.95


def test_change_of_units_of_the_target_changes_only_the_units(line):
    X, y = line
    reg = FusionRegressor(**QUICK)
    np.testing.assert_allclose(
        reg.fit(X, 2 * y + 7).predict(X), 2 * reg.fit(X, y).predict(X) + 7, rtol=1e-6
    )


@pytest.mark.parametrize("dtype", [np.int64, np.float32, bool, object])
def test_answers_are_floats_of_double_precision(dtype, line):
    X, y = line
    y = (y > 1000) if dtype is bool else y.astype(dtype)
    assert FusionRegressor(**{**QUICK, "max_epochs": 1}).fit(X, y).predict(X).dtype == np.float64


@pytest.mark.slow
def test_several_outputs_are_learned_together():
    X, y = make_multimodal_regression(60, n_features=6, n_targets=3, signal=5, random_state=0)
    reg = FusionRegressor(**QUICK).fit(X, y)
    assert reg.predict(X).shape == (60, 3)
    assert r2_score(y, reg.predict(X), multioutput="raw_values").min() > 0.7
    column = reg.fit(X, y[:, :1]).predict(X)
    assert column.shape == (60, 1)
    assert reg.fit(X, y[:, 0]).predict(X).shape == (60,)
    np.testing.assert_allclose(reg.predict(X), column[:, 0])


def test_outputs_of_unlike_units_count_the_same(line):
    X, y = line
    both = np.column_stack([y, 1e-6 * (X[:, 0] ** 2)])
    reg = FusionRegressor(**QUICK).fit(X, both)
    assert r2_score(both, reg.predict(X), multioutput="raw_values").min() > 0.8


def test_score_is_the_weighted_r2(line, rng):
    X, y = line
    reg, weight = FusionRegressor(**{**QUICK, "max_epochs": 3}).fit(X, y), rng.random(50)
    predicted = reg.predict(X)
    by_hand = 1 - np.sum((y - predicted) ** 2) / np.sum((y - y.mean()) ** 2)
    assert reg.score(X, y) == pytest.approx(by_hand)
    mean = np.average(y, weights=weight)
    weighted = 1 - np.sum(weight * (y - predicted) ** 2) / np.sum(weight * (y - mean) ** 2)
    assert reg.score(X, y, sample_weight=weight) == pytest.approx(weighted)


@pytest.mark.parametrize(
    ("loss", "by_hand"),
    [
        ("squared_error", lambda e: e**2),
        ("absolute_error", np.abs),
        ("huber", lambda e: np.where(np.abs(e) < 1, e**2 / 2, np.abs(e) - 0.5)),
        (
            HuberLoss(delta=0.1),
            lambda e: np.where(np.abs(e) < 0.1, e**2 / 2, 0.1 * (abs(e) - 0.05)),
        ),
    ],
)
def test_loss_in_the_history_is_that_of_the_standardised_target(loss, by_hand, line, rng):
    X, y = line
    for weight in (None, rng.random(50)):
        reg = FusionRegressor(loss=loss, batch_size=17, random_state=0, **PLAIN)
        reg.fit(X, y, sample_weight=weight)
        mean = np.average(y, weights=weight)
        spread = np.sqrt(np.average((y - mean) ** 2, weights=weight))
        expected = np.average(by_hand((reg.predict(X) - y) / spread), weights=weight)
        assert reg.history_[0]["train_loss"] == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("loss", ["absolute_error", "huber"])
def test_robust_losses_stay_near_the_line_where_outliers_draw_the_squared_error_away(loss, line):
    X, y = line
    spoilt = y.copy()
    spoilt[::10] += 20_000
    errors = {}
    for one in ("squared_error", loss):
        reg = FusionRegressor(loss=one, **QUICK).fit(X, spoilt)
        errors[one] = np.abs(reg.predict(X) - y).mean()
    assert errors[loss] < 0.5 * errors["squared_error"]


@pytest.mark.filterwarnings("ignore:.*nothing was learned:sklearn.exceptions.ConvergenceWarning")
@pytest.mark.slow
def test_predictions_of_absolute_error_are_medians_and_of_squared_error_means():
    X = np.zeros((50, 1))
    y = np.r_[np.zeros(30), np.full(20, 10.0)]
    settings = {**QUICK, "max_epochs": 150, "weight_decay": 0.0}
    assert FusionRegressor(**settings).fit(X, y).predict(X)[0] == pytest.approx(4, abs=0.2)
    median = FusionRegressor(loss="absolute_error", **settings).fit(X, y).predict(X)[0]
    assert median == pytest.approx(0, abs=0.5)


def test_heavy_samples_win():
    X = np.zeros((40, 1))
    y = np.repeat([0.0, 1.0], 20)
    reg = FusionRegressor(**{**QUICK, "weight_decay": 0.0})
    reg.fit(X, y, sample_weight=np.where(y == 0, 9.0, 1.0))
    assert reg.predict(X)[0] == pytest.approx(0.1, abs=0.03)


@pytest.mark.slow
def test_partial_fit_learns_over_several_calls_in_the_scale_of_the_first(line):
    X, y = line
    reg = FusionRegressor(learning_rate=0.02, random_state=0)
    for epoch in range(40):
        half = slice(0, None, 2) if epoch % 2 else slice(1, None, 2)
        reg.partial_fit(X[half], y[half])
        if not epoch:
            center = reg.target_.scaler_.center_.copy()
    assert reg.score(X, y) > 0.95
    np.testing.assert_array_equal(reg.target_.scaler_.center_, center)


def test_partial_fit_refuses_another_number_of_outputs(line):
    X, y = line
    reg = FusionRegressor(random_state=0).partial_fit(X, y)
    with pytest.raises(ValueError, match=r"FusionRegressor: target.*2 columns, expected 1"):
        reg.partial_fit(X, np.column_stack([y, y]))


HELD_OUT = []


class RecordHeldOut(Callback):
    def on_epoch_end(self, net, dataset_valid=None, **kwargs):
        HELD_OUT[:] = dataset_valid.rows.tolist()


def test_early_stopping_restores_the_best_epoch(rng):
    X, y = rng.normal(size=(60, 20)), rng.normal(size=60)
    reg = FusionRegressor(
        validation=0.15,
        max_epochs=60,
        n_iter_no_change=5,
        learning_rate=0.02,
        callbacks=[RecordHeldOut()],
        random_state=0,
    ).fit(X, y)
    losses = [row["valid_loss"] for row in reg.history_]
    assert int(np.argmin(losses)) + 1 < reg.n_iter_ < 60
    errors = (reg.predict(X[HELD_OUT]) - y[HELD_OUT]) / y.std()
    assert np.mean(errors**2) == pytest.approx(min(losses), rel=1e-6)


def test_rows_are_held_out_from_a_hundred_samples_on(line):
    X = np.linspace(-2, 2, 100)[:, np.newaxis]
    assert "valid_loss" in FusionRegressor(max_epochs=1).fit(X, X[:, 0]).history_[0]
    assert "valid_loss" not in FusionRegressor(max_epochs=1).fit(X[:99], X[:99, 0]).history_[0]


def test_constant_target_is_predicted():
    X = np.random.default_rng(0).normal(size=(40, 2))
    for y in (np.full(40, 7.0), np.column_stack([np.full(40, 7.0), X[:, 0]])):
        predicted = FusionRegressor(**QUICK).fit(X, y).predict(X).reshape(40, -1)
        np.testing.assert_allclose(predicted[:, 0], 7)


def test_modality_left_out_does_not_count(X, targets, make):
    y = targets["FusionRegressor"]
    kept = make("FusionRegressor", modalities=[("table", Numeric(), "table")]).fit(X, y)
    dropped = make("FusionRegressor").set_params(words="drop", photo="drop").fit(X, y)
    assert [name for name, _, _ in dropped.modalities_] == ["table"]
    np.testing.assert_array_equal(dropped.predict(X), kept.predict(X))


@pytest.mark.parametrize("loss", sorted(losses_of("vector")))
def test_each_loss_of_numbers_is_learned_by_name_in_its_range(loss, line):
    X = line[0]
    y = 1 / (1 + np.exp(-2 * X[:, 0]))
    reg = FusionRegressor(loss=loss, **QUICK).fit(X, y)
    assert reg.score(X, y) > 0.8
    by_part = FusionRegressor(loss=LOSSES[loss](), **QUICK).fit(X, y)
    np.testing.assert_array_equal(by_part.predict(X), reg.predict(X))


def test_a_loss_of_classes_is_no_loss_of_numbers(line):
    with pytest.raises(ValueError, match="'loss' parameter of FusionRegressor must be .*gaussian"):
        FusionRegressor(loss="cross_entropy").fit(*line)


def test_counts_are_predicted_under_a_loss_that_takes_them_as_they_are(rng):
    X = rng.normal(size=(200, 2))
    mean = np.exp(1 + X[:, 0])
    y = rng.negative_binomial(2, 2 / (2 + mean))
    predicted = FusionRegressor(loss="negative_binomial", **QUICK).fit(X, y).predict(X)
    assert (predicted > 0).all()
    assert r2_score(mean, predicted) > 0.5
