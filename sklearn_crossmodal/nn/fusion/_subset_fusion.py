"""The fusion of another network, of which only some modalities are there."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from sklearn_crossmodal.nn._presence import all_present, where_present

__all__ = ["PartialFusion"]


class PartialFusion(nn.Module):
    """Join modalities as another network does, and further ones to what comes out.

    [(B, D_1), ..., (B, D_M)] -> (B, D). To the other network those of its modalities that are not
    among these are absent.

    Parameters
    ----------
    fusion : nn.Module
        Of the other network: (latents, present) -> (B, D').
    bottleneck : nn.Module
        Of the other network: (B, D') -> (B, D).
    widths : sequence of int
        Width of the latent of each of its modalities.
    places : sequence of int or None
        For each latent that is joined here, its place among those; None where it is a further one.
    outer : nn.Module, default=None
        Fusion of what comes out and of the further ones, if there are any.
    n_shared : int
        Width D of what comes out of the other network.
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
        if present is None:
            present = all_present(latents)
        latents = where_present(latents, present)
        known = {place: m for m, place in enumerate(self.places) if place is not None}
        absent = torch.zeros_like(present[:, 0])
        there = [present[:, known[p]] if p in known else absent for p in range(len(self.widths))]
        any_there = torch.stack(there).any(dim=0)
        # A row that has none of them is not used, but some fusions would divide by nothing.
        first = next(iter(known))
        there[first] = there[first] | ~any_there
        shared = self.bottleneck(self.fusion(self._latents(latents, known), torch.stack(there, 1)))
        if self.outer is None:
            return shared
        further = [m for m, place in enumerate(self.places) if place is None]
        columns = [any_there, *(present[:, m] for m in further)]
        shared = torch.where(any_there.unsqueeze(-1), shared, 0.0)
        return self.outer([shared, *(latents[m] for m in further)], torch.stack(columns, dim=1))

    def _latents(self, latents: Sequence[Tensor], known: dict[int, int]) -> list[Tensor]:
        """Return the latents as the other network orders them, zero where there are none."""
        return [
            latents[known[place]]
            if place in known
            else latents[0].new_zeros(len(latents[0]), width)
            for place, width in enumerate(self.widths)
        ]
