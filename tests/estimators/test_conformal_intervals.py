"""Intervals of a cross-modal regressor hold what they promise."""

import re

import numpy as np
import pytest

from sklearn_crossmodal import CrossModalRegressor, Embedding, MultiModalFrame, Numeric
from sklearn_crossmodal.nn.losses import QuantileLoss
from sklearn_crossmodal.uncertainty._conformal import Calibration

SMALL = {"max_epochs": 8, "batch_size": 64, "learning_rate": 0.01, "random_state": 0}
#: Steps as many as by default, where the widths or the rows held out leave little room.
LONGER = {**SMALL, "batch_size": "auto"}


@pytest.fixture(scope="module")
def fan():
    """Return X, and y whose spread grows with the second column: 900 rows to fit, 4000 to ask."""
    rng = np.random.default_rng(0)
    X = rng.uniform(-1, 1, size=(4900, 3))
    return X, np.sin(2 * X[:, 0]) + (0.2 + np.abs(X[:, 1])) * rng.normal(size=4900)


def covered(intervals, y):
    return ((intervals[:, 0] <= y) & (y <= intervals[:, 1])).mean(axis=0)


@pytest.mark.parametrize("loss", [None, "absolute_error", QuantileLoss((0.1, 0.5, 0.9))])
@pytest.mark.parametrize("n_folds", [5, None])
def test_the_share_of_new_rows_in_their_interval_is_what_was_promised(loss, n_folds, fan):
    X, y = fan
    fraction = {} if n_folds else {"validation": 0.5}
    reg = CrossModalRegressor(loss=loss, n_folds=n_folds, **LONGER, **fraction)
    reg.fit(X[:900], y[:900])
    for confidence in (0.8, 0.9, 0.95):
        found = reg.predict_interval(X[900:], confidence)
        assert found.shape == (4000, 2)
        assert (found[:, 0] <= found[:, 1]).all()
        assert covered(found, y[900:]) == pytest.approx(confidence, abs=0.03)


@pytest.mark.slow
def test_intervals_of_quantiles_are_wide_where_the_noise_is(fan):
    X, y = fan
    widths, shares, calm = {}, {}, np.abs(X[900:, 1]) < 0.3
    for loss in (None, QuantileLoss((0.1, 0.5, 0.9))):
        reg = CrossModalRegressor(loss=loss, **{**LONGER, "max_epochs": 25}).fit(X[:900], y[:900])
        found = reg.predict_interval(X[900:])
        widths[loss is None] = found[:, 1] - found[:, 0]
        shares[loss is None] = [covered(found[rows], y[900:][rows]) for rows in (calm, ~calm)]
    assert 0.9 < shares[False][0] < shares[True][0] - 0.005
    assert np.ptp(widths[True]) < 1e-6
    assert np.corrcoef(widths[False], np.abs(X[900:, 1]))[0, 1] > 0.9
    assert widths[False].mean() < 0.95 * widths[True].mean()


def test_several_numbers_have_intervals_each_in_their_units(fan):
    X, y = fan
    noise = np.random.default_rng(1).normal(size=len(X))
    both = np.column_stack([y, 1e4 + 100 * (X[:, 2] + 0.5 * noise)])
    found = CrossModalRegressor(**SMALL).fit(X[:900], both[:900]).predict_interval(X[900:])
    assert found.shape == (4000, 2, 2)
    np.testing.assert_allclose(covered(found, both[900:]), [0.9, 0.9], atol=0.03)


@pytest.mark.slow
def test_a_row_that_lacks_modalities_has_the_interval_of_its_pattern(rng):
    a, b = rng.normal(size=(2, 3000, 2))
    X, y = MultiModalFrame({"a": a, "b": b}), a[:, 0] + 2 * b[:, 0] + 0.3 * rng.normal(size=3000)
    reg = CrossModalRegressor(modality_dropout=0.3, **SMALL).fit(X[:1000], y[:1000])
    widths = {}
    for names in (["a", "b"], ["a"], ["b"]):
        found = reg.predict_interval(X[names][1000:])
        assert covered(found, y[1000:]) == pytest.approx(0.9, abs=0.03)
        widths[tuple(names)] = float(np.median(found[:, 1] - found[:, 0]))
    assert widths["a", "b"] < widths[("b",)] < widths[("a",)]
    # The rows of one question may have several patterns.
    there = np.arange(2000) % 2 == 0
    mixed = MultiModalFrame({"a": a[1000:], "b": b[1000:]}, present={"b": there})
    found = reg.predict_interval(mixed)
    assert found[there].tolist() == reg.predict_interval(X[1000:])[there].tolist()
    assert covered(found[~there], y[1000:][~there]) == pytest.approx(0.9, abs=0.03)


@pytest.mark.slow
def test_numbers_among_several_targets_have_intervals(fan):
    X, y = fan
    targets = MultiModalFrame(
        {
            "y": y,
            "vector": np.column_stack([y, -y]),
            "kind": np.where(X[:, 0] > 0, "p", "q"),
        }
    )
    entries = [
        ("y", "numeric", "y"),
        ("vector", Embedding(), "vector"),
        ("kind", "categorical", "kind"),
    ]
    reg = CrossModalRegressor(target=entries, **SMALL).fit(X[:900], targets[:900])
    found = reg.predict_interval(X[900:])
    assert list(found) == ["y", "vector"]
    assert covered(found["y"], y[900:]) == pytest.approx(0.9, abs=0.03)
    np.testing.assert_allclose(
        covered(found["vector"], targets["vector"][900:]), [0.9, 0.9], atol=0.03
    )


