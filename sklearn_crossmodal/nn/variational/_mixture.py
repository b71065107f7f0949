"""MoEPosterior, MoPoEPosterior: mixtures of experts, and of products of experts of subsets."""

from __future__ import annotations

from abc import abstractmethod
from itertools import product

import torch
from torch import Tensor

from sklearn_crossmodal.nn.variational._gaussian import Gaussian, kl_divergence, product_of_experts
from sklearn_crossmodal.nn.variational._posterior import (
    Draws,
    Posterior,
    PosteriorComponent,
    normal_like,
    one_of,
    uniform_like,
)

__all__ = ["MoEPosterior", "MoPoEPosterior"]

#: Number of modalities up to which all subsets are used, and number of sampled subsets beyond.
_ALL_SUBSETS_UP_TO, _N_SUBSETS = 5, 32


class _Mixture(Posterior):
    """A uniform mixture of products of experts of subsets."""

    @abstractmethod
    def subsets(self, present: Tensor, generator: torch.Generator | None) -> Tensor:
        """Return subsets of the present modalities (B, K, M), with equal frequencies."""

    def draw_of(self, experts, present, generator):
        subsets = self.subsets(present, generator)
        joined = product_of_experts(experts, subsets)
        nonempty = subsets.any(dim=-1)
        place = one_of(nonempty, generator).to(torch.int64).argmax(dim=1)
        chosen = joined.take(place)
        rows = torch.arange(len(place), device=place.device)
        latent = chosen.at(normal_like(chosen.mean, generator))
        # An upper bound of the divergence of the mixture, by convexity.
        divergence = (kl_divergence(joined) * nonempty).sum(dim=1) / nonempty.sum(dim=1)
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
        # Intersections with the present modalities have equal frequencies, too.
        return subsets & present.unsqueeze(1)


class _MoE(_Mixture):
    def subsets(self, present: Tensor, generator: torch.Generator | None) -> Tensor:
        single = torch.eye(present.shape[1], dtype=torch.bool, device=present.device)
        return single & present.unsqueeze(1)

    def joint(self, experts: Gaussian, present: Tensor) -> Gaussian:
        """Return mean and variance of the mixture over present modalities."""
        weight = present.unsqueeze(-1).to(experts.mean.dtype)
        weight = weight / weight.sum(dim=1, keepdim=True).clamp(min=1)
        mean = (weight * experts.mean).sum(dim=1)
        spread = experts.log_variance.exp() + (experts.mean - mean.unsqueeze(1)) ** 2
        return Gaussian(mean, (weight * spread).sum(dim=1).clamp(min=1e-8).log())


class MoEPosterior(PosteriorComponent):
    """Mixture of experts (MMVAE): the latent is sampled from one modality, and decodes all.

    ``q(z | x) = 1 / M sum_m q_m(z | x_m)``, with the evidence lower bound in place of the
    importance-weighted one. Each step samples one modality per sample, an unbiased estimate of the
    sum over all.

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

    _module = _MoE


class MoPoEPosterior(PosteriorComponent):
    """Mixture of products of experts, one for each subset of the modalities.

    ``q(z | x) = 1 / (2^M - 1) sum_S prod_{m in S} q_m(z | x_m)``. Each step samples one subset per
    sample; for more than five modalities from 32 random subsets.

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

    _module = _MoPoE
