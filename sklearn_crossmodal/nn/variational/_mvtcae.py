"""MVTCAEPosterior: a product of experts, regularised by the divergence from each expert."""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Real

import torch

from sklearn_crossmodal.nn.variational._gaussian import Gaussian, kl_divergence
from sklearn_crossmodal.nn.variational._posterior import (
    Draws,
    Posterior,
    PosteriorComponent,
    normal_like,
)
from sklearn_crossmodal.utils._sklearn import Interval

__all__ = ["MVTCAEPosterior"]


class _MVTCAE(Posterior):
    """The product of experts, with divergences from the experts."""

    def __init__(self, widths: Sequence[int], n_components: int, alpha: float) -> None:
        super().__init__(widths, n_components)
        self.alpha = alpha

    def draw_of(self, experts, present, generator):
        joint = self.joint(experts, present)
        latent = joint.at(normal_like(joint.mean, generator))
        n_modalities = present.shape[1]
        one_row = Gaussian(*(part.unsqueeze(1) for part in joint))
        from_experts = (kl_divergence(one_row, experts) * present).sum(dim=1) / n_modalities
        divergence = (1 - self.alpha) * kl_divergence(joint) + self.alpha * from_experts
        share = (n_modalities - self.alpha) / n_modalities
        counted = torch.full_like(present, share, dtype=latent.dtype)
        return Draws(latent, divergence, present, counted)


class MVTCAEPosterior(PosteriorComponent):
    """Product of experts that maximises the total correlation of the modalities (MVTCAE).

    The divergence of the product q is a weighted mean of that from the prior p and from each
    expert q_m ::

        (1 - alpha) KL(q || p) + alpha / M sum_m KL(q || q_m)

    so that experts are trained to agree with the product. Likelihoods have weight
    ``(M - alpha) / M``.

    Parameters
    ----------
    alpha : float, default=0.9
        Weight of the experts in the divergence.

    References
    ----------
    H. Hwang, G.-H. Kim, S. Hong, K.-E. Kim (2021). "Multi-view representation learning via total
    correlation objective". NeurIPS 34.

    Examples
    --------
    >>> import torch
    >>> from sklearn_crossmodal.nn.variational import MVTCAEPosterior
    >>> MVTCAEPosterior().build([3, 5], 2)([torch.zeros(4, 3), torch.zeros(4, 5)]).shape
    torch.Size([4, 2])
    """

    _module = _MVTCAE
    _parameter_constraints = {"alpha": [Interval(Real, 0, 1, closed="both")]}

    def __init__(self, alpha=0.9):
        self.alpha = alpha
