"""Smooth clipping of robustly scaled numbers."""

from __future__ import annotations

import numpy as np

__all__ = ["LARGEST", "invert_smooth_clip", "smooth_clip"]

#: The square of a larger number may overflow in float64.
LARGEST = np.float64(1e150)
#: Smooth clipping approaches plus and minus this value.
_CLIP = 3.0


def smooth_clip(values):
    """Clip smoothly: ``x / sqrt(1 + (x / 3)**2)``, which is within -3 and 3."""
    with np.errstate(over="ignore"):
        root = values * values
    if np.isinf(root).any():  # the square overflows
        largest = np.sqrt(np.finfo(values.dtype).max)
        return smooth_clip(np.clip(values, -largest, largest))
    root /= _CLIP**2  # in place, since this dominates the time of scaling
    root += 1
    np.sqrt(root, out=root)
    return np.divide(values, root, out=root)


def invert_smooth_clip(values):
    """Invert `smooth_clip`; values at the limit stay finite."""
    clipped = np.clip(values, -_CLIP + 1e-6, _CLIP - 1e-6)
    return clipped / np.sqrt(1 - (clipped / _CLIP) ** 2)
