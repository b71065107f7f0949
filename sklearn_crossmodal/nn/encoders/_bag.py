"""BagEncoder: a bag of words and bigrams."""

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

#: Adam updates the vector of a rare word as much as that of a frequent one, so that long training
#: overfits rare words; this factor reduces the updates. Accuracy on two folds of the IMDB training
#: rows is .867, without the factor .858.
_LEXICAL_SCALE = 0.25


class BagEncoder(Component):
    """Mean of token embeddings plus a lexical path.

    The lexical path has a vector for each distinct token of a text, and for each distinct bigram
    that is among the `pairs` of the blocks. It sums them, divided by the square root of their
    number. With a linear head this is a linear model of words and bigrams, which is a strong
    baseline on few texts. No nonlinearity follows, since results were worse (see Notes); the layers
    of a fusion or head may add one. If the blocks have pretrained vectors, the mean is of these,
    mapped linearly to the width.

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

    More dropout improves these scores slightly, but slows down learning of tasks that depend on
    single words, such as finding the image that a text describes.

    These scores are without bigrams. With the 20000 most frequent bigrams the default has .6254
    (.6187 without averaged weights, see `validation`), .9552, .8887 (3 folds; without bigrams
    .8763) and .8665 (without bigrams .8665); with a dropout of 0.7 .6257, .9563, .8903. Twice as
    many bigrams, or those in two texts, also have .888 on IMDB; hashing them to a table of fixed
    size did not help. TF-IDF with logistic regression at C=10 has .871 there, with bigrams .884.
    Reading the whole text matters: with 128 tokens, without bigrams, accuracy on IMDB is .788.

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
        """Return the module: (B, T), (B, T) -> (B, width)."""
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
        mask = torch.ones_like(tokens, dtype=torch.bool) if mask is None else mask
        mean = self.project(_bag(tokens, self.embedding, mask, power=1.0))
        units, first = _distinct(tokens, mask)
        if self.find_pairs is not None:
            pairs = _distinct(*self.find_pairs(tokens, mask))
            units, first = torch.cat([units, pairs[0]], dim=1), torch.cat([first, pairs[1]], dim=1)
        lexical = _bag(units, self.lexical, first, power=0.5)
        return self.dropout(mean + _LEXICAL_SCALE * lexical)


class _Pairs(nn.Module):
    """(B, T), (B, T) -> (B, T - 1), (B, T - 1): ids of the known bigrams, after those of tokens."""

    keys: Tensor

    def __init__(self, spec: BlockSpec) -> None:
        super().__init__()
        self.n_tokens = spec.n_categories
        first, second = torch.tensor(spec.pairs, dtype=torch.int64).T
        self.register_buffer("keys", first * self.n_tokens + second)  # ascending, as the pairs are

    def forward(self, tokens: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        keys = tokens[:, :-1] * self.n_tokens + tokens[:, 1:]
        places = torch.searchsorted(self.keys, keys).clamp(max=len(self.keys) - 1)
        known = (self.keys[places] == keys) & mask[:, 1:]  # masks have no gaps
        return places + self.n_tokens, known


def _bag(tokens: Tensor, vectors: Tensor, mask: Tensor, *, power: float) -> Tensor:
    """Sum the vectors of the unmasked tokens, divided by a power of their number."""
    weights = mask.to(vectors.dtype)
    weights = weights / weights.sum(dim=1, keepdim=True).clamp(min=1) ** power
    return functional.embedding_bag(tokens, vectors, per_sample_weights=weights, mode="sum")


def _distinct(tokens: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
    """Return the sorted tokens, and a mask of the first of each distinct unmasked token."""
    tokens = torch.where(mask, tokens, -1).sort(dim=1).values
    first = torch.ones_like(mask)
    first[:, 1:] = tokens[:, 1:] != tokens[:, :-1]
    return tokens.clamp(min=0), first & (tokens >= 0)
