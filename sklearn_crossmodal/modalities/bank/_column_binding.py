"""Bind modalities to columns of X in `fit`, and find these columns later."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
from scipy import sparse
from sklearn.base import clone

from sklearn_crossmodal.data import (
    Block,
    Columns,
    InnerLabel,
    MultiModalFrame,
    entry_of,
    inner_labels,
    preview,
    resolve_columns,
    resolve_unnested,
    select_columns,
    unnest,
)
from sklearn_crossmodal.exceptions import ModalityError
from sklearn_crossmodal.modalities._base import Modality
from sklearn_crossmodal.modalities.bank._date_columns import DateColumns
from sklearn_crossmodal.utils._row_numbers import map_row_numbers, row_number
from sklearn_crossmodal.utils._validation import error_prefix, warn
from sklearn_crossmodal.utils.discovery import named_encoder

__all__ = ["BoundModality", "ColumnBinding"]

_NAMELESS = "its columns have no names, but had in `fit`: they are taken by position."


@dataclass
class BoundModality:
    """A modality with its columns."""

    name: str
    modality: Modality
    key: object  # the columns as the user passed them
    positions: list[int]
    labels: list[str] | None  # None where the columns have no names
    single: bool
    inside: tuple[str, ...] | None = None  # labels of the inner columns of a single entry


class ColumnBinding:
    """Find the columns of modalities in X: by name if they have names, else by position.

    Parameters
    ----------
    owner : str
        Name of the estimator, for messages.
    modalities : list of (str, Modality, columns)
        Unfitted; they are cloned.
    needs_any : bool, default=True
        Whether each sample must have a modality. If so, a single modality is never absent: NaN is
        a missing value.

    Attributes
    ----------
    bound : list of BoundModality
        The modalities in use, with their columns.
    """

    def __init__(self, owner: str, modalities: list[tuple], *, needs_any: bool = True) -> None:
        self.owner = owner
        self.modalities = modalities
        self.needs_any = needs_any
        self.bound: list[BoundModality] = []
        self._inside: dict[str, list[InnerLabel]] = {}  # of entries with selected inner columns
        self._names: list[str] | None = None  # of all columns in `fit`
        self._dates: DateColumns | None = None

    @property
    def fitted(self) -> list[tuple]:
        """The fitted modalities, (name, modality, columns)."""
        return [(bound.name, bound.modality, bound.key) for bound in self.bound]

    def bind(self, X, table) -> None:
        """Find the columns of each modality in X; raise if one is not in X, or a modality has none.

        `X` is what the user passed, with which a callable key is called; `table` is what `as_table`
        makes of it.
        """
        self._find_inner_columns(table)
        table = self.unnested(table)
        self._names = names = list(table) if isinstance(table, MultiModalFrame) else None
        for name, modality, key in self.modalities:
            with self._prefixed(name):
                if isinstance(key, Mapping):
                    positions, single = resolve_unnested(table, key)
                else:
                    positions, single = resolve_columns(X if callable(key) else table, key)
                if not positions:
                    raise ModalityError(f"its columns {key!r} are none of X.")
            labels = None if names is None else [names[place] for place in positions]
            inside = table.labels_inside(labels[0]) if labels and single else None
            cloned = clone(modality)
            cloned.inferred = modality.inferred  # not a parameter
            cloned.encoder = named_encoder(cloned.encoder)  # a pretrained one has a state
            self.bound.append(BoundModality(name, cloned, key, positions, labels, single, inside))
        self._dates = DateColumns(self.owner, self._columns_of_numbers(), table)

    def _columns_of_numbers(self) -> list[tuple]:
        """Return name and position of the columns of modalities that convert dates to numbers."""
        return [
            (None if bound.labels is None else bound.labels[place], position)
            for bound in self.bound
            if bound.modality.kind == "vector"
            for place, position in enumerate(bound.positions)
        ]

    def _find_inner_columns(self, table) -> None:
        """Store the inner columns of the entries in keys ``{entry: columns}``."""
        for name, _, key in self.modalities:
            with self._prefixed(name):
                entry = entry_of(key)
                if entry is None:
                    continue
                if not isinstance(table, MultiModalFrame) or entry not in table:
                    known = list(table) if isinstance(table, MultiModalFrame) else "no names"
                    raise ModalityError(f"column {entry!r} is not in X, which has {known}.")
                self._inside[entry] = inner_labels(entry, table[entry])

    def unnested(self, table):
        """Return X with the inner columns that modalities select from as columns."""
        if not self._inside or not isinstance(table, MultiModalFrame):
            return table
        self._warn_of_nameless(table)
        return unnest(table, self._inside)

    def _warn_of_nameless(self, table) -> None:
        """Warn if inner columns of an entry had names in `fit`, and have none now."""
        for entry, labels in self._inside.items():
            had = isinstance(labels[0].label, str)
            if had and entry in table and table.labels_inside(entry) is None:
                with error_prefix(self.owner), error_prefix(repr(entry)):
                    warn(_NAMELESS)

    def columns_of(self, raw: dict[str, np.ndarray], *, named: bool = True) -> dict:
        """Map raw data of modalities, as of `inverse_transform`, to columns of X.

        Columns with names are returned by name if `named`, else by position. Raise if several were
        joined and cannot be separated.
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
                    "be separated again: make each a modality."
                )
        return columns

    def _check_columns(self, table, only: list[str] | None = None) -> None:
        """Raise if the columns of X differ from those of `fit` in names or date types."""
        self._refuse_renamed(table, only)
        self._dates.check(table)

    def _refuse_renamed(self, table, only: list[str] | None = None) -> None:
        """Raise if columns are missing and others are new, which may be renamed ones."""
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
        if not missing:  # additional columns of X are allowed, but not inside a modality
            new = [name for name in new if isinstance(name, InnerLabel) and self._is_whole(name)]
        if new:
            raise ModalityError(
                f"{self.owner}: the columns {preview(missing)} of `fit` are missing, and "
                f"{preview(new)} are new. Give columns the names they had in `fit`; where a "
                "modality is meant to be absent, leave out the new ones."
            )

    def _is_whole(self, label: InnerLabel) -> bool:
        """Return whether modalities use all inner columns that an entry had in `fit`."""
        used = {one for bound in self.bound for one in bound.labels}
        return used.issuperset(self._inside[label.entry])

    def _has_columns(self, bound: BoundModality, table) -> bool:
        if bound.labels is None or not isinstance(table, MultiModalFrame):
            return True
        names = list(table)
        if names == self._names:
            return True
        known = set(names)
        missing = [label for label in bound.labels if label not in known]
        if missing and len(missing) < len(bound.labels):
            raise ModalityError(
                f"X lacks its columns {preview(missing)}, but has others of it: give all, or "
                "none where the modality is absent."
            )
        return not missing

    def _columns(self, bound: BoundModality, table) -> tuple[Columns, np.ndarray]:
        positions = bound.positions
        if bound.labels is not None and isinstance(table, MultiModalFrame):
            names = list(table)
            if names != self._names:  # the order differs from that in `fit`
                places = dict(zip(names, range(len(names))))
                positions = [places[label] for label in bound.labels]
        columns, present = select_columns(table, positions, single=bound.single)
        if bound.modality.warns_of_empty and not present.all():
            _warn_of_empty(columns.values, present)
        columns = self._in_order(bound, columns)
        if sparse.issparse(columns.values) and not bound.modality.takes_sparse:
            raise ModalityError(
                f"{type(bound.modality).__name__} takes no sparse matrix: take Numeric, or pass "
                "its .toarray()."
            )
        # A single modality is never absent: NaN is a missing value.
        if self.needs_any and len(self.modalities) == 1:
            present = np.ones(table.shape[0], dtype=bool)
            if isinstance(table, MultiModalFrame):
                names = list(table)
                present = table.stated_of_any([names[place] for place in positions])
        return columns, present

    def _in_order(self, bound: BoundModality, columns: Columns) -> Columns:
        """Return inner columns of an entry in the order of `fit`, by label if they have labels."""
        if bound.inside is not None and columns.labels is None:
            with self._prefixed(bound.name, bound.labels):
                warn(_NAMELESS)
        return columns.ordered_like(bound.inside)

    def _check_any_present(self, blocks: dict[str, Block], table) -> dict[str, Block]:
        found = np.any([block.present for block in blocks.values()], axis=0)
        if self.needs_any and not found.all():
            rows = np.flatnonzero(~found)
            unreadable = self._describe_unreadable(table, rows[:5], blocks)
            raise ModalityError(
                f"{self.owner}: {len(rows)} samples have none of the modalities "
                f"{list(blocks)}, first rows {row_number(rows[:5])}{unreadable}: leave them out."
            )
        return blocks

    def _describe_unreadable(self, table, rows: np.ndarray, names) -> str:
        """Return the file names in rows that the named modalities could not read."""
        cells = []
        for bound in self.bound:
            reads = bound.name in names and bound.modality.opens_files
            if reads and self._has_columns(bound, table):
                columns, present = self._columns(bound, table)
                values = np.asarray(columns.values)
                cells += [values[row] for row in rows if present[row]]
        paths = [str(cell) for cell in cells if isinstance(cell, str | os.PathLike)]
        return f", with {paths} that cannot be read" if paths else ""

    def _prefixed(self, name: str, labels=None, suffix: str = ""):
        """Prefix errors with the modality, and with its columns if they have other names."""
        prefix = f"{self.owner}: modality {name!r}"
        if labels and labels != [name]:
            several = len(labels) > 1
            prefix += f" (columns {preview(labels)})" if several else f" (column {labels[0]!r})"
        return error_prefix(prefix + suffix)

    @contextmanager
    def _present_rows(self, bound: BoundModality, columns: Columns, present: np.ndarray):
        """Yield the rows of columns that have the modality; errors count them, and number X's."""
        if present.all():
            yield columns
            return
        suffix = f", in the {present.sum()} samples that have it"
        with self._prefixed(bound.name, bound.labels, suffix), map_row_numbers(present):
            yield columns.take(np.flatnonzero(present))


def _keys_of(bound: BoundModality, values) -> list:
    """Return the labels or positions of the columns of a modality, inner columns included."""
    inside = bound.inside or ()
    if np.ndim(values) != 2 or np.shape(values)[1] != len(inside):
        return bound.labels or bound.positions
    width = len(inside)
    return [InnerLabel(bound.labels[0], label, place, width) for place, label in enumerate(inside)]


def _warn_of_empty(cells, present: np.ndarray) -> None:
    """Warn of rows that are absent because of an empty cell, which may be an error."""
    absent = np.flatnonzero(~present).tolist()
    empty = [row for row in absent if cells[row] is not None and np.size(cells[row]) == 0]
    if empty:
        warn(
            f"{len(empty)} of {len(present)} cells are empty, first rows {row_number(empty[:5])}; "
            "they are absent.",
            stacklevel=3,
        )
