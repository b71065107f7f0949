"""PoEPosterior: the product of what the modalities believe, and the prior."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import nn

from sklearn_crossmodal.nn._component import Component
from sklearn_crossmodal.nn.variational._gaussian import kl_divergence, product_of_experts
from sklearn_crossmodal.nn.variational._posterior import (
    Draws,
    Posterior,
    normal_like,
    one_of,
    uniform_like,
)

__all__ = ["PoEPosterior"]


class PoEPosterior(Component):
    """Product of experts, with the prior as one of them (MVAE).

    ``q(z | x_S) = p(z) prod_m q_m(z | x_m)`` over the modalities m in S. The objective adds up the
    evidence bounds of all that is present, of one modality, and of a drawn subset, of each sample.

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

    def build(self, widths: Sequence[int], n_components: int) -> nn.Module:
        """Return the module: [(B, D_1), ..., (B, D_M)], (B, M) -> (B, n_components)."""
        return _PoE(widths, n_components)


class _PoE(Posterior):
    """The product; trained on all, on one alone, and on a drawn subset."""

    prior = True

    def _draw(self, experts, present, generator):
        one = one_of(present, generator)
        some = present & (uniform_like(present, generator) < 0.5)
        some = torch.where(some.any(dim=1, keepdim=True), some, one)
        sources = torch.stack([present, one, some], dim=1)
        joined = product_of_experts(experts, sources, prior=True)
        latent = joined.at(normal_like(joined.mean, generator))
        sources = sources.transpose(0, 1).flatten(0, 1)
        divergence = kl_divergence(joined).transpose(0, 1).flatten()
        # As its authors have it each term explains what it was drawn from, and nothing else.
        return Draws(latent.transpose(0, 1).flatten(0, 1), divergence, sources, sources)
