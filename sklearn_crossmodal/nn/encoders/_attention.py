"""AttentionEncoder: a transformer over steps."""

from __future__ import annotations

from numbers import Integral, Real

from torch import Tensor, nn

from sklearn_crossmodal.data import BlockSpec
from sklearn_crossmodal.nn._component import Component
from sklearn_crossmodal.nn._layers import (
    StepEmbedding,
    attention_blocks,
    masked_mean,
    positions,
    trim,
)
from sklearn_crossmodal.utils._sklearn import Interval

__all__ = ["AttentionEncoder"]


class AttentionEncoder(Component):
    """A small transformer: self-attention blocks over the steps, then their mean.

    Sinusoidal position encodings are added, of the same scale as the steps.

    Parameters
    ----------
    width : int, default=64
        Width of the steps and of the output; a multiple of `n_heads`.
    n_heads : int, default=4
        Number of attention heads.
    n_layers : int, default=1
        Number of blocks.
    dropout : float, default=0.1
        Share of a block's hidden units set to zero in training.

    Notes
    -----
    The scale of the position encodings was chosen on series whose classes differ by the order of
    their steps only, two folds of 160: the position of a bump, and the order of two. At scale .1
    the accuracy is .86 and .66, at scale 1 it is 1.0 and .95. For texts, whose embeddings are
    initialised at scale .1, the scale is .1: the accuracy for swaps of two of twelve words is .91,
    at scale 1 it is .93.

    References
    ----------
    A. Vaswani et al. (2017). "Attention is all you need". arXiv:1706.03762; normalised before each
    part of a block, as in R. Xiong et al. (2020), arXiv:2002.04745.

    Examples
    --------
    >>> import torch
    >>> from sklearn_crossmodal.data import BlockSpec
    >>> from sklearn_crossmodal.nn.encoders import AttentionEncoder
    >>> encoder = AttentionEncoder(width=8).build(BlockSpec("tokens", (4,), n_categories=10))
    >>> encoder(torch.tensor([[3, 4, 2, 0]]), torch.tensor([[True, True, True, False]])).shape
    torch.Size([1, 8])
    >>> AttentionEncoder(width=6).build(BlockSpec("sequence", (4, 2)))
    Traceback (most recent call last):
    ...
    ValueError: AttentionEncoder: width=6 is not a multiple of n_heads=4.
    """

    kinds = frozenset({"tokens", "sequence"})
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

    def build(self, spec: BlockSpec) -> nn.Module:
        """Return the module: (B, T) or (B, T, D), (B, T) -> (B, width)."""
        self._validate_params()
        return _AttentionEncoder(spec, self.width, attention_blocks(self))


class _AttentionEncoder(nn.Module):
    """(B, T) or (B, T, D), (B, T) -> (B, D')."""

    def __init__(self, spec: BlockSpec, width: int, blocks: nn.ModuleList) -> None:
        super().__init__()
        self.embedding = StepEmbedding(spec, width)
        # The scale of the steps: token embeddings are initialised at 0.1, numbers are scaled to 1.
        scale = 1.0 if spec.n_categories is None else 0.1
        self.register_buffer("positions", positions(spec.shape[0], width) * scale)
        self.blocks = blocks
        self.norm = nn.LayerNorm(width)
        self.out_features = width

    def forward(self, values: Tensor, mask: Tensor | None = None) -> Tensor:
        values, mask = trim(values, mask)
        steps = self.embedding(values) + self.positions[: values.shape[1]]
        for block in self.blocks:
            steps = block(steps, mask)
        return masked_mean(self.norm(steps), mask)
