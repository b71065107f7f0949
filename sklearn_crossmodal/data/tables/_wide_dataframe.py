"""Read the numeric columns of wide pandas, polars and pyarrow frames, grouped by dtype."""

from __future__ import annotations

from collections.abc import Callable

import narwhals as nw
import numpy as np

__all__ = ["number_groups"]

#: Fewer columns of a dtype are read one by one, as views where the library allows.
_MANY = 32
#: Dtypes of polars and pyarrow, by name, and their NumPy dtypes.
_TYPES = {
    **{f"Int{bits}": f"int{bits}" for bits in (8, 16, 32, 64)},
    **{f"UInt{bits}": f"uint{bits}" for bits in (8, 16, 32, 64)},
    **{"Float32": "float32", "Float64": "float64"},
}

Group = tuple[np.ndarray, np.ndarray]


def number_groups(frame) -> list[Group]:
    """Return the numeric columns of a data frame that share a dtype with many others.

    A group is the positions of its columns (k,), ascending, and the array (n, k) of their numbers,
    as `read_series` returns each. Columns with NA are float64, with NaN. Frames of libraries other
    than pandas, polars and pyarrow have no groups.
    """
    if frame.shape[1] < _MANY:
        return []
    for is_of, find in _READERS:
        if is_of(frame):
            return find(frame)
    return []


def _by_type(types: list) -> dict:
    """Return the positions of the columns of each frequent dtype."""
    if types.count(types[0]) == len(types):
        return {types[0]: np.arange(len(types))}
    places: dict = {}
    for place, dtype in enumerate(types):
        found = places.get(dtype)
        if found is None:
            places[dtype] = [place]
        else:
            found.append(place)
    return {dtype: np.array(found) for dtype, found in places.items() if len(found) >= _MANY}


def _split(places: np.ndarray, gaps: np.ndarray, read: Callable) -> list[Group]:
    """Read columns with and without missing values separately: the former become float64."""
    parts = [(places[~gaps], False), (places[gaps], True)]
    return [(part, read(part, with_gaps)) for part, with_gaps in parts if len(part)]


def _read_pandas(frame) -> list[Group]:
    groups: list[Group] = []
    for dtype, places in _by_type(frame.dtypes.tolist()).items():
        part = frame if len(places) == frame.shape[1] else frame.iloc[:, places]
        if isinstance(dtype, np.dtype):
            if dtype.kind in "biuf":
                groups.append((places, part.to_numpy()))
        elif getattr(dtype, "kind", "O") in "iuf" and hasattr(dtype, "numpy_dtype"):  # nullable

            def read(some, with_gaps, dtype=dtype):
                kind = np.float64 if with_gaps else dtype.numpy_dtype
                na_value = {"na_value": np.nan} if with_gaps else {}
                return frame.iloc[:, some].to_numpy(dtype=kind, **na_value)

            groups += _split(places, part.isna().to_numpy().any(axis=0), read)
    return groups


def _read_polars(frame) -> list[Group]:
    groups: list[Group] = []
    for dtype, places in _by_type(list(map(type, frame.dtypes))).items():
        if dtype.__name__ not in _TYPES:
            continue
        part = frame if len(places) == frame.shape[1] else frame[:, places.tolist()]
        numbers = _polars_numbers(part)
        if not _may_hold_nulls(numbers, _TYPES[dtype.__name__]):
            groups.append((places, numbers))
            continue

        def read(some, with_gaps):
            chosen = frame[:, some.tolist()]
            return _polars_numbers(
                chosen.cast(nw.dependencies.get_polars().Float64) if with_gaps else chosen
            )

        gaps = np.array(part.null_count().row(0)) > 0
        groups += _split(places, gaps, read) if gaps.any() else [(places, numbers)]
    return groups


def _polars_numbers(frame) -> np.ndarray:
    """Convert columns of one dtype to an array in C order."""
    if frame.height < frame.width:  # polars is fast along columns, and slow across many
        return frame.transpose().to_numpy().T
    return frame.to_numpy(order="c")


def _may_hold_nulls(numbers: np.ndarray, dtype: str) -> bool:
    return numbers.dtype != dtype or (numbers.dtype.kind == "f" and bool(np.isnan(numbers).any()))


def _read_pyarrow(table) -> list[Group]:
    arrow = nw.dependencies.get_pyarrow()
    if not hasattr(arrow.RecordBatch, "to_tensor"):  # added in version 17
        return []
    groups: list[Group] = []
    numbers = {arrow.type_for_alias(name.lower()) for name in _TYPES}
    for dtype, places in _by_type(table.schema.types).items():
        if dtype not in numbers:
            continue

        def read(some, with_gaps):
            part = table if len(some) == table.num_columns else table.select(some.tolist())
            return _arrow_numbers(part, with_gaps)

        try:
            groups.append((places, read(places, False)))
        except arrow.ArrowTypeError:  # the columns have nulls
            gaps = np.array([table.column(int(place)).null_count > 0 for place in places])
            groups += _split(places, gaps, read)
    return groups


def _arrow_numbers(table, with_gaps: bool) -> np.ndarray:
    """Convert columns of one dtype to an array in C order, of float64 if they have nulls."""
    arrow = nw.dependencies.get_pyarrow()
    if with_gaps:
        names = [str(place) for place in range(table.num_columns)]  # unique, as `cast` requires
        doubles = arrow.schema([(name, arrow.float64()) for name in names])
        table = table.rename_columns(names).cast(doubles, safe=False)
    if not table.num_rows:
        return np.empty(table.shape, table.schema.types[0].to_pandas_dtype())
    (batch,) = table.combine_chunks().to_batches()
    return batch.to_tensor(null_to_nan=with_gaps).to_numpy()


#: For each library a predicate and a reader.
_READERS = [
    (nw.dependencies.is_pandas_dataframe, _read_pandas),
    (nw.dependencies.is_polars_dataframe, _read_polars),
    (nw.dependencies.is_pyarrow_table, _read_pyarrow),
]
