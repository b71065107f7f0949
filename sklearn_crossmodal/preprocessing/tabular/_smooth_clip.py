"""The smooth clipping of robustly scaled numbers, and how large a number may be."""

from __future__ import annotations

import numpy as np

__all__ = ["LARGEST", "bend", "unbend"]

#: Beyond this the square of a number may have no room in a float64.
LARGEST = np.float64(1e150)
#: Smooth clipping approaches plus and minus this value.
_CLIP = 3.0


def bend(values):
    """Clip smoothly: what is far approaches the limit."""
    with np.errstate(over="ignore"):
        root = values * values
    if np.isinf(root).any():  # what is so far has no square
        room = np.sqrt(np.finfo(values.dtype).max)
        return bend(np.clip(values, -room, room))
    root /= _CLIP**2  # in place: these are the longest steps of all scaling
    root += 1
    np.sqrt(root, out=root)
    return np.divide(values, root, out=root)


def unbend(values):
    """Undo `bend`; what is next to the limit stays finite."""
    clipped = np.clip(values, -_CLIP + 1e-6, _CLIP - 1e-6)
    return clipped / np.sqrt(1 - (clipped / _CLIP) ** 2)
