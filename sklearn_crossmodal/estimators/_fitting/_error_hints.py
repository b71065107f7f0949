"""Remedies for nested parameters of a component that is set by its name, or None."""

from __future__ import annotations

from sklearn_crossmodal.modalities import MODALITIES
from sklearn_crossmodal.nn.decoders import DECODERS
from sklearn_crossmodal.nn.encoders import ENCODERS
from sklearn_crossmodal.nn.fusion import FUSIONS
from sklearn_crossmodal.nn.losses import LOSSES
from sklearn_crossmodal.nn.variational import POSTERIORS
from sklearn_crossmodal.utils._validation import plain

__all__ = ["remedy"]

#: Registries by the parameter that takes a name of theirs; of all others it is a modality.
_FAMILIES = {
    "fusion": FUSIONS,
    "encoder": ENCODERS,
    "decoder": DECODERS,
    "loss": LOSSES,
    "variational": POSTERIORS,
}


def remedy(place: str, name: str | None, key: str, value: object) -> str:
    """Return what to pass so that a nested parameter can be set.

    Parameters
    ----------
    place : str
        The parameter that holds a name, or None, such as ``"fusion"`` or ``"photo__encoder"``.
    name : str or None
        The name that it holds.
    key : str
        The parameter of the component that was to be set.
    value : object
        What it was to be set to.

    Returns
    -------
    str
        A sentence without its subject.

    Examples
    --------
    >>> from sklearn_crossmodal.estimators._fitting._error_hints import remedy
    >>> print(remedy("fusion", "mean", "width", 2))
    pass fusion=MeanFusion() instead, or MeanFusion(width=2).
    """
    if place == "optimizer":
        return (
            "set learning_rate or weight_decay of the estimator, or pass "
            f"net_params={{'optimizer__{key}': {plain(value)!r}}}."
        )
    registry = _FAMILIES.get(place.rpartition("__")[2], MODALITIES)
    if name is not None and name not in registry:
        return f"pass a component as {place} instead."
    if name is not None and key in registry[name]().get_params():
        made = registry[name].__name__
        return f"pass {place}={made}() instead, or {_written(registry[name], key, value)}."
    having = [part for part in registry.values() if key in part().get_params()]
    if not having:
        return f"none of those with a name has: they are {sorted(registry)}."
    which = " or ".join(dict.fromkeys(part.__name__ for part in having))
    call = f"pass {place}={_written(having[0], key, value)}"
    verb = "has" if len(having) == 1 else "have"
    if name is None:
        return f"{call}; {which} {verb} it."
    either = f"{registry[name].__name__} has none either"
    return f"{either}. Of those with a name {which} {verb}: {call}."


def _written(part: type, key: str, value: object) -> str:
    return f"{part.__name__}({key}={plain(value)!r})"
