"""Quantile regression of several quantiles, which do not cross."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from numbers import Real

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from sklearn_crossmodal.data import BlockSpec
from sklearn_crossmodal.nn._component import Component
from sklearn_crossmodal.nn.losses._components import Loss
from sklearn_crossmodal.nn.losses._functions import mean_over_entries
from sklearn_crossmodal.utils._sklearn import Interval

__all__ = ["QuantileLoss", "pinball"]


def pinball(
    prediction: Tensor,
    target: Tensor,
    mask: Tensor | None = None,
    *,
    quantiles: Sequence[float] = (0.5,),
) -> Tensor:
    """Return the mean pinball loss of each sample, over its numbers and all quantiles.

    ``max(q e, (q - 1) e)`` for a quantile q and the error e, the target minus the prediction. Its
    mean is minimal at the quantile q of the targets.

    Parameters
    ----------
    prediction : Tensor of shape (B, ..., Q)
        A number for each quantile.
    target : Tensor of shape (B, ...)
        Numbers.
    mask : Tensor of shape (B, ...), bool, default=None
        Which numbers count; None means all.
    quantiles : sequence of float, default=(0.5,)
        From 0 to 1, as many as Q.

    Returns
    -------
    Tensor of shape (B,)

    References
    ----------
    R. Koenker, G. Bassett (1978). "Regression quantiles". doi:10.2307/1913643

    Examples
    --------
    >>> import torch
    >>> from sklearn_crossmodal.nn.losses import pinball
    >>> pinball(torch.zeros(2, 1, 1), torch.tensor([[1.0], [-1.0]]), quantiles=[0.75])
    tensor([0.7500, 0.2500])
    """
    errors = (target.unsqueeze(-1) - prediction).unbind(-1)
    losses = [
        torch.maximum(level * error, (level - 1) * error)
        for level, error in zip(quantiles, errors, strict=True)
    ]
    return mean_over_entries(torch.stack(losses).mean(dim=0), mask)


def rising(scores: Tensor) -> Tensor:
    """Return nondecreasing numbers along the last axis: the first score, then softplus steps."""
    steps = torch.cat([scores[..., :1], functional.softplus(scores[..., 1:])], dim=-1)
    return steps.cumsum(dim=-1)


def _loss_of_scores(scores, target, mask=None, *, quantiles):
    return pinball(rising(scores), target, mask, quantiles=quantiles)


def _with_quantiles(spec: BlockSpec, n_quantiles: int) -> BlockSpec:
    return replace(spec, shape=(*spec.shape, n_quantiles))


class QuantileLoss(Component):
    """Pinball loss of several quantiles of each number, averaged over them.

    The decoder returns the lowest quantile and, through a softplus, the increment from each to the
    next, so that quantiles never cross.

    Parameters
    ----------
    quantiles : float or tuple of float, default=(0.1, 0.5, 0.9)
        Levels, above 0 and below 1, in ascending order. For one level, a number or a tuple of one,
        predictions have the shape of the target; for several, an additional last axis. Where a
        point prediction is needed, as in `impute` of an autoencoder, it is that of the level
        nearest to one half.

    References
    ----------
    .. [1] R. Koenker, G. Bassett (1978). "Regression quantiles". doi:10.2307/1913643
    .. [2] A. J. Cannon (2018). "Non-crossing nonlinear regression quantiles by monotone composite
       quantile regression neural network". doi:10.1007/s00477-018-1573-6

    Examples
    --------
    >>> import torch
    >>> from sklearn_crossmodal.nn.losses import QuantileLoss
    >>> loss = QuantileLoss(quantiles=(0.25, 0.75)).build()
    >>> loss.link(torch.zeros(1, 2))
    tensor([[0.0000, 0.6931]])
    >>> QuantileLoss(quantiles=(0.9, 0.1)).build()
    Traceback (most recent call last):
    ...
    ValueError: QuantileLoss: quantiles=(0.9, 0.1) must be above 0, below 1, and in ascending order.
    """

    # Decoders of images and series have no additional axis.
    kinds = frozenset({"vector"})
    _parameter_constraints = {"quantiles": [Interval(Real, 0, 1, closed="neither"), "array-like"]}

    def __init__(self, quantiles=(0.1, 0.5, 0.9)):
        self.quantiles = quantiles

    def build(self) -> nn.Module:
        """Return the module: (prediction, target, mask, weight) -> scalar."""
        self._validate_params()
        levels = self._levels()
        point = min(range(len(levels)), key=lambda place: abs(levels[place] - 0.5))
        return Loss(
            partial(_loss_of_scores, quantiles=levels),
            rising,
            scored=partial(_with_quantiles, n_quantiles=len(levels)),
            point=point,
        )

    def _levels(self) -> tuple[float, ...]:
        levels = np.atleast_1d(self.quantiles).tolist()
        numbers = levels and all(isinstance(level, Real) for level in levels)
        if numbers and all(a < b for a, b in zip([0, *levels], [*levels, 1], strict=True)):
            return tuple(map(float, levels))
        raise ValueError(
            f"QuantileLoss: quantiles={self.quantiles!r} must be above 0, below 1, and in "
            "ascending order."
        )
