"""Fill missing cells of X with imputed columns; X keeps its type."""

from __future__ import annotations

from collections.abc import Mapping

import narwhals as nw
import numpy as np
from scipy import sparse

from sklearn_crossmodal.data._columns import as_table
from sklearn_crossmodal.data._masking import mask_cells
from sklearn_crossmodal.data._nesting import nest
from sklearn_crossmodal.data._rows import is_missing, object_array, row_presence, unwrap
from sklearn_crossmodal.data._unnesting import inner_keys, split_by_entry
from sklearn_crossmodal.data.cells._cells import as_cells, from_days
from sklearn_crossmodal.data.cells._datetime_cells import is_quantity, to_quantity
from sklearn_crossmodal.data.cells._text_parsing import NUMBERS, format_number, infer_text_format
from sklearn_crossmodal.data.frame._frame import MultiModalFrame
from sklearn_crossmodal.data.tables._column_selection import is_named
from sklearn_crossmodal.data.tables._dataframe import original_name

__all__ = ["fill_missing", "table_of"]

#: Column types, beside numeric ones, whose cells are plain values.
_PLAIN = (nw.Boolean, nw.Categorical, nw.Date, nw.Datetime, nw.Duration, nw.Enum, nw.String)


def table_of(columns: Mapping, n_rows: int, n_columns: int):
    """Return a `MultiModalFrame` of columns with names, or an array of columns by position.

    The array has shape (n_rows, n_columns), with NaN in other columns.
    """
    if all(isinstance(key, str) for key in columns):
        return nest(columns, n_rows)
    flat = all(np.asarray(values).dtype.kind in "biuf" for values in columns.values())
    table = np.full((n_rows, n_columns), np.nan, dtype=float if flat else object)
    for place, values in columns.items():
        table[:, place] = values if np.ndim(values) == 1 else object_array(values)
    return table


def fill_missing(X, columns: Mapping):
    """Return X, of its type, with missing cells imputed from `columns`, by name or position.

    Observed cells are unchanged. X is what the user passed, and is not modified; a plain mapping
    becomes a `MultiModalFrame`. A sparse matrix has no missing cells.
    """
    if is_named(X):
        table = as_table(X)
        names = list(table)
        plain, inner = split_by_entry(columns)
        by_name = {key if isinstance(key, str) else names[key]: plain[key] for key in plain}
        filled = {
            name: _fill(table[name], new, table.presence(name)) if name in table else new
            for name, new in by_name.items()
        }
        filled |= {entry: _fill_inside(table, entry, new) for entry, new in inner.items()}
        # A column without missing cells is kept, its type included.
        changed = {name: cells for name, cells in filled.items() if cells is not None}
        return _with_columns(X, table, changed)
    if sparse.issparse(X):
        return X
    filled = np.array(X)
    for place, new in columns.items():
        cells = _fill(filled[:, place], new, row_presence(filled[:, place]))
        if cells is not None:
            filled[:, place] = cells if np.ndim(cells) == 1 else object_array(cells)
    return filled


def _fill_inside(table: MultiModalFrame, entry: str, columns: Mapping):
    """Return an entry with missing cells of its columns imputed; all types are kept."""
    if entry not in table:
        n_rows = len(next(iter(columns.values())))
        return nest(columns, n_rows)[entry]
    old, absent = table[entry], ~table.stated(entry)
    inside = inner_keys(old, columns, table.feature_names.get(entry))
    if not (is_named(old) or isinstance(old, np.ndarray)):  # sparse, or not a table
        new = np.column_stack([inside[place] for place in sorted(inside)])
        present = table.presence(entry)
        return old if present.all() else _fill(old, new, present)
    return fill_missing(mask_cells(old, dict.fromkeys(inside, absent)), inside)


def _fill(old, new, present: np.ndarray):
    """Return a copy of `old` with missing cells taken from `new`; None if none is missing."""
    if not present.any():
        return new
    if sparse.issparse(old) or hasattr(old, "cat"):
        fill = _fill_sparse if sparse.issparse(old) else _fill_categories
        return None if present.all() else fill(old, new, ~present)
    dates = isinstance(old, np.ndarray) and old.dtype.kind in "mM"
    objects = isinstance(old, np.ndarray) and old.dtype == object and old.ndim == 1
    filled = np.array(old if dates or objects else as_cells(old))  # lists stay lists
    new = from_days(np.asarray(new), old.dtype) if dates else np.asarray(new)
    gaps = _gaps(filled, present)
    if not gaps.any():
        return None
    holds_objects = filled.dtype == object and filled.ndim == 1  # cells of any shape
    if not holds_objects and new.shape != filled.shape:
        raise ValueError(
            f"the imputed rows have shape {new.shape[1:]}, those of X {filled.shape[1:]}: resize "
            "X to that shape first."
        )
    if filled.dtype == object:
        return _fill_objects(filled, new, gaps)
    new = new[gaps]
    if filled.dtype.kind in "iu":
        new = _round_to_integers(new, filled.dtype)
    elif filled.dtype.kind not in "fmM":
        filled = filled.astype(np.result_type(filled, new))
    filled[gaps] = new
    return filled


def _fill_objects(cells: np.ndarray, new: np.ndarray, gaps: np.ndarray) -> np.ndarray:
    """Fill cells in place; imputed cells get the type of the observed ones: dates, or lists."""
    like = next((cell for cell in cells.flat if not is_missing(cell)), None)
    numbers = new.dtype.kind == "f" and cells.ndim == new.ndim == 1
    if numbers and isinstance(like, str):
        return _fill_texts(cells, new, gaps)
    quantities = numbers and is_quantity(like)
    for row in np.flatnonzero(gaps):
        cell = to_quantity(new[row], like) if quantities else new[row]
        listed = isinstance(like, list | tuple) and isinstance(cell, np.ndarray)
        cells[row] = type(like)(cell.tolist()) if listed else cell
    return cells


