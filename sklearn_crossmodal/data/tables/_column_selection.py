"""Resolve column keys to positions: names, positions, slices, masks and callables."""

from __future__ import annotations

from collections.abc import Mapping
from numbers import Integral

import numpy as np

from sklearn_crossmodal.data.tables._column_labels import preview
from sklearn_crossmodal.data.tables._dataframe import frame_names, is_frame

__all__ = ["is_named", "resolve_columns"]


def is_named(X) -> bool:
    """Return whether X has named columns: a data frame, or a mapping of modalities."""
    return type(X) is not np.ndarray and (isinstance(X, Mapping) or is_frame(X))


def resolve_columns(X, key) -> tuple[list[int], bool]:
    """Resolve a key, as of `ColumnTransformer`, to positions of columns of X in its order.

    Return also whether it is a scalar, which selects a single column. A callable key is called with
    X. Raise if a name or position is not in X, or a key is of another type.
    """
    if callable(key):
        key = key(X)
    if isinstance(X, Mapping):
        names = list(X)
    else:
        names = frame_names(X) if is_named(X) else list(range(X.shape[1]))
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
        return _find_names(names, key.tolist()), False
    return _check_positions(key.tolist(), len(names)), False


def _find_name(names, name) -> int:
    return _find_names(names, [name])[0]


def _find_names(names, wanted: list) -> list[int]:
    places = dict(zip(reversed(names), range(len(names) - 1, -1, -1)))  # the first of duplicates
    for name in wanted:
        if name not in places:
            named = bool(names) and isinstance(names[0], str)
            known = preview(names) if named else "no names, being an array: use positions"
            raise ValueError(f"column {name!r} is not in X, which has {known}.")
    return [places[name] for name in wanted]


def _check_positions(positions, n_columns) -> list[int]:
    wrong = [place for place in positions if not -n_columns <= place < n_columns]
    if wrong:
        raise ValueError(f"columns {wrong} are not in X, which has {n_columns} columns.")
    return [int(place) % n_columns for place in positions]


def _as_positions(key: slice, names) -> slice:
    """Convert a slice to positions; a slice of names includes both ends, as in pandas."""
    start, stop = key.start, key.stop
    if isinstance(start, str):
        start = _find_name(names, start)
    if isinstance(stop, str):
        stop = _find_name(names, stop) + 1
    return slice(start, stop, key.step)
