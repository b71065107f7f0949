"""Mask cells of X; X keeps its type."""

from __future__ import annotations

from collections.abc import Mapping

import narwhals as nw
import numpy as np
from scipy import sparse

from sklearn_crossmodal.data._columns import as_table
from sklearn_crossmodal.data._unnesting import inner_keys, split_by_entry
from sklearn_crossmodal.data.frame._frame import MultiModalFrame
from sklearn_crossmodal.data.tables._column_selection import is_named
from sklearn_crossmodal.data.tables._dataframe import original_name

__all__ = ["mask_cells"]


def mask_cells(X, hidden: Mapping):
    """Return X, of its type, with some cells replaced by missing ones, as if never observed.

    Parameters
    ----------
    X : frame, mapping or 2-D array
        As the user passed it; it is not modified. A sparse matrix raises an error.
    hidden : mapping of str or int to ndarray of shape (n_rows,), bool
        For some of the columns, by name or position, the rows whose cells are masked.

    Returns
    -------
    object of the type of X
        Masked cells of arrays and data frames are NaN, None or NA, and integers become floats. A
        `MultiModalFrame` keeps its arrays and masks cells by `present`; a plain mapping becomes
        one.
    """
    hidden = {key: rows for key, rows in hidden.items() if rows.any()}
    if not hidden:
        return X
    if isinstance(X, Mapping):
        return _mask_declared(as_table(X), hidden)
    if is_named(X):
        return _mask_pandas(X, hidden) if hasattr(X, "iloc") else _mask_frame(X, hidden)
    if sparse.issparse(X):
        raise TypeError(
            "a sparse matrix has no absent cells: give each modality a matrix of its own in a "
            "MultiModalFrame, or pass X.toarray()."
        )
    cells = np.array(X)
    if cells.dtype.kind not in "fcmM":
        cells = cells.astype(np.float64 if cells.dtype.kind in "biu" else object)
    for place, rows in hidden.items():
        cells[rows, place] = None if cells.dtype.kind in "OmM" else np.nan
    return cells


def _mask_declared(table: MultiModalFrame, hidden: Mapping) -> MultiModalFrame:
    plain, inner = split_by_entry(hidden)
    present = {name: table.stated(name) for name in table}
    present |= {name: present[name] & ~rows for name, rows in plain.items()}
    inside = {
        entry: mask_cells(table[entry], inner_keys(table[entry], columns))
        for entry, columns in inner.items()
    }
    return MultiModalFrame({**table, **inside}, present=present, feature_names=table.feature_names)


def _mask_pandas(frame, hidden: Mapping):
    frame = frame.copy(deep=False)
    for name, rows in hidden.items():
        column = original_name(frame, name)
        frame[column] = frame[column].mask(rows)
    return frame


def _mask_frame(X, hidden: Mapping):
    frame = nw.from_native(X, eager_only=True)
    changed = []  # replaced in one call, whose cost is proportional to the number of columns
    for name, rows in hidden.items():
        kept = nw.new_series("kept", ~rows, nw.Boolean, backend=frame.implementation)
        changed.append(nw.when(kept).then(nw.col(name)).alias(name))
    return frame.with_columns(*changed).to_native()
