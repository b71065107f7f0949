"""Samples by modality, cut down to subsets of modalities."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from sklearn_crossmodal.data import MultiModalFrame
from sklearn_crossmodal.exceptions import ModalityError
from sklearn_crossmodal.modalities import ModalityBank
from sklearn_crossmodal.uncertainty._modality_subsets import (
    patterns_of,
    patterns_to_calibrate,
    rows_with,
)
from sklearn_crossmodal.utils._row_numbers import row_number

__all__ = ["View"]


class View:
    """Samples by modality.

    Parameters
    ----------
    owner : str
        Name of the estimator, for messages.
    bank : ModalityBank
        BoundModality to the columns of `table`.
    table : MultiModalFrame, ndarray or CSR array of shape (n, d)
        The samples.

    Raises
    ------
    ModalityError
        If a sample has no modality.
    """

    def __init__(self, owner: str, bank: ModalityBank, table) -> None:
        table = bank.unnested(_with_names(bank, table))
        self.names = tuple(bound.name for bound in bank.bound)
        named = isinstance(table, MultiModalFrame)
        self._labels = {
            bound.name: list(bound.labels) if named else [bound.name] for bound in bank.bound
        }
        self.keys = {
            name: labels[0] if bound.single or not named else labels
            for bound, (name, labels) in zip(bank.bound, self._labels.items(), strict=True)
        }
        parts = bank.readable_parts(table)
        self.present = np.column_stack([present for _, present in parts.values()])
        if not named:
            table = MultiModalFrame({name: part.values for name, (part, _) in parts.items()})
        self.frame = self._without_unreadable(table, bank)
        self._tables: dict = {}
        self._check_any_present(owner)

    @classmethod
    def of_training_samples(cls, owner: str, bank: ModalityBank, table, counted) -> View:
        """Return a view without the modalities that no row of `counted` has.

        Parameters
        ----------
        owner : str
            Name of the estimator, for messages.
        bank : ModalityBank
            Which leaves these modalities out from now on.
        table : MultiModalFrame, ndarray or CSR array of shape (n, d)
            The samples.
        counted : ndarray of int
            Rows whose weight is not zero.

        Returns
        -------
        View
        """
        view = cls(owner, bank, table)
        there = view.present[counted].any(axis=0)
        if there.all():
            return view
        bank.leave_out([name for name, one in zip(view.names, there, strict=True) if not one])
        return cls(owner, bank, table)

    def entries(self, bank: ModalityBank) -> list[tuple]:
        """Return the modalities with the columns that they have in this view."""
        return [
            (name, modality, self.keys[name])
            for name, modality, _ in bank.modalities
            if name in self.keys
        ]

    def _without_unreadable(self, frame: MultiModalFrame, bank: ModalityBank) -> MultiModalFrame:
        """Return a frame in which unreadable cells are absent, so that none is read again."""
        present = {
            label: frame.stated(label) & there
            for bound, there in zip(bank.bound, self.present.T, strict=True)
            if bound.modality.opens_files
            for label in self._labels[bound.name]
            if label in frame
        }
        if not present:
            return frame
        stated = {name: frame.stated(name) for name in frame}
        return MultiModalFrame(
            dict(frame), present={**stated, **present}, feature_names=frame.feature_names
        )

    def only(self, names, rows) -> MultiModalFrame:
        """Return some rows with the columns of some modalities."""
        labels = [label for name in names for label in self._labels[name]]
        there = [label for label in dict.fromkeys(labels) if label in self.frame]
        return self.frame[there][rows]

    def features(self, features, rows: np.ndarray):
        """Return a `FeatureTable` of some rows by fitted `Features`, which is made once."""
        if features not in self._tables:
            self._tables[features] = features.transform(self, np.arange(len(self.present)))
        table = self._tables[features]
        return table if len(rows) == len(self.present) else table.take(rows)

    def subsets(self) -> list[tuple]:
        """Return the subsets of modalities that samples have."""
        return patterns_of(self.names, self.present)

    def subsets_to_stack(self, sides: Sequence[tuple]) -> list[tuple]:
        """Return the subsets that get a meta-learner: all modalities first.

        Each of the `sides` is among them, and all but each, if samples have these.
        """
        found = dict.fromkeys(patterns_to_calibrate(self.names, self.present))
        for side in sides:
            rest = tuple(name for name in self.names if name not in side)
            for subset in (tuple(name for name in self.names if name in side), rest):
                if subset and self.has_all(subset).any():
                    found[subset] = None
        return list(found)

    def has_only(self, names) -> np.ndarray:
        """Return which samples have exactly these modalities."""
        return (self.present == [name in names for name in self.names]).all(axis=1)

    def _check_any_present(self, owner: str) -> None:
        """Raise if a sample has no modality."""
        empty = np.flatnonzero(~self.present.any(axis=1))
        if len(empty):
            raise ModalityError(
                f"{owner}: {len(empty)} samples have none of the modalities {list(self.names)}, "
                f"or none that can be read, first rows {row_number(empty[:5])}: leave them out."
            )

    def has_all(self, names) -> np.ndarray:
        """Return which samples have all of these modalities."""
        return rows_with(names, self.names, self.present)


def _with_names(bank: ModalityBank, table):
    """Return a plain array with the names of the columns in `fit`, which it has by position."""
    if not isinstance(table, np.ndarray) or any(bound.labels is None for bound in bank.bound):
        return table
    return MultiModalFrame(
        {
            label: table[:, place]
            for bound in bank.bound
            for label, place in zip(bound.labels, bound.positions, strict=True)
        }
    )
