"""Batches cut by row number from tensors in memory."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np
import torch
from sklearn.utils import gen_batches
from torch import Tensor
from torch.utils.data import Dataset

from sklearn_crossmodal.data import Block

__all__ = ["BatchIterator", "BlockDataset", "split_rows"]


@dataclass(frozen=True, eq=False)
class BlockDataset(Dataset):
    """The blocks of a fit as tensors, and the row numbers of the samples that belong to it.

    Training and validation rows share the tensors: a split costs row numbers, not a copy.

    Parameters
    ----------
    values, masks : dict of str to Tensor of shape (n, ...)
        For each modality, and for each that has a mask.
    present : Tensor of shape (n, M), bool, or None
        Which modalities each sample has; None if all have all.
    targets : dict of str to (values, mask, weight)
        For each target; mask and weight may be None.
    labels : ndarray with n rows, or None
        The target as the user gave it, for scoring callbacks.
    rows : Tensor of shape (m,), int
        The samples that belong to the data set.
    """

    values: dict[str, Tensor]
    masks: dict[str, Tensor]
    present: Tensor | None
    targets: dict[str, tuple[Tensor, Tensor | None, Tensor | None]]
    labels: np.ndarray | None
    rows: Tensor

    @classmethod
    def from_blocks(
        cls,
        blocks: Mapping[str, Block],
        dtype: torch.dtype,
        targets: Mapping[str, Block] | None = None,
        sample_weight: np.ndarray | None = None,
        labels: np.ndarray | None = None,
    ) -> BlockDataset:
        """Carry blocks across: arrays become tensors of one floating type.

        Parameters
        ----------
        blocks : mapping of str to Block
            The modalities.
        dtype : torch.dtype
            Of what is not integer.
        targets : mapping of str to Block, default=None
            The targets; a sample that lacks one does not count for it.
        sample_weight : ndarray of shape (n,), default=None
            Weights of the samples.
        labels : ndarray with n rows, default=None
            The target as the user gave it.

        Returns
        -------
        BlockDataset
            Of all rows.
        """
        present = np.column_stack([block.present for block in blocks.values()])
        return cls(
            values={name: _to_tensor(block.values, dtype) for name, block in blocks.items()},
            masks={
                name: torch.from_numpy(block.mask)
                for name, block in blocks.items()
                if block.mask is not None
            },
            present=None if present.all() else torch.from_numpy(present),
            targets={
                name: (
                    _to_tensor(block.values, dtype),
                    None if block.mask is None else torch.from_numpy(block.mask),
                    _target_weight(block, sample_weight, dtype),
                )
                for name, block in (targets or {}).items()
            },
            labels=labels,
            rows=torch.arange(len(present)),
        )

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, places):
        return self.batch(self.rows[torch.as_tensor(places).reshape(-1)])

    def take(self, places: np.ndarray) -> BlockDataset:
        """Return the data set of some of its samples, sharing the tensors.

        Parameters
        ----------
        places : ndarray of int
            Places among `rows`.

        Returns
        -------
        BlockDataset
        """
        return replace(self, rows=self.rows[torch.from_numpy(places)])

    def batch(self, rows: Tensor):
        """Gather some rows.

        Parameters
        ----------
        rows : Tensor of shape (B,), int
            Row numbers.

        Returns
        -------
        inputs : dict
            Arguments of the network: values, masks, present.
        targets : dict of str to (values, mask, weight)
            Arguments of the losses.
        labels : ndarray of B rows, or None
        """
        inputs = {
            "values": {name: values[rows] for name, values in self.values.items()},
            "masks": {name: mask[rows] for name, mask in self.masks.items()},
            "present": None if self.present is None else self.present[rows],
        }
        targets = {
            name: tuple(None if part is None else part[rows] for part in parts)
            for name, parts in self.targets.items()
        }
        return inputs, targets, None if self.labels is None else self.labels[rows.numpy()]


class BatchIterator:
    """Batches of a `BlockDataset`, in the place of a `DataLoader`.

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
        Probability with which a modality of a sample is hidden; one is always left.
    """

    def __init__(
        self,
        dataset: BlockDataset,
        batch_size: int,
        shuffle: bool = False,
        seed: int = 0,
        modality_dropout: float = 0.0,
    ) -> None:
        self.dataset = dataset
        self.batch_size = min(batch_size, len(dataset))
        self.shuffle = shuffle and self.batch_size < len(dataset)
        self.modality_dropout = modality_dropout
        self.generator = torch.Generator().manual_seed(seed)

    def __len__(self) -> int:
        return len(list(self._slices()))

    def __iter__(self) -> Iterator[tuple]:
        rows = self.dataset.rows
        if self.shuffle:  # row numbers are shuffled, not rows: one copy of the data
            rows = rows[torch.randperm(len(rows), generator=self.generator)]
        for places in self._slices():
            inputs, targets, labels = self.dataset.batch(rows[places])
            if self.modality_dropout and len(inputs["values"]) > 1:
                n_rows = places.stop - places.start
                inputs["present"] = self._hide(inputs["present"], n_rows, len(inputs["values"]))
            yield inputs, targets, labels

    def _slices(self):
        return gen_batches(len(self.dataset), self.batch_size, min_batch_size=2)

    def _hide(self, present: Tensor | None, n_rows: int, n_modalities: int) -> Tensor:
        """Hide present modalities at random; where all would be, hide none."""
        if present is None:
            present = torch.ones(n_rows, n_modalities, dtype=torch.bool)
        draws = torch.rand(n_rows, n_modalities, generator=self.generator)
        left = present & (draws >= self.modality_dropout)
        return torch.where(left.any(dim=1, keepdim=True), left, present)


def split_rows(
    n_rows: int, fraction: float, classes: np.ndarray | None, rng: np.random.RandomState
) -> tuple[np.ndarray, np.ndarray]:
    """Split row numbers into training and validation rows.

    Parameters
    ----------
    n_rows : int
        Number of rows.
    fraction : float
        Share of validation rows.
    classes : ndarray of shape (n_rows,), int, or None
        Class of each row: each gives its share. A class too rare to give a row gives none.
    rng : numpy.random.RandomState
        Source of randomness.

    Returns
    -------
    training, validation : ndarray of int
        In ascending order; validation may be empty.
    """
    if classes is None:
        classes = np.zeros(n_rows, dtype=int)
    held_out = np.zeros(n_rows, dtype=bool)
    for one in np.unique(classes):
        members = rng.permutation(np.flatnonzero(classes == one))
        held_out[members[: min(round(fraction * len(members)), len(members) - 1)]] = True
    return np.flatnonzero(~held_out), np.flatnonzero(held_out)


def _to_tensor(values: np.ndarray, dtype: torch.dtype) -> Tensor:
    if values.dtype.kind in "iub":
        return torch.from_numpy(np.ascontiguousarray(values, dtype=np.int64))
    values = np.ascontiguousarray(values)
    # torch warns of arrays that cannot be written, although nothing here writes them.
    return torch.from_numpy(values if values.flags.writeable else values.copy()).to(dtype)


def _target_weight(block: Block, sample_weight, dtype: torch.dtype) -> Tensor | None:
    if sample_weight is None and block.present.all():
        return None
    weight = np.ones(len(block)) if sample_weight is None else sample_weight
    return torch.from_numpy(weight * block.present).to(dtype)
