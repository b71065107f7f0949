"""Put the rows of columns one below the other."""

from __future__ import annotations

import narwhals as nw
import numpy as np
from scipy import sparse

from sklearn_crossmodal.data._cells import as_cells
from sklearn_crossmodal.data._native import is_frame, is_series
from sklearn_crossmodal.data._rows import find_present, is_tensor, object_array, take_rows

__all__ = ["concat_columns", "concat_rows"]


def concat_rows(frames: list) -> tuple[dict, dict]:
    """Return values and presence of the modalities of all frames, rows below rows.

    A modality that a frame lacks is absent in its rows.
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
        values[name], present[name] = _join(parts), np.concatenate(flags)
    return values, {name: flags for name, flags in present.items() if not flags.all()}


def concat_columns(frames: list) -> tuple[dict, dict]:
    """Return values and presence of the modalities of all frames, side by side."""
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


def _join(parts: list):
    """Return values below each other; objects where they do not go together."""
    if all(map(sparse.issparse, parts)):
        return sparse.vstack(parts, format="csr")
    if len({type(part) for part in parts}) == 1 and (is_frame(parts[0]) or is_series(parts[0])):
        return _join_native(parts)
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


def _join_native(parts: list):
    if is_frame(parts[0]):
        return nw.concat([nw.from_native(part) for part in parts]).to_native()
    named = [nw.from_native(part, series_only=True).alias("column").to_frame() for part in parts]
    return nw.concat(named)["column"].to_native()
