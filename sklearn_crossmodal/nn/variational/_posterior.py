"""What all posteriors have in common: an expert a modality, and draws to learn from."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn

from sklearn_crossmodal.nn._component import Component
from sklearn_crossmodal.nn._presence import all_present, where_present
from sklearn_crossmodal.nn.variational._gaussian import Gaussian, product_of_experts

__all__ = ["Draws", "Posterior", "PosteriorComponent", "normal_like", "one_of", "uniform_like"]


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


class PosteriorComponent(Component):
    """What makes a posterior once the widths are known; its parameters are those of the module."""

    _module: type[Posterior]

    def build(self, widths: Sequence[int], n_components: int) -> nn.Module:
        """Return the module.

        Parameters
        ----------
        widths : sequence of int
            Width D_m of each modality's latent.
        n_components : int
            Width D of the shared latent.

        Returns
        -------
        nn.Module
            [(B, D_1), ..., (B, D_M)], (B, M) -> (B, D), the mean of the posterior; with `belief`
            and `draw`.
        """
        self._validate_params()
        return self._module(widths, n_components, **self.get_params())


class Posterior(nn.Module, ABC):
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
        experts = self.experts(where_present(latents, present))
        return self.joint(experts, all_present(latents) if present is None else present)

    def draw(
        self,
        latents: Sequence[Tensor],
        present: Tensor | None,
        generator: torch.Generator | None = None,
    ) -> Draws:
        """Return draws to learn from; `generator` is None in training."""
        experts = self.experts(where_present(latents, present))
        present = all_present(latents) if present is None else present
        return self.draw_of(experts, present, generator)

    @abstractmethod
    def draw_of(
        self, experts: Gaussian, present: Tensor, generator: torch.Generator | None
    ) -> Draws:
        """Return draws, given the Gaussian of each modality and which are there, (B, M)."""


def uniform_like(like: Tensor, generator: torch.Generator | None) -> Tensor:
    """Return noise of this shape from 0 to 1; without a generator from torch's own."""
    return _drawn(torch.rand, like, generator, torch.float32)


def normal_like(like: Tensor, generator: torch.Generator | None) -> Tensor:
    """Return standard normal noise of this shape; without a generator from torch's own."""
    return _drawn(torch.randn, like, generator, like.dtype)


def _drawn(draw, like, generator, dtype):
    if generator is None:
        return draw(like.shape, device=like.device, dtype=dtype)
    return draw(like.shape, generator=generator, dtype=dtype).to(like.device)


def one_of(there: Tensor, generator: torch.Generator | None) -> Tensor:
    """Return, of each row (B, K), one at random of those that are there."""
    draws = uniform_like(there, generator).masked_fill(~there, -1.0)
    place = draws.argmax(dim=1, keepdim=True)
    return torch.zeros_like(there).scatter_(1, place, True) & there
