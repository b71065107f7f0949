"""AttentionFusion: self-attention over modalities."""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Integral, Real

import torch
from torch import Tensor, nn

from sklearn_crossmodal.nn._component import Component
from sklearn_crossmodal.nn._layers import attention_blocks, masked_mean
from sklearn_crossmodal.nn._presence import where_present
from sklearn_crossmodal.utils._sklearn import Interval

__all__ = ["AttentionFusion"]


class AttentionFusion(Component):
    """Each modality is a token; self-attention over those that are present, then their mean.

    Parameters
    ----------
    width : int, default=64
        Width of the tokens and of the result; a multiple of `n_heads`.
    n_heads : int, default=4
        Number of attention heads.
    n_layers : int, default=1
        Number of self-attention blocks.
    dropout : float, default=0.1
        Share of a block's hidden units set to zero in training.

    References
    ----------
    "Fusion or confusion? Multimodal complexity is not all you need" (2025), arXiv:2512.22991,
    whose simple baseline this is.

    Examples
    --------
    >>> import torch
    >>> from sklearn_crossmodal.nn.fusion import AttentionFusion
    >>> fusion = AttentionFusion(width=4, n_heads=2).build([2, 3])
    >>> fusion([torch.zeros(5, 2), torch.zeros(5, 3)]).shape
    torch.Size([5, 4])
    >>> AttentionFusion(width=5, n_heads=2).build([2, 3])
    Traceback (most recent call last):
    ...
    ValueError: AttentionFusion: width=5 is not a multiple of n_heads=2.
    """

    _parameter_constraints = {
        "width": [Interval(Integral, 1, None, closed="left")],
        "n_heads": [Interval(Integral, 1, None, closed="left")],
        "n_layers": [Interval(Integral, 1, None, closed="left")],
        "dropout": [Interval(Real, 0, 1, closed="left")],
    }

    def __init__(self, width=64, *, n_heads=4, n_layers=1, dropout=0.1):
        self.width = width
        self.n_heads = n_heads
        self.n_layers = n_layers
        self.dropout = dropout

    def build(self, widths: Sequence[int]) -> nn.Module:
        """Return the module: [(B, D_1), ..., (B, D_M)], (B, M) -> (B, width)."""
        self._validate_params()
        return _AttentionFusion(widths, self.width, attention_blocks(self))


class _AttentionFusion(nn.Module):
    """[(B, D_1), ..., (B, D_M)] -> (B, D)."""

    def __init__(self, widths: Sequence[int], width: int, blocks: nn.ModuleList) -> None:
        super().__init__()
        # The biases distinguish the modalities, as position encodings do in a text.
        self.project = nn.ModuleList([nn.Linear(before, width) for before in widths])
        self.blocks = blocks
        self.norm = nn.LayerNorm(width)
        self.out_features = width

    def forward(self, latents: Sequence[Tensor], present: Tensor | None = None) -> Tensor:
        latents = where_present(latents, present)
        tokens = torch.stack([f(z) for f, z in zip(self.project, latents, strict=True)], dim=1)
        for block in self.blocks:
            tokens = block(tokens, present)
        return masked_mean(self.norm(tokens), present)
