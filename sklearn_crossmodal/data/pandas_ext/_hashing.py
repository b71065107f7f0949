"""Hashable keys of the rows of a ModalityArray: equal rows have equal keys."""

from __future__ import annotations

from hashlib import blake2b

import numpy as np
import pandas as pd

from sklearn_crossmodal.data._rows import is_missing

__all__ = ["distinct_rows", "row_keys", "rows_in"]

#: Rows of more bytes are replaced by a digest of this length.
_LONGEST_KEY = 32
#: Rows converted at a time.
_CHUNK = 1024


def row_keys(numbers: np.ndarray, missing: np.ndarray) -> np.ndarray:
    """Return a key for each row, of bytes: equal rows have equal keys, missing ones NaN."""
    keys = np.empty(len(numbers), dtype=object)
    for start in range(0, len(numbers), _CHUNK):
        rows = _canonical(numbers[start : start + _CHUNK])
        for place, row in enumerate(rows.reshape(len(rows), -1), start):
            key = row.tobytes()
            if len(key) > _LONGEST_KEY:
                key = blake2b(key, digest_size=_LONGEST_KEY).digest()
            keys[place] = key
    keys[missing] = np.nan
    return keys


def _canonical(rows: np.ndarray) -> np.ndarray:
    """Return rows in which numbers that are equal, and all NaN, have the same bytes."""
    if rows.dtype.kind != "f":
        return rows
    rows = rows + rows.dtype.type(0)  # -0.0 becomes 0.0
    rows[np.isnan(rows)] = np.nan
    return rows


def distinct_rows(keys: np.ndarray, use_na_sentinel: bool) -> tuple[np.ndarray, np.ndarray]:
    """Return an integer code for each key, in order of appearance, and the first row of each code.

    Missing rows have the code -1 with `use_na_sentinel`, else a nonnegative one.
    """
    codes, uniques = pd.factorize(keys, use_na_sentinel=use_na_sentinel)
    first = np.full(len(uniques), len(keys), dtype=np.intp)
    known = codes >= 0
    np.minimum.at(first, codes[known], np.flatnonzero(known))
    return codes, first


def rows_in(numbers: np.ndarray, missing: np.ndarray, values) -> np.ndarray:
    """Return which rows are in a set of values; an integer equals a float of the same value.

    Values of another shape match no row. None matches missing rows.
    """
    cells = [values[row] for row in range(len(values))]
    rows = [np.asarray(cell) for cell in cells if not is_missing(cell)]
    rows = [row for row in rows if row.shape == numbers.shape[1:] and row.dtype.kind in "biuf"]
    common = np.result_type(numbers.dtype, *rows)
    candidates = np.reshape(np.array(rows, dtype=common), (len(rows), *numbers.shape[1:]))
    known = set(row_keys(candidates, np.zeros(len(rows), dtype=bool)))
    keys = row_keys(numbers.astype(common, copy=False), missing)
    found = np.array([key in known for key in keys], dtype=bool)
    found[missing] = any(map(is_missing, cells))
    return found
