"""Positional indexing of a frame by rows, or by rows and columns."""

from __future__ import annotations

import numpy as np

__all__ = ["Indexer", "as_index"]


def as_index(key):
    """Convert a key of rows or columns to a slice or a 1-D array."""
    if isinstance(key, slice):
        return key
    key = np.atleast_1d(key)
    return key if key.size else key.astype(np.intp)  # an empty list becomes floats in NumPy


class Indexer:
    """`frame.iloc`: rows, or rows and columns."""

    def __init__(self, frame) -> None:
        self._frame = frame

    def __getitem__(self, key):
        rows, columns = key if isinstance(key, tuple) else (key, slice(None))
        if columns is Ellipsis:
            columns = slice(None)
        return self._frame.take(columns, axis=1).take(rows)
