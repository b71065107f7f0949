"""LateFusion: the mean of one expert per modality."""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Integral

import torch
from torch import Tensor, nn

from sklearn_crossmodal.nn._component import Component
from sklearn_crossmodal.nn._layers import MLP, masked_mean
from sklearn_crossmodal.nn._presence import where_present
from sklearn_crossmodal.utils._sklearn import Interval

__all__ = ["LateFusion"]


class LateFusion(Component):
    """Mean over present modalities of latents, each after layers of its own to one width.

    With a linear head this averages the scores of the modalities. It is robust to noisy and absent
    modalities, but cannot learn interactions between them.

    Parameters
    ----------
    width : int, default=64
        Width of the result.

    Examples
    --------
    >>> import torch
    >>> from sklearn_crossmodal.nn.fusion import LateFusion
    >>> LateFusion(width=4).build([2, 3])([torch.zeros(5, 2), torch.zeros(5, 3)]).shape
    torch.Size([5, 4])
    """

    _parameter_constraints = {"width": [Interval(Integral, 1, None, closed="left")]}

    def __init__(self, width=64):
        self.width = width

    def build(self, widths: Sequence[int]) -> nn.Module:
        """Return the module: [(B, D_1), ..., (B, D_M)], (B, M) -> (B, width)."""
        self._validate_params()
        return _LateFusion(widths, self.width)


class _LateFusion(nn.Module):
    """[(B, D_1), ..., (B, D_M)] -> (B, D)."""

    stacks = True

    def __init__(self, widths: Sequence[int], width: int) -> None:
        super().__init__()
        self.experts = nn.ModuleList(
            [nn.Sequential(MLP(before, [width]), nn.Linear(width, width)) for before in widths]
        )
        self.out_features = width

    def forward(self, latents: Sequence[Tensor], present: Tensor | None = None) -> Tensor:
        latents = where_present(latents, present)
        scores = torch.stack([f(z) for f, z in zip(self.experts, latents, strict=True)], dim=1)
        return masked_mean(scores, present)
