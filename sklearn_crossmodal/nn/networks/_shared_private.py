"""PrivateNetwork: a shared latent, and a private latent for each modality."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from sklearn_crossmodal.nn._presence import where_present
from sklearn_crossmodal.nn.networks._multimodal import MultiModalNetwork

__all__ = ["PrivateNetwork"]


class PrivateNetwork(MultiModalNetwork):
    """An autoencoder with a shared latent and a private latent for each modality.

    The latent of a sample is the concatenation of the shared one and of the private ones, which are
    zero for absent modalities. A modality is decoded from the shared latent and its private one,
    any other target from the shared latent.

    Parameters
    ----------
    encoders, fusion, bottleneck, decoders : nn.Module
        As in `MultiModalNetwork`; the decoder of a modality takes `n_private` additional entries.
    n_private : int
        Width of the private latent of a modality.

    References
    ----------
    M. Lee, V. Pavlovic (2021). "Private-shared disentangled multimodal VAE for learning of latent
    representations". arXiv:2012.13024

    Examples
    --------
    >>> import torch
    >>> from torch import nn
    >>> from sklearn_crossmodal.data import BlockSpec
    >>> from sklearn_crossmodal.nn import PrivateNetwork
    >>> from sklearn_crossmodal.nn.encoders import MLPEncoder
    >>> from sklearn_crossmodal.nn.fusion import MeanFusion
    >>> encoders = {name: MLPEncoder(width=8).build(BlockSpec("vector", (5,))) for name in "ab"}
    >>> decoders = {name: nn.Linear(3 + 2, 5) for name in "ab"}
    >>> network = PrivateNetwork(
    ...     encoders, MeanFusion().build([8, 8]), nn.Linear(64, 3), decoders, 2
    ... )
    >>> network.encode({name: torch.zeros(4, 5) for name in "ab"}).shape
    torch.Size([4, 7])
    """

    stacks = False

    def __init__(
        self,
        encoders: Mapping[str, nn.Module],
        fusion: nn.Module,
        bottleneck: nn.Module,
        decoders: Mapping[str, nn.Module],
        n_private: int,
    ) -> None:
        super().__init__(encoders, fusion, bottleneck, decoders)
        self.n_private = n_private
        widths = [encoder.out_features for encoder in encoders.values()]
        self.private = nn.ModuleList([self._private_layer(w) for w in widths if n_private])

    def _private_layer(self, width: int) -> nn.Module:
        return nn.Linear(width, self.n_private)

    @property
    def n_latents(self) -> int:
        """Width of the concatenated shared and private latents."""
        return self.n_shared + self.n_private * len(self._modalities)

    def private_means(self, latents: Sequence[Tensor], present: Tensor | None) -> list[Tensor]:
        """Return the private latent of each modality, (B, n_private) each, zero where absent."""
        latents = where_present(latents, present)
        means = [layer(latent) for layer, latent in zip(self.private, latents, strict=True)]
        return where_present(means, present)

    def encode(
        self,
        values: Mapping[str, Tensor],
        masks: Mapping[str, Tensor] | None = None,
        present: Tensor | None = None,
    ) -> Tensor:
        """Return the shared latent of the present modalities, followed by the private latents."""
        latents = self.latents(values, masks, present)
        parts = [self.fuse(latents, present), *self.private_means(latents, present)]
        return torch.cat(parts, dim=-1)

    def decode(
        self, latent: Tensor, known: Mapping[str, Tensor] | None = None
    ) -> dict[str, Tensor]:
        """Return the scores of each target, given shared and private latents."""
        places = {name: place for place, name in enumerate(self._modalities)}
        shared, private = latent.tensor_split([self.n_shared], dim=-1)
        parts = private.unflatten(-1, (len(places), self.n_private))
        inputs = {
            name: torch.cat([shared, parts[:, places[name]]], dim=-1) if name in places else shared
            for name in self._targets
        }
        return {name: self.decode_one(name, one, known) for name, one in inputs.items()}

    def forward(
        self,
        values: Mapping[str, Tensor],
        masks: Mapping[str, Tensor] | None = None,
        present: Tensor | None = None,
        known: Mapping[str, Tensor] | None = None,
    ) -> dict[str, Tensor]:
        return self.decode(self.encode(values, masks, present), known)
