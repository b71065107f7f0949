"""Negative log-likelihoods, whose sum over modalities is part of the evidence lower bound."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import partial
from numbers import Real

import torch
from torch import Tensor, nn

from sklearn_crossmodal.data import BlockSpec
from sklearn_crossmodal.nn._component import Component
from sklearn_crossmodal.nn.losses._components import Loss, SquaredError, identity
from sklearn_crossmodal.nn.losses._functions import gaussian_nll, laplace_nll, mean_over_entries
from sklearn_crossmodal.nn.losses._positive import LogLink, observed_or_one
from sklearn_crossmodal.utils._sklearn import Interval

__all__ = [
    "GaussianLoss",
    "LaplaceLoss",
    "NegativeBinomialLoss",
    "negative_binomial_nll",
]

#: Bound of the absolute logarithm of dispersions, beyond which the gamma function loses precision.
_MOST = 10.0


def negative_binomial_nll(prediction: Tensor, target: Tensor, mask: Tensor | None = None) -> Tensor:
    """Return the negative log-likelihood of counts under a negative binomial distribution.

    Its variance is ``m + m**2 / r`` for a mean m and a dispersion r; for large r it approaches a
    Poisson distribution.

    Parameters
    ----------
    prediction : Tensor of shape (B, ..., 2)
        Logarithms of mean and dispersion.
    target : Tensor of shape (B, ...)
        Counts.
    mask : Tensor of shape (B, ...), bool, default=None
        Which entries count; None means all.

    Returns
    -------
    Tensor of shape (B,), in nats
        The mean over the entries of a sample.

    Examples
    --------
    >>> import torch
    >>> from sklearn_crossmodal.nn.losses import negative_binomial_nll
    >>> negative_binomial_nll(torch.zeros(1, 1, 2), torch.tensor([[2.0]]))  # a geometric one
    tensor([2.0794])
    """
    count = observed_or_one(target, mask)
    log_mean, log_r = prediction[..., 0], prediction[..., 1].clamp(-_MOST, _MOST)
    r = log_r.exp()
    log_both = torch.logaddexp(log_mean, log_r)
    chosen = torch.lgamma(count + r) - torch.lgamma(r) - torch.lgamma(count + 1)
    likelihood = chosen + r * (log_r - log_both) + count * (log_mean - log_both)
    return mean_over_entries(-likelihood, mask)


class _LocationLoss(Component):
    """A location family with a fixed scale."""

    kinds = SquaredError.kinds
    _parameter_constraints = {"scale": [Interval(Real, 0, None, closed="neither")]}
    _nll = None

    def __init__(self, scale=1.0):
        self.scale = scale

    def build(self) -> nn.Module:
        """Return the module: (prediction, target, mask, weight) -> scalar."""
        self._validate_params()
        nll = partial(type(self)._nll, scale=self.scale)
        return Loss(nll, identity, nll=nll)


class GaussianLoss(_LocationLoss):
    """Negative log-likelihood of numbers with Gaussian noise.

    Parameters
    ----------
    scale : float, default=1.0
        Standard deviation of the noise, in scaled units: standard deviations of a numeric modality.
        The smaller, the larger the weight of reconstruction relative to the divergence.

    See Also
    --------
    SquaredError : The same up to factor and constant.

    Examples
    --------
    >>> import torch
    >>> from sklearn_crossmodal.nn.losses import GaussianLoss
    >>> GaussianLoss(scale=0.5).build()(torch.zeros(1, 1), torch.ones(1, 1))
    tensor(2.2258)
    """

    _nll = gaussian_nll


class LaplaceLoss(_LocationLoss):
    """Negative log-likelihood of numbers with Laplace noise, which is robust to outliers.

    Parameters
    ----------
    scale : float, default=1.0
        Mean absolute noise, in scaled units.

    See Also
    --------
    AbsoluteError : The same up to factor and constant.

    Examples
    --------
    >>> import torch
    >>> from sklearn_crossmodal.nn.losses import LaplaceLoss
    >>> LaplaceLoss(scale=0.5).build()(torch.zeros(1, 1), torch.ones(1, 1))
    tensor(2.)
    """

    _nll = laplace_nll


def _with_dispersions(spec: BlockSpec) -> BlockSpec:
    return replace(spec, shape=(*spec.shape, 2))


class NegativeBinomialLoss(Component):
    """Negative log-likelihood of overdispersed counts, under a negative binomial distribution.

    The decoder returns mean and dispersion of each number. For counts of genes, words, visits.
    Means are bounded as by `PoissonLoss`.

    See Also
    --------
    PoissonLoss : For counts whose variance is their mean.

    References
    ----------
    R. Lopez et al. (2018). "Deep generative modeling for single-cell transcriptomics".
    doi:10.1038/s41592-018-0229-2

    Examples
    --------
    >>> import torch
    >>> from sklearn_crossmodal.nn.losses import NegativeBinomialLoss
    >>> NegativeBinomialLoss().build()(torch.zeros(1, 1, 2), torch.zeros(1, 1))
    tensor(0.6931)
    """

    kinds = frozenset({"vector"})
    scaling = None

    def build(self) -> nn.Module:
        """Return the module: (prediction, target, mask, weight) -> scalar."""
        return Loss(
            negative_binomial_nll,
            LogLink(place=0),
            span=(0, math.inf),
            scored=_with_dispersions,
            nll=negative_binomial_nll,
        )
