"""The blocks of a fit as tensors, shared by training and validation."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset

from sklearn_crossmodal.data import Block, embeddings_of
from sklearn_crossmodal.training._data._row_reader import RowReader, to_rows

__all__ = ["BlockDataset"]

#: Maximal numbers of rows, and of numbers, gathered at once: more leave the processor's cache.
GATHERED_ROWS, GATHERED_NUMBERS = 2048, 2**17


@dataclass(frozen=True, eq=False)
class BlockDataset(Dataset):
    """The blocks of a fit as tensors, and the row numbers of the samples that belong to it.

    Training and validation rows share the tensors: a split costs row numbers, not a copy.

    Parameters
    ----------
    values : dict of str to Tensor or RowReader of shape (n, ...)
        For each modality.
    masks : dict of str to Tensor of shape (n, ...)
        For each modality that has a mask. By `embeddings_of` its name also the embeddings that an
        encoder reads beside the values.
    present : Tensor of shape (n, M), bool, or None
        Which modalities each sample has; None if all have all.
    targets : dict of str to (values, mask, weight)
        For each target; mask and weight may be None.
    labels : ndarray with n rows, or None
        The target as the user gave it, for scoring callbacks.
    lengths : Tensor of shape (n,), int, or None
        Steps of each sample, of all its texts and series; None if it has none.
    taken : Tensor of shape (m,), int, or None
        The samples that belong to the data set; None means all.
    """

    values: dict[str, Tensor | RowReader]
    masks: dict[str, Tensor]
    present: Tensor | None
    targets: dict[str, tuple[Tensor | RowReader, Tensor | None, Tensor | None]]
    labels: np.ndarray | None
    lengths: Tensor | None
    taken: Tensor | None = None

    @classmethod
    def from_blocks(
        cls,
        blocks: Mapping[str, Block],
        dtype: torch.dtype,
        targets: Mapping[str, Block] | None = None,
        sample_weight: np.ndarray | None = None,
        labels: np.ndarray | None = None,
    ) -> BlockDataset:
        """Return the data set of all rows: arrays become tensors, floating ones of type `dtype`.

        A sample that lacks a target has weight zero for it. `labels` are the target as the user
        gave it.
        """
        present = np.column_stack([block.present for block in blocks.values()])
        # A modality that is its own target is converted, and read, once.
        every = [*blocks.values(), *(targets or {}).values()]
        rows = {id(block.values): block.values for block in every}
        rows = {key: to_rows(values, dtype) for key, values in rows.items()}
        return cls(
            values={name: rows[id(block.values)] for name, block in blocks.items()},
            masks=_masks(blocks, dtype),
            present=None if present.all() else torch.from_numpy(present),
            targets={
                name: (
                    rows[id(block.values)],
                    None if block.mask is None else torch.from_numpy(block.mask),
                    _target_weight(block, sample_weight, dtype),
                )
                for name, block in (targets or {}).items()
            },
            labels=labels,
            lengths=_lengths(blocks),
        )

    def __len__(self) -> int:
        first = next(iter(self.values.values()))
        return first.shape[0] if self.taken is None else len(self.taken)

    @property
    def rows(self) -> Tensor:
        """Row numbers of the samples that belong to the data set."""
        return torch.arange(len(self), dtype=torch.int32) if self.taken is None else self.taken

    @property
    def is_lazy(self) -> bool:
        """Whether something is read for each batch, from files for example."""
        every = [*self.values.values(), *(values for values, *_ in self.targets.values())]
        return any(isinstance(values, RowReader) and values.waits for values in every)

    @property
    def n_gathered(self) -> int:
        """How many rows are gathered at once."""
        widest = max(math.prod(values.shape[1:]) for values in self.values.values())
        return min(GATHERED_ROWS, GATHERED_NUMBERS // max(widest, 1))

    def __getitem__(self, places):
        return self.batch(self.rows[torch.as_tensor(places).reshape(-1)])

    def take(self, places: np.ndarray) -> BlockDataset:
        """Return the data set of the samples at some places of `rows`, sharing the tensors."""
        return replace(self, taken=self.rows[torch.from_numpy(places)])

    def target(self, name: str, rows: Tensor) -> tuple:
        """Return (values, mask, weight) of a target for some row numbers, and of no modality."""
        return tuple(None if part is None else _gather(part, rows) for part in self.targets[name])

    def some(self, n_most: int) -> BlockDataset:
        """Return the data set of at most `n_most` samples, spread over all of them."""
        places = np.linspace(0, len(self) - 1, min(n_most, len(self)))
        return self.take(places.round().astype(np.int64))

    def batch(self, rows: Tensor | slice):
        """Gather some rows; a slice gives views.

        Returns
        -------
        inputs : dict
            Arguments of the network: values, masks, present.
        targets : dict of str to (values, mask, weight)
            Arguments of the losses.
        labels : ndarray of B rows, or None
        """
        values = {name: _gather(source, rows) for name, source in self.values.items()}
        read = {id(source): values[name] for name, source in self.values.items()}
        inputs = {
            "values": values,
            "masks": {name: _gather(mask, rows) for name, mask in self.masks.items()},
            "present": None if self.present is None else self.present[rows],
        }
        targets = {
            name: (
                read[id(source)] if id(source) in read else _gather(source, rows),
                *(None if part is None else _gather(part, rows) for part in parts),
            )
            for name, (source, *parts) in self.targets.items()
        }
        return inputs, targets, None if self.labels is None else self.labels[_as_index(rows)]


def _masks(blocks: Mapping[str, Block], dtype: torch.dtype) -> dict[str, Tensor]:
    found = {}
    for name, block in blocks.items():
        if block.mask is not None:
            found[name] = torch.from_numpy(block.mask)
        if block.embeddings is not None:
            found[embeddings_of(name)] = torch.from_numpy(block.embeddings).to(dtype)
    return found


def _gather(source: Tensor | RowReader, rows: Tensor | slice) -> Tensor:
    if isinstance(source, RowReader):
        return source[_as_index(rows)]
    return source[rows] if isinstance(rows, slice) else source.index_select(0, rows)


def _as_index(rows: Tensor | slice) -> np.ndarray | slice:
    return rows if isinstance(rows, slice) else rows.numpy()


def _lengths(blocks: Mapping[str, Block]) -> Tensor | None:
    """Return the number of steps of each sample in all its texts and series, None without any."""
    masks = [block.mask for block in blocks.values() if block.spec.kind in ("tokens", "sequence")]
    found = [mask.sum(axis=1) for mask in masks if mask is not None]
    return torch.from_numpy(np.sum(found, axis=0)) if found else None


def _target_weight(block: Block, sample_weight, dtype: torch.dtype) -> Tensor | None:
    if sample_weight is None and block.present.all():
        return None
    weight = np.ones(len(block)) if sample_weight is None else sample_weight
    return torch.from_numpy(weight * block.present).to(dtype)
