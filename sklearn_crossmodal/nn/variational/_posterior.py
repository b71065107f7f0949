"""Base classes of joint posteriors: one expert per modality, and samples of the latent."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn

from sklearn_crossmodal.nn._component import Component
from sklearn_crossmodal.nn._presence import presence_mask, where_present
from sklearn_crossmodal.nn.variational._gaussian import Gaussian, product_of_experts

__all__ = ["Draws", "Posterior", "PosteriorComponent", "normal_like", "one_of", "uniform_like"]


class Draws(NamedTuple):
    """K samples of the latent for each of B rows, for training.

    Parameters
    ----------
    latent : Tensor of shape (K * B, D)
        The first samples of all rows, then the second.
    divergence : Tensor of shape (K * B,)
        Divergence of the latent, in nats; that of a row is the mean over K.
    sources : Tensor of shape (K * B, M), bool
        The modalities on which each sample is conditioned.
    targets : Tensor of shape (K * B, M), or None
        Weights of the likelihoods of the modalities; None is one for all.
    """

    latent: Tensor
    divergence: Tensor
    sources: Tensor
    targets: Tensor | None = None


class PosteriorComponent(Component):
    """Component of a posterior; its parameters are those of the module."""

    _module: type[Posterior]

    def build(self, widths: Sequence[int], n_components: int) -> nn.Module:
        """Return the module: [(B, D_1), ..., (B, D_M)], (B, M) -> (B, n_components).

        Its result is the mean of the posterior; it has methods `belief` and `draw`.
        """
        self._validate_params()
        return self._module(widths, n_components, **self.get_params())


class Posterior(nn.Module, ABC):
    """[(B, D_1), ..., (B, D_M)] -> (B, D): a fusion that returns the mean of the joint posterior.

    Each modality is an expert: a Gaussian whose parameters are a linear map of its latent.
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
        """Return the posterior given the present modalities, of shape (B, D)."""
        joined = product_of_experts(experts, present.unsqueeze(1), prior=self.prior)
        return Gaussian(*(part.squeeze(1) for part in joined))

    def forward(self, latents: Sequence[Tensor], present: Tensor | None = None) -> Tensor:
        return self.belief(latents, present).mean

    def belief(self, latents: Sequence[Tensor], present: Tensor | None = None) -> Gaussian:
        """Return the joint posterior of latents, of shape (B, D)."""
        experts = self.experts(where_present(latents, present))
        return self.joint(experts, presence_mask(present, latents))

    def draw(
        self,
        latents: Sequence[Tensor],
        present: Tensor | None,
        generator: torch.Generator | None = None,
    ) -> Draws:
        """Return samples for training; `generator` is None in training."""
        experts = self.experts(where_present(latents, present))
        present = presence_mask(present, latents)
        return self.draw_of(experts, present, generator)

    @abstractmethod
    def draw_of(
        self, experts: Gaussian, present: Tensor, generator: torch.Generator | None
    ) -> Draws:
        """Return samples, given the Gaussians and the presence (B, M) of modalities."""


def uniform_like(like: Tensor, generator: torch.Generator | None) -> Tensor:
    """Return uniform noise of this shape; without a generator from torch's global one."""
    return _drawn(torch.rand, like, generator, torch.float32)


def normal_like(like: Tensor, generator: torch.Generator | None) -> Tensor:
    """Return standard normal noise of this shape; without a generator from torch's global one."""
    return _drawn(torch.randn, like, generator, like.dtype)


def _drawn(draw, like, generator, dtype):
    if generator is None:
        return draw(like.shape, device=like.device, dtype=dtype)
    return draw(like.shape, generator=generator, dtype=dtype).to(like.device)


def one_of(flags: Tensor, generator: torch.Generator | None) -> Tensor:
    """Return a mask (B, K) with one random True per row among those of `flags`."""
    draws = uniform_like(flags, generator).masked_fill(~flags, -1.0)
    place = draws.argmax(dim=1, keepdim=True)
    return torch.zeros_like(flags).scatter_(1, place, True) & flags
