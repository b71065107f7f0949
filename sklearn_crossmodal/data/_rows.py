"""Rows of array-likes of any type: selection, presence and missing cells."""

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
    "check_present",
    "is_missing",
    "is_tensor",
    "object_array",
    "row_presence",
    "take_rows",
    "tensor_to_numpy",
    "unmask",
    "unwrap",
    "with_gaps",
]

#: Numbers that are read at a time, which bounds the memory for a memory map.
_CHUNK = 1 << 22


def object_array(cells) -> np.ndarray:
    """Return a 1-D object array of the cells; arrays of equal shape are not stacked."""
    column = np.empty(len(cells), dtype=object)
    for row, cell in enumerate(cells):
        column[row] = cell
    return column


def unmask(values):
    """Convert a masked array to an array with missing cells; return other values unchanged.

    Masked numbers become NaN, so that integers become floats; dates become NaT; booleans, strings
    and objects become None. The data under the mask are not read.
    """
    if not isinstance(values, np.ma.MaskedArray):
        return values
    mask, cells = np.ma.getmaskarray(values), np.asarray(values.data)
    return cells if cells.dtype.names is not None or not mask.any() else with_gaps(cells, mask)


def with_gaps(cells: np.ndarray, gaps: np.ndarray) -> np.ndarray:
    """Return a copy with some cells missing, of a type that can hold them; see `unmask`."""
    kind = cells.dtype.kind
    if kind in "iu":
        cells = cells.astype(np.float64)
    else:
        cells = cells.astype(cells.dtype if kind in "fcmM" else object)
    cells[gaps] = np.nan if cells.dtype.kind in "fc" else None
    return cells


def check_present(present, n_rows: int, name: str = "present") -> np.ndarray:
    """Return which of the rows are present as an array; raise if it is not one boolean a row."""
    present = np.asarray(present)
    if present.dtype != bool or present.shape != (n_rows,):
        raise ValueError(
            f"{name} must be an array of {n_rows} booleans, got {present.dtype} of shape "
            f"{present.shape}."
        )
    return present


def as_column(values):
    """Convert `values` to a type that can be indexed by row: lists become arrays.

    A list of numbers, or of lists of numbers of equal length, becomes a numeric array, where None
    is NaN. A list of strings, of arrays or of None becomes a 1-D object array. Masked cells of a
    masked array are missing.
    """
    if not isinstance(values, list | tuple):
        return unmask(values)
    if all(isinstance(cell, int | float | np.number | np.bool_) for cell in values):
        return np.asarray(values)
    if all(isinstance(cell, list | tuple) for cell in values):
        return _nested_array(values)
    return object_array(values)


def _nested_array(values) -> np.ndarray:
    """Convert lists of numbers to one numeric array, other lists to an object array."""
    try:
        numbers = np.asarray(values)
    except ValueError:  # lists of unequal length
        return object_array(values)
    if numbers.dtype.kind in "biuf":
        return numbers
    cells = np.array(values, dtype=object)
    gaps = all(cell is None or isinstance(cell, int | float) for cell in cells.flat)
    truth = any(isinstance(cell, bool) for cell in cells.flat)
    return cells.astype(np.float64) if gaps and not truth else cells


def unwrap(values) -> tuple:
    """Return the array of a `ModalityArray` and its presence; else the values and None."""
    if not getattr(getattr(values, "dtype", None), "holds_modality", False):
        return values, None
    array = getattr(values, "array", values)  # of a series
    return array.numbers, array.present


def is_tensor(values) -> bool:
    """Return whether `values` is a torch tensor, without importing torch."""
    return hasattr(values, "detach") and hasattr(values, "cpu")


def tensor_to_numpy(tensor) -> np.ndarray:
    """Convert a tensor to an array; a view if the tensor is on the CPU."""
    tensor = tensor.detach().cpu()
    try:
        return tensor.numpy()
    except TypeError:  # NumPy has no bfloat16
        return tensor.float().numpy()


def take_rows(values, rows):
    """Return some rows of an array, data frame, sparse matrix or other indexable."""
    if isinstance(values, np.ndarray):
        return values[rows]
    if is_tensor(values):
        forward = isinstance(rows, slice) and (rows.step is None or rows.step > 0)
        return values[rows] if forward else values[np.arange(len(values))[rows].tolist()]
    return _safe_indexing(values, rows)


def row_presence(values) -> np.ndarray:
    """Return for each row whether any of its cells is not missing, (n,) bool.

    A numeric row is present unless all of its numbers are NaN, a row of objects unless `is_missing`
    is true for all of its cells. A sparse row is always present. Of a memory map only the first
    number of each row is read, unless it is NaN.
    """
    if type(values) is np.ndarray and values.dtype.kind == "f" and values.size:
        return _numeric_row_presence(values)
    n_rows = _num_samples(values)
    if not n_rows or sparse.issparse(values):
        return np.ones(n_rows, dtype=bool)
    if hasattr(values, "cat") and hasattr(values, "isna"):  # categories
        return ~values.isna().to_numpy()
    if is_tensor(values):
        values = tensor_to_numpy(values)
    if hasattr(values, "itercolumns"):  # pyarrow, whose columns may have no common type
        columns = [row_presence(one) & one.is_valid().to_numpy() for one in values.itercolumns()]
        return np.logical_or.reduce(columns)
    values = unmask(values) if isinstance(values, np.ndarray) else np.asarray(values)
    if not values.size:
        return np.zeros(n_rows, dtype=bool)
    if values.dtype.kind in "fcmM":
        return _numeric_row_presence(values)
    if values.dtype.kind == "O":
        cells = values.reshape(n_rows, -1)
        return np.array([not all(map(is_missing, row)) for row in cells], dtype=bool)
    return np.ones(n_rows, dtype=bool)


def _numeric_row_presence(values: np.ndarray) -> np.ndarray:
    """Return which rows hold a number; rows are read in full only if their first number is NaN."""
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
    """Return whether a cell is missing.

    None, NaN, NA, NaT and masked cells are missing; so are arrays, lists, tuples and dicts that
    are empty or hold missing cells only. A string is never missing, also an empty one.
    """
    if cell is None or isinstance(cell, str):
        return cell is None
    if isinstance(cell, np.ndarray):
        return _is_empty_array(cell)
    if isinstance(cell, list | tuple):
        return all(map(is_missing, cell))
    if isinstance(cell, dict):
        return all(map(is_missing, cell.values()))
    return is_pandas_na(cell) or bool(is_scalar_nan(cell)) or _is_nat(cell)


def _is_empty_array(cell: np.ndarray) -> bool:
    if isinstance(cell, np.ma.MaskedArray):
        cell = unmask(cell)
    if not cell.size:
        return True
    if cell.dtype.kind in "fc":
        # Most arrays begin with a number, which decides.
        return bool(np.isnan(cell.flat[0])) and bool(np.isnan(cell).all())
    if cell.dtype.kind in "mM":
        return bool(np.isnat(cell).all())
    return cell.dtype.kind == "O" and all(map(is_missing, cell.flat))


def _is_nat(cell) -> bool:
    """Return whether a cell is NaT, of NumPy or pandas: the only date that differs from itself."""
    date = isinstance(cell, np.datetime64 | np.timedelta64) or hasattr(cell, "isoformat")
    return date and bool(cell != cell)
