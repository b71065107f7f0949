"""Dense columns beside sparse ones: products and norms are those of the whole table."""

import numpy as np
import pytest
from scipy import sparse

from sklearn_crossmodal.linear._column_split import ColumnSplit, dense_columns


@pytest.fixture(params=["array", "sparse", "both"])
def table(request, rng):
    words = sparse.random_array((50, 80), density=0.05, rng=rng)
    numbers = rng.normal(size=(50, 30))
    if request.param == "array":
        return numbers
    parts = [words] if request.param == "sparse" else [words, numbers, words]
    return sparse.csr_array(sparse.hstack(parts))


def whole(X):
    return X.toarray() if sparse.issparse(X) else X


def test_products_norms_and_variance_are_those_of_the_table(table):
    split, X = ColumnSplit(table, dense_columns(table)), whole(table)
    few = split.rows(np.array([3, 1]))
    np.testing.assert_allclose(split.products(few), X @ X[[3, 1]].T, atol=1e-12)
    np.testing.assert_allclose(split.squared_norms(), (X**2).sum(axis=1))
    np.testing.assert_allclose(split.total_variance(), X.var(axis=0).sum())


def test_columns_that_are_mostly_filled_are_the_dense_ones(rng):
    X = rng.random((20, 4))
    X[:12, 1] = X[1:, 2] = 0
    np.testing.assert_array_equal(dense_columns(sparse.csr_array(X)), [True, False, False, True])
    assert dense_columns(X).all()


def test_rounded_rows_are_close(table):
    split = ColumnSplit(table, dense_columns(table))
    again = split.rounded().doubles()
    np.testing.assert_allclose(again.dense, split.dense, rtol=1e-6)
