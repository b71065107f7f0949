"""Incremental fit of modalities: update them with later chunks of rows."""

from __future__ import annotations

import copy
from dataclasses import replace

import numpy as np

from sklearn_crossmodal.data import Block
from sklearn_crossmodal.modalities._base import Modality
from sklearn_crossmodal.modalities.bank._column_binding import BoundModality, ColumnBinding
from sklearn_crossmodal.utils._validation import warn

__all__ = ["LaterChunks", "absent_block"]


class LaterChunks(ColumnBinding):
    """Update fitted modalities with later chunks; warn once of content that is lost."""

    _gone: list[BoundModality]  # modalities that the first chunk lacked
    _warned: set[str]  # names of modalities with a warning so far

    def extended(
        self, table, sample_weight: np.ndarray | None
    ) -> tuple[LaterChunks, dict[str, Block]]:
        """Return a bank updated with the rows of a later chunk, and their blocks.

        Warn once for each modality: of new content that cannot be represented, and of a dropped
        modality that is present now.
        """
        table = self.unnested(table)
        self._check_columns(table)
        bank, blocks = copy.copy(self), {}
        bank.bound, bank._warned = [], set(self._warned)
        for bound in self.bound:
            modality, blocks[bound.name], lost = self._extend(bound, table, sample_weight)
            bank.bound.append(replace(bound, modality=modality))
            bank._warn_once(bound, lost)
        for bound in self._gone:
            bank._warn_once(bound, self._describe_returned(bound, table))
        return bank, self._check_any_present(blocks, table)

    def _extend(self, bound: BoundModality, table, sample_weight) -> tuple[Modality, Block, str]:
        with self._prefixed(bound.name, bound.labels):
            columns, present = None, np.zeros(1, bool)
            if self._has_columns(bound, table):
                columns, present = self._columns(bound, table)
            if not present.any():
                return bound.modality, absent_block(bound.modality, table), ""
            weight = None if sample_weight is None else sample_weight[present]
            with self._present_rows(bound, columns, present) as rows:
                found = bound.modality.extended(rows, weight)
            return found[0], found[1].scatter(present), found[2]

    def _describe_returned(self, bound: BoundModality, table) -> str:
        """Describe how many rows have a dropped modality; "" if none do."""
        if not self._has_columns(bound, table):
            return ""
        _, present = self._columns(bound, table)
        if not present.any():
            return ""
        return (
            f"it was absent in all samples of the first chunk, and stays left out, though "
            f"{present.sum()} of {len(present)} samples have it now: begin with a chunk that has it"
        )

    def _warn_once(self, bound: BoundModality, lost: str) -> None:
        """Warn once of lost content of a modality."""
        if lost and bound.name not in self._warned:
            self._warned.add(bound.name)
            with self._prefixed(bound.name, bound.labels):
                warn(f"{lost}.", stacklevel=5)


def absent_block(modality: Modality, table) -> Block:
    """Return the block of a modality that is absent in all rows of a table."""
    return Block.absent(modality.spec_, table.shape[0], masked=modality.masked)
