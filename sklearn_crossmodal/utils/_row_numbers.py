"""Which rows of the user's X messages name, where only some of them are looked at."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import AbstractContextManager, nullcontext
from contextvars import ContextVar

import numpy as np

__all__ = ["current_row_numbers", "map_row_numbers", "row_number"]

#: For each row that is looked at, its number in what the user passed; None where that is the same.
_NUMBERS: ContextVar[np.ndarray | None] = ContextVar("row_numbers", default=None)


def map_row_numbers(rows) -> AbstractContextManager[None]:
    """Count the rows within by their numbers outside.

    Whoever hands on some rows says so here, and every message below names the rows of the user:
    folds, held-out rows, rows that have a modality, rows whose weight is not zero.

    Parameters
    ----------
    rows : array-like of int or bool, or None
        Row k within is `rows[k]` outside; of booleans, the k-th that is True. None: they are the
        same.

    Returns
    -------
    context manager

    Examples
    --------
    >>> from sklearn_crossmodal.utils._row_numbers import map_row_numbers, row_number
    >>> with map_row_numbers([10, 20, 30]), map_row_numbers([False, True, True]):
    ...     row_number(0)
    20
    """
    return nullcontext() if rows is None else _RowNumberMap(rows)


class _RowNumberMap:
    """Numbers of rows for as long as it is open."""

    def __init__(self, rows) -> None:
        rows = np.asarray(rows)
        self.rows = np.flatnonzero(rows) if rows.dtype == bool else rows

    def __enter__(self) -> None:
        outside = _NUMBERS.get()
        self.token = _NUMBERS.set(self.rows if outside is None else outside[self.rows])

    def __exit__(self, *error) -> None:
        _NUMBERS.reset(self.token)


def current_row_numbers() -> np.ndarray | None:
    """Return the numbers of all rows, to be kept for later; None where they are 0, 1, 2, ..."""
    return _NUMBERS.get()


def row_number(row, numbers: np.ndarray | None = None):
    """Return the number of a row, or the list of those of several, in what the user passed.

    Parameters
    ----------
    row : int or iterable of int
        As counted here.
    numbers : ndarray of int, default=None
        As `current_row_numbers` returned them earlier; None means those of now.

    Returns
    -------
    int or list of int
    """
    numbers = _NUMBERS.get() if numbers is None else numbers
    if isinstance(row, Iterable):
        return [row_number(one, numbers) for one in row]
    known = numbers is not None and 0 <= row < len(numbers)
    return int(numbers[row]) if known else int(row)
