"""LazyRows: values that are read from disk or computed batch by batch."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

__all__ = ["LazyRows", "is_lazy"]


class LazyRows:
    """Rows of one shape that are read when they are indexed; `shape` is that of an array of them.

    Parameters
    ----------
    read : callable
        (positions: ndarray of int) -> ndarray of shape (k, *shape). Called by several threads.
    n_rows : int
        Number of rows that `read` can read.
    shape : tuple of int
        Shape of one row.
    dtype : dtype, default=float32
        Of the result of `read`.
    in_memory : bool, default=False
        Whether `read` computes from data in memory. Then it is not prefetched in threads, and
        reading many rows at once is fastest.
    keys : callable, default=None
        (positions: ndarray of int) -> list of bytes, a hash of all that `read` makes each row of,
        or None, where that is not known without reading.
    """

    def __init__(
        self,
        read: Callable[[np.ndarray], np.ndarray],
        n_rows: int,
        shape: tuple[int, ...],
        dtype: np.typing.DTypeLike = np.float32,
        *,
        in_memory: bool = False,
        keys: Callable[[np.ndarray], list[bytes] | None] | None = None,
    ) -> None:
        self._read = read
        self._keys = keys
        # Position of each row in the source; -1 for an absent row, which reads as zeros.
        self._positions = np.arange(n_rows, dtype=np.int32)
        self._row_shape = tuple(shape)
        self.dtype = np.dtype(dtype)
        self.in_memory = in_memory

    def __len__(self) -> int:
        return len(self._positions)

    @property
    def shape(self) -> tuple[int, ...]:
        """Number of rows, and shape of each."""
        return (len(self), *self._row_shape)

    def __getitem__(self, rows) -> np.ndarray:
        positions = np.atleast_1d(self._positions[rows]).astype(np.intp)
        found = positions >= 0
        if found.all():
            return self._read(positions)
        values = np.zeros((len(positions), *self._row_shape), self.dtype)
        if found.any():
            values[found] = self._read(positions[found])
        return values

    def keys(self, rows) -> list[bytes] | None:
        """Return a hash of the content of some rows, an array of int, none of which is absent.

        None if that needs them to be read.
        """
        return None if self._keys is None else self._keys(self._positions[rows].astype(np.intp))

    def take(self, rows) -> LazyRows:
        """Return a subset of the rows, an array of int or bool or a slice, without reading them."""
        return self._at(self._positions[rows])

    def spread(self, present: np.ndarray) -> LazyRows:
        """Return rows for all samples; those that are not `present`, (n,) bool, read as zeros."""
        positions = np.full(len(present), -1, np.int32)
        positions[present] = self._positions
        return self._at(positions)

    def _at(self, positions: np.ndarray) -> LazyRows:
        rows = object.__new__(type(self))
        rows.__dict__.update(self.__dict__, _positions=positions)
        return rows


def is_lazy(values) -> bool:
    """Return whether the values of a block are lazy or sparse, and so converted batch by batch."""
    return not isinstance(values, np.ndarray)
