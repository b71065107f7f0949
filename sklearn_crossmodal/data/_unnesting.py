"""Unnest the columns inside an entry of X, such as a data frame in a mapping, to columns of X."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import narwhals as nw
import numpy as np

from sklearn_crossmodal.data.cells._cells import as_cells
from sklearn_crossmodal.data.frame._frame import MultiModalFrame
from sklearn_crossmodal.data.tables._column_labels import column_labels
from sklearn_crossmodal.data.tables._column_selection import resolve_columns
from sklearn_crossmodal.data.tables._dataframe import (
    frame_names,
    is_frame,
    read_frame,
    refuse_repeated,
)
from sklearn_crossmodal.utils._validation import error_prefix

__all__ = [
    "InnerLabel",
    "columns_inside",
    "entry_of",
    "inner_keys",
    "inner_labels",
    "read_inside",
    "resolve_unnested",
    "split_by_entry",
    "unnest",
]


class InnerLabel(str):
    """The name of an inner column: a column inside one entry of X, as ``clinical['age']``.

    `label` is its name, or its position where it has no name; `place` its position among `width`
    inner columns.
    """

    def __new__(cls, entry: str, label, place: int, width: int) -> InnerLabel:
        self = super().__new__(cls, f"{entry}[{label!r}]")
        self.entry, self.label, self.place, self.width = entry, label, place, width
        return self

    def __getnewargs__(self):
        return self.entry, self.label, self.place, self.width


def entry_of(key) -> str | None:
    """Return the entry of X that a key ``{entry: columns}`` selects from, None for other keys."""
    if not isinstance(key, Mapping):
        return None
    if len(key) != 1:
        raise TypeError(
            f"columns inside a modality are {{entry: columns}}, of one entry of X, got {dict(key)}."
        )
    return next(iter(key))


def inner_labels(entry: str, values) -> list[InnerLabel]:
    """Return the labels of the inner columns of an entry of X: a data frame, or an array (n, d)."""
    if is_frame(values):
        names = column_labels(values)
    elif isinstance(values, np.ndarray) and values.ndim == 2:
        names = range(values.shape[1])
    else:
        raise TypeError(
            f"{entry!r} holds {type(values).__name__}, which has no flat columns to choose from: "
            "pass a data frame or an array (n, d)."
        )
    return [InnerLabel(entry, name, place, len(names)) for place, name in enumerate(names)]


def unnest(table: MultiModalFrame, labels: Mapping[str, list[InnerLabel]]) -> MultiModalFrame:
    """Return a table with the inner columns of some entries as additional columns.

    `labels` are those of each entry in `fit`; where either side has no names, columns are matched
    by position. The entries are kept, since another modality may use one as a whole.
    """
    values, present = {}, {}
    for entry, fitted in labels.items():
        if entry not in table:
            continue
        present_entry = table.stated(entry)
        for label, (cells, stated) in _columns_inside(entry, table[entry], fitted).items():
            values[label] = cells
            if not (stated := stated & present_entry).all():
                present[label] = stated
    return MultiModalFrame(
        {**table, **values},
        present={**table.declared, **present},
        feature_names=table.feature_names,
    )


def _columns_inside(entry: str, values, fitted: Iterable[InnerLabel]) -> dict:
    """Return the inner columns of an entry and their presence, by the labels of `fit`."""
    found = inner_labels(entry, values)
    if is_frame(values):
        inner = MultiModalFrame(read_frame(values))
        columns = [(inner[name], inner.stated(name)) for name in inner]
    else:
        columns = [(column, np.ones(len(values), dtype=bool)) for column in values.T]
    known = {str(label): label for label in fitted}
    if any(isinstance(label.label, int) for label in [*known.values(), *found]):
        found = [known[old] for old, _ in zip(known, found)] + found[len(known) :]
    else:
        found = [known.get(label, label) for label in found]
    return dict(zip(found, columns, strict=True))


def resolve_unnested(table: MultiModalFrame, key: Mapping) -> tuple[list[int], bool]:
    """Resolve a key ``{entry: columns}`` to positions of inner columns in an unnested table.

    Return also whether it selects a single column, not a list of columns.
    """
    labels, single = _resolve_inside(table, key)
    places = {name: place for place, name in enumerate(table)}
    return [places[label] for label in labels], single


def _resolve_inside(table: MultiModalFrame, key: Mapping) -> tuple[list[InnerLabel], bool]:
    """Resolve a key ``{entry: columns}`` to inner columns, in the order of the key."""
    entry = entry_of(key)
    if entry not in table:
        raise ValueError(f"column {entry!r} is not in X, which has {list(table)}.")
    values = table[entry]
    labels = inner_labels(entry, values)
    positions, single = resolve_columns(values, key[entry])
    return [labels[place] for place in positions], single


def split_by_entry(columns: Mapping) -> tuple[dict, dict]:
    """Split a mapping of columns into those of X, and for each entry of X its inner columns."""
    plain: dict = {}
    inner: dict[str, dict] = {}
    for key, value in columns.items():
        if isinstance(key, InnerLabel):
            inner.setdefault(key.entry, {})[key] = value
        else:
            plain[key] = value
    return plain, inner


def inner_keys(values, columns: Mapping, feature_names: tuple[str, ...] | None = None) -> dict:
    """Return items of inner columns keyed by column name, or by position where there are no names.

    The columns of an array are keyed by position, which `feature_names` decide if there are any.
    """
    named = is_frame(values)
    places = {name: place for place, name in enumerate(feature_names or ())}
    return {
        label.label
        if named and isinstance(label.label, str)
        else places.get(label.label, label.place): value
        for label, value in columns.items()
    }


def columns_inside(entry: str, values) -> dict:
    """Return the inner columns of an entry of X, as of `as_cells`, if they may be of several kinds.

    A numeric data frame, an array other than of objects and a single column are of one kind.
    """
    if is_frame(values):
        with error_prefix(repr(entry)):
            refuse_repeated(frame_names(values))
        schema = nw.from_native(values, eager_only=True).schema
        if len(schema) < 2 or all(dtype.is_numeric() for dtype in schema.values()):
            return {}
    elif not (isinstance(values, np.ndarray) and values.dtype == object and values.ndim == 2):
        return {}
    labels = inner_labels(entry, values)
    columns = _columns_inside(entry, values, labels)
    if len(columns) < 2:
        return {}
    return {label.label: as_cells(cells) for label, (cells, _) in columns.items()}


def read_inside(table: MultiModalFrame, key: Mapping) -> tuple[dict, bool]:
    """Return the inner columns that a key ``{entry: columns}`` selects, by name or position.

    They are as of `as_cells`. Return also whether the key selects a single column, not a list.
    """
    labels, single = _resolve_inside(table, key)
    entry = entry_of(key)
    columns = _columns_inside(entry, table[entry], inner_labels(entry, table[entry]))
    return {label.label: as_cells(columns[label][0]) for label in labels}, single
