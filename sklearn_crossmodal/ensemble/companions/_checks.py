"""Companions as the user gives them, checked."""

from __future__ import annotations

from inspect import isclass
from numbers import Integral

__all__ = ["check_companions"]

#: Components of each text, series, image and pretrained vector, where a companion names none.
_N_COMPONENTS = 30


def check_companions(owner: str, companions: dict, method: str) -> dict:
    """Return companions with their numbers of components; raise if they cannot be base models.

    Parameters
    ----------
    owner : str
        Name of the estimator, for messages.
    companions : dict of str to estimator or (estimator, int or None)
        As the user gave them.
    method : str
        That they predict by.

    Returns
    -------
    dict of str to (estimator, int or None, bool)
        Estimator, number of components, and whether it is fitted on groups of modalities too,
        which those of the user are not.
    """
    pairs = {name: _pair(f"{owner}: companion {name!r}", one) for name, one in companions.items()}
    lacking = [name for name, (estimator, *_) in pairs.items() if not hasattr(estimator, method)]
    if lacking:
        raise ValueError(
            f"{owner}: the companions {lacking} have no {method}: wrap them, for example in "
            "CalibratedClassifierCV, or take others."
        )
    return pairs


def _pair(owner: str, companion) -> tuple:
    """Return an estimator and its number of components, checked."""
    pair = companion if isinstance(companion, tuple) else (companion, _N_COMPONENTS)
    if len(pair) != 2:
        raise ValueError(
            f"{owner} must be an estimator, or a pair of one and a number of components or None; "
            f"got {len(pair)} parts."
        )
    estimator, n_components = pair
    if isclass(estimator):
        name = estimator.__name__
        raise TypeError(f"{owner} is the class {name}: pass an instance, {name}().")
    if not hasattr(estimator, "fit"):
        raise TypeError(f"{owner} must be an estimator with fit, got {estimator!r}.")
    is_count = isinstance(n_components, Integral) and not isinstance(n_components, bool)
    if n_components is not None and not (is_count and n_components > 0):
        raise ValueError(
            f"{owner}: its number of components must be 1 or more, or None for all; got "
            f"{n_components!r}."
        )
    return estimator, n_components, False
