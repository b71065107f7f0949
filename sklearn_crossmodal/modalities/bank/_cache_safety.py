"""Decide whether a fit may be cached: its result depends on the content of its arguments only."""

from __future__ import annotations

import os
from collections.abc import Mapping
from numbers import Number

import numpy as np
from scipy import sparse
from sklearn.base import BaseEstimator

from sklearn_crossmodal.data import Columns
from sklearn_crossmodal.modalities._base import Modality

__all__ = ["is_cacheable"]


def is_cacheable(modality: Modality, columns: Columns) -> bool:
    """Return whether equal parameters of an unfitted modality and equal cells imply an equal fit.

    This is not so for files, which may change, and for functions and unknown objects, which are
    pickled by name or address. A memory map would be copied into the cache.
    """
    return _is_plain(modality) and _are_in_memory(columns.values, modality.opens_files)


def _is_plain(value) -> bool:
    if isinstance(value, str):
        return not os.path.exists(value)
    if isinstance(value, np.ndarray):
        return _are_in_memory(value, opens_files=True)
    if isinstance(value, BaseEstimator):
        loaded = hasattr(value, "load")  # a model by name, which may change
        return not loaded and all(map(_is_plain, value.get_params(deep=False).values()))
    if isinstance(value, Mapping):
        return all(map(_is_plain, value.values()))
    if isinstance(value, (tuple, list, set, frozenset)):
        return all(map(_is_plain, value))
    plain = (Number, np.generic, bytes, type, type(None))
    return isinstance(value, plain) or sparse.issparse(value)


def _are_in_memory(cells, opens_files: bool) -> bool:
    """Return whether cells are in memory, and not file names or memory maps."""
    if isinstance(cells, np.memmap):
        return False
    kind = getattr(getattr(cells, "dtype", None), "kind", None)
    if isinstance(cells, np.ndarray) and kind not in "OUT":
        return True
    if sparse.issparse(cells):
        return True
    elsewhere = (os.PathLike, np.memmap, *((str,) if opens_files else ()))
    return not any(isinstance(cell, elsewhere) for cell in np.asarray(cells, object).flat)
