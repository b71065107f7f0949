"""Deviances of counts and of positive amounts, whose decoder gives logarithms."""

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

#: Logarithms of predictions stay within this of zero: they are positive and finite in float32.
_MOST = 50.0
#: Predictions lie from the least number in `fit` divided by this to the largest times this.
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
    """Return minus the log-likelihood of counts under a Poisson distribution.

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
    of_mean_itself = torch.lgamma(count + 1) + count - torch.xlogy(count, count)
    return poisson_deviance(prediction, target, mask) + mean_over_entries(of_mean_itself, mask)


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
    # What is above zero may be none of a coarser precision.
    target = observed_or_one(target, mask).clamp(min=torch.finfo(prediction.dtype).tiny)
    excess = target.log() - prediction
    return mean_over_entries(torch.expm1(excess) - excess, mask)


def observed_or_one(target: Tensor, mask: Tensor | None) -> Tensor:
    """Return the target, with ones where nothing was observed, whose logarithm is finite."""
    if mask is None:
        return target
    if mask.ndim < target.ndim:  # steps of several numbers have one entry a step
        mask = mask.unsqueeze(-1)
    return target.masked_fill(~mask, 1)


class LogLink:
    """From logarithms to the means that they stand for, within reach of what `fit` saw.

    A network that extrapolates by a line does so by a power here. So a mean is at least half the
    least number that was seen, and at most twice the largest, of each column.

    Parameters
    ----------
    place : int, default=None
        Which of the scores along the last axis is the logarithm; None where each is one.

    Attributes
    ----------
    least, most : Tensor of shape (d,) or (), or None
        The bounds; None until `widen` is called.

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
        """Let predictions reach what these numbers allow, beside those of earlier calls.

        Parameters
        ----------
        least, most : Tensor of shape (d,) or ()
            Of the numbers of each column.
        """
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
    """Half the Poisson deviance of counts, under a logarithmic link.

    Its least value is at the mean, also where the numbers are no counts, and predictions are
    positive. A count of 1000 may be off by more than one of 10. Predictions are at least half the
    least number of their column in `fit` and at most twice the largest, however far X is.

    See Also
    --------
    GammaLoss : For amounts whose spread grows in proportion to their mean.

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
    #: How a regressor scales a target of its own: so that zero stays zero, and its mean is one.
    scaling = "mean"

    def build(self) -> nn.Module:
        """Return the module: (prediction, target, mask, weight) -> scalar."""
        return Loss(poisson_deviance, LogLink(), span=(0, math.inf), nll=poisson_nll)


class GammaLoss(Component):
    """Half the gamma deviance of positive amounts, under a logarithmic link.

    What counts is by which share a prediction is off, whatever the amount. Predictions are bounded
    as by `PoissonLoss`.

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
