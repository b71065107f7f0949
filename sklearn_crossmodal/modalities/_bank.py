"""ModalityBank: from X to the blocks of all modalities."""

from __future__ import annotations

import copy
import os
import warnings
from collections.abc import Collection, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pickle import PicklingError

import numpy as np
from joblib import Memory
from scipy import sparse
from sklearn.base import clone

from sklearn_crossmodal.data import (
    Block,
    Columns,
    InnerLabel,
    MultiModalFrame,
    as_cells,
    columns_inside,
    entry_of,
    inner_labels,
    resolve_columns,
    resolve_inside,
    select_columns,
    shown,
    unfold,
)
from sklearn_crossmodal.exceptions import ModalityError
from sklearn_crossmodal.modalities._base import Modality
from sklearn_crossmodal.modalities._content import known_by_content
from sklearn_crossmodal.modalities._infer import kinds_inside
from sklearn_crossmodal.utils._row_numbers import counting, row_number
from sklearn_crossmodal.utils._validation import said_by, warn

__all__ = ["ModalityBank"]

_NAMELESS = "its columns have no names, but had in `fit`: they are taken by position."
#: How columns inside one entry of X are named.
_EXAMPLE = "(name, modality, {'entry': ['column', ...]})"


@dataclass
class _Bound:
    """A modality with the columns it was bound to."""

    name: str
    modality: Modality
    key: object  # the columns as the user named them
    positions: list[int]
    labels: list[str] | None  # None where the columns have no names
    single: bool
    inside: tuple[str, ...] | None = None  # labels of the columns inside a single entry


