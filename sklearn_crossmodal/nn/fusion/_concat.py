"""ConcatFusion: concatenated latents."""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Integral, Real

import torch
from torch import Tensor, nn

from sklearn_crossmodal.nn._component import Component
from sklearn_crossmodal.nn._layers import MLP
from sklearn_crossmodal.utils._sklearn import Interval

__all__ = ["ConcatFusion"]


class ConcatFusion(Component):
    """Concatenate the latents; a learned vector replaces an absent one.

    With several modalities a hidden layer over all of them is appended, so that a linear head can
    learn main effects of modalities as well as interactions between them.

    Parameters
    ----------
    width : int, default=64
        Width of the hidden layer; 0 omits it.
    dropout : float, default=0.5
        Share of the layer's units set to zero in training.

    Examples
    --------
    >>> import torch
    >>> from sklearn_crossmodal.nn.fusion import ConcatFusion
    >>> fusion = ConcatFusion(width=0).build([2, 1])
    >>> fusion([torch.ones(1, 2), torch.zeros(1, 1)])
    tensor([[1., 1., 0.]])
    """

    _parameter_constraints = {
        "width": [Interval(Integral, 0, None, closed="left")],
        "dropout": [Interval(Real, 0, 1, closed="left")],
    }

    def __init__(self, width=64, *, dropout=0.5):
        self.width = width
        self.dropout = dropout

    def build(self, widths: Sequence[int]) -> nn.Module:
        """Return the module: [(B, D_1), ..., (B, D_M)], (B, M) -> (B, D_1 + ... + D_M + width)."""
        self._validate_params()
        return _ConcatFusion(widths, self.width, self.dropout)


class _ConcatFusion(nn.Module):
    """[(B, D_1), ..., (B, D_M)] -> (B, sum of D_m + D)."""

    stacks = True

    def __init__(self, widths: Sequence[int], width: int, dropout: float) -> None:
        super().__init__()
        self.absent = nn.ParameterList([torch.zeros(width) for width in widths])
        n_joint = width if len(widths) > 1 else 0  # a single modality has no interactions
        self.joint = MLP(sum(widths), [n_joint], dropout) if n_joint else None
        self.out_features = sum(widths) + n_joint

    def forward(self, latents: Sequence[Tensor], present: Tensor | None = None) -> Tensor:
        if present is not None:
            latents = [
                torch.where(present[:, m : m + 1], latent, self.absent[m])
                for m, latent in enumerate(latents)
            ]
        latent = torch.cat(list(latents), dim=-1)
        if self.joint is None:
            return latent
        return torch.cat([latent, self.joint(latent)], dim=-1)
