"""Unfitted copies of estimators, and what becomes of their callbacks of skorch."""

from __future__ import annotations

import copy

from sklearn.base import clone

from sklearn_crossmodal.utils._sklearn import _clone_parametrized
from sklearn_crossmodal.utils._validation import error_prefix

__all__ = ["clone_with_callbacks", "clone_with_copied_callbacks"]


def clone_with_callbacks(estimator):
    """Return a clone that calls the user's own callbacks, not copies of them.

    For estimators that fit copies of another one: what these do is what the user wants to see.

    Parameters
    ----------
    estimator : BaseEstimator
        With a parameter `callbacks`, or without.

    Returns
    -------
    BaseEstimator
        Unfitted.
    """
    if not hasattr(estimator, "callbacks"):
        return clone(estimator)
    return _with(estimator, estimator.callbacks)


def clone_with_copied_callbacks(estimator):
    """Return what `sklearn.base.clone` returns: a copy, of the callbacks too.

    What a training left in a callback, in attributes that end in ``_``, is not copied, as nothing
    is that an estimator learnt. Callbacks have a `get_params`, by which scikit-learn would make
    new ones; but that counts all attributes that do not end in ``_``, whatever `__init__` takes.

    Parameters
    ----------
    estimator : BaseEstimator
        With a parameter `callbacks`.

    Returns
    -------
    BaseEstimator
        Unfitted.

    Raises
    ------
    TypeError
        If a callback cannot be copied, because it holds a thread or an open file for example.
    """
    with error_prefix(f"{type(estimator).__name__}: callbacks cannot be copied by clone"):
        copied = copy.deepcopy([_unused(entry) for entry in estimator.callbacks])
    return _with(estimator, type(estimator.callbacks)(copied))


def _unused(entry):
    """Return a callback, or a pair of its name and it, without what a training left in it."""
    if isinstance(entry, tuple | list):
        return type(entry)(_unused(part) for part in entry)
    if isinstance(entry, type) or not hasattr(entry, "__dict__"):
        return entry
    bare = copy.copy(entry)
    for name in [name for name in vars(bare) if name.endswith("_")]:
        delattr(bare, name)
    return bare


def _with(estimator, callbacks):
    bare = copy.copy(estimator)
    bare.callbacks = None
    made = _clone_parametrized(bare)
    made.callbacks = callbacks
    return made
