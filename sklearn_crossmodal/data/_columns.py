"""From X in any form to the columns of one modality."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from numbers import Integral
from typing import Any

import narwhals as nw
import numpy as np

from sklearn_crossmodal.data._frame import MultiModalFrame
from sklearn_crossmodal.data._rows import find_present, take_rows
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
        """Return `values` as columns with their positions as names, or as they are if they are."""
        if isinstance(values, cls):
            return values
        if hasattr(values, "columns"):
            values = np.asarray(values)
        shape = np.shape(values)
        return cls(values, tuple(map(str, range(shape[1] if len(shape) == 2 else 1))))

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
    names = [str(name) for name in frame.columns]
    return MultiModalFrame({name: _to_numpy(frame[:, place]) for place, name in enumerate(names)})


def _to_numpy(series: nw.Series) -> np.ndarray:
    if series.dtype.is_numeric() and series.null_count():  # nullable numbers: NA becomes NaN
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
    if key.dtype.kind in "OUT":
        return [_find_name(names, name) for name in key.tolist()], False
    return _check_positions(key.tolist(), len(names)), False


def _names(X) -> list:
    if isinstance(X, Mapping):
        return list(X)
    return [str(name) for name in X.columns] if is_named(X) else list(range(X.shape[1]))


def _find_name(names, name) -> int:
    if name not in names:
        known = names if is_text(names) else "no names, being an array: use positions"
        raise ValueError(f"column {name!r} is not in X, which has {known}.")
    return names.index(name)


def is_text(names) -> bool:
    """Tell whether columns are known by name, not by number."""
    return bool(names) and isinstance(names[0], str)


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
    """
    if isinstance(table, MultiModalFrame):
        names = [list(table)[place] for place in positions]
        present = np.any([table.presence(name) for name in names], axis=0)
        arrays = [table[name] for name in names]
        values = arrays[0] if single or len(arrays) == 1 else _side_by_side(arrays, names)
        return Columns(values, tuple(names)), present
    contiguous = positions == list(range(positions[0], positions[-1] + 1))
    places = slice(positions[0], positions[-1] + 1) if contiguous else positions
    values = table[:, places]
    return Columns(values, tuple(map(str, positions))), find_present(values)


def _side_by_side(arrays, names) -> np.ndarray:
    deep = [name for name, array in zip(names, arrays, strict=True) if np.ndim(array) > 1]
    if deep:
        raise ValueError(
            f"columns {deep} are arrays of more than one number a row: give each its own modality."
        )
    arrays = [np.asarray(array) for array in arrays]
    numbers = all(array.dtype.kind in "biuf" for array in arrays)
    return np.column_stack(arrays if numbers else [array.astype(object) for array in arrays])
