"""Convert a column of X to the input of a modality: an array, a sparse matrix or categories."""

from __future__ import annotations

from importlib import import_module

import numpy as np
from scipy import sparse

from sklearn_crossmodal.data._rows import (
    as_column,
    is_missing,
    is_tensor,
    object_array,
    tensor_to_numpy,
    unwrap,
)
from sklearn_crossmodal.data.cells._nested_cells import normalize_cells
from sklearn_crossmodal.data.tables._column_labels import find_order, first_cell, take_columns
from sklearn_crossmodal.data.tables._dataframe import (
    frame_names,
    is_frame,
    is_series,
    read_frame,
    read_series,
)
from sklearn_crossmodal.utils._validation import error_prefix

__all__ = ["as_cells", "as_row_array", "from_days", "stack_columns"]

_EPOCH, _DAY = np.datetime64("1970-01-01"), np.timedelta64(1, "D")


def as_cells(values):
    """Convert a column of X, of any type and rank, to the input of a modality, mostly an array.

    Tensors become arrays. Dates and durations become days, NaT becomes NaN. The columns of a data
    frame are stacked. Cells that are sparse rows become one sparse matrix, lists of numbers become
    arrays (see `normalize_cells`). Arrays are not copied. Other types are returned unchanged.
    """
    if type(values) is np.ndarray and values.dtype.kind in "biuf":  # the most frequent case
        return values
    values = as_column(values)
    if is_tensor(values):
        return tensor_to_numpy(values)
    if is_frame(values):
        columns = read_frame(values)
        block = columns.block(list(range(len(columns))))
        return stack_columns(list(columns), list(columns.values())) if block is None else block
    if is_series(values):
        values = read_series(values)
    values, present = unwrap(values)
    if present is not None and not present.all():
        values = object_array(values)
        values[~present] = None
    if not isinstance(values, np.ndarray):
        return values
    if values.dtype.kind in "mM":
        return (values - _EPOCH if values.dtype.kind == "M" else values) / _DAY
    if values.dtype == object and values.ndim == 1:
        return _read_cells(normalize_cells(values))
    return values


def as_row_array(values) -> np.ndarray:
    """Return the cells of a column as an array; each row of a sparse matrix is a sparse object."""
    cells = as_cells(values)
    if not sparse.issparse(cells):
        return np.asarray(cells)
    rows = sparse.csr_array(cells)
    return object_array([rows[[row]] for row in range(rows.shape[0])])


def from_days(days: np.ndarray, dtype: np.dtype) -> np.ndarray:
    """Invert `as_cells` for dates and durations, to the microsecond."""
    finite = np.isfinite(days)
    durations = np.where(finite, np.round(np.where(finite, days, 0) * 86_400_000_000), 0)
    durations = durations.astype("timedelta64[us]")
    durations[~finite] = np.timedelta64("NaT")
    return (durations + _EPOCH if dtype.kind == "M" else durations).astype(dtype)


def _read_cells(cells: np.ndarray):
    """Convert cells that are data frames to arrays, cells that are sparse rows to a matrix."""
    first = first_cell(cells)
    if isinstance(first, str):
        return cells
    if is_frame(first):
        return _read_frames(cells, tuple(frame_names(first)))
    return _stack_sparse(cells, first) if sparse.issparse(first) else cells


def _read_frames(cells: np.ndarray, labels: tuple[str, ...]) -> np.ndarray:
    """Convert cells that are data frames to arrays, with columns in the order of the first."""
    arrays = np.empty(len(cells), dtype=object)
    for row, cell in enumerate(cells):
        if is_missing(cell):
            continue
        arrays[row] = as_cells(cell)
        if is_frame(cell):
            with error_prefix(f"row {row}"):
                order = find_order(frame_names(cell), labels, "the first row")
            arrays[row] = arrays[row] if order is None else take_columns(arrays[row], order)
    return arrays


def _stack_sparse(cells: np.ndarray, first):
    """Stack cells that are sparse rows, as `MultiModalFrame.__array__` returns, to a matrix."""
    empty = sparse.csr_array((1, first.shape[-1]), dtype=first.dtype)
    rows = [empty if is_missing(cell) else cell for cell in cells]
    return sparse.vstack(rows, format="csr")


def stack_columns(names, columns: list, stated: list | None = None):
    """Stack 1-D columns to one table, numeric or of objects.

    A series of categories makes it a pandas frame. Cells are missing where the array in `stated` of
    their column, if there are any, is False. `names` are for the error of a deeper column.
    """
    ranks = [np.ndim(unwrap(column)[0]) for column in columns]
    deep = [name for name, rank in zip(names, ranks, strict=True) if rank > 1]
    if deep:
        raise ValueError(
            f"columns {deep} are arrays of more than one number a row: give each its own modality."
        )
    stated = [None] * len(columns) if stated is None else stated
    cells = [
        _mask_undeclared(as_cells(column), flags)
        for column, flags in zip(columns, stated, strict=True)
    ]
    if any(_has_categories(column) for column in cells):
        pandas = import_module("pandas")
        return pandas.DataFrame(dict(enumerate(map(_without_index, cells))))
    arrays = [np.asarray(column) for column in cells]
    numbers = all(array.dtype.kind in "biuf" for array in arrays)
    return np.column_stack(arrays if numbers else [array.astype(object) for array in arrays])


def _has_categories(column) -> bool:
    return hasattr(getattr(column, "dtype", None), "categories")


def _without_index(column):
    """Return the array of a series, since a data frame would align series by their indices."""
    return column.array if _has_categories(column) else column


def _mask_undeclared(cells, stated: np.ndarray | None):
    """Return 1-D cells with those missing where `stated` is False."""
    if stated is None or stated.all():
        return cells
    if _has_categories(cells):
        return cells.where(stated)
    cells = np.asarray(cells)
    cells = cells.astype(np.float64 if cells.dtype.kind in "biuf" else object)
    cells[~stated] = np.nan if cells.dtype.kind == "f" else None
    return cells
