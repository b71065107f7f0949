"""TokensDecoder: scores of the words of a text, independent of each other."""

from __future__ import annotations

from numbers import Integral

import torch
from torch import Tensor, nn

from sklearn_crossmodal.data import END, PADDING, UNKNOWN, BlockSpec
from sklearn_crossmodal.nn._component import Component
from sklearn_crossmodal.nn._layers import MLP
from sklearn_crossmodal.utils._sklearn import Interval, StrOptions

__all__ = ["TokensDecoder", "likely_tokens"]


class TokensDecoder(Component):
    """Scores of the vocabulary, for each position of a text or for the text as a bag.

    Parameters
    ----------
    order : {"positions", "bag"}, default="positions"
        "positions" scores the words at each position, conditionally independent given the latent;
        "bag" returns one set of scores for all words of a text, regardless of order.
    width : int, default=64
        Width of the hidden layer.

    Examples
    --------
    >>> import torch
    >>> from sklearn_crossmodal.data import BlockSpec
    >>> from sklearn_crossmodal.nn.decoders import TokensDecoder
    >>> spec = BlockSpec("tokens", (6,), n_categories=50)
    >>> TokensDecoder().build(5, spec)(torch.zeros(2, 5)).shape
    torch.Size([2, 6, 50])
    >>> TokensDecoder("bag").build(5, spec)(torch.zeros(2, 5)).shape
    torch.Size([2, 50])
    """

    kinds = frozenset({"tokens"})
    _parameter_constraints = {
        "order": [StrOptions({"positions", "bag"})],
        "width": [Interval(Integral, 1, None, closed="left")],
    }

    def __init__(self, order="positions", *, width=64):
        self.order = order
        self.width = width

    def build(self, width: int, spec: BlockSpec) -> nn.Module:
        """Return the module: (B, D) -> (B, T, K), or (B, K) for a bag, with K tokens."""
        self._validate_params()
        if self.order == "bag":
            return nn.Sequential(MLP(width, [self.width]), nn.Linear(self.width, spec.n_categories))
        return _PositionsDecoder(width, self.width, spec.shape[0], spec.n_categories)


class _PositionsDecoder(nn.Module):
    """(B, D) -> (B, T, K)."""

    def __init__(self, width: int, hidden: int, n_steps: int, n_tokens: int) -> None:
        super().__init__()
        # One map per position: words at the start of texts differ from the rest.
        self.steps = nn.Linear(width, n_steps * hidden)
        self.scores = nn.Linear(hidden, n_tokens)
        self.n_steps = n_steps
        #: Number of scores of a sample, by which the batch size of inference is limited.
        self.n_scores = n_steps * n_tokens

    def forward(self, latent: Tensor) -> Tensor:
        steps = torch.relu(self.steps(latent)).unflatten(-1, (self.n_steps, -1))
        return self.scores(steps)


def likely_tokens(probabilities: Tensor, spec: BlockSpec) -> Tensor:
    """Return the most probable token ids (B, T), given probabilities (B, T, K), or (B, K) of a bag.

    Of a bag, these are the most probable words in descending order; their number k follows from the
    probability of the end, 1 / (k + 1).
    """
    if probabilities.ndim == 3:
        return probabilities.argmax(dim=-1)
    n_steps = spec.shape[0]
    expected = (1 / probabilities[:, END].clamp(min=1e-6) - 1).round().clamp(min=1)
    words = probabilities.clone()
    words[:, [PADDING, UNKNOWN, END]] = -1.0
    n_words = min(n_steps, words.shape[1])
    found = words.topk(n_words, dim=1).indices
    found = torch.nn.functional.pad(found, (0, n_steps - n_words), value=PADDING)
    place = torch.arange(n_steps, device=found.device)
    found = torch.where(place == expected[:, None], END, found)
    return torch.where(place > expected[:, None], PADDING, found)
