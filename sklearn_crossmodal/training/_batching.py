"""Batches cut by row number, from tensors in memory or from what is read batch by batch."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np
import torch
from sklearn.utils import gen_batches
from torch import Tensor
from torch.utils.data import Dataset

from sklearn_crossmodal.data import Block, LazyRows
from sklearn_crossmodal.training._reading import RowReader, read_ahead, to_rows

__all__ = ["BatchIterator", "BlockDataset", "split_rows"]


@dataclass(frozen=True, eq=False)
class BlockDataset(Dataset):
    """The blocks of a fit as tensors, and the row numbers of the samples that belong to it.

    Training and validation rows share the tensors: a split costs row numbers, not a copy.

    Parameters
    ----------
    values : dict of str to Tensor or RowReader of shape (n, ...)
        For each modality.
    masks : dict of str to Tensor of shape (n, ...)
        For each modality that has a mask.
    present : Tensor of shape (n, M), bool, or None
        Which modalities each sample has; None if all have all.
    targets : dict of str to (values, mask, weight)
        For each target; mask and weight may be None.
    labels : ndarray with n rows, or None
        The target as the user gave it, for scoring callbacks.
    rows : Tensor of shape (m,), int
        The samples that belong to the data set.
    """

    values: dict[str, Tensor | RowReader]
    masks: dict[str, Tensor]
    present: Tensor | None
    targets: dict[str, tuple[Tensor | RowReader, Tensor | None, Tensor | None]]
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
        # A modality that is its own target is carried across, and read, once.
        every = [*blocks.values(), *(targets or {}).values()]
        rows = {id(block.values): block.values for block in every}
        rows = {key: to_rows(values, dtype) for key, values in rows.items()}
        return cls(
            values={name: rows[id(block.values)] for name, block in blocks.items()},
            masks={
                name: torch.from_numpy(block.mask)
                for name, block in blocks.items()
                if block.mask is not None
            },
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
            rows=torch.arange(len(present)),
        )

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def is_lazy(self) -> bool:
        """Whether something is read for each batch; making rows dense is not worth a thread."""
        every = [*self.values.values(), *(values for values, *_ in self.targets.values())]
        readers = [values for values in every if isinstance(values, RowReader)]
        return any(isinstance(reader.values, LazyRows) for reader in readers)

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
        values = {name: source[rows] for name, source in self.values.items()}
        read = {id(source): values[name] for name, source in self.values.items()}
        inputs = {
            "values": values,
            "masks": {name: mask[rows] for name, mask in self.masks.items()},
            "present": None if self.present is None else self.present[rows],
        }
        targets = {
            name: (
                read[id(source)] if id(source) in read else source[rows],
                *(None if part is None else part[rows] for part in parts),
            )
            for name, (source, *parts) in self.targets.items()
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
        parts = [rows[places] for places in self._slices()]
        read = read_ahead if self.dataset.is_lazy else map
        for part, (inputs, targets, labels) in zip(
            parts, read(self.dataset.batch, parts), strict=True
        ):
            if self.modality_dropout and len(inputs["values"]) > 1:
                inputs["present"] = self._hide(inputs["present"], len(part), len(inputs["values"]))
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


def _target_weight(block: Block, sample_weight, dtype: torch.dtype) -> Tensor | None:
    if sample_weight is None and block.present.all():
        return None
    weight = np.ones(len(block)) if sample_weight is None else sample_weight
    return torch.from_numpy(weight * block.present).to(dtype)
