"""Kernel ridge regression with a penalty chosen by leaving one row out."""

import pickle

import numpy as np
import pytest
from scipy import sparse
from sklearn.kernel_ridge import KernelRidge
from sklearn.metrics import log_loss
from sklearn.metrics.pairwise import rbf_kernel
from sklearn.model_selection import LeaveOneOut, cross_val_predict

from sklearn_crossmodal.linear import _kernel_ridge
from sklearn_crossmodal.linear._kernel_ridge import KernelClassifier, KernelRegressor

N = 60


@pytest.fixture
def X():
    return np.random.default_rng(0).normal(size=(N, 3))


@pytest.fixture
def y(X):
    return np.sin(2 * X[:, 0]) + X[:, 1] + 0.1 * np.random.default_rng(1).normal(size=N)


def test_it_is_kernel_ridge_regression(X, y):
    model = KernelRegressor().fit(X, y)
    oracle = KernelRidge(alpha=model.alpha_, kernel="rbf", gamma=model._gamma)
    expected = oracle.fit(X, y - y.mean()).predict(X) + y.mean()
    np.testing.assert_allclose(model.predict(X), expected, rtol=1e-5, atol=1e-6)


def test_the_width_is_in_root_mean_squared_distances(X, y):
    squared = ((X[:, np.newaxis] - X) ** 2).sum(axis=2).mean()
    assert 1 / np.sqrt(2 * KernelRegressor(width=1.4).fit(X, y)._gamma) == pytest.approx(
        1.4 * np.sqrt(squared)
    )


@pytest.mark.slow
def test_the_penalty_has_the_least_error_leaving_one_row_out(X, y):
    model, errors = KernelRegressor().fit(X, y), []
    for alpha in _kernel_ridge._PENALTIES:
        oracle = KernelRidge(alpha=alpha, kernel="rbf", gamma=model._gamma)
        left_out = cross_val_predict(oracle, X, y - y.mean(), cv=LeaveOneOut())
        errors.append(((left_out - y + y.mean()) ** 2).mean())
    assert model.alpha_ == _kernel_ridge._PENALTIES[np.argmin(errors)]


@pytest.mark.parametrize("solve", [_kernel_ridge._solve_exactly, _kernel_ridge._solve_by_centers])
def test_leaving_a_row_out_is_fitting_without_it(X, y, solve):
    weight = np.random.default_rng(2).uniform(0.5, 2, N)
    centers = np.arange(N) if solve is _kernel_ridge._solve_exactly else np.arange(1, 20)
    kernel = rbf_kernel(X, X[centers], 0.3)
    _, left_out = solve(kernel, kernel[centers], y[:, np.newaxis], weight, 0.1)
    others = np.arange(1, N)
    inner = others if solve is _kernel_ridge._solve_exactly else centers
    part = rbf_kernel(X[others], X[inner], 0.3)
    among = rbf_kernel(X[inner], X[inner], 0.3)
    coefficients, _ = solve(part, among, y[others, np.newaxis], weight[others], 0.1)
    found = rbf_kernel(X[:1], X[inner], 0.3) @ coefficients
    np.testing.assert_allclose(found[0], left_out[0], rtol=1e-5)


def test_a_doubled_weight_is_a_row_twice(X, y):
    rows = np.concatenate([np.arange(N), np.arange(20)])
    weight = np.where(np.arange(N) < 20, 2.0, 1.0)
    solved = [
        _kernel_ridge._solve_exactly(rbf_kernel(a, gamma=0.3), None, b, w, 0.1)[0]
        for a, b, w in ((X, y[:, None], weight), (X[rows], y[rows, None], np.ones(len(rows))))
    ]
    twice = rbf_kernel(X, X[rows], 0.3) @ solved[1]
    np.testing.assert_allclose(rbf_kernel(X, gamma=0.3) @ solved[0], twice)


def test_a_row_of_weight_zero_is_not_there(X, y):
    weight = np.where(np.arange(N) < 20, 0.0, 1.0)
    weighted, without = KernelRegressor().fit(X, y, weight), KernelRegressor().fit(X[20:], y[20:])
    assert weighted.alpha_ == without.alpha_
    np.testing.assert_allclose(weighted.predict(X), without.predict(X))


def test_several_numbers_each_of_its_own_size(X, y):
    both = np.column_stack([y, 1000 * X[:, 0]])
    found = KernelRegressor().fit(X, both).predict(X)
    assert ((found - both) ** 2 < 0.2 * both.var(axis=0)).mean() > 0.9


def test_probabilities_are_calibrated_by_what_is_said_of_rows_left_out():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(900, 2))
    y = (rng.random(900) < 1 / (1 + np.exp(-3 * X[:, 0] * X[:, 1]))).astype(int)
    model = KernelClassifier().fit(X[:600], y[:600])
    said = model.predict_proba(X[600:])
    truth = 1 / (1 + np.exp(-3 * X[600:, 0] * X[600:, 1]))
    assert log_loss(y[600:], said) < log_loss(y[600:], truth) + 0.05
    np.testing.assert_array_equal(model.predict(X[600:]), said.argmax(axis=1))


@pytest.mark.slow
def test_many_rows_get_a_part_of_them_as_centers(X, y):
    X, y = np.tile(X, (20, 1)), np.tile(y, 20)
    few = KernelRegressor(n_exact=500, n_centers=100, random_state=0).fit(X, y)
    assert few._coefficients.shape == (100, 1)
    np.testing.assert_allclose(few.predict(X), KernelRegressor().fit(X, y).predict(X), atol=0.3)


def test_a_sparse_table_is_a_table(X, y):
    X[X < 0] = 0
    dense, other = KernelRegressor().fit(X, y), KernelRegressor().fit(sparse.csr_array(X), y)
    np.testing.assert_allclose(dense.predict(X), other.predict(sparse.csr_array(X)))


def test_rows_that_are_all_alike_are_predicted_as_their_mean(y):
    np.testing.assert_allclose(
        KernelRegressor().fit(np.ones((N, 2)), y).predict(np.ones((1, 2))), y.mean()
    )


def test_few_separable_samples_leave_some_doubt(rng):
    y = np.arange(60) % 3
    X = rng.normal(size=(60, 4)) + 8 * np.eye(4)[y]
    model = KernelClassifier().fit(X, y)
    sure = model.predict_proba(X).max(axis=1)
    assert model.score(X, y) == 1
    assert 0.9 < sure.mean() < 1 - 1e-3


def test_dense_columns_beside_sparse_ones_are_dense_in_a_pickle(rng):
    words = sparse.random_array((200, 500), density=0.01, rng=rng)
    X = sparse.csr_array(sparse.hstack([words, rng.normal(size=(200, 300)), words]))
    y = rng.normal(size=200)
    model = KernelRegressor().fit(X, y)
    packed = pickle.dumps(model)
    assert len(packed) < 1.3 * 2 * 200 * 300
    np.testing.assert_allclose(pickle.loads(packed).predict(X), model.predict(X), rtol=1e-12)


@pytest.mark.parametrize("size", [1e-6, 1.0, 1e6])
def test_many_dense_columns_are_kept_in_half_precision_of_any_size(size, rng):
    X = size * rng.normal(size=(200, 300))
    y = X[:, 0] / size
    model = KernelRegressor().fit(X, y)
    assert len(pickle.dumps(model)) < 1.1 * 2 * 200 * 300
    oracle = KernelRidge(alpha=model.alpha_, kernel="rbf", gamma=model._gamma)
    expected = oracle.fit(X, y - y.mean()).predict(X) + y.mean()
    np.testing.assert_allclose(model.predict(X), expected, atol=2e-3)
