"""How the modalities' beliefs about the latent are joined, and what training makes of them."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from numbers import Real
from typing import NamedTuple

import torch
from torch import Tensor, nn

from sklearn_crossmodal.nn._component import Component
from sklearn_crossmodal.nn.variational._gaussian import Gaussian, kl_divergence, product_of_experts
from sklearn_crossmodal.utils._sklearn import Interval

__all__ = [
    "Draws",
    "MVTCAEPosterior",
    "MoEPosterior",
    "MoPoEPosterior",
    "PoEPosterior",
    "normal_like",
]

#: Modalities up to which all their subsets are looked at; beyond, so many drawn ones.
_ALL_SUBSETS_UP_TO, _N_SUBSETS = 5, 32


class Draws(NamedTuple):
    """What the decoders are to learn from, K draws of the latent for each of B samples.

    Parameters
    ----------
    latent : Tensor of shape (K * B, D)
        The first draws of all samples, then the second.
    divergence : Tensor of shape (K * B,)
        What the latent costs, in nats; its mean over K is that of the sample.
    sources : Tensor of shape (K * B, M), bool
        Which modalities each was drawn from.
    targets : Tensor of shape (K * B, M), or None
        How much the likelihood of each modality counts; None is one for all.
    """

    latent: Tensor
    divergence: Tensor
    sources: Tensor
    targets: Tensor | None = None


class _Posterior(nn.Module):
    """[(B, D_1), ..., (B, D_M)] -> (B, D), as a fusion; the mean of the joint posterior.

    Each modality is an expert: a Gaussian by a linear map of its latent.
    """

    prior = False

    def __init__(self, widths: Sequence[int], n_components: int) -> None:
        super().__init__()
        self.scores = nn.ModuleList([nn.Linear(width, 2 * n_components) for width in widths])
        self.out_features = n_components

    def experts(self, latents: Sequence[Tensor]) -> Gaussian:
        """Return the Gaussian of each modality, of shape (B, M, D)."""
        scores = [score(latent) for score, latent in zip(self.scores, latents, strict=True)]
        return Gaussian.of(torch.stack(scores, dim=1))

    def joint(self, experts: Gaussian, present: Tensor) -> Gaussian:
        """Return the posterior given all that is present, of shape (B, D)."""
        joined = product_of_experts(experts, present.unsqueeze(1), prior=self.prior)
        return Gaussian(*(part.squeeze(1) for part in joined))

    def forward(self, latents: Sequence[Tensor], present: Tensor | None = None) -> Tensor:
        return self.belief(latents, present).mean

    def belief(self, latents: Sequence[Tensor], present: Tensor | None = None) -> Gaussian:
        """Return the joint posterior of latents, of shape (B, D)."""
        return self.joint(self.experts(latents), _presence(latents, present))

    def draw(
        self,
        latents: Sequence[Tensor],
        present: Tensor | None,
        generator: torch.Generator | None = None,
    ) -> Draws:
        """Return draws to learn from; `generator` is None in training."""
        return self._draw(self.experts(latents), _presence(latents, present), generator)

    def _draw(self, experts, present, generator):
        raise NotImplementedError


class _PoE(_Posterior):
    """The product; trained on all, on one alone, and on a drawn subset."""

    prior = True

    def _draw(self, experts, present, generator):
        one = _one_of(present, generator)
        some = present & (_uniform(present, generator) < 0.5)
        some = torch.where(some.any(dim=1, keepdim=True), some, one)
        sources = torch.stack([present, one, some], dim=1)
        joined = product_of_experts(experts, sources, prior=True)
        latent = joined.at(normal_like(joined.mean, generator))
        sources = sources.transpose(0, 1).flatten(0, 1)
        divergence = kl_divergence(joined).transpose(0, 1).flatten()
        # As its authors have it each term explains what it was drawn from, and nothing else.
        return Draws(latent.transpose(0, 1).flatten(0, 1), divergence, sources, sources)


class _Mixture(_Posterior):
    """Products of subsets, each as likely; a draw is from one of them."""

    def subsets(self, present: Tensor, generator: torch.Generator | None) -> Tensor:
        """Return subsets of what is present, (B, K, M), and with it each as often."""
        raise NotImplementedError

    def _draw(self, experts, present, generator):
        subsets = self.subsets(present, generator)
        joined = product_of_experts(experts, subsets)
        there = subsets.any(dim=-1)
        place = _one_of(there, generator).to(torch.int64).argmax(dim=1)
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
            drawn = _uniform(present.new_empty(_N_SUBSETS - 1, n_modalities), generator) < 0.5
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


class _MVTCAE(_Posterior):
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


def _presence(latents: Sequence[Tensor], present: Tensor | None) -> Tensor:
    if present is not None:
        return present
    first = latents[0]
    return torch.ones(len(first), len(latents), dtype=torch.bool, device=first.device)


def _uniform(like: Tensor, generator: torch.Generator | None) -> Tensor:
    return _drawn(torch.rand, like, generator, torch.float32)


def normal_like(like: Tensor, generator: torch.Generator | None) -> Tensor:
    """Return standard normal noise of this shape; without a generator from torch's own."""
    return _drawn(torch.randn, like, generator, like.dtype)


def _drawn(draw, like, generator, dtype):
    if generator is None:
        return draw(like.shape, device=like.device, dtype=dtype)
    return draw(like.shape, generator=generator, dtype=dtype).to(like.device)


def _one_of(there: Tensor, generator: torch.Generator | None) -> Tensor:
    """Return, of each row (B, K), one at random of those that are there."""
    draws = _uniform(there, generator).masked_fill(~there, -1.0)
    place = draws.argmax(dim=1, keepdim=True)
    return torch.zeros_like(there).scatter_(1, place, True) & there
