"""Select the raw columns of one modality from X of any type."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import sparse

from sklearn_crossmodal.data._rows import row_presence, take_rows
from sklearn_crossmodal.data.cells._cells import as_cells, stack_columns
from sklearn_crossmodal.data.frame._frame import MultiModalFrame
from sklearn_crossmodal.data.tables._column_labels import column_labels, find_order, take_columns
from sklearn_crossmodal.data.tables._dataframe import frame_names, is_frame, read_frame
from sklearn_crossmodal.utils._sklearn import _num_samples

__all__ = ["Columns", "as_table", "select_columns"]


@dataclass(frozen=True)
class Columns:
    """The raw columns of one modality: the input of `Modality.fit` and `transform`.

    Parameters
    ----------
    values : array-like with n rows
        A single column, of any rank; or several 1-D columns stacked as (n, d).
    names : tuple of str
        Names of the columns, for messages.
    labels : tuple of str or None, default=None
        Names of the inner columns of one entry of X, such as a data frame. None where they are
        identified by position.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_crossmodal.data import Columns
    >>> Columns.of(np.ones((4, 2))).names
    ('0', '1')
    """

    values: Any
    names: tuple[str, ...]
    labels: tuple[str, ...] | None = None

    @classmethod
    def of(cls, values) -> Columns:
        """Return `values` as columns, identified by position or, of a data frame, by name."""
        if isinstance(values, cls):
            return values
        labels = column_labels(values)
        if is_frame(values):
            return cls(as_cells(values), labels, labels)
        values = as_cells(values)
        shape = np.shape(values)
        return cls(values, tuple(map(str, range(shape[1] if len(shape) == 2 else 1))), labels)

    def names_of(self, n_columns: int) -> list[str]:
        """Return a name for each 1-D column of the values, for messages.

        Parameters
        ----------
        n_columns : int
            Number of 1-D columns of the values.

        Returns
        -------
        list of str
            The names; for a frame or array that is a single entry, those of its inner columns.
        """
        if len(self.names) == n_columns:
            return list(self.names)
        inner = frame_names(self.values) if is_frame(self.values) else range(n_columns)
        return [f"{self.names[0]}[{name!r}]" for name in inner]

    def __len__(self) -> int:
        return _num_samples(self.values)

    def take(self, rows) -> Columns:
        """Return the columns of some rows, an array of int or bool."""
        return Columns(take_rows(self.values, rows), self.names, self.labels)

    def ordered_like(self, fitted: tuple[str, ...] | None) -> Columns:
        """Return the columns in the order of the labels of `fit`.

        Where either has no labels, columns are matched by position, and unchanged. Raise a
        `ModalityError` that lists missing and new labels if they differ.
        """
        if fitted is None or self.labels is None:
            return self
        order = find_order(self.labels, fitted)
        if order is None:
            return self
        several = len(self.names) == len(order)
        names = tuple(self.names[place] for place in order) if several else self.names
        return Columns(take_columns(self.values, order), names, fitted)


def as_table(X):
    """Return X as a `MultiModalFrame` if its columns have names, else unchanged.

    Arrays in a plain mapping, such as skorch's `SliceDict`, or in a data frame are not copied.
    """
    if isinstance(X, MultiModalFrame):
        return X
    if isinstance(X, Mapping):
        return MultiModalFrame(X)
    return MultiModalFrame(read_frame(X)) if is_frame(X) else X


def select_columns(table, positions: list[int], *, single: bool) -> tuple[Columns, np.ndarray]:
    """Select the columns of one modality from a table, as `as_table` returns it.

    Return them, sparse if the table is, and which samples (n,) have any of them. `single` is
    whether a single column, of any rank, is selected, not a list of columns.
    """
    if not positions:
        raise ValueError("no columns of X are selected.")
    if isinstance(table, MultiModalFrame):
        every = list(table)
        names = list(map(every.__getitem__, positions))
        block = None if single or len(names) == 1 else table.block(positions)
        if block is None:
            return _select_named(table, names, single)
        return Columns(block, tuple(names)), row_presence(block)
    contiguous = positions == list(range(positions[0], positions[-1] + 1))
    places = slice(positions[0], positions[-1] + 1) if contiguous else positions
    alone = single and not sparse.issparse(table)
    values = table[:, positions[0]] if alone else table[:, places]
    return Columns(as_cells(values), tuple(map(str, positions))), row_presence(values)


def _select_named(table: MultiModalFrame, names: list[str], single: bool):
    present = table.presence_of_any(names)
    values = [table[name] for name in names]
    if not single and len(names) > 1:
        cells = stack_columns(names, values, [table.stated(name) for name in names])
        return Columns(cells, tuple(names)), present
    labels = table.labels_inside(names[0])
    inside = tuple(f"{names[0]}[{label!r}]" for label in labels or ())
    return Columns(as_cells(values[0]), inside or tuple(names), labels), present
