"""Deviances of counts and positive amounts, with a log link."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from sklearn_crossmodal.nn._component import Component
from sklearn_crossmodal.nn.losses._components import Loss
from sklearn_crossmodal.nn.losses._functions import mean_over_entries

__all__ = [
    "GammaLoss",
    "LogLink",
    "PoissonLoss",
    "gamma_deviance",
    "poisson_deviance",
    "poisson_nll",
]

#: Bound of the absolute logarithm of predictions, which are positive and finite in float32.
_MOST = 50.0
#: Predictions range from the minimum in `fit` divided by this to the maximum times this.
_BEYOND = 2.0


def poisson_deviance(prediction: Tensor, target: Tensor, mask: Tensor | None = None) -> Tensor:
    """Return the mean half Poisson deviance of each sample.

    ``y log(y / m) - y + m`` for a target y and a mean m, the exponential of the prediction.

    Parameters
    ----------
    prediction : Tensor of shape (B, ...)
        Logarithms of means.
    target : Tensor of shape (B, ...)
        Numbers of 0 or more.
    mask : Tensor of the same shape or (B, T) for steps (B, T, D), bool, default=None
        Which entries count; None means all.

    Returns
    -------
    Tensor of shape (B,)

    Examples
    --------
    >>> import torch
    >>> from sklearn_crossmodal.nn.losses import poisson_deviance
    >>> poisson_deviance(torch.zeros(2, 1), torch.tensor([[1.0], [0.0]]))
    tensor([0., 1.])
    """
    target = observed_or_one(target, mask)
    errors = torch.xlogy(target, target) - target * prediction - target + prediction.exp()
    return mean_over_entries(errors, mask)


def poisson_nll(prediction: Tensor, target: Tensor, mask: Tensor | None = None) -> Tensor:
    """Return the negative log-likelihood of counts under a Poisson distribution.

    Parameters
    ----------
    prediction : Tensor of shape (B, ...)
        Logarithms of means.
    target : Tensor of shape (B, ...)
        Counts.
    mask : Tensor of the same shape or (B, T) for steps (B, T, D), bool, default=None
        Which entries count; None means all.

    Returns
    -------
    Tensor of shape (B,), in nats
        The mean over the entries of a sample.

    Examples
    --------
    >>> import torch
    >>> from sklearn_crossmodal.nn.losses import poisson_nll
    >>> poisson_nll(torch.zeros(1, 1), torch.tensor([[2.0]]))
    tensor([1.6931])
    """
    count = observed_or_one(target, mask)
    saturated = torch.lgamma(count + 1) + count - torch.xlogy(count, count)
    return poisson_deviance(prediction, target, mask) + mean_over_entries(saturated, mask)


def gamma_deviance(prediction: Tensor, target: Tensor, mask: Tensor | None = None) -> Tensor:
    """Return the mean half gamma deviance of each sample.

    ``y / m - log(y / m) - 1`` for a target y and a mean m, the exponential of the prediction.

    Parameters
    ----------
    prediction : Tensor of shape (B, ...)
        Logarithms of means.
    target : Tensor of shape (B, ...)
        Numbers above 0.
    mask : Tensor of the same shape or (B, T) for steps (B, T, D), bool, default=None
        Which entries count; None means all.

    Returns
    -------
    Tensor of shape (B,)

    Examples
    --------
    >>> import torch
    >>> from sklearn_crossmodal.nn.losses import gamma_deviance
    >>> gamma_deviance(torch.zeros(2, 1), torch.tensor([[1.0], [2.0]]))
    tensor([0.0000, 0.3069])
    """
    # A positive number may be zero in a lower precision.
    target = observed_or_one(target, mask).clamp(min=torch.finfo(prediction.dtype).tiny)
    excess = target.log() - prediction
    return mean_over_entries(torch.expm1(excess) - excess, mask)


def observed_or_one(target: Tensor, mask: Tensor | None) -> Tensor:
    """Replace unobserved targets by one, whose logarithm is finite."""
    if mask is None:
        return target
    if mask.ndim < target.ndim:  # steps of several numbers have one entry a step
        mask = mask.unsqueeze(-1)
    return target.masked_fill(~mask, 1)


class LogLink:
    """The log link: from logarithms to means, bounded by the range of the target in `fit`.

    A network that extrapolates linearly would extrapolate exponentially here. So means are at least
    half the minimum of their column in `fit`, and at most twice the maximum.

    Parameters
    ----------
    place : int, default=None
        Position of the logarithm along the last axis of the scores; None if each score is one.

    Attributes
    ----------
    least, most : Tensor of shape (d,) or (), or None
        The bounds; None before `widen` is called.

    Examples
    --------
    >>> import torch
    >>> from sklearn_crossmodal.nn.losses._positive import LogLink
    >>> link = LogLink()
    >>> link.widen(torch.tensor([1.0]), torch.tensor([12.0]))
    >>> link(torch.tensor([[-9.0], [0.0], [47.0]])).ravel()
    tensor([ 0.5000,  1.0000, 24.0000])
    """

    def __init__(self, place: int | None = None) -> None:
        self.place = place
        self.least = self.most = None

    def widen(self, least: Tensor, most: Tensor) -> None:
        """Widen the bounds to the minimum and maximum of the target, of shape (d,) or ()."""
        least, most = least / _BEYOND, most * _BEYOND
        self.least = least if self.least is None else torch.minimum(self.least, least)
        self.most = most if self.most is None else torch.maximum(self.most, most)

    def __call__(self, scores: Tensor) -> Tensor:
        logarithms = scores if self.place is None else scores[..., self.place]
        means = logarithms.clamp(-_MOST, _MOST).exp()
        if self.most is None:
            return means
        return torch.maximum(torch.minimum(means, self.most.to(means)), self.least.to(means))


class PoissonLoss(Component):
    """Half the Poisson deviance of counts, with a log link.

    It is minimal at the mean, also for numbers that are not counts, and predictions are positive.
    The error of a large count has less weight than that of a small one. Predictions are at least
    half the minimum of their column in `fit` and at most twice the maximum, for any X.

    See Also
    --------
    GammaLoss : For amounts whose standard deviation is proportional to their mean.

    References
    ----------
    P. McCullagh, J. A. Nelder (1989). "Generalized linear models", 2nd edition.
    doi:10.1201/9780203753736

    Examples
    --------
    >>> import torch
    >>> from sklearn_crossmodal.nn.losses import PoissonLoss
    >>> loss = PoissonLoss().build()
    >>> loss(torch.zeros(2, 1), torch.tensor([[1.0], [0.0]]))
    tensor(0.5000)
    >>> loss.link(torch.zeros(2))
    tensor([1., 1.])
    """

    kinds = frozenset({"vector", "grid", "sequence"})
    #: How a regressor scales y: to mean one, so that zero stays zero.
    scaling = "mean"

    def build(self) -> nn.Module:
        """Return the module: (prediction, target, mask, weight) -> scalar."""
        return Loss(poisson_deviance, LogLink(), span=(0, math.inf), nll=poisson_nll)


class GammaLoss(Component):
    """Half the gamma deviance of positive amounts, with a log link.

    It depends on the relative error only. Predictions are bounded as by `PoissonLoss`.

    See Also
    --------
    PoissonLoss : For counts, which may be zero.

    References
    ----------
    P. McCullagh, J. A. Nelder (1989). "Generalized linear models", 2nd edition.
    doi:10.1201/9780203753736

    Examples
    --------
    >>> import torch
    >>> from sklearn_crossmodal.nn.losses import GammaLoss
    >>> GammaLoss().build()(torch.zeros(1, 1), torch.tensor([[2.0]]))
    tensor(0.3069)
    """

    kinds = PoissonLoss.kinds
    scaling = "mean"

    def build(self) -> nn.Module:
        """Return the module: (prediction, target, mask, weight) -> scalar."""
        return Loss(gamma_deviance, LogLink(), span=(0, math.inf), above=True)
