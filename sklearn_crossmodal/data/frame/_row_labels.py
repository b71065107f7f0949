"""Row labels: align the rows of tables by their indices."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from sklearn_crossmodal.data._rows import take_rows
from sklearn_crossmodal.data.tables._column_labels import preview

__all__ = ["align_tables", "row_labels", "row_orders", "rows_like", "with_labels"]


def row_labels(values):
    """Return the index of a pandas table or series, None for containers without row labels."""
    if type(values) is np.ndarray or not hasattr(values, "iloc"):
        return None
    index = getattr(values, "index", None)
    return index if hasattr(index, "get_indexer") else None


def align_tables(values: Mapping) -> tuple[dict, dict, object]:
    """Align the rows of labelled tables of one length; raise if their labels differ.

    Returns
    -------
    values : dict of str to object
        Pandas tables share one index, so that they stay aligned when rows are selected.
    orders : dict of str to ndarray of shape (n,)
        For each reordered entry the previous positions of its rows.
    labels : pandas.Index or None
        The labels of the rows; None where no table has an index.
    """
    found = {name: row_labels(table) for name, table in values.items()}
    found = {name: index for name, index in found.items() if index is not None}
    if not found:
        return dict(values), {}, None
    orders, labels = row_orders(found)
    aligned = dict(values)
    for name, index in found.items():
        if name in orders:
            aligned[name] = take_rows(aligned[name], orders[name])
        elif index is not labels and not index.equals(labels):  # a default index
            aligned[name] = with_labels(aligned[name], labels)
    return aligned, orders, labels


def row_orders(found: Mapping) -> tuple[dict, object]:
    """Find the row orders that align tables of equal length by their indices.

    A default index, 0 to n - 1, counts as no labels, unless another index holds the same numbers
    in another order.

    Returns
    -------
    orders : dict of str to ndarray of shape (n,)
        For each table in another order the positions of its rows.
    labels : pandas.Index
        The common index: the default one where all hold its numbers, else that of the first table
        with labels.
    """
    default = {name: index for name, index in found.items() if _is_default(index)}
    labelled = {name: index for name, index in found.items() if name not in default}
    if not labelled:
        return {}, next(iter(default.values()))
    first, labels = next(iter(labelled.items()))
    if default:
        numbered, numbers = next(iter(default.items()))
        if _same_labels(labels, numbers):
            first, labels = numbered, numbers
    places = {name: _find_rows(first, labels, name, index) for name, index in labelled.items()}
    return {name: order for name, order in places.items() if order is not None}, labels


def rows_like(labels, name: str, values):
    """Align rows of a table with the labels of a frame, if both have some; raise if they differ."""
    index = row_labels(values)
    if index is None or labels is None or len(index) != len(labels):
        return values
    default = _is_default(index) or _is_default(labels)
    if not default or _same_labels(index, labels):
        places = _find_rows("the frame", labels, name, index)
        values = values if places is None else take_rows(values, places)
    return with_labels(values, labels)


def with_labels(values, labels):
    """Return a pandas table with another index, without a copy of its cells."""
    return values.set_axis(labels, axis=0)


def _is_default(index) -> bool:
    """Return whether an index numbers the rows from zero on, and so is no label."""
    if hasattr(index, "step") and hasattr(index, "start"):  # a range
        return index.start == 0 and index.step == 1
    kind = getattr(index.dtype, "kind", "O")
    return kind in "iu" and bool(np.array_equal(index.to_numpy(), np.arange(len(index))))


def _same_labels(labels, others) -> bool:
    """Return whether two indices of equal length hold the same labels, each once."""
    unique = labels.is_unique and others.is_unique
    return unique and not (labels.get_indexer(others) < 0).any()


def _find_rows(first, labels, name, index) -> np.ndarray | None:
    """Return the positions of the rows of a table in the order of another; None if it is equal."""
    if index is labels or index.equals(labels):
        return None
    if not (labels.is_unique and index.is_unique):
        twice = labels if not labels.is_unique else index
        raise ValueError(
            f"{first!r} and {name!r} have row labels in different orders, and some of them are "
            f"duplicated, as {preview(list(twice[twice.duplicated()].unique()))}: the rows cannot "
            f"be aligned. {_REMEDY}"
        )
    places = index.get_indexer(labels)
    if (places < 0).any():
        lost, new = labels[places < 0], index[labels.get_indexer(index) < 0]
        raise ValueError(
            f"{first!r} and {name!r} have different row labels: {len(lost)} of {first!r} alone, "
            f"{preview(list(lost), 5)}, and {len(new)} of {name!r} alone, {preview(list(new), 5)}. "
            f"{_REMEDY}"
        )
    return places


_REMEDY = (
    "Give both the same index, or, if their rows are in the same order, none: "
    ".reset_index(drop=True)."
)
