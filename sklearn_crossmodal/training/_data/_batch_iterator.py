"""Batches by row number, of tensors in memory or of rows that are read batch by batch."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import repeat

import numpy as np
import torch
from torch import Tensor

from sklearn_crossmodal.training._data._dataset import BlockDataset
from sklearn_crossmodal.training._data._row_reader import prefetch
from sklearn_crossmodal.utils._slices import slices_of

__all__ = ["BatchIterator"]

#: Number of batches within which rows are sorted by length: enough for little padding, and few
#: enough for the batches to differ between epochs.
STRETCH = 50


class BatchIterator:
    """Batches of a `BlockDataset`, in the place of a `DataLoader`.

    Rows of several batches are gathered at once where they are in memory. Shuffled rows of texts
    and series come in batches of similar length, so that little padding is computed: rows are
    sorted by length within stretches of `STRETCH` batches, whose order is then drawn again.

    Parameters
    ----------
    dataset : BlockDataset
        The samples.
    batch_size : int
        Samples in a batch. A single last sample joins the batch before it.
    shuffle : bool, default=False
        Whether each epoch takes the samples in another order. One batch of all is not shuffled.
    seed : int, default=0
        Of the order and of modality dropout.
    modality_dropout : float, default=0.0
        Probability with which a modality of a sample is masked. If all would be, none is.
    noise : float, default=0.0
        Standard deviation of the noise added to the numbers of modalities that are vectors.
    noise_from : int, default=1
        Width of a vector from which on noise is added.
    """

    def __init__(
        self,
        dataset: BlockDataset,
        batch_size: int,
        shuffle: bool = False,
        seed: int = 0,
        modality_dropout: float = 0.0,
        noise: float = 0.0,
        noise_from: int = 1,
    ) -> None:
        self.dataset = dataset
        self.batch_size = min(batch_size, len(dataset))
        self.shuffle = shuffle and self.batch_size < len(dataset)
        self.modality_dropout = modality_dropout
        self.noise = noise
        self.noise_from = noise_from
        self.generator = torch.Generator().manual_seed(seed)

    def __len__(self) -> int:
        return len(list(self._slices()))

    def __iter__(self) -> Iterator[tuple]:
        for inputs, targets, labels in self._batches():
            values = inputs["values"]
            if self.modality_dropout and len(values) > 1:
                n_rows = len(next(iter(values.values())))
                inputs["present"] = self._hide(inputs["present"], n_rows, len(values))
            if self.noise:
                inputs["values"] = {name: self._blur(part) for name, part in values.items()}
            yield inputs, targets, labels

    def _slices(self):
        return slices_of(len(self.dataset), self.batch_size, min_size=2)

    def _shuffled(self) -> Tensor:
        """Return the row numbers in a new order; the rows themselves are not copied."""
        rows = self.dataset.rows
        rows = rows[torch.randperm(len(rows), generator=self.generator)]
        if self.dataset.lengths is None:
            return rows
        whole = len(rows) - len(rows) % self.batch_size
        batches = self._bucketed(rows[:whole])
        order = torch.randperm(len(batches), generator=self.generator)
        return torch.cat([batches[order].flatten(), rows[whole:]])

    def _bucketed(self, rows: Tensor) -> Tensor:
        """Return batches (k, B) of rows, sorted by length within each stretch of batches."""
        stretches = rows.split(STRETCH * self.batch_size)
        lengths = self.dataset.lengths
        found = [part[lengths[part].argsort(stable=True)] for part in stretches]
        return torch.cat(found).view(-1, self.batch_size)

    def _batches(self) -> Iterator[tuple]:
        slices = list(self._slices())
        if not self.shuffle and self.dataset.taken is None:  # views: nothing is gathered
            parts = slices
        else:
            rows = self._shuffled() if self.shuffle else self.dataset.rows
            if not self.dataset.is_lazy:
                return self._gathered(rows, slices)
            parts = [rows[places] for places in slices]
        return iter((prefetch if self.dataset.is_lazy else map)(self.dataset.batch, parts))

    def _gathered(self, rows: Tensor, slices: list[slice]) -> Iterator[tuple]:
        """Yield batches that are cut from several gathered at once."""
        n_batches = max(1, self.dataset.n_gathered // self.batch_size)
        for start in range(0, len(slices), n_batches):
            some = slices[start : start + n_batches]
            gathered = self.dataset.batch(rows[some[0].start : some[-1].stop])
            yield from _cut(gathered, [places.stop - places.start for places in some])

    def _hide(self, present: Tensor | None, n_rows: int, n_modalities: int) -> Tensor:
        """Mask present modalities at random; where all would be, mask none."""
        if present is None:
            present = torch.ones(n_rows, n_modalities, dtype=torch.bool)
        draws = torch.rand(n_rows, n_modalities, generator=self.generator)
        left = present & (draws >= self.modality_dropout)
        return torch.where(left.any(dim=1, keepdim=True), left, present)

    def _blur(self, values: Tensor) -> Tensor:
        """Return values with noise, if they are long vectors; the data set stays as it is."""
        long = values.ndim == 2 and values.shape[1] >= self.noise_from
        if not (long and values.is_floating_point()):
            return values
        draws = torch.randn(values.shape, generator=self.generator, dtype=torch.float32)
        return values + self.noise * draws.to(values.dtype)


def _cut(parts, sizes: list[int]) -> Iterator:
    """Yield the parts of so many rows each, as views."""
    if isinstance(parts, dict):
        cut = [_cut(part, sizes) for part in parts.values()]
        return (dict(zip(parts, some, strict=True)) for some in _side_by_side(cut, sizes))
    if isinstance(parts, tuple):
        return _side_by_side([_cut(part, sizes) for part in parts], sizes)
    if parts is None:
        return repeat(None, len(sizes))
    if isinstance(parts, Tensor):
        return iter(parts.split(sizes))
    return iter(np.split(parts, np.cumsum(sizes)[:-1]))


def _side_by_side(cut: list[Iterator], sizes: list[int]) -> Iterator[tuple]:
    return zip(*cut, strict=True) if cut else repeat((), len(sizes))