def _fill_texts(cells: np.ndarray, new: np.ndarray, gaps: np.ndarray) -> np.ndarray:
    """Fill text cells that encode numbers or dates in place."""
    texts = [cell for cell in cells if isinstance(cell, str)]
    reading = infer_text_format(texts, least=0.5) or NUMBERS
    for row in np.flatnonzero(gaps):
        cells[row] = None if np.isnan(new[row]) else format_number(new[row], reading)
    return cells


def _gaps(cells: np.ndarray, present: np.ndarray) -> np.ndarray:
    """Return which cells are missing: single numbers and dates, or whole rows."""
    gaps = ~present
    if cells.dtype.kind == "f":
        return np.isnan(cells) | gaps.reshape(-1, *[1] * (cells.ndim - 1))
    return np.isnat(cells) | gaps if cells.dtype.kind in "mM" else gaps


def _fill_sparse(old, new, gaps: np.ndarray):
    """Return a sparse matrix with the rows of `gaps` taken from `new`."""
    filled = sparse.lil_array(old)
    filled[np.flatnonzero(gaps)] = np.asarray(new)[gaps]
    return filled.tocsr()


def _fill_categories(old, new, gaps: np.ndarray):
    """Return a categorical series with missing cells filled; new categories are appended."""
    cells = np.asarray(new)[gaps]
    known = set(old.cat.categories)
    filled = old.cat.add_categories(sorted({cell for cell in cells if cell not in known}))
    filled = filled.copy()
    filled.iloc[np.flatnonzero(gaps)] = cells
    return filled


def _with_columns(X, table: MultiModalFrame, filled: Mapping):
    if isinstance(X, Mapping):
        stated = {name: flags for name, flags in table.declared.items() if name not in filled}
        return MultiModalFrame(
            {**table, **filled}, present=stated, feature_names=table.feature_names
        )
    if hasattr(X, "iloc"):
        frame = X.copy()
        for name, values in filled.items():
            label = original_name(X, name)
            frame[label] = _as_pandas_column(X.get(label), values)
        return frame
    frame = nw.from_native(X, eager_only=True)
    series = [_as_series(frame, name, np.asarray(values)) for name, values in filled.items()]
    return frame.with_columns(*series).to_native()


def _as_series(frame, name: str, values: np.ndarray):
    """Return the filled column of a data frame other than pandas, of the column's type."""
    column = frame[name] if name in frame.columns else None
    if column is not None and column.dtype.is_integer():
        values = _round_to_integers(values, column.dtype)
    cells = values.tolist() if values.dtype == object else values
    new = nw.new_series(name, cells, backend=frame.implementation)
    if column is None or not (column.dtype.is_numeric() or column.dtype in _PLAIN):
        return new
    if zone := getattr(column.dtype, "time_zone", None):  # the table has its dates in UTC
        new = new.dt.replace_time_zone("UTC").dt.convert_time_zone(zone)
    gaps = column.is_null() | column.is_nan() if column.dtype.is_float() else column.is_null()
    if hasattr(getattr(column.to_native(), "type", None), "ordered"):
        return _as_dictionary(column, new, gaps)
    return new.cast(column.dtype) if gaps.all() else column.zip_with(~gaps, new.cast(column.dtype))


def _as_dictionary(column, new, gaps):
    """Return a filled dictionary column of pyarrow, which narwhals would convert to strings."""
    dtype = column.to_native().type
    texts = nw.from_native(column.to_native().cast(dtype.value_type), series_only=True)
    filled = new if gaps.all() else texts.zip_with(~gaps, new.cast(texts.dtype))
    chunked = filled.to_native().cast(dtype.value_type).dictionary_encode().cast(dtype)
    return nw.from_native(chunked, series_only=True).alias(column.name)


def _as_pandas_column(column, values):
    """Return the filled column of a pandas frame, of the column's type."""
    if unwrap(column)[1] is not None:
        return type(column.array)(np.asarray(values))
    if hasattr(values, "cat"):
        return values.array
    if hasattr(getattr(column, "dtype", None), "freq"):  # periods
        return type(column)(values, dtype=column.dtype).array
    zone = getattr(getattr(column, "dtype", None), "tz", None)
    if zone is not None:  # the table has its dates without a time zone, in UTC
        return type(column)(values).dt.tz_localize("UTC").dt.tz_convert(zone).array
    if column is not None and np.ndim(values) == 1:
        return _fill_series(column, np.asarray(values))
    return values if np.ndim(values) == 1 else object_array(values)


def _fill_series(column, values: np.ndarray):
    """Return a filled column of a pandas frame, of the column's type where it can hold them.

    Imputed integers are rounded: the observed ones may be larger than a float represents exactly.
    """
    gaps = np.flatnonzero(column.isna())
    new = values[gaps]
    if column.dtype.kind in "iu":
        new = _round_to_integers(new, column.dtype)
    filled = column.copy()
    try:
        filled.iloc[gaps] = new
    except (TypeError, ValueError):
        return values
    return filled


def _round_to_integers(values: np.ndarray, dtype) -> np.ndarray:
    """Round to integers within the limits of a type such as ``Int64`` or ``int8[pyarrow]``."""
    dtype = np.dtype(str(dtype).lower().split("[")[0])
    limits = np.iinfo(dtype)
    most = np.nextafter(float(limits.max), 0)  # the largest int64 is no float
    return np.rint(np.clip(values.astype(float), limits.min, most)).astype(dtype)
