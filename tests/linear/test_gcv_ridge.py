"""Ridge regression of several targets, beside that of scikit-learn."""

import numpy as np
import pytest
from sklearn.linear_model import Ridge, RidgeCV

from sklearn_crossmodal.linear._gcv_ridge import PENALTIES, gcv_ridge


@pytest.fixture(params=[(60, 5), (20, 50)], ids=["tall", "wide"])
def table(request):
    n, d = request.param
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n, d))
    Y = X[:, :2] @ rng.normal(size=(2, 3)) + rng.normal(size=(n, 3))
    return X, Y, rng.uniform(0.5, 2, size=n)


def centered(X, Y, weight):
    return (part - np.average(part, axis=0, weights=weight) for part in (X, Y))


def test_coefficients_are_those_of_scikit_learn_at_one_of_the_penalties(table):
    X, Y, weight = table
    weight = weight / weight.mean()
    found = gcv_ridge(*centered(X, Y, weight), weight)
    fits = [Ridge(len(X) * one).fit(X, Y, weight).coef_.T for one in PENALTIES]
    assert min(np.abs(found - coefficients).max() for coefficients in fits) < 1e-6


def test_the_penalty_is_that_of_least_generalised_error(table):
    X, Y, _ = table
    weight = np.ones(len(X))
    found = gcv_ridge(*centered(X, Y, weight), weight)
    errors = []
    for one in PENALTIES:
        fit = Ridge(len(X) * one).fit(X, Y)
        squares = np.linalg.svd(X - X.mean(axis=0), compute_uv=False) ** 2
        freedom = len(X) - 1 - (squares / (squares + len(X) * one)).sum()
        errors.append(((Y - fit.predict(X)) ** 2).sum() / freedom**2)
    best = Ridge(len(X) * PENALTIES[np.argmin(errors)]).fit(X, Y).coef_.T
    np.testing.assert_allclose(found, best, atol=1e-7)


def test_new_rows_are_predicted_as_well_as_by_leaving_one_out(rng):
    X = rng.normal(size=(400, 30))
    Y = X @ rng.normal(size=(30, 2)) + 5 * rng.normal(size=(400, 2))
    few, weight = slice(0, 60), np.ones(60)
    found = gcv_ridge(*centered(X[few], Y[few], weight), weight)
    theirs = RidgeCV(60 * PENALTIES).fit(X[few], Y[few]).coef_.T
    errors = [((Y[60:] - X[60:] @ one) ** 2).mean() for one in (found, theirs)]
    assert errors[0] < 1.02 * errors[1]


def test_columns_that_do_not_vary_and_that_are_alike_have_finite_coefficients(rng):
    X = np.repeat(rng.normal(size=(30, 2)), 3, axis=1)
    X[:, 0] = 0.0
    found = gcv_ridge(*centered(X, X[:, 1:2], np.ones(30)), np.ones(30))
    assert np.isfinite(found).all()
    assert np.abs(X @ found - X[:, 1:2] + X[:, 1].mean()).max() < 0.2
