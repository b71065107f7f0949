"""Reject containers of other libraries that are not tables of samples, with a remedy for each."""

from __future__ import annotations

import sys
from collections.abc import Mapping

import numpy as np
from scipy import sparse

from sklearn_crossmodal.data.tables._dataframe import is_frame, is_series

__all__ = ["refuse_foreign", "refuse_foreign_entry"]

#: For each container the attributes that identify it, its name, and its conversion to a table.
_FOREIGN = [
    (("mod", "obs_names"), "a MuData", "MultiModalFrame.from_mudata({X})"),
    (
        ("obs", "var", "obs_names", "X"),
        "an AnnData",
        "its matrix, {X}.X, or {X}.to_df() to keep the names of its variables",
    ),
    (
        ("column_names", "features", "__len__"),
        "a dataset of Hugging Face",
        "MultiModalFrame.from_dataset({X})",
    ),
    (
        ("column_names", "features", "__iter__"),
        "a dataset that is streamed",
        "MultiModalFrame.from_dataset(datasets.Dataset.from_list(list({X})))",
    ),
    (("toPandas",), "a frame of Spark", "{X}.toPandas()"),
    (("collect", "collect_schema"), "a lazy frame", "{X}.collect()"),
    (("compute", "columns", "partitions"), "a frame of Dask", "{X}.compute()"),
    (
        ("data_vars", "coords", "dims"),
        "a dataset of xarray",
        "MultiModalFrame({{name: {X}[name].to_numpy() for name in {X}}}), or {X}.to_dataframe()",
    ),
    (
        ("dataset", "batch_size", "collate_fn"),
        "a DataLoader",
        "the arrays that it reads from, such as MultiModalFrame({{'image': images}})",
    ),
    (
        ("element_spec", "as_numpy_iterator"),
        "a dataset of TensorFlow",
        "the arrays in list({X}.as_numpy_iterator())",
    ),
    (("fetchdf", "arrow"), "a relation of DuckDB", "{X}.df()"),
    (("to_table", "schema", "scanner"), "a dataset of pyarrow", "{X}.to_table()"),
    (
        ("column_names", "to_pandas", "num_rows"),
        "a batch of pyarrow",
        "pyarrow.Table.from_batches([{X}])",
    ),
    (("execute", "to_pandas", "schema"), "an expression of Ibis", "{X}.to_pandas()"),
    (("to_native", "implementation"), "a frame of narwhals", "{X}.to_native()"),
]


def refuse_foreign(X) -> None:
    """Raise if X is a container that is not a table of samples; name the conversion.

    Containers are identified by their attributes; no cell is read. Lists of views or of records are
    refused, too.
    """
    if type(X) in (np.ndarray, dict) or sparse.issparse(X):  # some of the latter are mappings
        return
    if isinstance(X, list | tuple):
        _refuse_list(X)
    elif isinstance(X, Mapping):
        _refuse_splits(X)
    _refuse(X, "X")


def refuse_foreign_entry(name: str, values) -> None:
    """Raise if an entry of a mapping is a container that is not a column; name the conversion."""
    if type(values) not in (np.ndarray, list, tuple):
        _refuse(values, f"X[{name!r}]")


def _refuse(X, name: str) -> None:
    known = isinstance(X, np.ndarray | list | tuple) or sparse.issparse(X)
    if known or is_frame(X) or is_series(X):
        return
    for attributes, what, remedy in _FOREIGN:
        if all(hasattr(X, attribute) for attribute in attributes):
            remedy = remedy.format(X=name)
            raise TypeError(f"{name} is {what}, {type(X).__name__}: pass {remedy}.")
    torch_data = sys.modules.get("torch.utils.data")
    if torch_data is not None and isinstance(X, torch_data.Dataset):
        raise TypeError(
            f"{name} is a dataset of torch, {type(X).__name__}, whose samples have no names: "
            "pass the arrays of its samples, such as MultiModalFrame({'image': "
            f"numpy.stack([sample[0] for sample in {name}])}})."
        )


def _refuse_splits(X: Mapping) -> None:
    """Raise if the entries of a mapping are datasets: its keys are splits, not modalities."""
    split = next(iter(X), None)
    if split is not None and all(hasattr(X[split], one) for one in ("column_names", "features")):
        raise TypeError(
            f"X is a mapping of splits to datasets, {type(X).__name__}: pass one of them, "
            f"MultiModalFrame.from_dataset(X[{split!r}])."
        )


def _refuse_list(X) -> None:
    """Raise if the entries of a list are views or records, not rows."""
    if len(X) and isinstance(X[0], Mapping):
        raise TypeError(
            f"X is a list of records, {type(X[0]).__name__}: pass pandas.DataFrame(X), or "
            "MultiModalFrame.from_frame(pandas.DataFrame(X))."
        )
    if not len(X) or len(getattr(X[0], "shape", ())) < 2:  # mostly the first row
        return
    shapes = [tuple(getattr(one, "shape", ())) for one in X]
    if not all(shapes) or len({shape[0] for shape in shapes}) > 1:
        return
    n_rows, tables = shapes[0][0], [is_frame(one) or sparse.issparse(one) for one in X]
    views = f"X is a list of {len(X)} views of the same {n_rows} samples"
    if any(len(shape) != 2 for shape in shapes):
        if len({len(shape) for shape in shapes}) > 1:
            raise TypeError(f"{views}: name them, MultiModalFrame({{'a': X[0], 'b': X[1]}}).")
        return
    if any(tables) or len(set(shapes)) > 1:
        raise TypeError(f"{views}: pass MultiModalFrame.from_views(X).")
    raise TypeError(
        f"X is a plain column of {len(X)} {type(X[0]).__name__} of shape {shapes[0]}. If they are "
        f"views of the same {n_rows} samples, pass MultiModalFrame.from_views(X); if each is a "
        "sample, name the modality: MultiModalFrame({'image': X})."
    )
