"""From X in any form to the columns of one modality."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from numbers import Integral
from typing import Any

import narwhals as nw
import numpy as np

from sklearn_crossmodal.data._frame import MultiModalFrame
from sklearn_crossmodal.data._rows import as_column, find_present, take_rows
from sklearn_crossmodal.utils._sklearn import _num_samples

__all__ = ["Columns", "as_table", "is_named", "resolve_columns", "select_columns"]


@dataclass(frozen=True)
class Columns:
    """The raw columns of one modality, as a `Modality` gets them.

    Parameters
    ----------
    values : array-like with n rows
        One column as it is, of any rank; or several flat columns side by side, (n, d).
    names : tuple of str
        Names of the columns, for messages.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_crossmodal.data import Columns
    >>> Columns.of(np.ones((4, 2))).names
    ('0', '1')
    """

    values: Any
    names: tuple[str, ...]

    @classmethod
    def of(cls, values) -> Columns:
        """Return `values` as columns known by position, those of a data frame by name."""
        if isinstance(values, cls):
            return values
        if nw.dependencies.is_into_dataframe(values):
            return cls(np.asarray(values), tuple(_frame_names(values)))
        values = as_column(values)
        shape = np.shape(values)
        return cls(values, tuple(map(str, range(shape[1] if len(shape) == 2 else 1))))

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
        framed = nw.dependencies.is_into_dataframe(self.values)
        inner = _frame_names(self.values) if framed else range(n_columns)
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
        return Columns(take_rows(self.values, rows), self.names)


def is_named(X) -> bool:
    """Tell whether X has named columns: a data frame, or a mapping of modalities."""
    return isinstance(X, Mapping) or nw.dependencies.is_into_dataframe(X)


def as_table(X):
    """Return X as a `MultiModalFrame` if its columns have names, else as it is.

    A plain mapping (skorch's `SliceDict` among them) becomes a frame; so does each column of a
    pandas, polars or pyarrow frame.
    """
    if isinstance(X, MultiModalFrame):
        return X
    if isinstance(X, Mapping):
        return MultiModalFrame(X)
    if not nw.dependencies.is_into_dataframe(X):
        return X
    frame = nw.from_native(X, eager_only=True)
    names = _frame_names(X)
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:  # 1 and "1" are two names to pandas
        raise ValueError(f"X has more than one column of the name {twice}: rename them.")
    return MultiModalFrame({name: _to_numpy(frame[:, place]) for place, name in enumerate(names)})


def _to_numpy(series: nw.Series) -> np.ndarray:
    numeric = series.dtype.is_numeric() or series.dtype == nw.Boolean
    if numeric and series.null_count():  # nullable numbers: NA becomes NaN
        return series.cast(nw.Float64).to_numpy()
    values = series.to_numpy()
    return values.astype(object) if values.dtype.kind in "UST" else values


def resolve_columns(X, key) -> tuple[list[int], bool]:
    """Find the positions of the columns that `key` means in X.

    Parameters
    ----------
    X : frame, mapping or 2-D array
        In the form the user gave it: a callable key is called with it.
    key : str, int, slice, list of str or int, boolean mask, or callable
        As in `sklearn.compose.ColumnTransformer`.

    Returns
    -------
    positions : list of int
        Positions in the order asked for.
    single : bool
        Whether `key` is a scalar, so that one column is meant as it is.

    Raises
    ------
    ValueError
        If a name or position is not in X; the message lists the names that are.
    TypeError
        If `key` is nothing that names columns.
    """
    if callable(key):
        key = key(X)
    names = _names(X)
    if isinstance(key, str):
        return [_find_name(names, key)], True
    if isinstance(key, Integral) and not isinstance(key, bool):
        return _check_positions([key], len(names)), True
    if isinstance(key, slice):
        return list(range(len(names)))[_as_positions(key, names)], False
    key = np.asarray(key)
    if key.dtype == bool:
        if key.shape != (len(names),):
            raise ValueError(
                f"the mask of columns has {key.size} entries for {len(names)} columns."
            )
        return np.flatnonzero(key).tolist(), False
    if key.ndim != 1 or (key.dtype.kind not in "OUTiu" and key.size):
        raise TypeError(
            "columns are a name, a position, a slice, a list of them, a mask or a callable, got "
            f"{key.tolist()!r}."
        )
    if key.dtype.kind in "OUT":
        return [_find_name(names, name) for name in key.tolist()], False
    return _check_positions(key.tolist(), len(names)), False


def _names(X) -> list:
    if isinstance(X, Mapping):
        return list(X)
    return _frame_names(X) if is_named(X) else list(range(X.shape[1]))


def _frame_names(frame) -> list[str]:
    # Not `frame.columns`: in pyarrow those are the columns themselves.
    return [str(name) for name in nw.from_native(frame, eager_only=True).columns]


def _find_name(names, name) -> int:
    if name not in names:
        named = bool(names) and isinstance(names[0], str)
        known = names if named else "no names, being an array: use positions"
        raise ValueError(f"column {name!r} is not in X, which has {known}.")
    return names.index(name)


def _check_positions(positions, n_columns) -> list[int]:
    wrong = [place for place in positions if not -n_columns <= place < n_columns]
    if wrong:
        raise ValueError(f"columns {wrong} are not in X, which has {n_columns} columns.")
    return [int(place) % n_columns for place in positions]


def _as_positions(key: slice, names) -> slice:
    """Return a slice of positions; of names both ends are meant, as in pandas."""
    start, stop = key.start, key.stop
    if isinstance(start, str):
        start = _find_name(names, start)
    if isinstance(stop, str):
        stop = _find_name(names, stop) + 1
    return slice(start, stop, key.step)


def select_columns(table, positions: list[int], *, single: bool) -> tuple[Columns, np.ndarray]:
    """Cut the columns of one modality out of a table.

    Parameters
    ----------
    table : MultiModalFrame or ndarray of shape (n, d)
        As `as_table` returns it.
    positions : list of int
        The columns.
    single : bool
        Whether one column is meant as it is, of any rank.

    Returns
    -------
    columns : Columns
        With n rows.
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
        names = [list(table)[place] for place in positions]
        present = np.any([table.presence(name) for name in names], axis=0)
        if single or len(names) == 1:
            return Columns(table[names[0]], tuple(names)), present
        return Columns(_side_by_side(table, names), tuple(names)), present
    contiguous = positions == list(range(positions[0], positions[-1] + 1))
    places = slice(positions[0], positions[-1] + 1) if contiguous else positions
    values = table[:, positions[0]] if single else table[:, places]
    return Columns(values, tuple(map(str, positions))), find_present(values)


def _side_by_side(table: MultiModalFrame, names) -> np.ndarray:
    deep = [name for name in names if np.ndim(table[name]) > 1]
    if deep:
        raise ValueError(
            f"columns {deep} are arrays of more than one number a row: give each its own modality."
        )
    arrays = [_without_denied(np.asarray(table[name]), table.stated(name)) for name in names]
    numbers = all(array.dtype.kind in "biuf" for array in arrays)
    return np.column_stack(arrays if numbers else [array.astype(object) for array in arrays])


def _without_denied(cells: np.ndarray, stated: np.ndarray) -> np.ndarray:
    """Return flat cells with those missing that `present` says are not there."""
    if stated.all():
        return cells
    cells = cells.astype(np.float64 if cells.dtype.kind in "biuf" else object)
    cells[~stated] = np.nan if cells.dtype.kind == "f" else None
    return cells
