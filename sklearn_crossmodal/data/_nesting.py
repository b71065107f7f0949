"""Put columns that were inside one entry of X into one table again."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module

import narwhals as nw
import numpy as np

from sklearn_crossmodal.data._rows import object_array
from sklearn_crossmodal.data._unnesting import split_by_entry
from sklearn_crossmodal.data.frame._frame import MultiModalFrame

__all__ = ["nest"]


def nest(columns: Mapping, n_rows: int) -> MultiModalFrame:
    """Return columns as a frame, those inside one entry as one table.

    Parameters
    ----------
    columns : mapping of str to array with n_rows rows
        By the names of columns; of those inside an entry an `InnerLabel`.
    n_rows : int
        How many rows there are.

    Returns
    -------
    MultiModalFrame
        An entry of numbers is an array. Of several kinds it is a data frame, if its columns have
        names, else an array of objects. What stands in no column is NaN, or None.
    """
    plain, inner = split_by_entry(columns)
    tables = {entry: _table(inside, n_rows) for entry, inside in inner.items()}
    order = [getattr(name, "entry", name) for name in columns]
    found = {**plain, **tables}
    return MultiModalFrame(
        {name: found[name] for name in dict.fromkeys(order)},
        feature_names={
            entry: [label.label for label in _ordered(inside)]
            for entry, inside in inner.items()
            if isinstance(tables[entry], np.ndarray) and _have_names(inside)
        },
    )


def _table(columns: Mapping, n_rows: int):
    width = next(iter(columns)).width
    if all(np.asarray(values).dtype.kind in "biuf" for values in columns.values()):
        table = np.full((n_rows, width), np.nan)
    else:
        if all(isinstance(label.label, str) for label in columns):
            return _data_frame({label.label: columns[label] for label in _ordered(columns)})
        table = np.full((n_rows, width), None, dtype=object)
    for label, values in columns.items():
        table[:, label.place] = values if np.ndim(values) == 1 else object_array(values)
    return table


def _have_names(columns: Mapping) -> bool:
    """Tell whether these are all columns of their entry, and have names."""
    named = all(isinstance(label.label, str) for label in columns)
    return named and len(columns) == next(iter(columns)).width


def _ordered(columns: Mapping) -> list:
    return sorted(columns, key=lambda label: label.place)


def _data_frame(columns: dict):
    """Return a data frame of the library that is there; only what had one has such columns."""
    columns = {
        name: values if np.ndim(values) == 1 else object_array(values)
        for name, values in columns.items()
    }
    try:
        return import_module("pandas").DataFrame(columns)
    except ImportError:
        backend = "polars" if _is_there("polars") else "pyarrow"
        lists = {name: np.asarray(values).tolist() for name, values in columns.items()}
        return nw.from_dict(lists, backend=backend).to_native()


def _is_there(module: str) -> bool:
    try:
        import_module(module)
    except ImportError:
        return False
    return True
