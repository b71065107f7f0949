"""Put columns back into the form that X came in."""

from __future__ import annotations

from collections.abc import Mapping

import narwhals as nw
import numpy as np

from sklearn_crossmodal.data._columns import as_table
from sklearn_crossmodal.data._frame import MultiModalFrame
from sklearn_crossmodal.data._rows import find_present, object_array

__all__ = ["fill_missing", "table_of"]


def table_of(columns: Mapping, n_rows: int, n_columns: int):
    """Make a table of some columns.

    Parameters
    ----------
    columns : mapping of str or int to array with n_rows rows
        By name, or by position.
    n_rows, n_columns : int
        Shape of an array; columns that are not given are NaN.

    Returns
    -------
    MultiModalFrame, or ndarray of shape (n_rows, n_columns)
        An array if the columns are known by position.
    """
    if all(isinstance(key, str) for key in columns):
        return MultiModalFrame(columns)
    flat = all(np.asarray(values).dtype.kind in "biuf" for values in columns.values())
    table = np.full((n_rows, n_columns), np.nan, dtype=float if flat else object)
    for place, values in columns.items():
        table[:, place] = values if np.ndim(values) == 1 else object_array(values)
    return table


def fill_missing(X, columns: Mapping):
    """Return X with its missing cells taken from `columns`; other cells stay to the bit.

    Parameters
    ----------
    X : frame, mapping or 2-D array
        In the form the user gave it; it is not changed.
    columns : mapping of str or int to array
        What to take, for some of the columns by name or position.

    Returns
    -------
    object of the type of X
        A `MultiModalFrame` for a plain mapping.
    """
    if isinstance(X, Mapping) or nw.dependencies.is_into_dataframe(X):
        table = as_table(X)
        names = list(table)
        by_name = {key if isinstance(key, str) else names[key]: columns[key] for key in columns}
        filled = {
            name: _fill(table[name], new, table.presence(name)) if name in table else new
            for name, new in by_name.items()
        }
        # A column that lacks nothing stays as it is, its type included.
        changed = {name: cells for name, cells in filled.items() if cells is not None}
        return _with_columns(X, table, changed)
    filled = np.array(X)
    for place, new in columns.items():
        cells = _fill(filled[:, place], new, find_present(filled[:, place]))
        if cells is not None:
            filled[:, place] = cells if np.ndim(cells) == 1 else object_array(cells)
    return filled


def _fill(old, new, present: np.ndarray) -> np.ndarray | None:
    """Return a copy of `old` with its gaps taken from `new`, None if it has none."""
    if not present.any():
        return new
    filled, new = np.array(old), np.asarray(new)
    gaps = ~present
    if filled.dtype.kind == "f":  # numbers may be missing one by one
        gaps = np.isnan(filled) | gaps.reshape(-1, *[1] * (filled.ndim - 1))
    if not gaps.any():
        return None
    if filled.dtype != object and new.shape != filled.shape:
        raise ValueError(
            f"what is to be filled in has shape {new.shape[1:]} a row, X has {filled.shape[1:]}: "
            "bring X to that size first."
        )
    if filled.dtype == object:
        for row in np.flatnonzero(gaps):
            filled[row] = new[row]
        return filled
    if filled.dtype.kind != "f":  # a mean of integers is none
        filled = filled.astype(np.result_type(filled, new))
    filled[gaps] = new[gaps]
    return filled


def _with_columns(X, table: MultiModalFrame, filled: Mapping):
    if isinstance(X, Mapping):
        stated = {name: table.stated(name) for name in table if name not in filled}
        return MultiModalFrame({**table, **filled}, present=stated)
    if hasattr(X, "iloc"):
        frame = X.copy()
        for name, values in filled.items():
            values = values if np.ndim(values) == 1 else object_array(values)
            frame[_original_name(X, name)] = values
        return frame
    frame = nw.from_native(X, eager_only=True)
    series = [
        nw.new_series(name, values, backend=frame.implementation) for name, values in filled.items()
    ]
    return frame.with_columns(*series).to_native()


def _original_name(X, name: str):
    """Return the name of a column as X has it; a table has it as a string."""
    return next((own for own in X.columns if str(own) == name), name)
