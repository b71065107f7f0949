"""Check the members that a user gives to an automatic fusion."""

from __future__ import annotations

from inspect import isclass
from numbers import Integral

from sklearn.base import BaseEstimator

from sklearn_crossmodal.ensemble._base_models import JOINT
from sklearn_crossmodal.exceptions import ModalityError

__all__ = ["check_companions", "check_names", "check_network"]

#: Components of each text, series, image and pretrained vector that a companion is given.
_N_COMPONENTS = 30
#: What the leaderboard calls the network over all modalities, and the combination of all members.
_TAKEN = {JOINT, "fused"}


def check_network(owner: str, estimator, usual) -> BaseEstimator:
    """Return the network whose parameters the networks have; raise if it is of another kind."""
    if estimator is None:
        return usual
    if not isinstance(estimator, type(usual)):
        raise TypeError(
            f"{owner}: estimator must be a {type(usual).__name__}, got {type(estimator).__name__}: "
            "give others as companions."
        )
    if estimator.get_params(deep=False).get("modalities") is not None:
        raise ModalityError(
            f"{owner}: estimator has modalities of its own: give them to {owner} instead."
        )
    return estimator


def check_names(owner: str, entries: list[tuple]) -> None:
    """Raise if a modality is called as a row of the leaderboard that is no single modality's."""
    taken = sorted(_TAKEN & {name for name, *_ in entries})
    if taken:
        raise ModalityError(
            f"{owner}: modalities need other names than {taken}, such as {taken[0] + '_data'!r}: "
            "the leaderboard has these for the network over all modalities and for the combination."
        )


def check_companions(owner: str, companions: dict, entries: list[tuple], says: str) -> dict:
    """Return companions with their numbers of components; raise if they cannot be members."""
    given = {name: _pair(f"{owner}: companion {name!r}", one) for name, one in companions.items()}
    mute = [name for name, (estimator, _) in given.items() if not hasattr(estimator, says)]
    if mute:
        raise ValueError(
            f"{owner}: the companions {mute} have no {says}: wrap them, for example in "
            "CalibratedClassifierCV, or take others."
        )
    taken = (_TAKEN | {name for name, *_ in entries}) & set(companions)
    if taken:
        raise ValueError(f"{owner}: companions need other names than {sorted(taken)}.")
    return given


def _pair(owner: str, one) -> tuple:
    """Return an estimator and its number of components, checked."""
    pair = one if isinstance(one, tuple) else (one, _N_COMPONENTS)
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
    counted = isinstance(n_components, Integral) and not isinstance(n_components, bool)
    if n_components is not None and not (counted and n_components > 0):
        raise ValueError(
            f"{owner}: its number of components must be 1 or more, or None for all; got "
            f"{n_components!r}."
        )
    return estimator, n_components
