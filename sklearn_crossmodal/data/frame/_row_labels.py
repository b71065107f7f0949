"""Labels of rows: tables that are put together are brought into one order by their indices."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from sklearn_crossmodal.data._rows import take_rows
from sklearn_crossmodal.data.tables._column_labels import preview

__all__ = ["align_tables", "row_labels", "row_orders", "rows_like", "with_labels"]


def row_labels(values):
    """Return the index of a pandas table or series, None of what has its rows by position.

    Parameters
    ----------
    values : object with n rows
        An entry of X.

    Returns
    -------
    pandas.Index or None
    """
    if type(values) is np.ndarray or not hasattr(values, "iloc"):
        return None
    index = getattr(values, "index", None)
    return index if hasattr(index, "get_indexer") else None


def align_tables(values: Mapping) -> tuple[dict, dict, object]:
    """Bring the rows of labelled tables into one order.

    Parameters
    ----------
    values : mapping of str to object with n rows
        Entries of one length.

    Returns
    -------
    values : dict of str to object
        Pandas tables have one index, and with it stay together when rows are taken.
    orders : dict of str to ndarray of shape (n,)
        For each entry that was brought into another order, where its rows were.
    labels : pandas.Index or None
        The labels of the rows; None where no table has an index.

    Raises
    ------
    ValueError
        If the tables have different labels; the message shows some of them.
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
        elif index is not labels and not index.equals(labels):  # it had none
            aligned[name] = with_labels(aligned[name], labels)
    return aligned, orders, labels


def row_orders(found: Mapping) -> tuple[dict, object]:
    """Find the order of rows in which tables have the same labels.

    Parameters
    ----------
    found : mapping of str to pandas.Index
        The indices of tables of one length. A default index, 0 to n - 1, stands for no labels,
        unless others hold the same numbers in another order.

    Returns
    -------
    orders : dict of str to ndarray of shape (n,)
        For each table that is in another order, where its rows are.
    labels : pandas.Index
        That of all tables then: the default one where all have its numbers, else that of the
        first table that has labels.

    Raises
    ------
    ValueError
        If tables with labels have different ones.
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
    """Return a table with its rows in the order of a frame that it is put into.

    Parameters
    ----------
    labels : pandas.Index or None
        Of the rows of the frame.
    name : str
        Of the table, for the message.
    values : object with n rows
        The table.

    Returns
    -------
    object of the type of `values`

    Raises
    ------
    ValueError
        If both have labels, and they differ.
    """
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
    """Tell whether an index counts the rows from zero on, and so says nothing of them."""
    if hasattr(index, "step") and hasattr(index, "start"):  # a range
        return index.start == 0 and index.step == 1
    kind = getattr(index.dtype, "kind", "O")
    return kind in "iu" and bool(np.array_equal(index.to_numpy(), np.arange(len(index))))


def _same_labels(labels, others) -> bool:
    """Tell whether two indices of one length hold the same labels, each but once."""
    unique = labels.is_unique and others.is_unique
    return unique and not (labels.get_indexer(others) < 0).any()


def _find_rows(first, labels, name, index) -> np.ndarray | None:
    """Return where the rows of a table are in the order of another, None in the same order."""
    if index is labels or index.equals(labels):
        return None
    if not (labels.is_unique and index.is_unique):
        twice = labels if not labels.is_unique else index
        raise ValueError(
            f"{first!r} and {name!r} have row labels in different orders, and some of them stand "
            f"more than once, as {preview(list(twice[twice.duplicated()].unique()))}: it is not "
            f"known which rows belong together. {_REMEDY}"
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
