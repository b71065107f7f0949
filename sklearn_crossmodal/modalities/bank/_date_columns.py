"""Check that columns hold dates, durations or numbers as they did in `fit`."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from sklearn_crossmodal.data import MultiModalFrame, date_kind, object_array, row_presence
from sklearn_crossmodal.data.cells._text_parsing import is_date
from sklearn_crossmodal.data.tables._column_labels import first_cell
from sklearn_crossmodal.data.tables._dataframe import is_frame, is_series, read_frame, read_series
from sklearn_crossmodal.exceptions import ModalityError

__all__ = ["DateColumns"]

#: The kind of an object column of missing cells.
_NOTHING = "nothing"


class DateColumns:
    """The numeric columns that held dates, durations or times of day in `fit`.

    The network receives dates as days since 1970. The same dates as seconds or nanoseconds would be
    other numbers, so that mixing both is an error.

    Parameters
    ----------
    owner : str
        Name of the estimator, for messages.
    columns : iterable of (str or None, int)
        Name, if any, and position of the numeric columns.
    table : MultiModalFrame, ndarray or CSR array of shape (n, d)
        That of `fit`, as `as_table` returns it.
    """

    def __init__(self, owner: str, columns: Iterable[tuple], table) -> None:
        self.owner = owner
        self.columns = list(columns)
        self.kinds = self._find(table)

    def check(self, table) -> None:
        """Raise if columns hold dates that held numbers in `fit`, or vice versa; name them."""
        found = self._find(table)
        if found == self.kinds:
            return
        changed = [key for key in {**self.kinds, **found} if self._differs(key, found, table)]
        if changed:
            kinds = "; ".join(
                f"{_name(key)} held {self.kinds.get(key, 'numbers')}, and holds "
                f"{found.get(key, 'numbers')} now"
                for key in changed[:5]
            )
            raise ModalityError(
                f"{self.owner}: columns of dates and of numbers are not those of `fit`: {kinds}. "
                "Pass what `fit` was given, such as pandas.to_datetime(numbers, unit='s') for "
                "dates."
            )

    def _differs(self, key: tuple, found: dict, table) -> bool:
        """Return whether a column is not empty and of another kind than in `fit`."""
        kinds = self.kinds.get(key), found.get(key)
        if kinds[0] == kinds[1] or _NOTHING in kinds:
            return False
        values = _column(table, *key)
        return values is not None and bool(row_presence(values).any())

    def _find(self, table) -> dict[tuple, str]:
        """Return the kind of columns of dates: (name, position, inner name) -> kind."""
        if not isinstance(table, MultiModalFrame):
            if getattr(table, "dtype", np.dtype(float)).kind in "biuf":
                return {}
            columns = [(name, place, None) for name, place in self.columns]
        else:
            grouped = table.first_of_same_type()  # numeric
            columns = [
                (name, place, inner)
                for name, place in self.columns
                if name not in grouped and name in table and not _are_numbers(table[name])
                for inner in _inner_names(table[name])
            ]
        kinds = {key: _kind_of(_column(table, *key)) for key in columns}
        return {key: kind for key, kind in kinds.items() if kind is not None}


def _name(key: tuple) -> str:
    name, place, inner = key
    name = place if name is None else name
    return repr(name) if inner is None else f"{name!r}[{inner!r}]"


def _are_numbers(values) -> bool:
    """Return whether values are an array of numbers, as most columns are; the check is cheap."""
    return type(values) is np.ndarray and values.dtype.kind in "biufc"


def _inner_names(values) -> list:
    """Return the column names of a data frame, [None] for other values."""
    return list(read_frame(values)) if is_frame(values) else [None]


def _column(table, name, place: int, inner):
    """Return the values of a column; None if the table lacks it."""
    if not isinstance(table, MultiModalFrame):
        return table[:, place] if place < table.shape[1] else None
    if name not in table:
        return None
    values = table[name]
    if inner is not None:
        return read_frame(values).get(inner) if is_frame(values) else None
    return values


def _kind_of(values) -> str | None:
    """Return `date_kind` of the first cell, which may be a string; None for other cells."""
    if is_series(values):
        values = read_series(values)
    if not isinstance(values, np.ndarray) or values.dtype.kind in "biufc":
        return None
    if values.dtype.kind in "mM":
        return date_kind(values)
    first = first_cell(values.ravel())
    if first is None:
        return _NOTHING
    if isinstance(first, str):
        return "dates" if is_date(first) else None
    return date_kind(object_array([first]))
