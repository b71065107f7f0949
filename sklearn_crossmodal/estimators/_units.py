"""Units of a power of two, in which squares of very large or small numbers have room."""

from __future__ import annotations

import numpy as np
from sklearn.metrics import r2_score

__all__ = ["r2_in_units", "units_of"]

#: From 1 / `_ROOM` to `_ROOM`, about 1e100, numbers have squares, and sums of them, within float64.
_ROOM = 2.0**332


def units_of(numbers):
    """Return powers of two to divide columns by: ones, unless squares of a column have no room.

    Parameters
    ----------
    numbers : ndarray of shape (n,) or (n, d)
        Finite.

    Returns
    -------
    ndarray of shape () or (d,)
        Nothing is rounded by a division by them.
    """
    largest = np.abs(numbers).max(axis=0)
    beyond = (largest > _ROOM) | ((largest > 0) & (largest < 1 / _ROOM))
    if not beyond.any():
        return np.ones_like(largest)
    _, exponents = np.frexp(largest)
    return np.ldexp(np.ones_like(largest), np.where(largest > 0, exponents - 1, 0))


def r2_in_units(y, predicted, sample_weight=None):
    """Return R², which does not depend on units, of numbers of any size.

    Parameters
    ----------
    y : array-like of shape (n,) or (n, d)
        The true numbers.
    predicted : ndarray of shape (n,) or (n, d)
        Finite.
    sample_weight : array-like of shape (n,), default=None
        Weights of the samples.

    Returns
    -------
    float
        As of `sklearn.metrics.r2_score`.
    """
    units = units_of(predicted)
    if (units != 1).any():
        y, predicted = np.asarray(y, dtype=float) / units, predicted / units
    return r2_score(y, predicted, sample_weight=sample_weight)
