"""LowRankFusion: low-rank tensor fusion."""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Integral

import torch
from torch import Tensor, nn

from sklearn_crossmodal.nn._component import Component
from sklearn_crossmodal.nn._presence import where_present
from sklearn_crossmodal.utils._sklearn import Interval

__all__ = ["LowRankFusion"]


class LowRankFusion(Component):
    """Product over the modalities of linear maps, summed over a rank: tensor fusion, factorised.

    ``h = sum_r prod_m W_m^(r) [z_m; 1] + b``, equation (8) of [1]_. The factor of an absent
    modality is one.

    Parameters
    ----------
    width : int, default=64
        Width of the result.
    rank : int, default=4
        Number of products that are summed.

    References
    ----------
    .. [1] Z. Liu et al. (2018). "Efficient low-rank multimodal fusion with modality-specific
       factors". arXiv:1806.00064

    Examples
    --------
    >>> import torch
    >>> from sklearn_crossmodal.nn.fusion import LowRankFusion
    >>> LowRankFusion(width=4).build([2, 3])([torch.zeros(5, 2), torch.zeros(5, 3)]).shape
    torch.Size([5, 4])
    """

    _parameter_constraints = {
        "width": [Interval(Integral, 1, None, closed="left")],
        "rank": [Interval(Integral, 1, None, closed="left")],
    }

    def __init__(self, width=64, *, rank=4):
        self.width = width
        self.rank = rank

    def build(self, widths: Sequence[int]) -> nn.Module:
        """Return the module: [(B, D_1), ..., (B, D_M)], (B, M) -> (B, width)."""
        self._validate_params()
        return _LowRankFusion(widths, self.width, self.rank)


class _LowRankFusion(nn.Module):
    """[(B, D_1), ..., (B, D_M)] -> (B, D)."""

    stacks = True

    def __init__(self, widths: Sequence[int], width: int, rank: int) -> None:
        super().__init__()
        self.factors = nn.ModuleList([nn.Linear(before, rank * width) for before in widths])
        for factor in self.factors:
            nn.init.ones_(
                factor.bias
            )  # initial products near one, so that gradients reach all modalities
        self.bias = nn.Parameter(torch.zeros(width))
        self.rank = rank
        self.out_features = width

    def forward(self, latents: Sequence[Tensor], present: Tensor | None = None) -> Tensor:
        latents = where_present(latents, present)
        values = torch.stack([f(z) for f, z in zip(self.factors, latents, strict=True)], dim=1)
        if present is not None:
            values = torch.where(present.unsqueeze(-1), values, 1.0)
        products = values.prod(dim=1).unflatten(-1, (self.rank, -1))  # (B, rank, D)
        return products.mean(dim=1) + self.bias
