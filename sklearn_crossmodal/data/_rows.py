"""Rows of anything: how many there are, some of them, and which hold something."""

from __future__ import annotations

import numpy as np
from scipy import sparse

from sklearn_crossmodal.utils._sklearn import (
    _num_samples,
    _safe_indexing,
    is_pandas_na,
    is_scalar_nan,
)

__all__ = ["as_column", "find_present", "is_missing", "object_array", "take_rows"]


def object_array(cells) -> np.ndarray:
    """Return a 1-D array of objects; cells that are arrays of one shape are not stacked."""
    column = np.empty(len(cells), dtype=object)
    for row, cell in enumerate(cells):
        column[row] = cell
    return column


def as_column(values):
    """Return `values` as something that can be cut by row: lists become arrays.

    A list of numbers, or of lists of as many numbers each, becomes a numeric array; a list of
    strings, of arrays or of `None` becomes a 1-D array of objects, one cell a row.
    """
    if not isinstance(values, list | tuple):
        return values
    if all(isinstance(cell, int | float | np.number | np.bool_) for cell in values):
        return np.asarray(values)
    if all(isinstance(cell, list | tuple) for cell in values):
        return _nested_array(values)
    return object_array(values)


def _nested_array(values) -> np.ndarray:
    """Return lists of numbers as one array of numbers, other lists as an array of objects."""
    try:
        numbers = np.asarray(values)
    except ValueError:  # lists that differ in length
        return object_array(values)
    return numbers if numbers.dtype.kind in "biuf" else np.array(values, dtype=object)


def take_rows(values, rows):
    """Return some rows of an array, data frame, sparse matrix or anything that can be indexed."""
    if isinstance(values, np.ndarray):
        return values[rows]
    return _safe_indexing(values, rows)


def find_present(values) -> np.ndarray:
    """Tell for each row whether any of its cells holds something.

    Parameters
    ----------
    values : array-like with n rows
        A row of numbers holds something unless all of them are NaN; a row of objects unless each
        is None, NaN, NA or an array of NaN only. A sparse row always does.

    Returns
    -------
    ndarray of shape (n,), bool
    """
    n_rows = _num_samples(values)
    if not n_rows or sparse.issparse(values):
        return np.ones(n_rows, dtype=bool)
    if not isinstance(values, np.ndarray):
        values = np.asarray(values)
    if values.dtype.kind == "f":
        return ~np.isnan(values.reshape(n_rows, -1)).all(axis=1)
    if values.dtype.kind == "O":
        cells = values.reshape(n_rows, -1)
        return np.array([not all(map(is_missing, row)) for row in cells], dtype=bool)
    return np.ones(n_rows, dtype=bool)


def is_missing(cell) -> bool:
    """Tell whether a cell is None, NaN, NA or an array of NaN only."""
    if isinstance(cell, np.ndarray):
        return cell.dtype.kind == "f" and bool(np.isnan(cell).all())
    return cell is None or is_pandas_na(cell) or bool(is_scalar_nan(cell))
