"""Checks of what must not change where training is resumed: number of networks, and loss."""

from __future__ import annotations

from numbers import Integral

from sklearn_crossmodal.nn import resolve
from sklearn_crossmodal.nn._component import Factory
from sklearn_crossmodal.nn.losses import LOSSES
from sklearn_crossmodal.nn.networks._multimodal import AveragedNetwork
from sklearn_crossmodal.utils._validation import error_prefix

__all__ = ["check_can_resume", "check_same_loss", "describe_loss"]


def check_can_resume(estimator) -> bool:
    """Raise if training cannot be resumed from an estimator of several networks.

    Return True otherwise, as `available_if` needs.
    """
    network = getattr(getattr(estimator, "net_", None), "module_", None)
    several, n_folds = isinstance(network, AveragedNetwork), estimator.n_folds
    if several or (isinstance(n_folds, Integral) and n_folds > 1):
        has = "it was fitted with" if several else f"n_folds={n_folds} trains"
        raise ValueError(
            f"{type(estimator).__name__}: {has} several networks, with which warm_start and "
            "partial_fit cannot go on: set n_folds=None before `fit`."
        )
    return True


def check_same_loss(owner: str, first: str | None, loss) -> None:
    """Raise if the loss differs from that of the first call.

    The network has been built for the first, whose scores another would read wrongly.

    Parameters
    ----------
    owner : str
        Name of the estimator, for messages.
    first : str or None
        That of the first call, as `describe_loss` returned it.
    loss : str, component, nn.Module, dict or None
        That of now.

    Raises
    ------
    ValueError
        If they differ; modules, which have nothing to compare, do not.
    """
    now = describe_loss(owner, loss)
    if now != first and None not in (now, first):
        raise ValueError(
            f"{owner}: loss={loss!r} differs from that of the first call, {first}, with "
            "which warm_start and partial_fit go on: set warm_start=False, or take the old loss."
        )


def describe_loss(owner: str, loss) -> str | None:
    """Return a loss with its parameters in words; None of a module, which has none to compare."""
    if loss is None:
        return "that of the target"
    if isinstance(loss, dict):
        each = {name: describe_loss(owner, one) for name, one in sorted(loss.items())}
        return None if None in each.values() else str(each)
    with error_prefix(owner):
        component = resolve(loss, LOSSES, "loss")
    return None if isinstance(component, Factory) else repr(component)
