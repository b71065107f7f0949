"""VariationalNetwork: the forward pass of a variational autoencoder."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from sklearn_crossmodal.nn._presence import where_present
from sklearn_crossmodal.nn.networks._shared_private import PrivateNetwork
from sklearn_crossmodal.nn.variational._gaussian import Gaussian, kl_divergence
from sklearn_crossmodal.nn.variational._posterior import Draws, normal_like

__all__ = ["COUNTED", "DIVERGENCE", "VariationalNetwork"]

#: Keys of the output in training and validation: the divergence of the latent, (B,), and weights of
#: the targets, (B, M) or None. The leading space avoids collisions with names of targets.
DIVERGENCE, COUNTED = " divergence", " counted"


class VariationalNetwork(PrivateNetwork):
    """Encoders, a joint posterior of the latent, and a decoder per target.

    Predictions are decoded from the mean of the posterior. In training and validation, one or
    several samples of the latent are decoded. The private latent of a modality that was not a
    source of the sample is drawn from the prior, so that the shared latent must hold what
    modalities have in common.

    Parameters
    ----------
    encoders : mapping of str to nn.Module
        For each modality: (values, mask) -> (B, D_m).
    posterior : nn.Module
        Built by a component of `sklearn_crossmodal.nn.variational`.
    decoders : mapping of str to nn.Module
        For each target: (B, D') -> scores.
    n_private : int, default=0
        Width of the private latent of a modality.

    References
    ----------
    D. P. Kingma, M. Welling (2014). "Auto-encoding variational Bayes". arXiv:1312.6114; private
    latents: E. Palumbo, I. Daunhawer, J. E. Vogt (2023). "MMVAE+: Enhancing the generative quality
    of multimodal VAEs without compromises". ICLR.

    Examples
    --------
    >>> import torch
    >>> from torch import nn
    >>> from sklearn_crossmodal.data import BlockSpec
    >>> from sklearn_crossmodal.nn.encoders import MLPEncoder
    >>> from sklearn_crossmodal.nn.variational import MoPoEPosterior, VariationalNetwork
    >>> encoders = {name: MLPEncoder(width=8).build(BlockSpec("vector", (5,))) for name in "ab"}
    >>> posterior = MoPoEPosterior().build([8, 8], 3)
    >>> network = VariationalNetwork(encoders, posterior, {name: nn.Linear(3, 5) for name in "ab"})
    >>> sorted(network({name: torch.zeros(4, 5) for name in "ab"}))
    [' counted', ' divergence', 'a', 'b']
    """

    def __init__(
        self,
        encoders: Mapping[str, nn.Module],
        posterior: nn.Module,
        decoders: Mapping[str, nn.Module],
        n_private: int = 0,
    ) -> None:
        super().__init__(encoders, posterior, nn.Identity(), decoders, n_private)

    def _private_layer(self, width: int) -> nn.Module:
        return nn.Linear(width, 2 * self.n_private)

    def _private(self, latents: Sequence[Tensor]) -> Gaussian:
        """Return the posterior of the private latent of each modality, (B, M, n_private)."""
        if not self.n_private:
            none = latents[0].new_zeros(len(latents[0]), len(latents), 0)
            return Gaussian(none, none)
        scores = [layer(latent) for layer, latent in zip(self.private, latents, strict=True)]
        return Gaussian.of(torch.stack(scores, dim=1))

    def private_means(self, latents: Sequence[Tensor], present: Tensor | None) -> list[Tensor]:
        return where_present(self._private(latents).mean.unbind(dim=1), present)

    def belief(
        self,
        values: Mapping[str, Tensor],
        masks: Mapping[str, Tensor] | None = None,
        present: Tensor | None = None,
    ) -> Gaussian:
        """Return the posterior of the concatenated shared and private latents.

        It is the prior for the private latent of an absent modality. Arguments as in `latents`.
        """
        latents = self.latents(values, masks, present)
        shared, private = self.fusion.belief(latents, present), self._private(latents)
        parts = [where_present(part.unbind(dim=1), present) for part in private]
        both = zip(shared, parts, strict=True)
        return Gaussian(*(torch.cat([one, *several], dim=-1) for one, several in both))

    def forward(
        self,
        values: Mapping[str, Tensor],
        masks: Mapping[str, Tensor] | None = None,
        present: Tensor | None = None,
        known: Mapping[str, Tensor] | None = None,
    ) -> dict[str, Tensor]:
        if torch.is_inference_mode_enabled():
            return super().forward(values, masks, present, known)
        latents = self.latents(values, masks, present)
        # The same noise in each validation, so that epochs are comparable.
        generator = None if self.training else torch.Generator().manual_seed(0)
        draws = self.fusion.draw(latents, present, generator)
        private, cost = self._draw_private(latents, draws, generator)
        latent = torch.cat([draws.latent, private], dim=-1)
        known = {
            name: tokens.repeat(len(latent) // len(tokens), 1)
            for name, tokens in (known or {}).items()
        }
        scores = self.decode(latent, known)
        return {**scores, DIVERGENCE: draws.divergence + cost, COUNTED: draws.targets}

    def _draw_private(self, latents: Sequence[Tensor], draws: Draws, generator):
        """Return the private latents, (K * B, M * n_private), and their divergence, (K * B,)."""
        private = self._private(latents)
        n_draws = len(draws.latent) // len(private.mean)
        private = Gaussian(*(part.repeat(n_draws, 1, 1) for part in private))
        noise = normal_like(private.mean, generator)
        known = draws.sources.unsqueeze(-1)
        cost = kl_divergence(private) * draws.sources
        return torch.where(known, private.at(noise), noise).flatten(1), cost.sum(dim=1)
