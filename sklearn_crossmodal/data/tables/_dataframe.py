"""Read pandas, polars and pyarrow frames: each column as an array or a categorical series."""

from __future__ import annotations

from collections import Counter
from importlib import import_module

import narwhals as nw
import numpy as np

from sklearn_crossmodal.data._rows import object_array, unwrap
from sklearn_crossmodal.data.tables._column_store import ColumnStore
from sklearn_crossmodal.data.tables._wide_dataframe import number_groups

__all__ = [
    "MIN_EMBEDDING_WIDTH",
    "category_orders",
    "frame_names",
    "is_frame",
    "is_series",
    "original_name",
    "read_frame",
    "read_series",
    "refuse_repeated",
]

#: Minimum length of a float vector in a cell to be an embedding, and not a row of a table.
MIN_EMBEDDING_WIDTH = 32

is_frame = nw.dependencies.is_into_dataframe
is_series = nw.dependencies.is_into_series


def frame_names(frame) -> list[str]:
    """Return the names of the columns of a data frame, as strings."""
    if hasattr(frame, "iloc"):  # faster than narwhals
        return list(map(str, frame.columns.tolist()))
    if hasattr(frame, "column_names"):  # pyarrow, where `columns` are not names
        return list(frame.column_names)
    return list(map(str, nw.from_native(frame, eager_only=True).columns))


def refuse_repeated(names: list[str]) -> None:
    """Raise if a name is duplicated; 1 and "1" are different names in pandas."""
    if len(set(names)) < len(names):
        twice = sorted(name for name, times in Counter(names).items() if times > 1)
        raise ValueError(f"X has more than one column of the name {twice}: rename them.")


def original_name(frame, name: str):
    """Return the label of a column in a pandas frame, which may not be a string."""
    if name in frame.columns:  # the frequent case
        return name
    return next((label for label in frame.columns if str(label) == name), name)


def read_frame(frame) -> ColumnStore:
    """Return the columns of a data frame by name, as `read_series` returns them."""
    names = frame_names(frame)
    refuse_repeated(names)
    groups = number_groups(frame)
    grouped = np.zeros(len(names), dtype=bool)
    for positions, _ in groups:
        grouped[positions] = True
    places = np.flatnonzero(~grouped).tolist()
    columns = zip(places, _read_at(frame, places), strict=True)
    ungrouped = {names[place]: values for place, values in columns}
    return ColumnStore(names, len(frame), ungrouped, groups)


def _read_at(frame, places: list[int]):
    """Yield the values of columns of a data frame by position."""
    if hasattr(frame, "iloc"):
        every = len(places) == frame.shape[1]
        found = frame.items() if every else ((None, frame.iloc[:, place]) for place in places)
        for _, column in found:
            yield read_series(column)
    elif places:
        columns = nw.from_native(frame, eager_only=True)
        if len(places) < len(columns.columns):
            columns = columns[:, places]
        yield from map(_read, columns.iter_columns())


def read_series(series):
    """Return the values of a series as an array.

    NA among numbers becomes NaN. Strings and long vectors are objects, one a row. A `ModalityArray`
    is returned unchanged. Categories are a pandas series, which keeps their order and unused
    categories (without pandas they are strings). Arrays that pandas holds are not copied.
    """
    if isinstance(getattr(series, "dtype", None), np.dtype):  # pandas: a view, without narwhals
        return _as_rows(series.to_numpy())
    return _read(nw.from_native(series, series_only=True))


def category_orders(values) -> list:
    """Return the categories of each ordered categorical column, None for other columns.

    Ordered are a pandas categorical with ``ordered=True``, a polars Enum, an ordered pyarrow
    dictionary. A single entry if `values` is not a data frame.
    """
    if not is_frame(values):
        return [_order_of(values)]
    columns = nw.from_native(values, eager_only=True)
    return [_order_of(columns[:, place].to_native()) for place in range(columns.shape[1])]


def _order_of(column) -> list | None:
    dtype = getattr(column, "dtype", None)
    if hasattr(dtype, "categories") and hasattr(dtype, "ordered"):  # pandas
        return list(dtype.categories) if dtype.ordered else None
    if getattr(getattr(dtype, "pyarrow_dtype", None), "ordered", False):
        column = column.array.__arrow_array__()
    if getattr(getattr(column, "type", None), "ordered", False):  # pyarrow
        chunks = column.unify_dictionaries().chunks if hasattr(column, "chunks") else [column]
        return chunks[0].dictionary.to_pylist() if chunks else None
    if is_series(column):
        dtype = nw.from_native(column, series_only=True).dtype
        return list(dtype.categories) if dtype == nw.Enum else None
    return None


def _read(series: nw.Series):
    native = series.to_native()
    if unwrap(native)[1] is not None:
        return native
    dtype = series.dtype
    if dtype in (nw.Categorical, nw.Enum):
        return _as_categories(series)
    if dtype == nw.Boolean and series.null_count():  # NaN would convert them to numbers
        values = object_array(series.to_list())
    elif dtype.is_numeric() and series.null_count():  # nullable numbers: NA becomes NaN
        values = series.cast(nw.Float64).to_numpy()
    elif hasattr(getattr(native, "type", None), "list_size"):  # pyarrow
        values = _stack_lists(native)
    elif dtype == nw.Struct:  # polars would return a table of the fields
        values = object_array(series.to_list())
    else:
        values = series.to_numpy()
    return _as_rows(values)


def _as_rows(values: np.ndarray) -> np.ndarray:
    """Convert long vectors and strings to objects, one a row."""
    if values.dtype.kind == "f" and values.ndim == 2 and values.shape[1] >= MIN_EMBEDDING_WIDTH:
        return object_array(values)  # like lists of unequal length
    return values.astype(object) if values.dtype.kind in "UST" else values


def _as_categories(series: nw.Series):
    native = series.to_native()
    if hasattr(native, "iloc"):
        return native
    # Not `to_numpy`, which fills missing cells of pyarrow dictionaries with the first category.
    cells = series.to_list()
    try:
        pandas = import_module("pandas")
    except ImportError:
        return object_array(cells)
    categories, ordered = None, False  # the observed categories
    if series.dtype == nw.Enum:
        categories, ordered = list(series.dtype.categories), True
    elif hasattr(native, "unify_dictionaries"):  # pyarrow
        chunks = native.unify_dictionaries().chunks
        categories = chunks[0].dictionary.to_pylist() if chunks else []
        ordered = native.type.ordered
    return pandas.Series(pandas.Categorical(cells, categories=categories, ordered=ordered))


def _stack_lists(chunked) -> np.ndarray:
    """Convert pyarrow lists of fixed size to one numeric array; a missing row is NaN."""
    cells = chunked.combine_chunks()
    present = cells.is_valid().to_numpy(zero_copy_only=False)
    shape: list[int] = []
    while hasattr(cells.type, "list_size"):
        shape.append(cells.type.list_size)
        cells = cells.flatten()
    numbers = cells.to_numpy(zero_copy_only=False)
    if numbers.size != present.sum() * np.prod(shape):  # a list is missing inside another
        return object_array(chunked.to_pylist())
    numbers = numbers.reshape(-1, *shape)
    if present.all():
        return numbers
    spread = np.full((len(present), *shape), np.nan)
    spread[present] = numbers
    return spread
