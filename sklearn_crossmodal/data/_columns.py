"""From X in any form to the columns of one modality."""

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
    """The raw columns of one modality, as a `Modality` gets them.

    Parameters
    ----------
    values : array-like with n rows
        One column as it is, of any rank; or several flat columns side by side, (n, d).
    names : tuple of str
        Names of the columns, for messages.
    labels : tuple of str or None, default=None
        Names by which the columns inside one entry of X are known: those of a data frame. None
        where they are known by position.

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
        """Return `values` as columns known by position, those of a data frame by name."""
        if isinstance(values, cls):
            return values
        labels = column_labels(values)
        if is_frame(values):
            return cls(as_cells(values), labels, labels)
        values = as_cells(values)
        shape = np.shape(values)
        return cls(values, tuple(map(str, range(shape[1] if len(shape) == 2 else 1))), labels)

    def names_of(self, n_columns: int) -> list[str]:
        """Return a name for each of `n_columns` flat columns, for messages.

        Parameters
        ----------
        n_columns : int
            How many flat columns the values have.

        Returns
        -------
        list of str
            The names; those of the columns inside a frame or array that is one column.
        """
        if len(self.names) == n_columns:
            return list(self.names)
        inner = frame_names(self.values) if is_frame(self.values) else range(n_columns)
        return [f"{self.names[0]}[{name!r}]" for name in inner]

    def __len__(self) -> int:
        return _num_samples(self.values)

    def take(self, rows) -> Columns:
        """Return the columns of some rows.

        Parameters
        ----------
        rows : array-like of int or bool
            The rows.

        Returns
        -------
        Columns
        """
        return Columns(take_rows(self.values, rows), self.names, self.labels)

    def ordered_like(self, fitted: tuple[str, ...] | None) -> Columns:
        """Return the columns in the order they had in `fit`.

        Parameters
        ----------
        fitted : tuple of str or None
            The labels of `fit`.

        Returns
        -------
        Columns
            Themselves where either has no labels: they are then known by position.

        Raises
        ------
        ModalityError
            If the labels are not those of `fit`; the message lists those missing and new.
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
    """Return X as a `MultiModalFrame` if its columns have names, else as it is.

    A plain mapping (skorch's `SliceDict` among them) becomes a frame; so does each column of a
    pandas, polars or pyarrow frame. Arrays that the frame holds are not copied.
    """
    if isinstance(X, MultiModalFrame):
        return X
    if isinstance(X, Mapping):
        return MultiModalFrame(X)
    return MultiModalFrame(read_frame(X)) if is_frame(X) else X


def select_columns(table, positions: list[int], *, single: bool) -> tuple[Columns, np.ndarray]:
    """Cut the columns of one modality out of a table.

    Parameters
    ----------
    table : MultiModalFrame, ndarray or CSR array of shape (n, d)
        As `as_table` returns it.
    positions : list of int
        The columns.
    single : bool
        Whether one column is meant as it is, of any rank.

    Returns
    -------
    columns : Columns
        With n rows. Of a sparse table they are sparse, also a single one.
    present : ndarray of shape (n,), bool
        Which samples have any of the columns.

    Raises
    ------
    ValueError
        If there are no columns, or several are meant and one is of a higher rank.
    """
    if not positions:
        raise ValueError("no columns of X are meant.")
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
