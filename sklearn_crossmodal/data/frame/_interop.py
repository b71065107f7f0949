"""Read containers of other libraries: lists of views, MuData, datasets with named columns."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from scipy import sparse

from sklearn_crossmodal.data._rows import as_column
from sklearn_crossmodal.data.cells._file_cells import is_file_cell, open_file_cell
from sklearn_crossmodal.utils._sklearn import _num_samples

__all__ = ["read_dataset", "read_mudata", "read_views"]


def read_views(views, names) -> dict:
    """Return views by name; see `MultiModalFrame.from_views`."""
    if not isinstance(views, list | tuple):
        raise TypeError(f"views are a list of 2-D arrays, got {type(views).__name__}.")
    names = [f"view_{place}" for place in range(len(views))] if names is None else list(names)
    if len(names) != len(views):
        raise ValueError(f"got {len(names)} names for {len(views)} views.")
    arrays = [as_column(view) for view in views]
    wrong = {name: np.shape(view) for name, view in zip(names, arrays) if np.ndim(view) != 2}
    if wrong:
        raise ValueError(f"views are 2-D arrays of numbers, got the shapes {wrong}.")
    if len(set(names)) < len(names):
        raise ValueError(f"the names of views must differ, got {names}.")
    return dict(zip(names, arrays, strict=True))


def read_mudata(mdata) -> tuple[dict, dict, dict]:
    """Return values, presence and names of columns; see `MultiModalFrame.from_mudata`."""
    if not hasattr(mdata, "mod") or not hasattr(mdata, "obs_names"):
        raise TypeError(f"from_mudata takes a MuData, got {type(mdata).__name__}.")
    if getattr(mdata, "axis", 0) != 0:
        raise ValueError(
            f"from_mudata takes a MuData whose modalities share observations, axis=0, got axis="
            f"{mdata.axis}."
        )
    values, present, names = {}, {}, {}
    for name, data in mdata.mod.items():
        if data.X is None:
            raise ValueError(f"modality {name!r} of the MuData has no X.")
        rows = data.obs_names.get_indexer(mdata.obs_names)
        values[name] = _rows_or_nothing(_in_memory(data.X), rows)
        names[name] = list(map(str, data.var_names))
        if len(set(names[name])) < len(names[name]):
            raise ValueError(
                f"modality {name!r} of the MuData has variables of one name: call "
                "`var_names_make_unique()` first."
            )
        if (rows < 0).any():
            present[name] = rows >= 0
    return values, present, names


def _in_memory(values):
    """Load a matrix that is backed by a file, or is a view, into memory."""
    if hasattr(values, "to_memory"):
        values = values.to_memory()
    return values if sparse.issparse(values) else np.asarray(values)


def _rows_or_nothing(values, rows: np.ndarray):
    """Return rows of a matrix; for -1 a row of NaN or zeros, or an empty sparse row."""
    if np.array_equal(rows, np.arange(values.shape[0])):
        return values
    absent = rows < 0
    if sparse.issparse(values):
        empty = sparse.csr_array((1, values.shape[1]), dtype=values.dtype)
        return sparse.vstack([values, empty], format="csr")[rows]
    taken = values[rows]
    taken[absent] = np.nan if values.dtype.kind == "f" else 0
    return taken


def read_dataset(dataset, columns) -> dict:
    """Return columns by name; see `MultiModalFrame.from_dataset`."""
    known = list(getattr(dataset, "column_names", None) or [])
    if not known:
        raise TypeError(
            f"from_dataset takes a dataset with `column_names`, got {type(dataset).__name__}."
        )
    names = known if columns is None else list(columns)
    wrong = [name for name in names if name not in known]
    if wrong:
        raise ValueError(f"columns {wrong} are not in the dataset, which has {known}.")
    values = {name: _read_column(dataset, name) for name in names}
    short = {name: _num_samples(column) for name, column in values.items()}
    if set(short.values()) - {len(dataset)}:
        raise ValueError(f"a dataset of {len(dataset)} rows gives columns of {short} rows.")
    return values


def _read_column(dataset, name: str):
    """Return a column, as an array if the dataset returns one; files are not decoded."""
    feature = (getattr(dataset, "features", None) or {}).get(name)
    if getattr(feature, "decode", False) and hasattr(dataset, "cast_column"):
        undecoded = dataset.cast_column(name, replace(feature, decode=False))
        cells = undecoded[name]
        return as_column([open_file_cell(one) if is_file_cell(one) else one for one in cells])
    column = dataset[name]
    return column if hasattr(column, "shape") else as_column(list(column))
