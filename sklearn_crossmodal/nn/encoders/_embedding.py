"""EmbeddingEncoder: learned embeddings of categories."""

from __future__ import annotations

from numbers import Integral, Real

import torch
from torch import Tensor, nn
from torch.nn import functional

from sklearn_crossmodal.data import RARE, BlockSpec
from sklearn_crossmodal.nn._component import Component
from sklearn_crossmodal.nn.encoders._mlp import MLPEncoder
from sklearn_crossmodal.utils._sklearn import Interval, StrOptions

__all__ = ["EmbeddingEncoder"]


class EmbeddingEncoder(Component):
    """A learned vector for each category of each column, then layers as in `MLPEncoder`.

    The vectors of the columns are concatenated. In an ordinal column the vector of a level is that
    of the previous level plus a learned increment, so that adjacent levels are similar, and rare
    levels are close to their neighbours. The vectors of missing, and of rare or unseen, categories
    are initialised to zero.

    Parameters
    ----------
    width : int, default=64
        Width of each layer and of the output.
    embedding_width : int or "auto", default="auto"
        Width of the vectors; "auto" is ``1.6 * K ** 0.56`` for K categories, at most 50 [1]_.
    n_layers : int, default=1
        Number of layers.
    dropout : float, default=0.0
        Share of hidden units set to zero in training.

    References
    ----------
    .. [1] J. Howard, S. Gugger (2020). "fastai: A layered API for deep learning".
       doi:10.3390/info11020108, for the width by a rule of thumb.

    Examples
    --------
    >>> import torch
    >>> from sklearn_crossmodal.data import BlockSpec
    >>> from sklearn_crossmodal.nn.encoders import EmbeddingEncoder
    >>> encoder = EmbeddingEncoder(width=8).build(BlockSpec("codes", (2,), n_categories=(4, 9)))
    >>> encoder(torch.tensor([[3, 8], [0, 1]])).shape
    torch.Size([2, 8])
    """

    kinds = frozenset({"codes"})
    _parameter_constraints = {
        "width": [Interval(Integral, 1, None, closed="left")],
        "embedding_width": [Interval(Integral, 1, None, closed="left"), StrOptions({"auto"})],
        "n_layers": [Interval(Integral, 0, None, closed="left")],
        "dropout": [Interval(Real, 0, 1, closed="left")],
    }

    def __init__(self, width=64, *, embedding_width="auto", n_layers=1, dropout=0.0):
        self.width = width
        self.embedding_width = embedding_width
        self.n_layers = n_layers
        self.dropout = dropout

    def build(self, spec: BlockSpec) -> nn.Module:
        """Return the module: (B, C) -> (B, width)."""
        self._validate_params()
        ordered = spec.ordered or (False,) * len(spec.n_categories)
        widths = [self.embedding_width] * len(ordered)
        if self.embedding_width == "auto":
            widths = [min(50, round(1.6 * count**0.56)) for count in spec.n_categories]
        columns = zip(spec.n_categories, widths, ordered, strict=True)
        layers = MLPEncoder(self.width, n_layers=self.n_layers, dropout=self.dropout)
        return _EmbeddingEncoder(
            [_Embedding(*column) for column in columns],
            layers.build(BlockSpec("vector", (sum(widths),))),
        )


class _EmbeddingEncoder(nn.Module):
    """(B, C) -> (B, D)."""

    stacks = True

    def __init__(self, embeddings: list[nn.Module], layers: nn.Module) -> None:
        super().__init__()
        self.embeddings = nn.ModuleList(embeddings)
        self.layers = layers
        self.out_features = layers.out_features

    def forward(self, codes: Tensor, mask: Tensor | None = None) -> Tensor:
        columns = zip(self.embeddings, codes.unbind(dim=1), strict=True)
        return self.layers(torch.cat([embed(column) for embed, column in columns], dim=1))


class _Embedding(nn.Module):
    """(B,) -> (B, W)."""

    stacks = True

    def __init__(self, n_categories: int, width: int, ordered: bool) -> None:
        super().__init__()
        self.ordered = ordered
        self.weight = nn.Parameter(torch.randn(n_categories, width) * 0.1)
        with torch.no_grad():
            self.weight[: RARE + 1] = 0

    def vectors(self) -> Tensor:
        """Return the vector of each category."""
        if not self.ordered:
            return self.weight
        return torch.cat([self.weight[: RARE + 1], self.weight[RARE + 1 :].cumsum(dim=0)])

    def forward(self, codes: Tensor) -> Tensor:
        return functional.embedding(codes, self.vectors())
