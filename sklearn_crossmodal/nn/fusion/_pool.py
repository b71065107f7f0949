"""SumFusion, MeanFusion, MaxFusion: elementwise pooling of latents of one width."""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Integral

import torch
from torch import Tensor, nn

from sklearn_crossmodal.nn._component import Component
from sklearn_crossmodal.nn._layers import masked_mean
from sklearn_crossmodal.nn._presence import where_present
from sklearn_crossmodal.utils._sklearn import Interval

__all__ = ["MaxFusion", "MeanFusion", "SumFusion"]


class _PoolFusion(Component):
    """Base class of the three."""

    _parameter_constraints = {"width": [Interval(Integral, 1, None, closed="left")]}
    _module: type[_Pool]

    def __init__(self, width=64):
        self.width = width

    def build(self, widths: Sequence[int]) -> nn.Module:
        """Return the module: [(B, D_1), ..., (B, D_M)], (B, M) -> (B, width)."""
        self._validate_params()
        return self._module(widths, self.width)


class _Pool(nn.Module):
    """[(B, D_1), ..., (B, D_M)] -> (B, D): a linear map of each latent, then pooling."""

    stacks = True

    def __init__(self, widths: Sequence[int], width: int) -> None:
        super().__init__()
        self.project = nn.ModuleList([nn.Linear(before, width) for before in widths])
        self.out_features = width

    def stack(self, latents: Sequence[Tensor], present: Tensor | None) -> Tensor:
        """Return the projected latents, (B, M, D), finite where absent."""
        latents = where_present(latents, present)
        return torch.stack([f(z) for f, z in zip(self.project, latents, strict=True)], dim=1)


class _Sum(_Pool):
    def forward(self, latents: Sequence[Tensor], present: Tensor | None = None) -> Tensor:
        values = self.stack(latents, present)
        if present is not None:
            values = values * present.unsqueeze(-1)
        return values.sum(dim=1)


class _Mean(_Pool):
    def forward(self, latents: Sequence[Tensor], present: Tensor | None = None) -> Tensor:
        return masked_mean(self.stack(latents, present), present)


class _Max(_Pool):
    def forward(self, latents: Sequence[Tensor], present: Tensor | None = None) -> Tensor:
        values = self.stack(latents, present)
        if present is not None:
            values = values.masked_fill(~present.unsqueeze(-1), -torch.inf)
        return values.amax(dim=1)


class SumFusion(_PoolFusion):
    """Sum over present modalities of linearly mapped latents.

    Parameters
    ----------
    width : int, default=64
        Width of the result.

    Examples
    --------
    >>> import torch
    >>> from sklearn_crossmodal.nn.fusion import SumFusion
    >>> SumFusion(width=4).build([2, 3])([torch.zeros(5, 2), torch.zeros(5, 3)]).shape
    torch.Size([5, 4])
    """

    _module = _Sum


class MeanFusion(_PoolFusion):
    """Mean over present modalities of linearly mapped latents.

    Parameters
    ----------
    width : int, default=64
        Width of the result.

    Examples
    --------
    >>> import torch
    >>> from sklearn_crossmodal.nn.fusion import MeanFusion
    >>> MeanFusion(width=4).build([2, 3])([torch.zeros(5, 2), torch.zeros(5, 3)]).shape
    torch.Size([5, 4])
    """

    _module = _Mean


class MaxFusion(_PoolFusion):
    """Elementwise maximum over present modalities of linearly mapped latents.

    Parameters
    ----------
    width : int, default=64
        Width of the result.

    Examples
    --------
    >>> import torch
    >>> from sklearn_crossmodal.nn.fusion import MaxFusion
    >>> MaxFusion(width=4).build([2, 3])([torch.zeros(5, 2), torch.zeros(5, 3)]).shape
    torch.Size([5, 4])
    """

    _module = _Max
