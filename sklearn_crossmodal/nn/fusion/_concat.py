"""ConcatFusion: latents side by side."""

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
    """Put the latents side by side; a learned vector stands in for an absent one.

    Beside them, if there are several, stands a layer over all of them, so that a linear head learns
    both what each modality tells alone and what only several tell together.

    Parameters
    ----------
    width : int, default=64
        Width of the layer; 0 leaves it out.
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
        """Return the module.

        Parameters
        ----------
        widths : sequence of int
            Width D_m of each latent.

        Returns
        -------
        nn.Module
            [(B, D_1), ..., (B, D_M)], (B, M) -> (B, D_1 + ... + D_M + width).
        """
        self._validate_params()
        return _ConcatFusion(widths, self.width, self.dropout)


class _ConcatFusion(nn.Module):
    """[(B, D_1), ..., (B, D_M)] -> (B, sum of D_m + D)."""

    stacks = True

    def __init__(self, widths: Sequence[int], width: int, dropout: float) -> None:
        super().__init__()
        self.absent = nn.ParameterList([torch.zeros(width) for width in widths])
        together = width if len(widths) > 1 else 0  # one modality tells nothing together
        self.together = MLP(sum(widths), [together], dropout) if together else None
        self.out_features = sum(widths) + together

    def forward(self, latents: Sequence[Tensor], present: Tensor | None = None) -> Tensor:
        if present is not None:
            latents = [
                torch.where(present[:, m : m + 1], latent, self.absent[m])
                for m, latent in enumerate(latents)
            ]
        latent = torch.cat(list(latents), dim=-1)
        if self.together is None:
            return latent
        return torch.cat([latent, self.together(latent)], dim=-1)
