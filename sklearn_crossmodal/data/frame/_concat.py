"""Concatenate frames by rows or by columns."""

from __future__ import annotations

import narwhals as nw
import numpy as np
from scipy import sparse

from sklearn_crossmodal.data._rows import is_tensor, object_array, row_presence, take_rows
from sklearn_crossmodal.data.cells._cells import as_cells, as_row_array
from sklearn_crossmodal.data.frame._row_labels import row_labels, row_orders, with_labels
from sklearn_crossmodal.data.tables._column_labels import find_order, take_columns
from sklearn_crossmodal.data.tables._dataframe import is_frame, is_series
from sklearn_crossmodal.utils._validation import error_prefix

__all__ = ["concat_columns", "concat_rows"]


def concat_rows(frames: list, labels: list) -> tuple[dict, dict, dict]:
    """Concatenate the rows of frames; return values, presence and feature names.

    A modality that a frame lacks is absent in its rows. `labels` are the row labels of each frame,
    None where it has none: then all rows are identified by number.
    """
    names = list(dict.fromkeys(name for frame in frames for name in frame))
    values, present, named = {}, {}, {}
    for name in names:
        pattern = next(frame[name] for frame in frames if name in frame)
        parts = [
            frame[name] if name in frame else _absent_like(pattern, len(frame)) for frame in frames
        ]
        flags = [
            frame.stated(name) if name in frame else np.zeros(len(frame), bool) for frame in frames
        ]
        inside = [frame.labels_inside(name) if name in frame else None for frame in frames]
        first = next((one for one in inside if one is not None), None)
        with error_prefix(f"modality {name!r}"):
            parts = [_ordered_like(first, *part) for part in zip(parts, inside, strict=True)]
        values[name], present[name] = _join(parts), np.concatenate(flags)
        if first is not None and _takes_names(values[name], first):
            named[name] = first
    values = _with_joint_labels(values, labels)
    return values, {name: flags for name, flags in present.items() if not flags.all()}, named


def _ordered_like(first: tuple | None, part, inside: tuple | None):
    """Return rows with inner columns in the order of the first frame that has names."""
    order = None if inside is None else find_order(inside, first, "the first frame")
    if order is None:
        return part
    if is_frame(part):
        return nw.from_native(part, eager_only=True)[:, order].to_native()
    return take_columns(as_cells(part), order)


def _takes_names(values, names: tuple) -> bool:
    """Return whether a matrix needs the feature names that its parts had."""
    return not is_frame(values) and np.ndim(values) == 2 and np.shape(values)[1] == len(names)


def _with_joint_labels(values: dict, labels: list) -> dict:
    """Return tables with one common index, so that they stay aligned."""
    tables = {name: table for name, table in values.items() if row_labels(table) is not None}
    if not tables:
        return values
    first = next(iter(tables.values()))
    known = not any(index is None for index in labels)
    joint = labels[0].append(labels[1:]) if known else first.reset_index(drop=True).index
    return values | {name: with_labels(table, joint) for name, table in tables.items()}


def concat_columns(frames: list, labels: list) -> tuple[dict, dict, dict]:
    """Concatenate the modalities of frames; return values, presence and feature names.

    `labels` are the row labels of each frame, None where it has none. Frames with the same labels
    in another order are reordered to that of the first.
    """
    if len({len(frame) for frame in frames}) == 1:
        found = {f"frame {k}": index for k, index in enumerate(labels) if index is not None}
        orders = row_orders(found)[0] if found else {}
        frames = [
            frame.take(orders[f"frame {k}"]) if f"frame {k}" in orders else frame
            for k, frame in enumerate(frames)
        ]
    values: dict = {}
    present: dict = {}
    named: dict = {}
    for frame in frames:
        twice = sorted(set(values) & set(frame))
        if twice:
            raise ValueError(f"more than one of the frames has {twice}: rename or leave out.")
        values.update(frame)
        named.update(frame.feature_names)
        present.update(frame.declared)
    return values, present, named


def _absent_like(pattern, n_rows: int):
    """Return rows of an absent modality, of the type of `pattern`."""
    if sparse.issparse(pattern):
        return sparse.csr_array((n_rows, pattern.shape[1]), dtype=pattern.dtype)
    if is_tensor(pattern):
        pattern = as_cells(pattern)
    if isinstance(pattern, np.ndarray) and pattern.dtype != object:
        return np.zeros((n_rows, *pattern.shape[1:]), dtype=pattern.dtype)
    if (is_frame(pattern) or is_series(pattern)) and row_presence(pattern).size:
        return take_rows(pattern, np.zeros(n_rows, dtype=np.intp))  # masked by `present`
    return np.full(n_rows, None, dtype=object)


def _join(parts: list):
    """Concatenate values; as objects where their types or shapes differ."""
    if all(map(sparse.issparse, parts)):
        return sparse.vstack(parts, format="csr")
    if len({type(part) for part in parts}) == 1 and (is_frame(parts[0]) or is_series(parts[0])):
        return _join_native(parts)
    arrays = [as_row_array(part) for part in parts]
    same_shape = len({array.shape[1:] for array in arrays}) == 1
    if same_shape and len({array.dtype.kind in "biuf" for array in arrays}) == 1:
        return np.concatenate(arrays)
    return np.concatenate([object_array(array) for array in arrays])


def _join_native(parts: list):
    if is_frame(parts[0]):
        return nw.concat([nw.from_native(part) for part in parts]).to_native()
    named = [nw.from_native(part, series_only=True).alias("column").to_frame() for part in parts]
    return nw.concat(named)["column"].to_native()
