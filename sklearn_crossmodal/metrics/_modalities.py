"""The modalities of X: their columns, their presence mask, and X with some of them masked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import chain, combinations
from typing import Any

import numpy as np

from sklearn_crossmodal.data import (
    Columns,
    MultiModalFrame,
    as_table,
    entry_of,
    inner_labels,
    is_named,
    mask_cells,
    refuse_foreign,
    resolve_columns,
    resolve_unnested,
    select_columns,
    unnest,
)
from sklearn_crossmodal.exceptions import ModalityError
from sklearn_crossmodal.utils._sklearn import _num_samples, _safe_indexing
from sklearn_crossmodal.utils._validation import error_prefix

__all__ = ["Modalities", "as_list", "as_names", "subsets_of"]


@dataclass
class Modalities:
    """The modalities of X, as defined by an estimator or by the user.

    Parameters
    ----------
    owner : str
        Name of the estimator, for messages.
    X : {MultiModalFrame, dataframe, mapping, array-like} of shape (n_samples, n_features)
        The samples.
    columns : dict of str to (list of int, bool)
        For each modality, the positions of its columns, empty if X has none of them, and whether a
        single column is taken as 1d.
    inside : dict of str to list of InnerLabel
        Labels of the nested columns of those entries of X from which modalities select columns.
        Nested columns are appended to the columns of X.
    orders : dict of str to tuple of str
        For each modality, the names of its nested columns in the order of `fit`.
    """

    owner: str
    X: Any
    columns: dict[str, tuple[list[int], bool]]
    inside: dict[str, list] = field(default_factory=dict)
    orders: dict[str, tuple] = field(default_factory=dict)
    table: Any = field(init=False, repr=False)
    present: np.ndarray = field(init=False, repr=False)  # (n_samples, M)

    def __post_init__(self):
        self.table = _as_table(self.X)
        if self.inside:
            self.table = unnest(self.table, self.inside)
        flags = [self.read(name)[1] for name in self.columns]
        self.present = np.column_stack(flags)

    @classmethod
    def of(cls, estimator, X, modalities: Mapping | None = None) -> Modalities:
        """Find the modalities of X: those passed, else those of the fitted estimator.

        Without `modalities_`, each entry of a mapping is a modality.
        """
        owner = type(estimator).__name__
        with error_prefix(owner):
            refuse_foreign(X)
        if not (modalities is None or isinstance(modalities, Mapping)):
            raise TypeError(
                f"{owner}: modalities must be a mapping of names to columns, got {modalities!r}."
            )
        if modalities is None:
            listed = getattr(estimator, "modalities_", None)
            if listed is not None:
                modalities = {name: columns for name, _, columns in listed}
            elif isinstance(X, Mapping):
                modalities = {name: name for name in X}
        if not modalities:
            raise ModalityError(
                f"{owner} has no modalities_, and X, a {type(X).__name__}, does not define the "
                "columns of each modality: pass a MultiModalFrame, or name the columns in "
                "modalities={name: columns}."
            )
        inside = _find_inside(X, modalities)
        columns = {name: _find(X, columns, inside) for name, columns in modalities.items()}
        bound = getattr(getattr(estimator, "_bank", None), "bound", ())
        return cls(owner, X, columns, inside, {one.name: one.inside for one in bound})

    def __len__(self) -> int:
        return len(self.columns)

    def __iter__(self) -> Iterator[str]:
        return iter(self.columns)

    def check(self, names) -> list[str]:
        """Return one name or several of modalities as a list; raise if one is unknown."""
        names = as_names(names)
        unknown = [name for name in names if name not in self.columns]
        if unknown:
            raise ModalityError(
                f"{self.owner}: {unknown} are not among the modalities {list(self)}."
            )
        return names

    def check_length(self, y) -> None:
        """Raise if X and y have different numbers of rows."""
        n_samples = self.table.shape[0]
        if _num_samples(y) != n_samples:
            raise ValueError(f"{self.owner}: X has {n_samples} samples, y has {_num_samples(y)}.")

    def read(self, name: str) -> tuple[Columns | None, np.ndarray]:
        """Return the columns of a modality, None if X has none of them, and its presence (n,)."""
        positions, single = self.columns[name]
        if not positions:
            return None, np.zeros(self.table.shape[0], dtype=bool)
        columns, present = select_columns(self.table, positions, single=single)
        return columns.ordered_like(self.orders.get(name)), present

    def rows_with(self, names) -> np.ndarray:
        """Return the indices of the rows that have all of the given modalities."""
        places = [list(self).index(name) for name in names]
        return np.flatnonzero(self.present[:, places].all(axis=1))

    def take(self, rows: np.ndarray):
        """Return some rows of X, in rising order; X itself if these are all rows."""
        X = as_table(self.X) if isinstance(self.X, Mapping) else self.X
        return X if len(rows) == _num_samples(X) else _safe_indexing(X, rows)

    def hide(self, hidden: np.ndarray):
        """Return X with some modalities of some rows masked, where `hidden` (n, M) is True."""
        names = list(self.table) if is_named(self.X) else range(self.table.shape[1])
        cells: dict = {}
        for (positions, _), rows in zip(self.columns.values(), hidden.T, strict=True):
            for place in positions:
                # A column of two modalities is masked only with both of them.
                cells[names[place]] = cells.get(names[place], True) & rows
        with error_prefix(self.owner):
            return mask_cells(self.X, cells)


def _as_table(X):
    table = as_table(X)
    return table if isinstance(table, MultiModalFrame) or hasattr(table, "shape") else np.asarray(X)


def _find_inside(X, modalities: Mapping) -> dict[str, list]:
    """Return the nested columns of those entries of X from which modalities select columns."""
    entries = [entry for key in modalities.values() if (entry := entry_of(key)) is not None]
    table = _as_table(X) if entries else {}
    return {entry: inner_labels(entry, table[entry]) for entry in entries if entry in table}


def _find(X, columns, inside: Mapping) -> tuple[list[int], bool]:
    """Return the positions of columns in X; empty if they are names and X has none of them."""
    if isinstance(columns, Mapping):
        if entry_of(columns) not in inside:
            return [], False
        return resolve_unnested(unnest(_as_table(X), inside), columns)
    if callable(columns) or not is_named(X):
        return resolve_columns(X if hasattr(X, "shape") else np.asarray(X), columns)
    table = as_table(X)
    names = [columns] if isinstance(columns, str) else columns
    named = not isinstance(names, slice) and all(isinstance(name, str) for name in np.ravel(names))
    if named and not set(names) & set(table):
        return [], False
    return resolve_columns(table, columns)


def as_names(names) -> list[str]:
    """Return a name, or several names, as a list."""
    return [names] if isinstance(names, str) else list(names)


def as_list(entries) -> list:
    """Return one or several entries as a list; an entry is a name or a tuple of names."""
    return [entries] if isinstance(entries, str | tuple) else list(entries)


def subsets_of(names, sizes=None) -> Iterator[tuple[str, ...]]:
    """Yield the subsets of names in order of size: of the given sizes, None for all from one on.

    Examples
    --------
    >>> from sklearn_crossmodal.metrics._modalities import subsets_of
    >>> list(subsets_of("ab"))
    [('a',), ('b',), ('a', 'b')]
    """
    names = list(names)
    sizes = range(1, len(names) + 1) if sizes is None else sizes
    return chain.from_iterable(combinations(names, size) for size in sizes)
