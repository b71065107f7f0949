"""ConcatFusion: latents side by side."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from sklearn_crossmodal.nn._component import Component

__all__ = ["ConcatFusion"]


class ConcatFusion(Component):
    """Put the latents side by side; a learned vector stands in for an absent one.

    Examples
    --------
    >>> import torch
    >>> from sklearn_crossmodal.nn.fusion import ConcatFusion
    >>> fusion = ConcatFusion().build([2, 1])
    >>> fusion([torch.ones(1, 2), torch.zeros(1, 1)])
    tensor([[1., 1., 0.]])
    """

    def build(self, widths: Sequence[int]) -> nn.Module:
        """Return the module.

        Parameters
        ----------
        widths : sequence of int
            Width D_m of each latent.

        Returns
        -------
        nn.Module
            [(B, D_1), ..., (B, D_M)], (B, M) -> (B, D_1 + ... + D_M).
        """
        return _ConcatFusion(widths)


class _ConcatFusion(nn.Module):
    """[(B, D_1), ..., (B, D_M)] -> (B, sum of D_m)."""

    def __init__(self, widths: Sequence[int]) -> None:
        super().__init__()
        self.absent = nn.ParameterList([torch.zeros(width) for width in widths])
        self.out_features = sum(widths)

    def forward(self, latents: Sequence[Tensor], present: Tensor | None = None) -> Tensor:
        if present is not None:
            latents = [
                torch.where(present[:, m : m + 1], latent, self.absent[m])
                for m, latent in enumerate(latents)
            ]
        return torch.cat(list(latents), dim=-1)
