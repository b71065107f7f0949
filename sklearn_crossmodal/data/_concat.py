"""Put the rows of columns one below the other."""

from __future__ import annotations

import narwhals as nw
import numpy as np
from scipy import sparse

from sklearn_crossmodal.data._cells import as_cells
from sklearn_crossmodal.data._labels import find_order
from sklearn_crossmodal.data._native import frame_names, is_frame, is_series
from sklearn_crossmodal.data._row_labels import row_labels, row_orders, with_labels
from sklearn_crossmodal.data._rows import find_present, is_tensor, object_array, take_rows
from sklearn_crossmodal.utils._validation import said_by

__all__ = ["concat_columns", "concat_rows"]


def concat_rows(frames: list, labels: list) -> tuple[dict, dict]:
    """Return values and presence of the modalities of all frames, rows below rows.

    A modality that a frame lacks is absent in its rows. `labels` are those of the rows of each
    frame, None where it has none: then all rows are known by number.
    """
    names = list(dict.fromkeys(name for frame in frames for name in frame))
    values, present = {}, {}
    for name in names:
        pattern = next(frame[name] for frame in frames if name in frame)
        parts = [
            frame[name] if name in frame else _nothing_like(pattern, len(frame)) for frame in frames
        ]
        flags = [
            frame.stated(name) if name in frame else np.zeros(len(frame), bool) for frame in frames
        ]
        values[name], present[name] = _join(name, parts), np.concatenate(flags)
    values = _with_joint_labels(values, labels)
    return values, {name: flags for name, flags in present.items() if not flags.all()}


def _with_joint_labels(values: dict, labels: list) -> dict:
    """Return tables with one index for all, so that they can be put together again."""
    tables = {name: table for name, table in values.items() if row_labels(table) is not None}
    if not tables:
        return values
    first = next(iter(tables.values()))
    known = not any(index is None for index in labels)
    joint = labels[0].append(labels[1:]) if known else first.reset_index(drop=True).index
    return values | {name: with_labels(table, joint) for name, table in tables.items()}


def concat_columns(frames: list, labels: list) -> tuple[dict, dict]:
    """Return values and presence of the modalities of all frames, side by side.

    `labels` are those of the rows of each frame, None where it has none: frames that have the same
    in another order are put in that of the first.
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
    for frame in frames:
        twice = sorted(set(values) & set(frame))
        if twice:
            raise ValueError(f"more than one of the frames has {twice}: rename or leave out.")
        values.update(frame)
        stated = {name: frame.stated(name) for name in frame}
        present.update({name: flags for name, flags in stated.items() if not flags.all()})
    return values, present


def _nothing_like(pattern, n_rows: int):
    """Return rows for a modality that is absent, in the form of `pattern`."""
    if sparse.issparse(pattern):
        return sparse.csr_array((n_rows, pattern.shape[1]), dtype=pattern.dtype)
    if is_tensor(pattern):
        pattern = as_cells(pattern)
    if isinstance(pattern, np.ndarray) and pattern.dtype != object:
        return np.zeros((n_rows, *pattern.shape[1:]), dtype=pattern.dtype)
    if (is_frame(pattern) or is_series(pattern)) and find_present(pattern).size:
        return take_rows(pattern, np.zeros(n_rows, dtype=np.intp))  # `present` denies them
    return np.full(n_rows, None, dtype=object)


def _join(name: str, parts: list):
    """Return values below each other; objects where they do not go together."""
    if all(map(sparse.issparse, parts)):
        return sparse.vstack(parts, format="csr")
    if len({type(part) for part in parts}) == 1 and (is_frame(parts[0]) or is_series(parts[0])):
        return _join_native(name, parts)
    arrays = [_as_array(part) for part in parts]
    alike = len({array.shape[1:] for array in arrays}) == 1
    if alike and len({array.dtype.kind in "biuf" for array in arrays}) == 1:
        return np.concatenate(arrays)
    return np.concatenate([object_array(array) for array in arrays])


def _as_array(values) -> np.ndarray:
    cells = as_cells(values)
    if not sparse.issparse(cells):
        return np.asarray(cells)
    rows = sparse.csr_array(cells)
    return object_array([rows[[row]] for row in range(rows.shape[0])])


def _join_native(name: str, parts: list):
    if is_frame(parts[0]):
        return nw.concat(_with_same_columns(name, parts)).to_native()
    named = [nw.from_native(part, series_only=True).alias("column").to_frame() for part in parts]
    return nw.concat(named)["column"].to_native()


def _with_same_columns(name: str, parts: list) -> list:
    """Return frames with their columns in the order of the first; raise if they have others."""
    labels = frame_names(parts[0])
    found = [nw.from_native(part, eager_only=True) for part in parts]
    with said_by(f"modality {name!r}"):
        orders = [find_order(frame_names(part), labels, "the first frame") for part in parts]
    return [
        one if order is None else one[:, order] for one, order in zip(found, orders, strict=True)
    ]
