"""Clone estimators whose parameters include skorch callbacks."""

from __future__ import annotations

import copy

from sklearn.base import clone

from sklearn_crossmodal.utils._sklearn import _clone_parametrized
from sklearn_crossmodal.utils._validation import error_prefix

__all__ = ["clone_with_callbacks", "clone_with_copied_callbacks"]


def clone_with_callbacks(estimator):
    """Return a clone that shares the callbacks of the estimator, if it has any.

    For meta-estimators, which fit clones: the callbacks that the user passed are called.
    """
    if not hasattr(estimator, "callbacks"):
        return clone(estimator)
    return _clone_with(estimator, estimator.callbacks)


def clone_with_copied_callbacks(estimator):
    """Return a clone with unfitted copies of the callbacks, as `sklearn.base.clone` returns.

    Attributes of a callback that end in ``_`` are fitted state and are not copied.
    `sklearn.base.clone` itself cannot copy callbacks: their `get_params` returns every attribute
    that does not end in ``_``, also those that `__init__` does not take.
    """
    with error_prefix(f"{type(estimator).__name__}: callbacks cannot be copied by clone"):
        copied = copy.deepcopy([_unfitted(entry) for entry in estimator.callbacks])
    return _clone_with(estimator, type(estimator.callbacks)(copied))


def _unfitted(entry):
    """Return a callback, or a pair (name, callback), without fitted attributes."""
    if isinstance(entry, tuple | list):
        return type(entry)(_unfitted(part) for part in entry)
    if isinstance(entry, type) or not hasattr(entry, "__dict__"):
        return entry
    bare = copy.copy(entry)
    for name in [name for name in vars(bare) if name.endswith("_")]:
        delattr(bare, name)
    return bare


def _clone_with(estimator, callbacks):
    bare = copy.copy(estimator)
    bare.callbacks = None
    made = _clone_parametrized(bare)
    made.callbacks = callbacks
    return made
