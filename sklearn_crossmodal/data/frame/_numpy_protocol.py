"""NumPy's functions on a `MultiModalFrame`; those that put it beside other columns are refused."""

from __future__ import annotations

import numpy as np

__all__ = ["apply_function"]

#: What makes one table of several.
_JOINS = {np.concatenate, np.hstack, np.vstack, np.column_stack, np.stack}


def apply_function(function, args, kwargs, frames: type):
    """Call a function of NumPy on the cells of frames, as if they were arrays of objects.

    Parameters
    ----------
    function : callable
        Of NumPy.
    args, kwargs : tuple, dict
        What it was called with.
    frames : type
        The class of the frames among them.

    Returns
    -------
    object
        What the function returns.

    Raises
    ------
    TypeError
        If the function would put a frame beside other columns.
    """
    if function is np.concatenate and _are_frames(frames, *args, **kwargs):
        return frames.concat(args[0])
    if function in _JOINS:
        raise TypeError(
            f"numpy.{function.__name__} cannot put a {frames.__name__} beside other columns, since "
            "it is no table of numbers. In StackingClassifier and StackingRegressor leave "
            "passthrough=False, or turn the samples into a table by ModalityVectorizer; frames of "
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
    """Tell whether frames are put below each other, as `cross_val_predict` does."""
    return axis == 0 and all(isinstance(part, frames) for part in parts)