@pytest.mark.slow
def test_an_absent_target_does_not_calibrate(fan):
    X, y = fan
    there = np.arange(900) % 2 == 0
    spoilt = MultiModalFrame(
        {"y": np.where(there, y[:900], 1e6), "z": X[:900, 0]}, present={"y": there}
    )
    reg = CrossModalRegressor(**SMALL).fit(X[:900], spoilt)
    found = reg.predict_interval(X[900:])["y"]
    assert covered(found, y[900:]) == pytest.approx(0.9, abs=0.04)
    assert (found[:, 1] - found[:, 0]).max() < 10


@pytest.mark.slow
@pytest.mark.parametrize("share", [0.09, 0.4])
def test_numbers_that_are_missing_do_not_calibrate(share, fan):
    X, y = fan
    both = np.column_stack([y, 10 * y])[:900]
    both[np.random.default_rng(0).random(900) < share, 1] = np.nan
    reg = CrossModalRegressor(target={"y": [0, 1]}, **SMALL).fit(X[:900], both)
    for confidence in (0.5, 0.9):
        found = reg.predict_interval(X[900:], confidence)["y"]
        shares = covered(found, np.column_stack([y, 10 * y])[900:])
        np.testing.assert_allclose(shares, confidence, atol=0.05)


@pytest.mark.slow
def test_rows_of_hardly_any_weight_hardly_calibrate(fan):
    X, y = fan
    wild = np.arange(900) % 2 == 0
    spoilt = np.where(wild, 1e3 * np.random.default_rng(0).normal(size=900), y[:900])
    reg = CrossModalRegressor(**SMALL).fit(X[:900], spoilt, np.where(wild, 1e-6, 1.0))
    found = reg.predict_interval(X[900:])
    assert covered(found, y[900:]) == pytest.approx(0.9, abs=0.06)
    assert (found[:, 1] - found[:, 0]).max() < 10


def test_scores_count_by_their_weight_and_not_where_they_are_missing():
    scores = np.array([[1.0, 5.0], [2.0, np.nan], [3.0, 6.0], [4.0, 7.0]])
    pattern, exact = ("a",), np.ones(4, bool)
    plain = Calibration({pattern: scores}, {pattern: exact})
    assert plain.bound(pattern, 0.5).tolist() == [3.0, 6.0]  # of 4 the 3rd, of 3 the 2nd
    assert plain.bound(pattern, 0.8).tolist() == [4.0, np.inf]
    weights = {pattern: np.array([3.0, 3.0, 1.0, 1.0])}  # of mean one: 1.5, 1.5, .5, .5
    weighed = Calibration({pattern: scores}, {pattern: exact}, weights)
    assert weighed.bound(pattern, 0.5)[0] == 2.0
    alike = Calibration({pattern: scores}, {pattern: exact}, {pattern: np.full(4, 7.0)})
    assert alike.bound(pattern, 0.8).tolist() == plain.bound(pattern, 0.8).tolist()


def test_the_bound_is_the_rank_of_split_conformal_prediction(fan):
    X, y = fan
    reg = CrossModalRegressor(n_folds=None, validation=0.5, **SMALL)
    reg.fit(X[:200], y[:200])
    scores = np.sort(reg._intervals.calibrations["y"]._pooled[0])
    assert len(scores) == 100
    low, high = reg.predict_interval(X[200:202], 0.9).T
    np.testing.assert_allclose((high - low) / 2, scores[91 - 1])  # ceil(101 * 0.9) = 91
    assert np.isinf(reg.predict_interval(X[200:202], 0.995)).all()


def test_smoothly_clipped_targets_are_covered_in_their_units(fan):
    X, y = fan
    reg = CrossModalRegressor(target=Numeric(scaling="robust"), **SMALL).fit(X[:900], y[:900])
    assert covered(reg.predict_interval(X[900:]), y[900:]) == pytest.approx(0.9, abs=0.03)


@pytest.mark.parametrize("confidence", [0, 1, -0.1, 1.5, "0.9", None, [0.5, 0.9]])
def test_a_confidence_that_is_none_is_refused(confidence, fan):
    reg = CrossModalRegressor(max_epochs=1, random_state=0).fit(fan[0][:200], fan[1][:200])
    said = re.escape(f"CrossModalRegressor: confidence={confidence!r} must lie")
    with pytest.raises(ValueError, match=said):
        reg.predict_interval(fan[0][:2], confidence)


def test_without_rows_held_out_there_are_no_intervals(fan):
    X, y = fan
    held = r"CrossModalRegressor: no intervals can be calibrated: no rows were held out.*n_folds"
    for params, n in [({"validation": None}, 200), ({}, 30)]:
        reg = CrossModalRegressor(max_epochs=1, **params).fit(X[:n], y[:n])
        with pytest.raises(ValueError, match=held):
            reg.predict_interval(X[:2])
    reg.set_params(n_folds=5).fit(X[:n], y[:n]).predict_interval(X[:2])
    reg.set_params(n_folds=None).fit(X[:200], y[:200]).partial_fit(X[:200], y[:200])
    with pytest.raises(ValueError, match=held):
        reg.predict_interval(X[:2])


def test_rows_that_were_trained_on_before_do_not_calibrate(fan):
    X, y = fan
    reg = CrossModalRegressor(warm_start=True, n_folds=None, max_epochs=2)
    reg.fit(X[:200], y[:200]).predict_interval(X[:2])
    with pytest.raises(ValueError, match=r"went on from another.*warm_start=False"):
        reg.fit(X[:200], y[:200]).predict_interval(X[:2])


def test_targets_that_are_no_numbers_have_no_intervals(fan):
    X, y = fan
    reg = CrossModalRegressor(max_epochs=1).fit(X[:200], np.where(y[:200] > 0, "p", "q"))
    with pytest.raises(ValueError, match="no intervals can be calibrated: no target is numbers"):
        reg.predict_interval(X[:2])
