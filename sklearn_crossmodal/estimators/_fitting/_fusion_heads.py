"""Heads of the fusion estimators: one on the fused latent, and one on each modality alone."""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Real

from torch import nn

from sklearn_crossmodal.nn import build_decoder, build_loss
from sklearn_crossmodal.nn.decoders import CodesDecoder, MLPDecoder
from sklearn_crossmodal.nn.networks._unimodal_heads import ModalityHeads
from sklearn_crossmodal.utils._sklearn import Interval, StrOptions

__all__ = ["FUSION_CONSTRAINTS", "check_balance", "single_head", "unimodal_heads"]

FUSION_CONSTRAINTS = {
    "auxiliary_weight": [Interval(Real, 0, None, closed="left")],
    "balance": [StrOptions({"gradient_blending"}), None],
}


def single_head(target, width: int) -> tuple[nn.Module, dict, dict]:
    """Return bottleneck, head and loss of a target under a linear head.

    Parameters
    ----------
    target : ClassTarget or NumberTarget
        Fitted.
    width : int
        Of the fused latent.

    Returns
    -------
    bottleneck : nn.Module
    decoders, losses : dict of str to nn.Module
    """
    loss = build_loss(target.loss, target.spec)
    return nn.Identity(), {"y": _linear(width, target.spec, loss)}, {"y": loss}


def unimodal_heads(estimator, widths: Sequence[int], *, adds: bool) -> nn.Module | None:
    """Return heads that predict from each modality alone; None without an `auxiliary_weight`.

    Parameters
    ----------
    estimator : BaseMultimodal
        With an `auxiliary_weight`, and a target.
    widths : sequence of int
        Of the latents of the modalities.
    adds : bool
        Whether scores are logits, which are added.

    Returns
    -------
    ModalityHeads or None
    """
    if not estimator.auxiliary_weight or len(widths) < 2:
        return None
    target = estimator._target
    loss = build_loss(target.loss, target.spec)
    heads = [_linear(width, target.spec, loss) for width in widths]
    return ModalityHeads(heads, widths, "y", adds=adds)


def check_balance(estimator) -> None:
    """Raise if gradient blending lacks the heads or the held-out rows that it needs."""
    if estimator.balance is None:
        return
    needs = f"{type(estimator).__name__}: balance={estimator.balance!r} needs"
    if not estimator.auxiliary_weight:
        raise ValueError(f"{needs} unimodal heads: set auxiliary_weight above 0.")
    if estimator.validation is None:
        raise ValueError(
            f"{needs} held-out rows: set validation to 'auto', a share or a splitter, or n_folds."
        )


def _linear(width: int, spec, loss: nn.Module) -> nn.Module:
    several = spec.kind == "codes" and spec.size > 1
    head = (CodesDecoder if several else MLPDecoder)(hidden_widths=())
    return build_decoder(head, width, spec, loss)
