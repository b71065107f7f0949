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
#: that long training fits rare words; scaled down, the path moves less in a step. On two folds of
#: IMDB's training rows .867, at equal scale .858.
_LEXICAL_SCALE = 0.25


class BagEncoder(Component):
    """Mean of token embeddings plus a lexical path.

    The lexical path gives each distinct token of a text a vector of its own, and each distinct pair
    of neighbours that is among the `pairs` of the blocks; it sums them, divided by the square root
    of their number: under a linear head that is a linear model of words and pairs, which networks
    tend to lose to on few texts. Nothing nonlinear follows here, since it
    measured worse (see Notes); the layers of a fusion or head may. Where the blocks have given
    vectors, the mean is of these, mapped linearly to the width.

    Parameters
    ----------
    width : int, default=64
        Width of both paths and of the output, which is their sum.
    dropout : float, default=0.5
        Share of the output set to zero in training.

    Notes
    -----
    Width and dropout were chosen by cross-validation within training rows: women's clothing (2 of 5
    folds of 18788 reviews, with their titles and tables), IMDB (2 of 6 folds of 6000 reviews) and
    the emoji of `load_emoji` (4 folds of 1524), all else at defaults:

    =====  =======  =========  ===============  ========  ===========  ==================
    width  dropout  Rating R²  Recommended AUC  IMDB      emoji, text  emoji, with images
    =====  =======  =========  ===============  ========  ===========  ==================
    128    0.3      .585       .9526            .8735     .8642        .8766
    64     0.5      .5956      .9534            .8725     .8668
    64     0.7      .6027      .9542            .8725     .8675        .8799
    128    0.7      .5958                       .8750
    128    0.8      .5992      .9523            .8750
    256    0.8      .5972      .9533
    32     0.5      .6001      .9517
    =====  =======  =========  ===============  ========  ===========  ==================

    More dropout predicts a little better still, but learns what a text says to the letter, such as
    the picture it describes, too slowly.

    These are of words alone. With the 20000 most frequent pairs the default has .6254 (.6187
    without averaged weights, see `early_stopping`), .9552, .8887 (3 folds; words alone .8763) and
    .8665 (words alone .8665); with a dropout of 0.7 .6257, .9563, .8903. Twice as many pairs, or
    those of two texts, have .888 on IMDB too; hashed into a table of fixed size they had gained
    nothing. TF-IDF with logistic regression at C=10 has .871 there, with pairs .884. What matters
    besides is to read the whole text: at 128 tokens, words alone were at .788 on IMDB.

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
    #: Whether texts may be longer than the longest in `fit`.
    any_length = True
    _parameter_constraints = {
        "width": [Interval(Integral, 1, None, closed="left")],
        "dropout": [Interval(Real, 0, 1, closed="left")],
    }

    def __init__(self, width=64, *, dropout=0.5):
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
        self.find_pairs = None if spec.pairs is None or not len(spec.pairs) else _Pairs(spec)
        n_units = spec.n_categories + (0 if self.find_pairs is None else len(spec.pairs))
        self.lexical = nn.Parameter(torch.randn(n_units, width) * 0.01)
        self.dropout = nn.Dropout(dropout)
        self.out_features = width

    def forward(self, tokens: Tensor, mask: Tensor | None = None) -> Tensor:
        tokens, mask = trim(tokens, mask)
        there = torch.ones_like(tokens, dtype=torch.bool) if mask is None else mask
        mean = self.project(_bag(tokens, self.embedding, there, power=1.0))
        units, first = _distinct(tokens, there)
        if self.find_pairs is not None:
            pairs = _distinct(*self.find_pairs(tokens, there))
            units, first = torch.cat([units, pairs[0]], dim=1), torch.cat([first, pairs[1]], dim=1)
        lexical = _bag(units, self.lexical, first, power=0.5)
        return self.dropout(mean + _LEXICAL_SCALE * lexical)


class _Pairs(nn.Module):
    """(B, T), (B, T) -> (B, T - 1), (B, T - 1): numbers of the known pairs, behind the tokens'."""

    keys: Tensor

    def __init__(self, spec: BlockSpec) -> None:
        super().__init__()
        self.n_tokens = spec.n_categories
        first, second = torch.tensor(spec.pairs, dtype=torch.int64).T
        self.register_buffer("keys", first * self.n_tokens + second)  # ascending, as the pairs are

    def forward(self, tokens: Tensor, there: Tensor) -> tuple[Tensor, Tensor]:
        keys = tokens[:, :-1] * self.n_tokens + tokens[:, 1:]
        places = torch.searchsorted(self.keys, keys).clamp(max=len(self.keys) - 1)
        known = (self.keys[places] == keys) & there[:, 1:]  # what is there has no gaps
        return places + self.n_tokens, known


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
