"""Rows of a table whose dense columns stand apart from its sparse ones."""

from __future__ import annotations

import numpy as np
from scipy import sparse
from sklearn.utils.extmath import row_norms

__all__ = ["ColumnSplit", "dense_columns"]

#: Columns of a sparse table that are fuller than this are dense ones.
_DENSE = 0.5
#: More dense columns than these are embeddings or pixels, of which no number matters by itself.
_MANY = 256


def dense_columns(X) -> np.ndarray:
    """Return which columns of a table (n, D) are dense: all of an array."""
    if not sparse.issparse(X):
        return np.ones(X.shape[1], dtype=bool)
    return np.bincount(X.tocsr().indices, minlength=X.shape[1]) > _DENSE * X.shape[0]


class ColumnSplit:
    """Rows of a table, as an array of its dense columns and a sparse one of the others.

    Embeddings beside TF-IDF take three times the space in one sparse array, and products of two
    such tables ten times as long.

    Parameters
    ----------
    X : array or sparse array of shape (n, D)
        The table.
    is_dense : ndarray of shape (D,), bool
        Which columns are dense; of an array all are.

    Attributes
    ----------
    dense : ndarray of shape (n, D_dense)
        The dense columns, divided by `scale`.
    sparse : CSR array of shape (n, D - D_dense), or None
        The others.
    scale : float
        One but for rounded rows.
    """

    scale, _doubles = 1.0, None

    def __init__(self, X, is_dense: np.ndarray) -> None:
        if sparse.issparse(X):
            X = X.tocsr()
            self.dense, self.sparse = X[:, is_dense].toarray(), X[:, ~is_dense]
        else:
            self.dense, self.sparse = X, None

    @property
    def n_rows(self) -> int:
        return self.dense.shape[0]

    def rows(self, places: np.ndarray) -> ColumnSplit:
        """Return some of the rows."""
        return self._each(lambda part: part[places])

    def rounded(self) -> ColumnSplit:
        """Return it in single precision, of many dense columns in half precision."""
        found = self._each(lambda part: part.astype(np.float32))
        if self.dense.shape[1] > _MANY and self.n_rows:
            found.scale = float(np.abs(self.dense).max()) or 1.0  # half precision ends at 65 504
            found.dense = (self.dense / found.scale).astype(np.float16)
        return found

    def doubles(self) -> ColumnSplit:
        """Return it in double precision, made once and not pickled."""
        if self._doubles is None:
            self._doubles = self._each(lambda part: part.astype(np.float64))
            self._doubles.dense *= self.scale
            self._doubles.scale = 1.0
        return self._doubles

    def squared_norms(self) -> np.ndarray:
        """Return the squared norm of each row, (n,)."""
        found = row_norms(self.dense, squared=True)
        return found if self.sparse is None else found + row_norms(self.sparse, squared=True)

    def total_variance(self) -> float:
        """Return the sum of the variances of the columns."""
        parts = [self.dense] if self.sparse is None else [self.dense, self.sparse]
        centers = [np.asarray(part.mean(axis=0)).ravel() for part in parts]
        return self.squared_norms().mean() - sum(center @ center for center in centers)

    def products(self, other: ColumnSplit) -> np.ndarray:
        """Return the inner products with the rows of another table, (n, m)."""
        found = self.dense @ other.dense.T
        return found if self.sparse is None else found + (self.sparse @ other.sparse.T).toarray()

    def __getstate__(self):
        return {**self.__dict__, "_doubles": None}

    def _each(self, change):
        made = object.__new__(type(self))
        made.scale = self.scale
        made.dense = change(self.dense)
        made.sparse = None if self.sparse is None else change(self.sparse)
        return made
