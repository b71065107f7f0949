"""ModalityBank: fit the modalities of an estimator, and transform X to their blocks."""

from __future__ import annotations

import copy
from collections.abc import Collection
from contextlib import contextmanager
from pickle import PicklingError

import numpy as np
from joblib import Memory

from sklearn_crossmodal.data import Block, Columns, as_cells, columns_inside, preview
from sklearn_crossmodal.exceptions import ModalityError
from sklearn_crossmodal.modalities._base import Modality
from sklearn_crossmodal.modalities._infer import kinds_inside
from sklearn_crossmodal.modalities._numeric import Numeric
from sklearn_crossmodal.modalities.bank._cache_safety import is_cacheable
from sklearn_crossmodal.modalities.bank._column_binding import BoundModality
from sklearn_crossmodal.modalities.bank._incremental import LaterChunks, absent_block
from sklearn_crossmodal.utils._validation import warn

__all__ = ["ModalityBank"]

#: How inner columns of an entry of X are selected, for messages.
_EXAMPLE = "(name, modality, {'entry': ['column', ...]})"


class ModalityBank(LaterChunks):
    """The modalities of an estimator, each with its columns; parameters as of `ColumnBinding`.

    Attributes
    ----------
    left_out : list of str
        Names of the modalities that were absent in all samples of `fit_transform`. They have no
        blocks.
    """

    def __init__(self, owner: str, modalities: list[tuple], *, needs_any: bool = True) -> None:
        super().__init__(owner, modalities, needs_any=needs_any)
        self.left_out: list[str] = []
        self._adopted: set[str] = set()
        self._gone: list[BoundModality] = []
        self._warned: set[str] = set()

    def adopt(self, name: str, known: BoundModality) -> None:
        """Use a fitted modality, which `fit_transform` does not refit, and its order of columns."""
        bound = next(bound for bound in self.bound if bound.name == name)
        bound.modality = copy.deepcopy(known.modality)
        if bound.inside is not None:
            bound.inside = known.inside or bound.inside
        self._adopted.add(name)

    def fit_transform(
        self,
        table,
        sample_weight: np.ndarray | None,
        memory: Memory,
        *,
        in_chunks: Collection[str] = (),
    ) -> dict[str, Block]:
        """Fit each modality on the rows that have it; those absent in all rows are left out.

        Parameters
        ----------
        table : MultiModalFrame or ndarray of shape (n, d)
            As `as_table` returns it.
        sample_weight : ndarray of shape (n,), or None
            Weights of the rows.
        memory : joblib.Memory
            Cache of fitted modalities and their blocks, except for those that depend on files,
            memory maps, modules or functions.
        in_chunks : collection of str, default=()
            Kinds of the modalities that reserve codes and keep constant columns, if the rows are
            the first of several chunks, see `extended`.
        """
        blocks, absent, table = {}, [], self.unnested(table)
        for bound in self.bound:
            with self._prefixed(bound.name, bound.labels):
                columns, present = self._columns(bound, table)
                if not present.any():
                    absent.append(bound)
                    continue
                weight = None if sample_weight is None else sample_weight[present]
                with self._present_rows(bound, columns, present) as rows:
                    if bound.modality.kind in in_chunks:
                        bound.modality.in_chunks = True
                    if bound.name in self._adopted:
                        block = bound.modality.transform(rows)
                    else:
                        with self._listing_kinds(bound, table):
                            bound.modality, block = _fit_in(memory, bound.modality, rows, weight)
                blocks[bound.name] = block.scatter(present)
        self.leave_out([bound.name for bound in absent])
        return self._check_any_present(blocks, table)

    def transform(self, table, only: list[str] | None = None) -> dict[str, Block]:
        """Transform X to blocks; a modality whose columns X lacks, or not in `only`, is absent.

        Raise if X has some columns of a modality but not all, if it lacks columns and has unknown
        ones, or if a row has no modality.
        """
        table = self.unnested(table)
        self._check_columns(table, only)
        blocks = {
            bound.name: self._block(bound, table)
            if only is None or bound.name in only
            else absent_block(bound.modality, table)
            for bound in self.bound
        }
        wanted = {name: blocks[name] for name in only or blocks}
        self._check_any_present(wanted, table)
        return blocks

    def leave_out(self, names: list[str]) -> None:
        """Drop modalities that are absent in all samples, with a warning for each; keep one."""
        self.left_out = list(names)
        if len(names) == len(self.bound):
            raise ModalityError(
                f"{self.owner}: the modalities {self.left_out} are absent in all samples."
            )
        for bound in self.bound:
            if bound.name in names:
                with self._prefixed(bound.name, bound.labels):
                    warn("it is absent in all samples, and left out of this fit.")
        self._gone = [bound for bound in self.bound if bound.name in names]
        self.bound = [bound for bound in self.bound if bound.name not in names]

    def parts(self, table) -> dict[str, tuple]:
        """Return the raw columns of each modality, None if X lacks them, and its presence (n,)."""
        table = self.unnested(table)
        self._check_columns(table)
        absent = None, np.zeros(table.shape[0], dtype=bool)
        found = {}
        for bound in self.bound:
            with self._prefixed(bound.name, bound.labels):
                has_columns = self._has_columns(bound, table)
                found[bound.name] = self._columns(bound, table) if has_columns else absent
        return found

    def readable_parts(self, table) -> dict[str, tuple]:
        """Return the same as `parts`, but unreadable cells are absent, or raise an error."""
        parts = self.parts(table)
        for bound in self.bound:
            columns, present = parts[bound.name]
            if bound.modality.opens_files and present.any():
                with (
                    self._prefixed(bound.name, bound.labels),
                    self._present_rows(bound, columns, present) as rows,
                ):
                    unreadable = bound.modality.find_unreadable(rows)
                readable = present.copy()
                readable[present] = ~unreadable
                parts[bound.name] = columns, readable
        return parts

    def warn_of_texts(self, table) -> None:
        """Warn of texts that encode numbers, if later only subsets of the rows are fitted."""
        parts = self.parts(table)
        for bound in self.bound:
            columns, present = parts[bound.name]
            if isinstance(bound.modality, Numeric) and present.any():
                with (
                    self._prefixed(bound.name, bound.labels),
                    self._present_rows(bound, columns, present) as rows,
                ):
                    bound.modality.warn_of_texts(rows)

    def _block(self, bound: BoundModality, table) -> Block:
        with self._prefixed(bound.name, bound.labels):
            modality = bound.modality
            if not self._has_columns(bound, table):
                return absent_block(modality, table)
            columns, present = self._columns(bound, table)
            if present.all():
                return modality.transform(columns)
            if not present.any():
                return absent_block(modality, table)
            with self._present_rows(bound, columns, present) as rows:
                block = modality.transform(rows)
            return block.scatter(present)

    @contextmanager
    def _listing_kinds(self, bound: BoundModality, table):
        """Add the kinds of the columns to an error of a modality that is fitted on them."""
        try:
            yield
        except (ValueError, TypeError) as error:
            kinds = _kinds_of(bound, table)
            kind = type(bound.modality).__name__.lower()
            if set(kinds) - {kind} and len(error.args) == 1 and isinstance(error.args[0], str):
                listed = ", ".join(f"{kind} {preview(labels)}" for kind, labels in kinds.items())
                advice = (
                    f"By kind the columns are {listed}: give each kind a modality, as "
                    f"infer_modalities(X) does; {_EXAMPLE} names columns inside an entry."
                )
                error.args = (f"{error.args[0].rstrip('.')}. {advice}",)
            raise


def _kinds_of(bound: BoundModality, table) -> dict:
    """Group the columns of a modality by kind; {} where that is not known."""
    if bound.labels is None:
        return {}
    if len(bound.labels) == 1:
        columns = columns_inside(bound.labels[0], table[bound.labels[0]])
    else:
        columns = {label: as_cells(table[label]) for label in bound.labels}
    try:
        return kinds_inside(columns)
    except ValueError:  # no modality takes one of them
        return {}


def _fit_in(memory: Memory, *arguments):
    """Fit a modality, or load it from the cache if it is cacheable."""
    if not is_cacheable(*arguments[:2]):
        return _fit_modality(*arguments)
    try:
        return memory.cache(_fit_modality)(*arguments)
    except PicklingError:  # a class defined inside a function
        return _fit_modality(*arguments)


def _fit_modality(modality: Modality, columns: Columns, weight: np.ndarray | None):
    return modality.fit_transform(columns, weight)
