"""PoEPosterior: the product of experts and the prior."""

from __future__ import annotations

import torch

from sklearn_crossmodal.nn.variational._gaussian import kl_divergence, product_of_experts
from sklearn_crossmodal.nn.variational._posterior import (
    Draws,
    Posterior,
    PosteriorComponent,
    normal_like,
    one_of,
    uniform_like,
)

__all__ = ["PoEPosterior"]


class _PoE(Posterior):
    """The product, trained on all modalities, on a single one, and on a random subset."""

    prior = True

    def draw_of(self, experts, present, generator):
        one = one_of(present, generator)
        some = present & (uniform_like(present, generator) < 0.5)
        some = torch.where(some.any(dim=1, keepdim=True), some, one)
        sources = torch.stack([present, one, some], dim=1)
        joined = product_of_experts(experts, sources, prior=True)
        latent = joined.at(normal_like(joined.mean, generator))
        sources = sources.transpose(0, 1).flatten(0, 1)
        divergence = kl_divergence(joined).transpose(0, 1).flatten()
        # As in the paper, each term reconstructs its source modalities only.
        return Draws(latent.transpose(0, 1).flatten(0, 1), divergence, sources, sources)


class PoEPosterior(PosteriorComponent):
    """Product of experts, with the prior as one of them (MVAE).

    ``q(z | x_S) = p(z) prod_m q_m(z | x_m)`` over the modalities m in S. The objective is the sum
    of the evidence lower bounds of all present modalities, of one modality, and of a random subset.

    References
    ----------
    M. Wu, N. Goodman (2018). "Multimodal generative models for scalable weakly-supervised
    learning". arXiv:1802.05335

    Examples
    --------
    >>> import torch
    >>> from sklearn_crossmodal.nn.variational import PoEPosterior
    >>> PoEPosterior().build([3, 5], 2)([torch.zeros(4, 3), torch.zeros(4, 5)]).shape
    torch.Size([4, 2])
    """

    _module = _PoE
