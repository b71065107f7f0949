"""MVTCAEPosterior: the product of what the modalities believe, which draws them to it."""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Real

import torch
from torch import nn

from sklearn_crossmodal.nn._component import Component
from sklearn_crossmodal.nn.variational._gaussian import Gaussian, kl_divergence
from sklearn_crossmodal.nn.variational._posterior import Draws, Posterior, normal_like
from sklearn_crossmodal.utils._sklearn import Interval

__all__ = ["MVTCAEPosterior"]


class MVTCAEPosterior(Component):
    """Product of experts that keeps the total correlation of the modalities (MVTCAE).

    The divergence of the product q from the prior p and from each expert q_m is weighed ::

        (1 - alpha) KL(q || p) + alpha / M sum_m KL(q || q_m)

    so that each expert comes to believe what all of them do; likelihoods count ``(M - alpha) / M``.

    Parameters
    ----------
    alpha : float, default=0.9
        Share of the experts in the divergence.

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

    _parameter_constraints = {"alpha": [Interval(Real, 0, 1, closed="both")]}

    def __init__(self, alpha=0.9):
        self.alpha = alpha

    def build(self, widths: Sequence[int], n_components: int) -> nn.Module:
        """Return the module: [(B, D_1), ..., (B, D_M)], (B, M) -> (B, n_components)."""
        self._validate_params()
        return _MVTCAE(widths, n_components, self.alpha)


class _MVTCAE(Posterior):
    """The product, which is drawn to the experts too."""

    def __init__(self, widths: Sequence[int], n_components: int, alpha: float) -> None:
        super().__init__(widths, n_components)
        self.alpha = alpha

    def _draw(self, experts, present, generator):
        joint = self.joint(experts, present)
        latent = joint.at(normal_like(joint.mean, generator))
        n_modalities = present.shape[1]
        one_row = Gaussian(*(part.unsqueeze(1) for part in joint))
        from_experts = (kl_divergence(one_row, experts) * present).sum(dim=1) / n_modalities
        divergence = (1 - self.alpha) * kl_divergence(joint) + self.alpha * from_experts
        share = (n_modalities - self.alpha) / n_modalities
        counted = torch.full_like(present, share, dtype=latent.dtype)
        return Draws(latent, divergence, present, counted)
