"""CodesDecoder: scores of categorical columns."""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Real

import torch
from torch import Tensor, nn

from sklearn_crossmodal.data import MISSING, BlockSpec
from sklearn_crossmodal.nn._component import Component, check_sizes
from sklearn_crossmodal.nn._layers import MLP
from sklearn_crossmodal.utils._sklearn import Interval

__all__ = ["CodesDecoder", "likely_codes"]

#: Score of a category that a column does not have. Finite, also in half precision, so that its
#: softmax is zero and no loss is NaN.
_IMPOSSIBLE = -1e4


class CodesDecoder(Component):
    """Scores of the categories of each column, after fully connected layers with ReLU.

    Parameters
    ----------
    hidden_widths : tuple of int, default=(64,)
        Width of each hidden layer; ``()`` makes it linear.
    dropout : float, default=0.0
        Share of hidden units set to zero in training.

    Examples
    --------
    >>> import torch
    >>> from sklearn_crossmodal.data import BlockSpec
    >>> from sklearn_crossmodal.nn.decoders import CodesDecoder
    >>> decoder = CodesDecoder().build(4, BlockSpec("codes", (2,), n_categories=(3, 5)))
    >>> decoder(torch.zeros(7, 4)).shape
    torch.Size([7, 2, 5])
    """

    kinds = frozenset({"codes"})
    _parameter_constraints = {
        "hidden_widths": ["array-like"],
        "dropout": [Interval(Real, 0, 1, closed="left")],
    }

    def __init__(self, hidden_widths=(64,), *, dropout=0.0):
        self.hidden_widths = hidden_widths
        self.dropout = dropout

    def build(self, width: int, spec: BlockSpec) -> nn.Module:
        """Return the module: (B, D) -> (B, C, K), for columns of at most K categories."""
        self._validate_params()
        layers = MLP(width, check_sizes(self, "hidden_widths"), self.dropout)
        return _CodesDecoder(layers, spec.n_categories)


class _CodesDecoder(nn.Module):
    """(B, D) -> (B, C, K)."""

    stacks = True

    def __init__(self, layers: MLP, n_categories: Sequence[int]) -> None:
        super().__init__()
        counts = torch.tensor(n_categories)
        possible = torch.arange(int(counts.max())) < counts[:, None]  # (C, K)
        self.layers = layers
        self.linear = nn.Linear(layers.out_features, int(counts.sum()))
        self.shape = tuple(possible.shape)
        self.register_buffer("places", possible.flatten().nonzero().squeeze(1))

    def forward(self, latent: Tensor) -> Tensor:
        scores = self.linear(self.layers(latent))
        every = scores.new_full((len(latent), self.shape[0] * self.shape[1]), _IMPOSSIBLE)
        return every.index_copy(1, self.places, scores).unflatten(1, self.shape)


def likely_codes(probabilities: Tensor, spec: BlockSpec) -> Tensor:
    """Return the most probable codes (B, C), given probabilities (B, C, K), or (B, K).

    Codes of missing cells, and those without a level, are never taken.
    """
    probabilities = probabilities.reshape(len(probabilities), *spec.shape, -1).clone()
    if spec.labelled is not None:
        labelled = torch.as_tensor(spec.labelled, device=probabilities.device)
        probabilities.masked_fill_(~labelled, -1.0)
    probabilities[..., MISSING] = -1.0
    return probabilities.argmax(dim=-1)
