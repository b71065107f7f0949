"""NumPy's masked arrays: what they mask is missing."""

from __future__ import annotations

import numpy as np

__all__ = ["unmask"]


def unmask(values):
    """Return a masked array as an array in which what it masks is missing; all else as it is.

    Numbers that are masked become NaN, so that integers become floats; dates become NaT; truth
    values, texts and objects become None. What stands under the mask is not looked at.

    Parameters
    ----------
    values : object
        Of any type.

    Returns
    -------
    object
        No masked array.
    """
    if not isinstance(values, np.ma.MaskedArray):
        return values
    mask, cells = np.ma.getmaskarray(values), np.asarray(values.data)
    if cells.dtype.names is not None or not mask.any():
        return cells
    kind = cells.dtype.kind
    if kind in "iu":
        return np.where(mask, np.nan, cells.astype(np.float64))
    cells = cells.astype(cells.dtype if kind in "fcmM" else object)  # a copy
    cells[mask] = np.nan if kind in "fc" else "NaT" if kind in "mM" else None
    return cells
