"""Rows, or rows and columns, of a frame by position."""

from __future__ import annotations

import numpy as np

__all__ = ["Indexer", "as_index"]


def as_index(key):
    """Return a key of rows or columns as NumPy takes it: a slice, or a 1-D array."""
    if isinstance(key, slice):
        return key
    key = np.atleast_1d(key)
    return key if key.size else key.astype(np.intp)  # NumPy makes an empty list one of floats


class Indexer:
    """`frame.iloc`: rows, or rows and columns.

    Parameters
    ----------
    frame : MultiModalFrame
        The frame to cut.
    """

    def __init__(self, frame) -> None:
        self._frame = frame

    def __getitem__(self, key):
        rows, columns = key if isinstance(key, tuple) else (key, slice(None))
        if columns is Ellipsis:
            columns = slice(None)
        return self._frame.take(columns, axis=1).take(rows)
