"""MoEPosterior, MoPoEPosterior: mixtures of what single modalities, or subsets of them, believe."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product

import torch
from torch import Tensor, nn

from sklearn_crossmodal.nn._component import Component
from sklearn_crossmodal.nn.variational._gaussian import Gaussian, kl_divergence, product_of_experts
from sklearn_crossmodal.nn.variational._posterior import (
    Draws,
    Posterior,
    normal_like,
    one_of,
    uniform_like,
)

__all__ = ["MoEPosterior", "MoPoEPosterior"]

#: Modalities up to which all their subsets are looked at; beyond, so many drawn ones.
_ALL_SUBSETS_UP_TO, _N_SUBSETS = 5, 32


class MoEPosterior(Component):
    """Mixture of experts (MMVAE): the latent is drawn from one modality, and explains all.

    ``q(z | x) = 1 / M sum_m q_m(z | x_m)``, with the evidence bound in place of the importance
    weighted one; each sample draws one modality a step, of which the sum over all is the mean.

    References
    ----------
    Y. Shi, N. Siddharth, B. Paige, P. H. S. Torr (2019). "Variational mixture-of-experts
    autoencoders for multi-modal deep generative models". arXiv:1911.03393

    Examples
    --------
    >>> import torch
    >>> from sklearn_crossmodal.nn.variational import MoEPosterior
    >>> MoEPosterior().build([3, 5], 2)([torch.zeros(4, 3), torch.zeros(4, 5)]).shape
    torch.Size([4, 2])
    """

    def build(self, widths: Sequence[int], n_components: int) -> nn.Module:
        """Return the module: [(B, D_1), ..., (B, D_M)], (B, M) -> (B, n_components)."""
        return _MoE(widths, n_components)


class MoPoEPosterior(Component):
    """Mixture of products of experts, one for each subset of the modalities.

    ``q(z | x) = 1 / (2^M - 1) sum_S prod_{m in S} q_m(z | x_m)``; each sample draws one subset a
    step. Of more than five modalities 32 subsets are drawn a step.

    References
    ----------
    T. M. Sutter, I. Daunhawer, J. E. Vogt (2021). "Generalized multimodal ELBO". arXiv:2105.02470

    Examples
    --------
    >>> import torch
    >>> from sklearn_crossmodal.nn.variational import MoPoEPosterior
    >>> MoPoEPosterior().build([3, 5], 2)([torch.zeros(4, 3), torch.zeros(4, 5)]).shape
    torch.Size([4, 2])
    """

    def build(self, widths: Sequence[int], n_components: int) -> nn.Module:
        """Return the module: [(B, D_1), ..., (B, D_M)], (B, M) -> (B, n_components)."""
        return _MoPoE(widths, n_components)


class _Mixture(Posterior):
    """Products of subsets, each as likely; a draw is from one of them."""

    def subsets(self, present: Tensor, generator: torch.Generator | None) -> Tensor:
        """Return subsets of what is present, (B, K, M), and with it each as often."""
        raise NotImplementedError

    def _draw(self, experts, present, generator):
        subsets = self.subsets(present, generator)
        joined = product_of_experts(experts, subsets)
        there = subsets.any(dim=-1)
        place = one_of(there, generator).to(torch.int64).argmax(dim=1)
        chosen = joined.take(place)
        rows = torch.arange(len(place), device=place.device)
        latent = chosen.at(normal_like(chosen.mean, generator))
        # By convexity no less than the divergence of the mixture.
        divergence = (kl_divergence(joined) * there).sum(dim=1) / there.sum(dim=1)
        return Draws(latent, divergence, subsets[rows, place])


class _MoPoE(_Mixture):
    def subsets(self, present: Tensor, generator: torch.Generator | None) -> Tensor:
        n_rows, n_modalities = present.shape
        if n_modalities <= _ALL_SUBSETS_UP_TO:
            every = torch.tensor([*product([False, True], repeat=n_modalities)][1:])
            subsets = every.to(present.device).expand(n_rows, -1, -1)
        else:
            drawn = uniform_like(present.new_empty(_N_SUBSETS - 1, n_modalities), generator) < 0.5
            whole = torch.ones_like(drawn[:1])
            subsets = torch.cat([whole, drawn]).expand(n_rows, -1, -1)
        # What is left of them where a modality is absent is again each subset as often.
        return subsets & present.unsqueeze(1)


class _MoE(_Mixture):
    def subsets(self, present: Tensor, generator: torch.Generator | None) -> Tensor:
        alone = torch.eye(present.shape[1], dtype=torch.bool, device=present.device)
        return alone & present.unsqueeze(1)

    def joint(self, experts: Gaussian, present: Tensor) -> Gaussian:
        """Return mean and variance of the mixture of what is present."""
        weight = present.unsqueeze(-1).to(experts.mean.dtype)
        weight = weight / weight.sum(dim=1, keepdim=True).clamp(min=1)
        mean = (weight * experts.mean).sum(dim=1)
        spread = experts.log_variance.exp() + (experts.mean - mean.unsqueeze(1)) ** 2
        return Gaussian(mean, (weight * spread).sum(dim=1).clamp(min=1e-8).log())
