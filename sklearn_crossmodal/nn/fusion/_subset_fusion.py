"""PartialFusion: reuse the fusion of a pretrained network for a subset of its modalities."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from sklearn_crossmodal.nn._presence import presence_mask, where_present

__all__ = ["PartialFusion"]


class PartialFusion(nn.Module):
    """Fuse modalities of a pretrained network by its fusion, and the result with new modalities.

    [(B, D_1), ..., (B, D_M)] -> (B, D). Modalities of the pretrained network that are not used are
    absent.

    Parameters
    ----------
    fusion : nn.Module
        Of the pretrained network: (latents, present) -> (B, D').
    bottleneck : nn.Module
        Of the pretrained network: (B, D') -> (B, D).
    widths : sequence of int
        Width of the latent of each of its modalities.
    places : sequence of int or None
        For each latent its position among those modalities; None for a new one.
    outer : nn.Module, default=None
        Fusion of the shared latent and the new modalities, if there are any.
    n_shared : int
        Width D of the shared latent of the pretrained network.
    """

    stacks = True

    def __init__(
        self,
        fusion: nn.Module,
        bottleneck: nn.Module,
        widths: Sequence[int],
        places: Sequence[int | None],
        outer: nn.Module | None,
        n_shared: int,
    ) -> None:
        super().__init__()
        self.fusion = fusion
        self.bottleneck = bottleneck
        self.outer = outer
        self.widths = tuple(widths)
        self.places = tuple(places)
        self.out_features = n_shared if outer is None else outer.out_features

    def forward(self, latents: Sequence[Tensor], present: Tensor | None = None) -> Tensor:
        present = presence_mask(present, latents)
        latents = where_present(latents, present)
        known = {place: m for m, place in enumerate(self.places) if place is not None}
        absent = torch.zeros_like(present[:, 0])
        flags = [present[:, known[p]] if p in known else absent for p in range(len(self.widths))]
        any_present = torch.stack(flags).any(dim=0)
        # A row without any of them is not used, but some fusions would divide by zero.
        first = next(iter(known))
        flags[first] = flags[first] | ~any_present
        shared = self.bottleneck(self.fusion(self._latents(latents, known), torch.stack(flags, 1)))
        if self.outer is None:
            return shared
        new = [m for m, place in enumerate(self.places) if place is None]
        columns = [any_present, *(present[:, m] for m in new)]
        shared = torch.where(any_present.unsqueeze(-1), shared, 0.0)
        return self.outer([shared, *(latents[m] for m in new)], torch.stack(columns, dim=1))

    def _latents(self, latents: Sequence[Tensor], known: dict[int, int]) -> list[Tensor]:
        """Return the latents in the order of the pretrained network, zeros for missing ones."""
        return [
            latents[known[place]]
            if place in known
            else latents[0].new_zeros(len(latents[0]), width)
            for place, width in enumerate(self.widths)
        ]
