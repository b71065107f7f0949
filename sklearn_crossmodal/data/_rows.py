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

__all__ = [
    "as_column",
    "find_present",
    "is_missing",
    "is_tensor",
    "object_array",
    "take_rows",
    "tensor_to_numpy",
    "unwrap",
]

#: How many numbers are looked at together: of a memory map no more is in memory at a time.
_CHUNK = 1 << 22


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


def unwrap(values) -> tuple:
    """Return the array inside a `ModalityArray` and its presence; else the values and None."""
    if not getattr(getattr(values, "dtype", None), "holds_modality", False):
        return values, None
    array = getattr(values, "array", values)  # of a series
    return array.numbers, array.present


def is_tensor(values) -> bool:
    """Tell whether `values` is a torch tensor, without importing torch."""
    return hasattr(values, "detach") and hasattr(values, "cpu")


def tensor_to_numpy(tensor) -> np.ndarray:
    """Return a tensor as an array; a view where it is in main memory."""
    tensor = tensor.detach().cpu()
    try:
        return tensor.numpy()
    except TypeError:  # NumPy has no bfloat16
        return tensor.float().numpy()


def take_rows(values, rows):
    """Return some rows of an array, data frame, sparse matrix or anything that can be indexed."""
    if isinstance(values, np.ndarray):
        return values[rows]
    if is_tensor(values):
        forward = isinstance(rows, slice) and (rows.step is None or rows.step > 0)
        return values[rows] if forward else values[np.arange(len(values))[rows].tolist()]
    return _safe_indexing(values, rows)


def find_present(values) -> np.ndarray:
    """Tell for each row whether any of its cells holds something.

    Parameters
    ----------
    values : array-like with n rows
        A row of numbers holds something unless all of them are NaN; a row of objects unless each
        is None, NaN, NA or an array of NaN only. A sparse row always does. Of a memory map only
        the first number of each row is read, where it is not NaN.

    Returns
    -------
    ndarray of shape (n,), bool
    """
    if type(values) is np.ndarray and values.dtype.kind == "f" and values.size:
        return _find_numbers(values)
    n_rows = _num_samples(values)
    if not n_rows or sparse.issparse(values):
        return np.ones(n_rows, dtype=bool)
    if hasattr(values, "cat") and hasattr(values, "isna"):  # categories: their codes say it
        return ~values.isna().to_numpy()
    if is_tensor(values):
        values = tensor_to_numpy(values)
    if not isinstance(values, np.ndarray):
        values = np.asarray(values)
    if values.dtype.kind in "fcmM" and values.size:
        return _find_numbers(values)
    if values.dtype.kind == "O":
        cells = values.reshape(n_rows, -1)
        return np.array([not all(map(is_missing, row)) for row in cells], dtype=bool)
    return np.ones(n_rows, dtype=bool)


def _find_numbers(values: np.ndarray) -> np.ndarray:
    """Tell which rows hold a number, reading on only where the first one of a row is NaN."""
    is_empty = np.isnat if values.dtype.kind in "mM" else np.isnan
    present = ~is_empty(values[(slice(None), *[0] * (values.ndim - 1))])
    if values.ndim == 1 or present.all():
        return present
    rows = np.flatnonzero(~present)
    step = max(1, _CHUNK * len(values) // values.size)
    for start in range(0, len(rows), step):
        chunk = rows[start : start + step]
        empty = is_empty(values[chunk]).reshape(len(chunk), -1)
        present[chunk] = ~empty.all(axis=1)
    return present


def is_missing(cell) -> bool:
    """Tell whether a cell is None, NaN, NA, NaT or an array of NaN only."""
    if isinstance(cell, np.ndarray):
        return cell.dtype.kind == "f" and bool(np.isnan(cell).all())
    return cell is None or is_pandas_na(cell) or bool(is_scalar_nan(cell)) or _is_nat(cell)


def _is_nat(cell) -> bool:
    """Tell whether a cell is NaT, of NumPy or pandas: no other date differs from itself."""
    date = isinstance(cell, np.datetime64 | np.timedelta64) or hasattr(cell, "isoformat")
    return date and bool(cell != cell)
