"""BagEncoder: a text as the set of its words."""

from __future__ import annotations

from numbers import Integral, Real

import torch
from torch import Tensor, nn
from torch.nn import functional

from sklearn_crossmodal.data import BlockSpec
from sklearn_crossmodal.nn._component import Component
from sklearn_crossmodal.nn._layers import trim
from sklearn_crossmodal.utils._sklearn import Interval

__all__ = ["BagEncoder"]

#: An optimizer of Adam's kind moves the vector of a rare word as far as that of a frequent one, so
#: that long training fits rare words; scaled down, the path moves less in a step (see the Notes).
_LEXICAL_SCALE = 0.25


class BagEncoder(Component):
    """Mean of token embeddings plus a lexical path.

    The lexical path gives each distinct token of a text a vector of its own and sums them,
    divided by the square root of their number: under a linear head that is a linear model of the
    words, which networks tend to lose to on few texts. Nothing nonlinear follows here, since it
    measured worse (see Notes); the layers of a fusion or head may. Where the blocks have given
    vectors, the mean is of these, mapped linearly to the width.

    Parameters
    ----------
    width : int, default=128
        Width of both paths and of the output, which is their sum.
    dropout : float, default=0.3
        Share of the output set to zero in training.

    Notes
    -----
    Accuracy on the training texts of `load_emoji` by 4-fold cross-validation, 30 epochs: both paths
    .862, with a layer on the mean .858, with a layer on both .843; TF-IDF with logistic regression
    at its best C .858. At default settings .869, whether or not the lexical path is scaled by 1/4.

    On the 6000 training rows of IMDB film reviews, `Text` and `FusionClassifier` at defaults, with
    the same splits for all; the standard error is about .004 for the 2 folds and .007 for the rest:

    ======================================  =======  ===============================
    Accuracy                                2 folds  2 splits of 5000 and 1000 rows
    ======================================  =======  ===============================
    default                                 .867     .877
    TF-IDF, logistic regression, C=10       .865     .871
    the same with pairs of words            .868     .877
    the same without pairs, C=1             .852
    both paths of equal scale, 10000 words  .858     .875
    hashed pairs in the lexical path        .865     .880
    ======================================  =======  ===============================

    So what matters is to read the whole text: at 128 tokens it was .788. Pairs did not pay for
    three times the time. Some 25 settings were compared on these splits, and the scale chosen among
    them, so that the figure of the default is a little too good.

    Examples
    --------
    >>> import torch
    >>> from sklearn_crossmodal.data import BlockSpec
    >>> from sklearn_crossmodal.nn.encoders import BagEncoder
    >>> encoder = BagEncoder(width=8).build(BlockSpec("tokens", (4,), n_categories=10))
    >>> encoder(torch.tensor([[3, 4, 2, 0]]), torch.tensor([[True, True, True, False]])).shape
    torch.Size([1, 8])
    """

    kinds = frozenset({"tokens"})
    _parameter_constraints = {
        "width": [Interval(Integral, 1, None, closed="left")],
        "dropout": [Interval(Real, 0, 1, closed="left")],
    }

    def __init__(self, width=128, *, dropout=0.3):
        self.width = width
        self.dropout = dropout

    def build(self, spec: BlockSpec) -> nn.Module:
        """Return the module for blocks of kind ``"tokens"``.

        Parameters
        ----------
        spec : BlockSpec
            Of the blocks.

        Returns
        -------
        nn.Module
            (B, T), (B, T) -> (B, width).
        """
        self._validate_params()
        return _BagEncoder(spec, self.width, self.dropout)


class _BagEncoder(nn.Module):
    """(B, T), (B, T) -> (B, D)."""

    def __init__(self, spec: BlockSpec, width: int, dropout: float) -> None:
        super().__init__()
        self.project: nn.Module = nn.Identity()
        if spec.vectors is None:
            start = torch.randn(spec.n_categories, width) * 0.1
        else:
            start = torch.tensor(spec.vectors, dtype=torch.get_default_dtype())
            self.project = nn.Linear(start.shape[1], width, bias=False)
        trained = spec.vectors is None or spec.train_vectors
        self.embedding = nn.Parameter(start, requires_grad=trained)
        self.lexical = nn.Parameter(torch.randn(spec.n_categories, width) * 0.01)
        self.dropout = nn.Dropout(dropout)
        self.out_features = width

    def forward(self, tokens: Tensor, mask: Tensor | None = None) -> Tensor:
        tokens, mask = trim(tokens, mask)
        there = torch.ones_like(tokens, dtype=torch.bool) if mask is None else mask
        mean = self.project(_bag(tokens, self.embedding, there, power=1.0))
        tokens, first = _distinct(tokens, there)
        lexical = _bag(tokens, self.lexical, first, power=0.5)
        return self.dropout(mean + _LEXICAL_SCALE * lexical)


def _bag(tokens: Tensor, vectors: Tensor, there: Tensor, *, power: float) -> Tensor:
    """Sum the vectors of the tokens that are there, divided by a power of their number."""
    weights = there.to(vectors.dtype)
    weights = weights / weights.sum(dim=1, keepdim=True).clamp(min=1) ** power
    return functional.embedding_bag(tokens, vectors, per_sample_weights=weights, mode="sum")


def _distinct(tokens: Tensor, there: Tensor) -> tuple[Tensor, Tensor]:
    """Return the tokens sorted, and which of them are there and not the same as the one before."""
    tokens = torch.where(there, tokens, -1).sort(dim=1).values
    first = torch.ones_like(there)
    first[:, 1:] = tokens[:, 1:] != tokens[:, :-1]
    return tokens.clamp(min=0), first & (tokens >= 0)
