"""Nest columns in the entries of X that they come from; the inverse of `unnest`."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from importlib.util import find_spec

import narwhals as nw
import numpy as np

from sklearn_crossmodal.data._rows import object_array
from sklearn_crossmodal.data._unnesting import split_by_entry
from sklearn_crossmodal.data.frame._frame import MultiModalFrame

__all__ = ["nest"]


def nest(columns: Mapping, n_rows: int) -> MultiModalFrame:
    """Return a frame of columns by name; the inner columns of an entry form one table.

    A numeric entry is an array. An entry of several types is a data frame if its columns have
    names, else an array of objects. Columns that are not among `columns` are NaN or None.
    """
    plain, inner = split_by_entry(columns)
    tables = {entry: _table(inside, n_rows) for entry, inside in inner.items()}
    order = [getattr(name, "entry", name) for name in columns]
    found = {**plain, **tables}
    return MultiModalFrame(
        {name: found[name] for name in dict.fromkeys(order)},
        feature_names={
            entry: [label.label for label in _by_position(inside)]
            for entry, inside in inner.items()
            if isinstance(tables[entry], np.ndarray) and _are_all_named(inside)
        },
    )


def _table(columns: Mapping, n_rows: int):
    width = next(iter(columns)).width
    if all(np.asarray(values).dtype.kind in "biuf" for values in columns.values()):
        table = np.full((n_rows, width), np.nan)
    else:
        if all(isinstance(label.label, str) for label in columns):
            return _data_frame({label.label: columns[label] for label in _by_position(columns)})
        table = np.full((n_rows, width), None, dtype=object)
    for label, values in columns.items():
        table[:, label.place] = values if np.ndim(values) == 1 else object_array(values)
    return table


def _are_all_named(columns: Mapping) -> bool:
    """Return whether these are all columns of their entry, and all have names."""
    named = all(isinstance(label.label, str) for label in columns)
    return named and len(columns) == next(iter(columns)).width


def _by_position(columns: Mapping) -> list:
    return sorted(columns, key=lambda label: label.place)


def _data_frame(columns: dict):
    """Return a data frame of an installed library; pandas is preferred."""
    columns = {
        name: values if np.ndim(values) == 1 else object_array(values)
        for name, values in columns.items()
    }
    try:
        return import_module("pandas").DataFrame(columns)
    except ImportError:
        backend = "polars" if find_spec("polars") else "pyarrow"
        lists = {name: np.asarray(values).tolist() for name, values in columns.items()}
        return nw.from_dict(lists, backend=backend).to_native()
