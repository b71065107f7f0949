"""The forward passes: encode, fuse, decode. No options live here."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

__all__ = ["MultiModalNetwork"]


class MultiModalNetwork(nn.Module):
    """An encoder per modality, a fusion, a bottleneck, and a decoder per target.

    Parameters
    ----------
    encoders : mapping of str to nn.Module
        For each modality: (values, mask) -> (B, D_m).
    fusion : nn.Module
        (latents, present) -> (B, D).
    bottleneck : nn.Module
        (B, D) -> (B, D'), the shared latent.
    decoders : mapping of str to nn.Module
        For each target: (B, D') -> scores.

    Examples
    --------
    >>> import torch
    >>> from torch import nn
    >>> from sklearn_crossmodal.nn import MultiModalNetwork
    >>> from sklearn_crossmodal.data import BlockSpec
    >>> from sklearn_crossmodal.nn.encoders import MLPEncoder
    >>> from sklearn_crossmodal.nn.fusion import ConcatFusion
    >>> network = MultiModalNetwork(
    ...     {"table": MLPEncoder(width=8).build(BlockSpec("vector", (5,)))},
    ...     ConcatFusion().build([8]),
    ...     nn.Identity(),
    ...     {"y": nn.Linear(8, 3)},
    ... )
    >>> network({"table": torch.zeros(2, 5)})["y"].shape
    torch.Size([2, 3])
    """

    stacks = True

    def __init__(
        self,
        encoders: Mapping[str, nn.Module],
        fusion: nn.Module,
        bottleneck: nn.Module,
        decoders: Mapping[str, nn.Module],
    ) -> None:
        super().__init__()
        self._modalities, self.encoders = _named_modules(encoders)
        self.fusion = fusion
        self.bottleneck = bottleneck
        self._targets, self.decoders = _named_modules(decoders)

    def encode(
        self,
        values: Mapping[str, Tensor],
        masks: Mapping[str, Tensor] | None = None,
        present: Tensor | None = None,
    ) -> Tensor:
        """Return the shared latent of what is present.

        Parameters
        ----------
        values : mapping of str to Tensor of shape (B, ...)
            For each modality; zeros where a sample lacks it.
        masks : mapping of str to Tensor, default=None
            For the modalities that have one.
        present : Tensor of shape (B, M), bool, default=None
            Which modalities each sample has; None means all.

        Returns
        -------
        Tensor of shape (B, D')
        """
        masks = masks or {}
        latents = []
        for m, (name, key) in enumerate(self._modalities.items()):
            latent = self.encoders[key](values[name], masks.get(name))
            if present is not None:
                latent = torch.where(present[:, m : m + 1], latent, 0.0)
            latents.append(latent)
        return self.bottleneck(self.fusion(latents, present))

    def decode(self, latent: Tensor) -> dict[str, Tensor]:
        """Return the scores of each target.

        Parameters
        ----------
        latent : Tensor of shape (B, D')
            The shared latent.

        Returns
        -------
        dict of str to Tensor
        """
        return {name: self.decoders[key](latent) for name, key in self._targets.items()}

    def forward(
        self,
        values: Mapping[str, Tensor],
        masks: Mapping[str, Tensor] | None = None,
        present: Tensor | None = None,
    ) -> dict[str, Tensor]:
        return self.decode(self.encode(values, masks, present))


def _named_modules(modules: Mapping[str, nn.Module]) -> tuple[dict[str, str], nn.ModuleDict]:
    """Return a `ModuleDict`, and its key for each name: some names are not allowed as keys."""
    named, keys = nn.ModuleDict(), {}
    for name, module in modules.items():
        key = name.replace(".", "_") or "_"
        while hasattr(named, key):  # one that is taken, or what every module has
            key += "_"
        keys[name], named[key] = key, module
    return keys, named
