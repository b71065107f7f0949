"""Diagonal Gaussians: products, divergences and samples."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

__all__ = ["Gaussian", "kl_divergence", "product_of_experts"]

#: Bound of the absolute logarithm of variances, so that no expert dominates a product.
_MOST = 8.0


class Gaussian(NamedTuple):
    """Means and logarithms of variances.

    Parameters
    ----------
    mean, log_variance : Tensor of shape (..., D)
        Of each entry of the latent.

    Examples
    --------
    >>> import torch
    >>> from sklearn_crossmodal.nn.variational import Gaussian
    >>> Gaussian.of(torch.tensor([[1.0, 100.0]]))
    Gaussian(mean=tensor([[1.]]), log_variance=tensor([[8.]]))
    """

    mean: Tensor
    log_variance: Tensor

    @classmethod
    def of(cls, scores: Tensor) -> Gaussian:
        """Return the Gaussian of scores (..., 2 D): means, then logarithms of variances."""
        mean, log_variance = scores.chunk(2, dim=-1)
        return cls(mean, log_variance.clamp(-_MOST, _MOST))

    def at(self, noise: Tensor) -> Tensor:
        """Transform standard normal noise (..., D) to samples (reparameterisation trick)."""
        return self.mean + noise * (0.5 * self.log_variance).exp()

    def take(self, places: Tensor) -> Gaussian:
        """Return the component of a mixture (B, K, D) at the position (B,) of each row."""
        places = places.view(-1, 1, 1).expand(-1, 1, self.mean.shape[-1])
        return Gaussian(*(part.gather(1, places).squeeze(1) for part in self))


def kl_divergence(first: Gaussian, second: Gaussian | None = None) -> Tensor:
    """Return the Kullback-Leibler divergence of one Gaussian from another.

    Parameters
    ----------
    first : Gaussian of shape (..., D)
        The distribution of the expectation.
    second : Gaussian of shape (..., D), default=None
        None is the standard normal distribution.

    Returns
    -------
    Tensor of shape (...,), in nats

    Examples
    --------
    >>> import torch
    >>> from sklearn_crossmodal.nn.variational import Gaussian, kl_divergence
    >>> kl_divergence(Gaussian(torch.tensor([[1.0, 2.0]]), torch.zeros(1, 2)))
    tensor([2.5000])
    """
    mean, log_variance = first
    if second is None:
        return 0.5 * (log_variance.exp() + mean**2 - 1 - log_variance).sum(dim=-1)
    distance = (mean - second.mean) ** 2 / second.log_variance.exp()
    excess = log_variance - second.log_variance
    return 0.5 * (excess.exp() + distance - 1 - excess).sum(dim=-1)


def product_of_experts(experts: Gaussian, chosen: Tensor, *, prior: bool = False) -> Gaussian:
    """Return the product of Gaussians, a Gaussian whose precision is the sum of precisions.

    Parameters
    ----------
    experts : Gaussian of shape (B, M, D)
        One per modality.
    chosen : Tensor of shape (B, K, M), bool
        The factors of K products per row. An empty product is the prior.
    prior : bool, default=False
        Whether a standard normal distribution is a factor of each product.

    Returns
    -------
    Gaussian of shape (B, K, D)

    Examples
    --------
    >>> import torch
    >>> from sklearn_crossmodal.nn.variational import Gaussian, product_of_experts
    >>> experts = Gaussian(torch.tensor([[[0.0], [3.0]]]), torch.zeros(1, 2, 1))
    >>> product_of_experts(experts, torch.ones(1, 1, 2, dtype=torch.bool)).mean
    tensor([[[1.5000]]])
    """
    chosen = chosen.to(experts.mean.dtype)
    precision = (-experts.log_variance).exp()
    total = torch.einsum("bkm,bmd->bkd", chosen, precision)
    weighted = torch.einsum("bkm,bmd->bkd", chosen, precision * experts.mean)
    is_empty = chosen.sum(dim=-1, keepdim=True) == 0
    total = total + (1.0 if prior else is_empty.to(total.dtype))
    return Gaussian(weighted / total, -total.log())
