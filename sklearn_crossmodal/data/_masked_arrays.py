"""NumPy's masked arrays: masked cells are missing."""

from __future__ import annotations

import numpy as np

__all__ = ["unmask"]


def unmask(values):
    """Convert a masked array to an array with missing cells; return other values unchanged.

    Masked numbers become NaN, so that integers become floats; dates become NaT; booleans, strings
    and objects become None. The data under the mask are not read.

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
