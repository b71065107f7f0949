"""Targets whose squares have no room: far beyond 1e150, or far below 1e-150."""

import numpy as np
import pytest
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.linear_model import Ridge

from sklearn_crossmodal import (
    AutoFusionRegressor,
    CrossModalRegressor,
    FusionRegressor,
    MultiModalFrame,
)

N = 120
A, B = np.random.default_rng(0).normal(size=(2, N, 2))
X = MultiModalFrame({"a": A, "b": B})
NUMBERS = A[:, 0] + 2 * B[:, 1]
WEIGHT = np.random.default_rng(1).uniform(0.5, 2, N)
NETWORK = FusionRegressor(n_folds=None, max_epochs=3)
COMPANIONS = {"linear": Ridge(), "boosting": HistGradientBoostingRegressor(max_iter=10)}
REGRESSORS = [
    AutoFusionRegressor(estimator=NETWORK, companions=COMPANIONS, cv=2, random_state=0),
    FusionRegressor(max_epochs=2, random_state=0),
    CrossModalRegressor(max_epochs=2, random_state=0),
]


def name_of(regressor):
    return type(regressor).__name__


@pytest.mark.slow
@pytest.mark.covering
@pytest.mark.parametrize("regressor", REGRESSORS, ids=name_of)
@pytest.mark.parametrize("exponent", [-1020, -660, 660, 1020])
def test_a_target_of_any_size_is_predicted_as_one_of_common_size(regressor, exponent):
    y = np.ldexp(NUMBERS, exponent)
    expected = regressor.fit(X, NUMBERS).predict(X)
    score = regressor.score(X, NUMBERS, sample_weight=WEIGHT)
    found = np.ldexp(regressor.fit(X, y).predict(X), -exponent)
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)
    assert regressor.score(X, y, sample_weight=WEIGHT) == pytest.approx(score, rel=1e-5)


@pytest.mark.parametrize("exponent", [-660, 660])
def test_all_that_an_automatic_fusion_reports_is_in_the_units_of_the_target(exponent):
    regressor = REGRESSORS[0]
    found = {}
    for places in (0, exponent):
        regressor.fit(X, np.ldexp(NUMBERS, places))
        found[places] = (
            np.ldexp(regressor.oof_predictions_, -places),
            np.ldexp(regressor.predict_interval(X, 0.8), -places),
            np.sort(regressor.leaderboard_["score"]),
            regressor.fusion_gain_.interval,
        )
    for one, other in zip(*found.values(), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-6)


@pytest.mark.slow
def test_columns_of_a_target_may_differ_in_size():
    y = np.column_stack([np.ldexp(NUMBERS, 700), A[:, 1], np.ldexp(B[:, 0], -700)])
    several = AutoFusionRegressor(estimator=NETWORK, companions={"linear": Ridge()}, cv=2)
    for regressor in [several, *REGRESSORS[1:]]:
        found = regressor.fit(X, y).predict(X)
        assert np.isfinite(found).all()
        common, said = (np.ldexp(one, [-700, 0, 700]) for one in (y, found))
        each = 1 - np.mean((common - said) ** 2, axis=0) / np.var(common, axis=0)
        assert regressor.score(X, y) == pytest.approx(np.mean(each), rel=1e-6)


@pytest.mark.slow
def test_a_sample_of_weight_zero_says_nothing_of_the_size():
    regressor, weight = REGRESSORS[0], np.r_[0, np.ones(N - 1)]
    wild = np.r_[1e300, NUMBERS[1:]]
    found = []
    for rows, y, some in ((X[1:], NUMBERS[1:], None), (X, wild, weight)):
        regressor.fit(rows, y, sample_weight=some)
        found.append([regressor.predict(X), np.sort(regressor.leaderboard_["score"])])
    for one, other in zip(*found, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-6)
