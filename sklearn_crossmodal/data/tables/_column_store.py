"""ColumnStore: the columns of a data frame by name; numeric ones are grouped by dtype."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from sklearn_crossmodal.data._rows import take_rows

__all__ = ["ColumnStore"]


class ColumnStore(Mapping):
    """The columns of a data frame by name, in order.

    An object per column makes frames of many columns slow. Numeric columns of one dtype are
    therefore stored in one array; a single column is a view that is created on lookup.

    Parameters
    ----------
    names : list of str
        Of the columns, without duplicates.
    n_rows : int
        Number of rows.
    ungrouped : mapping of str to array-like with n rows
        The columns that are in no group.
    groups : list of (ndarray of shape (k,), ndarray of shape (n, k)), default=()
        Positions of columns, ascending, and their numbers, of one dtype.
    """

    def __init__(self, names, n_rows: int, ungrouped: Mapping[str, Any], groups=()) -> None:
        self.names = names
        self.n_rows = n_rows
        self.ungrouped = ungrouped
        self.groups = groups
        self._index: tuple | None = None

    def __len__(self) -> int:
        return len(self.names)

    def __iter__(self):
        return iter(self.names)

    def __contains__(self, name) -> bool:
        return name in self.ungrouped or (bool(self.groups) and name in self._places()[0])

    def __getitem__(self, name):
        if name in self.ungrouped or not self.groups:
            return self.ungrouped[name]
        places, group_of, column_of = self._places()
        place = places[name]
        return self.groups[group_of[place]][1][:, column_of[place]]

    def _places(self) -> tuple[dict, np.ndarray, np.ndarray]:
        """Return the position of each name, and for each position its group and column in it."""
        if self._index is None:
            group_of = np.full(len(self.names), -1)
            column_of = np.zeros(len(self.names), dtype=np.intp)
            for number, (positions, _) in enumerate(self.groups):
                group_of[positions] = number
                column_of[positions] = np.arange(len(positions))
            places = {name: place for place, name in enumerate(self.names)}
            self._index = places, group_of, column_of
        return self._index

    def take(self, rows) -> ColumnStore:
        """Return the columns of some rows."""
        ungrouped = {name: take_rows(values, rows) for name, values in self.ungrouped.items()}
        groups = [(positions, numbers[rows]) for positions, numbers in self.groups]
        n_rows = len(np.empty(self.n_rows, bool)[rows])
        return ColumnStore(self.names, n_rows, ungrouped, groups)

    def with_ungrouped(self, ungrouped: Mapping[str, Any]) -> ColumnStore:
        """Return a store with other ungrouped columns."""
        return ColumnStore(self.names, self.n_rows, ungrouped, self.groups)

    def first_of_same_type(self) -> dict[str, str]:
        """Return, for each grouped column, the first column of its group, which has its dtype."""
        firsts = {}
        for positions, _ in self.groups:
            first = self.names[positions[0]]
            firsts.update(dict.fromkeys([self.names[place] for place in positions.tolist()], first))
        return firsts

    def block(self, positions: list[int]) -> np.ndarray | None:
        """Return columns as one array, as `numpy.column_stack` does; None if one is not grouped.

        It is in C order, so that results are bitwise equal to those of an array.
        """
        if not self.groups:
            return None
        if len(self.groups[0][0]) == len(self.names) and positions == list(range(len(self.names))):
            return np.ascontiguousarray(self.groups[0][1])
        _, group_of, column_of = self._places()
        numbers, columns = group_of[positions], column_of[positions]
        used = np.unique(numbers)
        if used[0] < 0:
            return None
        if len(used) == 1:
            return np.take(self.groups[used[0]][1], columns, axis=1)
        dtype = np.result_type(*(self.groups[number][1] for number in used))
        block = np.empty((self.n_rows, len(positions)), dtype)
        for number in used:
            selected = numbers == number
            block[:, selected] = self.groups[number][1][:, columns[selected]]
        return block