class ModalityBank:
    """The modalities of an estimator, each with its columns.

    Parameters
    ----------
    owner : str
        Name of the estimator, for messages.
    modalities : list of (str, Modality, columns)
        Unfitted; they are cloned.
    needs_any : bool, default=True
        Whether each sample must have a modality. If so, and there is only one, nothing is absent:
        NaN is a missing value.

    Attributes
    ----------
    left_out : list of str
        Names of the modalities that no sample had in `fit_transform`, for which there are no
        blocks.
    """

    def __init__(self, owner: str, modalities: list[tuple], *, needs_any: bool = True) -> None:
        self.owner = owner
        self.modalities = modalities
        self.needs_any = needs_any
        self.bound: list[_Bound] = []
        self.left_out: list[str] = []
        self._inside: dict[str, list[InnerLabel]] = {}  # of entries whose columns are chosen from
        self._adopted: set[str] = set()
        self._names: list[str] | None = None  # of all columns in `fit`
        self._gone: list[_Bound] = []
        self._told: set[str] = set()

    @property
    def fitted(self) -> list[tuple]:
        """The fitted modalities, (name, modality, columns)."""
        return [(bound.name, bound.modality, bound.key) for bound in self.bound]

    def bind(self, X, table) -> None:
        """Find the columns of each modality in X.

        Parameters
        ----------
        X : frame, mapping or 2-D array
            In the form the user gave it: a callable is called with it.
        table : MultiModalFrame or ndarray of shape (n, d)
            As `as_table` returns it. Its columns are known by name afterwards if they have names.

        Raises
        ------
        ValueError
            If a column is not in X, or a modality has none.
        """
        self._look_inside(table)
        table = self.unfolded(table)
        self._names = names = list(table) if isinstance(table, MultiModalFrame) else None
        for name, modality, key in self.modalities:
            with self._speaking(name):
                positions, single = self._resolve(X, table, names, key)
                if not positions:
                    raise ModalityError(f"its columns {key!r} are none of X.")
            labels = None if names is None else [names[place] for place in positions]
            inside = table.labels_inside(labels[0]) if labels and single else None
            made = clone(modality)
            made.inferred = modality.inferred  # which is no parameter
            self.bound.append(_Bound(name, made, key, positions, labels, single, inside))

    def _look_inside(self, table) -> None:
        """Note the columns of the entries that keys ``{entry: columns}`` look into."""
        for name, _, key in self.modalities:
            with self._speaking(name):
                entry = entry_of(key)
                if entry is None:
                    continue
                if not isinstance(table, MultiModalFrame) or entry not in table:
                    known = list(table) if isinstance(table, MultiModalFrame) else "no names"
                    raise ModalityError(f"column {entry!r} is not in X, which has {known}.")
                self._inside[entry] = inner_labels(entry, table[entry])

    def _resolve(self, X, table, names, key) -> tuple[list[int], bool]:
        if not isinstance(key, Mapping):
            return resolve_columns(X if callable(key) else table, key)
        labels, single = resolve_inside(table, key)
        places = {name: place for place, name in enumerate(names)}
        return [places[label] for label in labels], single

    def unfolded(self, table):
        """Return X with the columns inside entries that modalities choose from as columns.

        Parameters
        ----------
        table : MultiModalFrame, ndarray or CSR array of shape (n, d)
            As `as_table` returns it.

        Returns
        -------
        MultiModalFrame, ndarray or CSR array
        """
        if not self._inside or not isinstance(table, MultiModalFrame):
            return table
        self._warn_of_nameless(table)
        return unfold(table, self._inside)

    def _warn_of_nameless(self, table) -> None:
        """Warn where columns inside an entry had names in `fit`, and have none now."""
        for entry, labels in self._inside.items():
            had = isinstance(labels[0].label, str)
            if had and entry in table and table.labels_inside(entry) is None:
                warnings.warn(
                    f"{self.owner}: {entry!r}: {_NAMELESS}",
                    stacklevel=2,
                )

    def adopt(self, name: str, known: _Bound) -> None:
        """Take a modality that is fitted already: `fit_transform` leaves it as it is.

        Parameters
        ----------
        name : str
            Of the modality whose columns it reads, bound before.
        known : _Bound
            The fitted modality, and the order of the columns that it was fitted on.
        """
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
        """Fit each modality on the rows that have it; one that none has is left out.

        Parameters
        ----------
        table : MultiModalFrame or ndarray of shape (n, d)
            As `as_table` returns it.
        sample_weight : ndarray of shape (n,), or None
            Weights of the rows.
        memory : joblib.Memory
            Where fitted modalities and their blocks are kept, unless files, memory maps, modules
            or functions are among what they are made of.
        in_chunks : collection of str, default=()
            Kinds of the modalities that keep room for what comes later, where the rows are the
            first of several chunks, see `extended`.

        Returns
        -------
        dict of str to Block
            With n rows each, of the modalities that are not left out.

        Raises
        ------
        ModalityError
            If no row has any modality, or a row has none.

        Warns
        -----
        UserWarning
            If a modality is left out.
        """
        blocks, absent, table = {}, [], self.unfolded(table)
        for bound in self.bound:
            with self._speaking(bound.name, bound.labels):
                columns, present = self._columns(bound, table)
                if not present.any():
                    absent.append(bound)
                    continue
                weight = None if sample_weight is None else sample_weight[present]
                with self._speaking(bound.name, bound.labels, present), _counting(present):
                    columns = _rows(columns, present)
                    if bound.modality.kind in in_chunks:
                        bound.modality.in_chunks = True
                    if bound.name in self._adopted:
                        block = bound.modality.transform(columns)
                    else:
                        with self._listing_kinds(bound, table):
                            bound.modality, block = _fit_in(memory, bound.modality, columns, weight)
                blocks[bound.name] = block.scatter(present)
        self.leave_out([bound.name for bound in absent])
        return self._check_any_present(blocks, table)

    def extended(
        self, table, sample_weight: np.ndarray | None
    ) -> tuple[ModalityBank, dict[str, Block]]:
        """Go on with rows that `fit_transform` did not see.

        Parameters
        ----------
        table : MultiModalFrame or ndarray of shape (n, d)
            As `as_table` returns it.
        sample_weight : ndarray of shape (n,), or None
            Weights of the rows.

        Returns
        -------
        bank : ModalityBank
            With modalities that learned what they lacked, where there is room for it.
        blocks : dict of str to Block
            With n rows each.

        Warns
        -----
        UserWarning
            Once for each modality: of what `fit_transform` did not see and there is no room for,
            and where a modality that was left out is there now.
        """
        table = self.unfolded(table)
        self._refuse_renamed(table)
        bank, blocks = copy.copy(self), {}
        bank.bound, bank._told = [], set(self._told)
        for bound in self.bound:
            modality, blocks[bound.name], lost = self._extend(bound, table, sample_weight)
            bank.bound.append(replace(bound, modality=modality))
            bank._tell(bound, lost)
        for bound in self._gone:
            bank._tell(bound, self._came_back(bound, table))
        return bank, self._check_any_present(blocks, table)

    def _extend(self, bound: _Bound, table, sample_weight) -> tuple[Modality, Block, str]:
        with self._speaking(bound.name, bound.labels):
            there = self._has_columns(bound, table)
            columns, present = self._columns(bound, table) if there else (None, np.zeros(1, bool))
            if not present.any():
                return bound.modality, _absent(bound.modality, table), ""
            weight = None if sample_weight is None else sample_weight[present]
            with self._speaking(bound.name, bound.labels, present), _counting(present):
                found = bound.modality.extended(_rows(columns, present), weight)
            return found[0], found[1].scatter(present), found[2]

    def _came_back(self, bound: _Bound, table) -> str:
        """Say how many rows have a modality that was left out, if any do."""
        if not self._has_columns(bound, table):
            return ""
        _, present = self._columns(bound, table)
        if not present.any():
            return ""
        return (
            f"it was absent in all samples of the first chunk, and stays left out, though "
            f"{present.sum()} of {len(present)} samples have it now: begin with a chunk that has it"
        )

    def _tell(self, bound: _Bound, lost: str) -> None:
        """Warn of what is lost of a modality, once."""
        if lost and bound.name not in self._told:
            self._told.add(bound.name)
            with self._speaking(bound.name, bound.labels):
                warn(f"{lost}.", stacklevel=5)

    def transform(self, table, only: list[str] | None = None) -> dict[str, Block]:
        """Turn X into blocks; a modality that X lacks altogether is absent in all rows.

        Parameters
        ----------
        table : MultiModalFrame or ndarray of shape (n, d)
            As `as_table` returns it.
        only : list of str, default=None
            The modalities to look at; others are absent. None means all.

        Returns
        -------
        dict of str to Block
            With n rows each.

        Raises
        ------
        ModalityError
            If X has some columns of a modality but not all, if it lacks columns and has others that
            `fit` did not see, or if a row has no modality.
        """
        table = self.unfolded(table)
        self._refuse_renamed(table, only)
        blocks = {
            bound.name: self._block(bound, table)
            if only is None or bound.name in only
            else _absent(bound.modality, table)
            for bound in self.bound
        }
        asked = {name: blocks[name] for name in only or blocks}
        self._check_any_present(asked, table)
        return blocks

    def leave_out(self, names: list[str]) -> None:
        """Go on without the modalities that no sample has.

        Parameters
        ----------
        names : list of str
            Of the modalities.

        Raises
        ------
        ModalityError
            If none is left.

        Warns
        -----
        UserWarning
            For each of them.
        """
        self.left_out = list(names)
        if len(names) == len(self.bound):
            raise ModalityError(
                f"{self.owner}: the modalities {self.left_out} are absent in all samples."
            )
        for bound in self.bound:
            if bound.name in names:
                warnings.warn(
                    f"{self._speaker(bound.name, bound.labels)}: it is absent in all samples, and "
                    "left out of this fit.",
                    stacklevel=2,
                )
        self._gone = [bound for bound in self.bound if bound.name in names]
        self.bound = [bound for bound in self.bound if bound.name not in names]

    def parts(self, table) -> dict[str, tuple]:
        """Return the columns of each modality as they are, None if X lacks them, and who has it.

        Parameters
        ----------
        table : MultiModalFrame, ndarray or CSR array of shape (n, d)
            As `as_table` returns it.

        Returns
        -------
        dict of str to (Columns or None, ndarray of shape (n,))
        """
        table = self.unfolded(table)
        self._refuse_renamed(table)
        nothing = None, np.zeros(table.shape[0], dtype=bool)
        found = {}
        for bound in self.bound:
            with self._speaking(bound.name, bound.labels):
                there = self._has_columns(bound, table)
                found[bound.name] = self._columns(bound, table) if there else nothing
        return found

    def readable_parts(self, table) -> dict[str, tuple]:
        """Return the same as `parts`; who has only what cannot be read has it not.

        Parameters
        ----------
        table : MultiModalFrame, ndarray or CSR array of shape (n, d)
            As `as_table` returns it.

        Returns
        -------
        dict of str to (Columns or None, ndarray of shape (n,))

        Warns
        -----
        UserWarning
            If cells cannot be read, naming them.

        Raises
        ------
        ModalityError
            If cells cannot be read, and the modality says that this is an error.
        """
        return {
            bound.name: self._without_unreadable(bound, *part)
            for bound, part in zip(self.bound, self.parts(table).values(), strict=True)
        }

    def _without_unreadable(self, bound: _Bound, columns, present: np.ndarray) -> tuple:
        if not (bound.modality.opens_files and present.any()):
            return columns, present
        with self._speaking(bound.name, bound.labels, present), _counting(present):
            unreadable = bound.modality.find_unreadable(_rows(columns, present))
        readable = present.copy()
        readable[present] = ~unreadable
        return columns, readable

    def columns_of(self, raw: dict[str, np.ndarray], *, named: bool = True) -> dict:
        """Return the columns that raw data of modalities stand in, by name or position.

        Parameters
        ----------
        raw : dict of str to ndarray
            As `inverse_transform` of a modality returns it.
        named : bool, default=True
            Whether columns that have names are wanted by them; else by position.

        Returns
        -------
        dict of str or int to ndarray

        Raises
        ------
        ModalityError
            If several columns were joined into one and cannot be told apart.
        """
        columns = {}
        for bound in self.bound:
            if bound.name not in raw:
                continue
            values = raw[bound.name]
            keys = _keys_of(bound, values) if named else bound.positions
            if len(keys) == 1:
                array = (bound.labels is None or not named) and values.ndim == 2
                inner = isinstance(keys[0], InnerLabel) and values.ndim == 2 and not bound.single
                columns[keys[0]] = values[:, 0] if array or inner else values
            elif values.ndim == 2 and values.shape[1] == len(keys):
                columns.update(zip(keys, values.T, strict=True))
            else:
                raise ModalityError(
                    f"{self.owner}: modality {bound.name!r} joins the columns {keys}, which cannot "
                    "be given back one by one: give each its own modality."
                )
        return columns

    def _block(self, bound: _Bound, table) -> Block:
        with self._speaking(bound.name, bound.labels):
            modality = bound.modality
            if not self._has_columns(bound, table):
                return _absent(modality, table)
            columns, present = self._columns(bound, table)
            if present.all():
                return modality.transform(columns)
            if not present.any():
                return _absent(modality, table)
            with self._speaking(bound.name, bound.labels, present), counting(present):
                block = modality.transform(columns.take(np.flatnonzero(present)))
            return block.scatter(present)

    def _refuse_renamed(self, table, only: list[str] | None = None) -> None:
        """Raise if columns are missing and others are new: they may be the same, renamed."""
        if self._names is None or not isinstance(table, MultiModalFrame):
            return
        names = list(table)
        if names == self._names:
            return
        known = set(names)
        labels = [
            label
            for bound in self.bound
            if only is None or bound.name in only
            for label in bound.labels
        ]
        missing = [label for label in dict.fromkeys(labels) if label not in known]
        seen = set(self._names) if missing or self._inside else known
        new = [name for name in names if name not in seen]
        if not missing:  # what is new among the columns of X does no harm, inside a modality it may
            new = [name for name in new if isinstance(name, InnerLabel) and self._is_whole(name)]
        if new:
            raise ModalityError(
                f"{self.owner}: the columns {shown(missing)} of `fit` are missing, and "
                f"{shown(new)} are new. Give columns the names they had in `fit`; where a modality "
                "is meant to be absent, leave out the new ones."
            )

    def _is_whole(self, label: InnerLabel) -> bool:
        """Tell whether modalities use all columns that the entry of a label had in `fit`."""
        used = {one for bound in self.bound for one in bound.labels}
        return used.issuperset(self._inside[label.entry])

    def _has_columns(self, bound: _Bound, table) -> bool:
        if bound.labels is None or not isinstance(table, MultiModalFrame):
            return True
        names = list(table)
        if names == self._names:
            return True
        known = set(names)
        missing = [label for label in bound.labels if label not in known]
        if missing and len(missing) < len(bound.labels):
            raise ModalityError(
                f"X lacks its columns {shown(missing)}, but has others of it: give all, or "
                "none where the modality is absent."
            )
        return not missing

    def _columns(self, bound: _Bound, table) -> tuple[Columns, np.ndarray]:
        positions = bound.positions
        if bound.labels is not None and isinstance(table, MultiModalFrame):
            names = list(table)
            if names != self._names:  # the order of columns is another than in `fit`
                places = dict(zip(names, range(len(names))))
                positions = [places[label] for label in bound.labels]
        columns, present = select_columns(table, positions, single=bound.single)
        columns = self._in_order(bound, columns)
        if sparse.issparse(columns.values) and not bound.modality.takes_sparse:
            raise ModalityError(
                f"{type(bound.modality).__name__} takes no sparse matrix: take Numeric, or pass "
                "its .toarray()."
            )
        # Nothing is absent where there is nothing else: NaN is a value.
        if self.needs_any and len(self.modalities) == 1:
            present = np.ones(table.shape[0], dtype=bool)
            if isinstance(table, MultiModalFrame):
                names = list(table)
                present = table.stated_of_any([names[place] for place in positions])
        return columns, present

    def _in_order(self, bound: _Bound, columns: Columns) -> Columns:
        """Return columns inside an entry in the order of `fit`, by their labels if they have."""
        if bound.inside is not None and columns.labels is None:
            warnings.warn(
                f"{self._speaker(bound.name, bound.labels)}: {_NAMELESS}",
                stacklevel=2,
            )
        return columns.ordered_like(bound.inside)

    def _check_any_present(self, blocks: dict[str, Block], table) -> dict[str, Block]:
        found = np.any([block.present for block in blocks.values()], axis=0)
        if self.needs_any and not found.all():
            rows = np.flatnonzero(~found)
            unread = self._unread(table, rows[:5], blocks)
            raise ModalityError(
                f"{self.owner}: {len(rows)} samples have none of the modalities "
                f"{list(blocks)}, first rows {row_number(rows[:5])}{unread}: leave them out."
            )
        return blocks

    def _unread(self, table, rows: np.ndarray, names) -> str:
        """Show the names of files in rows that the modalities of these names could not read."""
        cells = []
        for bound in self.bound:
            reads = bound.name in names and bound.modality.opens_files
            if reads and self._has_columns(bound, table):
                columns, present = self._columns(bound, table)
                values = np.asarray(columns.values)
                cells += [values[row] for row in rows if present[row]]
        shown = [str(cell) for cell in cells if isinstance(cell, str | os.PathLike)]
        return f", with {shown} that cannot be read" if shown else ""

    @contextmanager
    def _listing_kinds(self, bound: _Bound, table):
        """Say of which kinds the columns are, where a modality cannot be fitted on them."""
        try:
            yield
        except (ValueError, TypeError) as error:
            kinds = _kinds_of(bound, table)
            own = type(bound.modality).__name__.lower()
            if set(kinds) - {own} and len(error.args) == 1 and isinstance(error.args[0], str):
                listed = ", ".join(f"{kind} {shown(labels)}" for kind, labels in kinds.items())
                advice = (
                    f"By kind the columns are {listed}: give each kind a modality, as "
                    f"infer_modalities(X) does; {_EXAMPLE} names columns inside an entry."
                )
                error.args = (f"{error.args[0].rstrip('.')}. {advice}",)
            raise

    def _speaker(self, name: str, labels=None) -> str:
        """Name the modality, and its columns where they are called otherwise."""
        speaker = f"{self.owner}: modality {name!r}"
        if labels and labels != [name]:
            several = len(labels) > 1
            speaker += f" (columns {shown(labels)})" if several else f" (column {labels[0]!r})"
        return speaker

    def _speaking(self, name: str, labels=None, present: np.ndarray | None = None):
        """Name the modality in errors, its columns, and which rows are counted."""
        speaker = self._speaker(name, labels)
        if present is not None and not present.all():
            speaker += f", in the {present.sum()} samples that have it"
        return said_by(speaker)


