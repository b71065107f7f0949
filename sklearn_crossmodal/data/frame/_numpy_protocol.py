"""NumPy functions of a `MultiModalFrame` (`__array_function__`)."""

from __future__ import annotations

import numpy as np

__all__ = ["apply_function"]

#: Functions that join tables.
_JOINS = {np.concatenate, np.hstack, np.vstack, np.column_stack, np.stack}


def apply_function(function, args, kwargs, frames: type):
    """Call a NumPy function on the cells of frames of a class, converted to object arrays.

    Raise if the function would join a frame with other columns.
    """
    if function is np.concatenate and _are_frames(frames, *args, **kwargs):
        return frames.concat(args[0])
    if function in _JOINS:
        raise TypeError(
            f"numpy.{function.__name__} cannot join a {frames.__name__} with other columns, since "
            "it is not a numeric table. In StackingClassifier and StackingRegressor leave "
            "passthrough=False, or convert the samples to a table by ModalityVectorizer; frames of "
            f"the same modalities are joined by {frames.__name__}.concat."
        )

    def unwrapped(value):
        if isinstance(value, frames):
            return np.asarray(value)
        if isinstance(value, list | tuple):
            return type(value)(map(unwrapped, value))
        return value

    return function(*map(unwrapped, args), **{key: unwrapped(one) for key, one in kwargs.items()})


def _are_frames(frames: type, parts, axis=0) -> bool:
    """Return whether frames are concatenated by rows, as `cross_val_predict` does."""
    return axis == 0 and all(isinstance(part, frames) for part in parts)
