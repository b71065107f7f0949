"""GatedFusion: a learned weight per modality and sample."""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Integral

import torch
from torch import Tensor, nn

from sklearn_crossmodal.nn._component import Component
from sklearn_crossmodal.nn._presence import where_present
from sklearn_crossmodal.utils._sklearn import Interval

__all__ = ["GatedFusion"]


class GatedFusion(Component):
    """Average the latents with a softmax weight per modality, learned from all of them.

    Parameters
    ----------
    width : int, default=64
        Width of the result.

    References
    ----------
    J. Arevalo, T. Solorio, M. Montes-y-Gómez, F. A. González (2017). "Gated multimodal units for
    information fusion". arXiv:1702.01992; with one gate a modality instead of one an entry.

    Examples
    --------
    >>> import torch
    >>> from sklearn_crossmodal.nn.fusion import GatedFusion
    >>> fusion = GatedFusion(width=4).build([2, 3])
    >>> fusion([torch.zeros(5, 2), torch.zeros(5, 3)]).shape
    torch.Size([5, 4])
    """

    _parameter_constraints = {"width": [Interval(Integral, 1, None, closed="left")]}

    def __init__(self, width=64):
        self.width = width

    def build(self, widths: Sequence[int]) -> nn.Module:
        """Return the module: [(B, D_1), ..., (B, D_M)], (B, M) -> (B, width)."""
        self._validate_params()
        return _GatedFusion(widths, self.width)


class _GatedFusion(nn.Module):
    """[(B, D_1), ..., (B, D_M)] -> (B, D)."""

    stacks = True

    def __init__(self, widths: Sequence[int], width: int) -> None:
        super().__init__()
        self.project = nn.ModuleList([nn.Linear(before, width) for before in widths])
        self.score = nn.Linear(sum(widths), len(widths))
        self.out_features = width

    def gates(self, latents: Sequence[Tensor], present: Tensor | None = None) -> Tensor:
        """Return the weight of each modality, (B, M); zero where it is absent."""
        scores = self.score(torch.cat(where_present(latents, present), dim=-1))
        if present is not None:
            scores = scores.masked_fill(~present, -torch.inf)
        return scores.softmax(dim=-1)

    def forward(self, latents: Sequence[Tensor], present: Tensor | None = None) -> Tensor:
        latents = where_present(latents, present)
        values = torch.stack([f(z) for f, z in zip(self.project, latents, strict=True)], dim=1)
        return torch.einsum("bm,bmd->bd", self.gates(latents, present), values)
