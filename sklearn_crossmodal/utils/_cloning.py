"""Parameters that `clone` treats in a way of its own: skorch callbacks, fitted estimators."""

from __future__ import annotations

import copy

from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.frozen import FrozenEstimator
from sklearn.utils.validation import check_is_fitted

from sklearn_crossmodal.utils._sklearn import _clone_parametrized
from sklearn_crossmodal.utils._validation import error_prefix

__all__ = ["clone_with_callbacks", "clone_with_copied_callbacks", "fitted_parameter"]


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


def fitted_parameter(owner: str, name: str, value, kind: type):
    """Return the fitted estimator that a parameter holds, as it is or as a `FrozenEstimator`.

    Parameters
    ----------
    owner, name : str
        Names of the estimator and of its parameter, for messages.
    value : kind or FrozenEstimator
        The parameter.
    kind : type
        What it must be.

    Returns
    -------
    kind

    Raises
    ------
    TypeError
        If it is of another kind.
    NotFittedError
        If it is not fitted.
    """
    inner = value.estimator if isinstance(value, FrozenEstimator) else value
    if not isinstance(inner, kind):
        raise TypeError(
            f"{owner}: {name} is a FrozenEstimator of {type(inner).__name__}: pass a fitted "
            f"{kind.__name__}, or FrozenEstimator of one."
        )
    try:
        check_is_fitted(inner)
    except NotFittedError as error:
        raise NotFittedError(
            f"{owner}: {name} is a {kind.__name__} that is not fitted. `clone`, which "
            "cross_val_score, GridSearchCV and pipelines call, drops what an estimator has "
            f"learned: fit it first, and pass {name}=FrozenEstimator(fitted)."
        ) from error
    return inner


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
