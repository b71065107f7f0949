"""Put columns back into the form that X came in."""

from __future__ import annotations

from collections.abc import Mapping

import narwhals as nw
import numpy as np

from sklearn_crossmodal.data._columns import as_table
from sklearn_crossmodal.data._frame import MultiModalFrame
from sklearn_crossmodal.data._rows import object_array

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
        filled = {}
        for key, new in columns.items():
            name = key if isinstance(key, str) else names[key]
            old = table[name] if name in table else np.full(len(table), None, dtype=object)
            present = table.presence(name) if name in table else np.zeros(len(table), bool)
            filled[name] = new if not present.any() else _fill(old, new, present)
        return _with_columns(X, table, filled)
    table = np.array(X)
    for place, new in columns.items():
        table[:, place] = _fill(table[:, place], new, np.ones(len(table), dtype=bool))
    return table


def _fill(old, new, present: np.ndarray) -> np.ndarray:
    filled = np.array(old)
    if filled.dtype.kind == "f":  # numbers may be missing one by one
        missing = np.isnan(filled)
        filled[missing] = np.asarray(new)[missing]
    if filled.dtype == object:
        for row in np.flatnonzero(~present):
            filled[row] = new[row]
    else:
        filled[~present] = new[~present]
    return filled


def _with_columns(X, table: MultiModalFrame, filled: Mapping):
    if isinstance(X, Mapping):
        return MultiModalFrame({**{name: table[name] for name in table}, **filled})
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
