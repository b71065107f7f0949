"""What a cache can know by content: cells and parameters that no file and no code hides behind."""

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
    """Return whether equal parameters and cells mean an equal fit, whatever happens on the disk.

    Files change under one name, functions and objects of unknown make are pickled by name or by
    where they lie in memory, and a memory map would be copied into the cache.

    Parameters
    ----------
    modality : Modality
        Unfitted.
    columns : Columns
        What it is fitted on.

    Returns
    -------
    bool
    """
    return _is_plain(modality) and _are_in_memory(columns.values, modality.opens_files)


def _is_plain(value) -> bool:
    if isinstance(value, str):
        return not os.path.exists(value)
    if isinstance(value, np.ndarray):
        return _are_in_memory(value, opens_files=True)
    if isinstance(value, BaseEstimator):
        loaded = hasattr(value, "load")  # by a name behind which there may be another model one day
        return not loaded and all(map(_is_plain, value.get_params(deep=False).values()))
    if isinstance(value, Mapping):
        return all(map(_is_plain, value.values()))
    if isinstance(value, (tuple, list, set, frozenset)):
        return all(map(_is_plain, value))
    plain = (Number, np.generic, bytes, type, type(None))
    return isinstance(value, plain) or sparse.issparse(value)


def _are_in_memory(cells, opens_files: bool) -> bool:
    """Return whether cells hold what they mean; a string may be the name of a file."""
    if isinstance(cells, np.memmap):
        return False
    kind = getattr(getattr(cells, "dtype", None), "kind", None)
    if isinstance(cells, np.ndarray) and kind not in "OUT":
        return True
    if sparse.issparse(cells):
        return True
    elsewhere = (os.PathLike, np.memmap, *((str,) if opens_files else ()))
    return not any(isinstance(cell, elsewhere) for cell in np.asarray(cells, object).flat)
