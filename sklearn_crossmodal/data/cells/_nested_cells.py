"""Normalise cells that are lists, tuples or arrays of arrays to arrays of numbers."""

from __future__ import annotations

from numbers import Number

import numpy as np

from sklearn_crossmodal.data._rows import object_array, unmask
from sklearn_crossmodal.data.cells._file_cells import is_file_cell, open_file_cell

__all__ = ["as_rows", "normalize_cells"]


def normalize_cells(cells: np.ndarray) -> np.ndarray:
    """Convert nested cells of an object column (n,) to arrays of numbers.

    Lists, tuples and arrays of arrays, as polars, pyarrow and parquet files hold them, become
    arrays, where None becomes NaN. Masked arrays become plain arrays. A file of Hugging Face
    datasets becomes its bytes or path. Other cells are unchanged.
    """
    if not any(_is_nested(cell) for cell in cells):
        return cells
    return object_array([_normalize_cell(cell) if _is_nested(cell) else cell for cell in cells])


def _is_nested(cell) -> bool:
    if isinstance(cell, np.ndarray):
        return cell.dtype == object or isinstance(cell, np.ma.MaskedArray)
    return isinstance(cell, list | tuple | dict)


def _normalize_cell(cell):
    if isinstance(cell, dict):
        return open_file_cell(cell) if is_file_cell(cell) else cell
    cell = unmask(cell)
    if isinstance(cell, np.ndarray) and cell.dtype != object:
        return cell
    try:
        numbers = np.asarray(_as_lists(cell))
    except ValueError:  # lists of unequal length, or a waveform and its rate
        return cell
    if numbers.dtype.kind in "biuf":
        return numbers
    if numbers.dtype == object and all(isinstance(one, Number | None) for one in numbers.flat):
        return numbers.astype(np.float64)
    return cell if isinstance(cell, tuple) else _as_lists(cell)


def _as_lists(cell):
    """Convert arrays of arrays to lists of lists; arrays of numbers are kept."""
    if isinstance(cell, np.ndarray) and cell.dtype == object:
        cell = cell.tolist()
    return [_as_lists(part) for part in cell] if isinstance(cell, list | tuple) else unmask(cell)


def as_rows(X):
    """Convert a list of rows of several types, or an array of strings, to an object array (n, d).

    NumPy would convert all cells to strings where one is a string, and booleans to numbers. Other
    values are unchanged, without a mask.
    """
    X = unmask(X)
    if isinstance(X, np.ndarray):
        return X.astype(object) if X.dtype.kind in "UST" else X
    if not isinstance(X, list | tuple) or not X:
        return X
    if any(isinstance(row, np.ma.MaskedArray) for row in X):
        X = [unmask(row) for row in X]
    if not all(isinstance(row, list | tuple) for row in X) or len({len(row) for row in X}) > 1:
        return X
    types = {type(cell) for row in X for cell in row}
    nested = {kind for kind in types if issubclass(kind, list | tuple | np.ndarray)}
    plain_numbers = all(issubclass(kind, Number) for kind in types)
    mixes_truth_values = bool({bool, np.bool_} & types) and len(types) > 1
    if types == nested or (plain_numbers and not mixes_truth_values):
        return X
    table = np.empty((len(X), len(X[0])), dtype=object)
    for place, row in enumerate(X):
        for column, cell in enumerate(row):
            table[place, column] = None if cell is np.ma.masked else cell
    return table
