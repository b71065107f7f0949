"""What must stay as it was in the first call where a later one goes on from there."""

from __future__ import annotations

from sklearn_crossmodal.nn import resolve
from sklearn_crossmodal.nn._component import Factory
from sklearn_crossmodal.nn.losses import LOSSES
from sklearn_crossmodal.utils._validation import error_prefix

__all__ = ["keep_loss"]


def keep_loss(estimator, *, reset: bool) -> None:
    """Remember the loss of the first call; raise if a later one that goes on has another.

    The network has been built for the first, whose scores another would read wrongly.
    """
    owner = type(estimator).__name__
    if reset:
        estimator._first_loss = _described(owner, estimator.loss)
        return
    first = getattr(estimator, "_first_loss", None)
    now = _described(owner, estimator.loss)
    if now != first and None not in (now, first):
        raise ValueError(
            f"{owner}: loss={estimator.loss!r} differs from that of the first call, {first}, with "
            "which warm_start and partial_fit go on: set warm_start=False, or take the old loss."
        )


def _described(owner: str, loss) -> str | None:
    """Return a loss with its parameters in words; None of a module, which has none to compare."""
    if loss is None:
        return "that of the target"
    if isinstance(loss, dict):
        each = {name: _described(owner, one) for name, one in sorted(loss.items())}
        return None if None in each.values() else str(each)
    with error_prefix(owner):
        component = resolve(loss, LOSSES, "loss")
    return None if isinstance(component, Factory) else repr(component)
