"""Rows that are not in memory as tensors: read, or made dense, batch by batch."""

from __future__ import annotations

import numpy as np
import torch
from scipy import sparse
from torch import Tensor

from sklearn_crossmodal.data import LazyRows
from sklearn_crossmodal.utils._threads import prefetch

__all__ = ["RowReader", "prefetch", "to_rows"]


class RowReader:
    """Tensors of rows of a sparse array or `LazyRows`, read or made dense for each batch."""

    def __init__(self, values, dtype: torch.dtype) -> None:
        self.values = values
        self.dtype = dtype

    @property
    def waits(self) -> bool:
        """Whether rows come from elsewhere; computing them from memory is not worth a thread."""
        return isinstance(self.values, LazyRows) and not self.values.in_memory

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of all rows together."""
        return tuple(self.values.shape)

    def __getitem__(self, rows: np.ndarray | slice) -> Tensor:
        found = self.values[rows]
        return _to_tensor(found.toarray() if sparse.issparse(found) else found, self.dtype)


def to_rows(values, dtype: torch.dtype) -> Tensor | RowReader:
    """Return the values of a block as something that gives tensors for row numbers."""
    return _to_tensor(values, dtype) if isinstance(values, np.ndarray) else RowReader(values, dtype)


def _to_tensor(values: np.ndarray, dtype: torch.dtype) -> Tensor:
    if values.dtype.kind in "iub":
        return torch.from_numpy(np.ascontiguousarray(values, dtype=np.int64))
    whole = all(step >= 0 and step % values.itemsize == 0 for step in values.strides)
    if values.ndim != 2 or not whole:  # a table is read where it is
        values = np.ascontiguousarray(values)
    # torch warns of arrays that cannot be written, although nothing here writes them.
    return torch.from_numpy(values if values.flags.writeable else values.copy()).to(dtype)
