"""Row numbers of the user's X in messages, where a function receives a subset of the rows."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import AbstractContextManager, nullcontext
from contextvars import ContextVar

import numpy as np

__all__ = ["current_row_numbers", "map_row_numbers", "row_number"]

#: For each row of the current subset its number in the user's X; None where they are equal.
_NUMBERS: ContextVar[np.ndarray | None] = ContextVar("row_numbers", default=None)


def map_row_numbers(rows) -> AbstractContextManager[None]:
    """Map row numbers of a subset to those of the enclosing rows.

    Every function that passes on a subset of rows opens this context: folds, validation rows,
    rows that have a modality, rows of nonzero weight. Messages inside it then name rows of X.

    Parameters
    ----------
    rows : array-like of int or bool, or None
        Row k of the subset is row ``rows[k]`` outside; of a boolean mask the k-th True. None
        stands for all rows.

    Examples
    --------
    >>> from sklearn_crossmodal.utils._row_numbers import map_row_numbers, row_number
    >>> with map_row_numbers([10, 20, 30]), map_row_numbers([False, True, True]):
    ...     row_number(0)
    20
    """
    return nullcontext() if rows is None else _RowNumberMap(rows)


class _RowNumberMap:
    """The context manager of `map_row_numbers`."""

    def __init__(self, rows) -> None:
        rows = np.asarray(rows)
        self.rows = np.flatnonzero(rows) if rows.dtype == bool else rows

    def __enter__(self) -> None:
        outside = _NUMBERS.get()
        self.token = _NUMBERS.set(self.rows if outside is None else outside[self.rows])

    def __exit__(self, *error) -> None:
        _NUMBERS.reset(self.token)


def current_row_numbers() -> np.ndarray | None:
    """Return the numbers of the current rows, for later use; None stands for 0, 1, 2, ..."""
    return _NUMBERS.get()


def row_number(row, numbers: np.ndarray | None = None):
    """Return the number of a row of the current subset, or of several, in the user's X.

    `numbers` is an earlier result of `current_row_numbers`; None takes the current one.
    """
    numbers = _NUMBERS.get() if numbers is None else numbers
    if isinstance(row, Iterable):
        return [row_number(one, numbers) for one in row]
    known = numbers is not None and 0 <= row < len(numbers)
    return int(numbers[row]) if known else int(row)
