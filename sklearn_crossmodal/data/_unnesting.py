"""Columns inside one entry of X, such as those of a data frame in a mapping, as columns of X."""

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
    "resolve_inside",
    "split_by_entry",
    "unnest",
]


class InnerLabel(str):
    """The name of a column inside one entry of X, as ``clinical['age']``.

    Parameters
    ----------
    entry : str
        The entry of X.
    label : str or int
        The column inside; its position where it has no name.
    place, width : int
        Its position, and how many columns there are.

    Examples
    --------
    >>> from sklearn_crossmodal.data import InnerLabel
    >>> InnerLabel("clinical", "age", 0, 2)
    "clinical['age']"
    """

    def __new__(cls, entry: str, label, place: int, width: int) -> InnerLabel:
        self = super().__new__(cls, f"{entry}[{label!r}]")
        self.entry, self.label, self.place, self.width = entry, label, place, width
        return self

    def __getnewargs__(self):
        return self.entry, self.label, self.place, self.width


def entry_of(key) -> str | None:
    """Return the entry of X that a key ``{entry: columns}`` looks into, None for other keys.

    Raises
    ------
    TypeError
        If the key is a mapping, but not of one entry.
    """
    if not isinstance(key, Mapping):
        return None
    if len(key) != 1:
        raise TypeError(
            f"columns inside a modality are {{entry: columns}}, of one entry of X, got {dict(key)}."
        )
    return next(iter(key))


def inner_labels(entry: str, values) -> list[InnerLabel]:
    """Return the names of the flat columns inside one entry of X.

    Parameters
    ----------
    entry : str
        The entry.
    values : data frame or ndarray of shape (n, d)
        What it holds.

    Returns
    -------
    list of InnerLabel

    Raises
    ------
    TypeError
        If there are no flat columns inside.
    """
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
    """Return a table with the columns inside some entries as further columns.

    Parameters
    ----------
    table : MultiModalFrame
        The samples.
    labels : mapping of str to list of InnerLabel
        For each entry its columns in `fit`. One that the table lacks is passed over. Where either
        side has no names, columns are taken by position.

    Returns
    -------
    MultiModalFrame
        The entries stay in it, since another modality may mean one as a whole.
    """
    values, present = {}, {}
    for entry, fitted in labels.items():
        if entry not in table:
            continue
        there = table.stated(entry)
        for label, (cells, stated) in _columns_inside(entry, table[entry], fitted).items():
            values[label] = cells
            if not (stated := stated & there).all():
                present[label] = stated
    stated = {name: table.stated(name) for name in table}
    stated = {name: flags for name, flags in stated.items() if not flags.all()}
    return MultiModalFrame(
        {**table, **values},
        present={**stated, **present},
        feature_names=table.feature_names,
    )


def _columns_inside(entry: str, values, fitted: Iterable[InnerLabel]) -> dict:
    """Return the columns inside an entry, with where they are there, by the labels of `fit`."""
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


def resolve_inside(table: MultiModalFrame, key: Mapping) -> tuple[list[InnerLabel], bool]:
    """Find the columns that a key ``{entry: columns}`` means.

    Parameters
    ----------
    table : MultiModalFrame
        The samples.
    key : mapping of str to columns
        Of one entry; its columns as `resolve_columns` takes them.

    Returns
    -------
    labels : list of InnerLabel
        In the order asked for.
    single : bool
        Whether one column is meant as it is.

    Raises
    ------
    ValueError
        If an entry or a column is not there.
    """
    entry = entry_of(key)
    if entry not in table:
        raise ValueError(f"column {entry!r} is not in X, which has {list(table)}.")
    values = table[entry]
    labels = inner_labels(entry, values)
    positions, single = resolve_columns(values, key[entry])
    return [labels[place] for place in positions], single


def split_by_entry(columns: Mapping) -> tuple[dict, dict]:
    """Separate what is known by an `InnerLabel` from the rest.

    Parameters
    ----------
    columns : mapping of str or int to object
        By the names of columns.

    Returns
    -------
    plain : dict of str or int to object
        What is meant for columns of X.
    inner : dict of str to dict of InnerLabel to object
        For each entry of X, what is meant for the columns inside.
    """
    plain: dict = {}
    inner: dict[str, dict] = {}
    for key, value in columns.items():
        if isinstance(key, InnerLabel):
            inner.setdefault(key.entry, {})[key] = value
        else:
            plain[key] = value
    return plain, inner


def inner_keys(values, columns: Mapping, feature_names: tuple[str, ...] | None = None) -> dict:
    """Return what is meant for columns inside an entry by their names, else by their positions.

    Columns of an array that have `feature_names` are found by these, and known by position.
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
    """Return the flat columns inside one entry of X that may be of several kinds.

    Parameters
    ----------
    entry : str
        The entry.
    values : object with n rows
        What it holds.

    Returns
    -------
    dict of str or int to array-like
        By name or position, as `as_cells` returns them; none where there is one kind at most: of
        a data frame of numbers, of an array that is none of objects, and of a single column.
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
    """Return the columns that a key ``{entry: columns}`` means, by name or position.

    Parameters
    ----------
    table : MultiModalFrame
        The samples.
    key : mapping of str to columns
        Of one entry.

    Returns
    -------
    columns : dict of str or int to array-like
        As `as_cells` returns them.
    single : bool
        Whether one column is meant as it is.
    """
    labels, single = resolve_inside(table, key)
    entry = entry_of(key)
    columns = _columns_inside(entry, table[entry], inner_labels(entry, table[entry]))
    return {label.label: as_cells(columns[label][0]) for label in labels}, single