def _kinds_of(bound: _Bound, table) -> dict:
    """Return which columns of a modality are of which kind, nothing where that is not known."""
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


def _keys_of(bound: _Bound, values) -> list:
    """Return what the columns of a modality are known by: those of a data frame inside X too."""
    inside = bound.inside or ()
    if np.ndim(values) != 2 or np.shape(values)[1] != len(inside):
        return bound.labels or bound.positions
    width = len(inside)
    return [InnerLabel(bound.labels[0], label, place, width) for place, label in enumerate(inside)]


def _fit_in(memory: Memory, *arguments):
    """Fit a modality, or find it in the memory, where only what is known by content is kept."""
    if not known_by_content(*arguments[:2]):
        return _fit_modality(*arguments)
    try:
        return memory.cache(_fit_modality)(*arguments)
    except PicklingError:  # a class made inside a function has no name to be found by
        return _fit_modality(*arguments)


def _fit_modality(modality: Modality, columns: Columns, weight: np.ndarray | None):
    return modality.fit_transform(columns, weight)


def _absent(modality: Modality, table) -> Block:
    return Block.absent(modality.spec_, table.shape[0], masked=modality.masked)


def _counting(present: np.ndarray):
    """Let messages count the rows that have a modality as X does."""
    return counting(None if present.all() else present)


def _rows(columns: Columns, present: np.ndarray) -> Columns:
    return columns if present.all() else columns.take(np.flatnonzero(present))
