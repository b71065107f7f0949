"""Encoders with embeddings of single numbers: piecewise linear or periodic."""

from __future__ import annotations

from math import pi
from numbers import Integral, Real

import numpy as np
import torch
from torch import Tensor, nn

from sklearn_crossmodal.data import BlockSpec
from sklearn_crossmodal.exceptions import ModalityError
from sklearn_crossmodal.nn._component import Component
from sklearn_crossmodal.nn._layers import MLP
from sklearn_crossmodal.nn.encoders._mlp import MLPEncoder
from sklearn_crossmodal.utils._sklearn import Interval

__all__ = ["PeriodicEncoder", "PiecewiseLinearEncoder"]


class PiecewiseLinearEncoder(Component):
    """Piecewise linear encoding of each number, then layers as in `MLPEncoder`.

    The edges of the bins are quantiles of the column, ``b_0 < ... < b_K``. Entry k of the encoding
    of x is ``(x - b_{k-1}) / (b_k - b_{k-1})``, clipped to 0 below and 1 above the bin [1]_. A
    linear function of the encoding is piecewise linear in x. Unlike in the paper the first and last
    entry are clipped too: there is no extrapolation beyond the range in `fit`. It pays off from one
    or two thousand samples on.

    Parameters
    ----------
    width : int, default=64
        Width of each layer and of the output.
    n_bins : int, default=16
        Maximum number of bins; equal quantiles give one edge.
    n_layers : int, default=1
        Number of layers.
    dropout : float, default=0.0
        Share of hidden units set to zero in training.

    References
    ----------
    .. [1] Y. Gorishniy, I. Rubachev, A. Babenko (2022). "On embeddings for numerical features in
       tabular deep learning". NeurIPS. arXiv:2203.05556, equation (1).

    Examples
    --------
    >>> import numpy as np, torch
    >>> from sklearn_crossmodal.data import BlockSpec
    >>> from sklearn_crossmodal.nn.encoders import PiecewiseLinearEncoder
    >>> spec = BlockSpec("vector", (1,), quantiles=np.array([[0.0], [1.0], [3.0]]))
    >>> encoder = PiecewiseLinearEncoder(n_bins=2).build(spec)
    >>> encoder.bins(torch.tensor([[2.0], [9.0]]))
    tensor([[1.0000, 0.5000],
            [1.0000, 1.0000]])
    """

    kinds = frozenset({"vector"})
    _parameter_constraints = {
        "width": [Interval(Integral, 1, None, closed="left")],
        "n_bins": [Interval(Integral, 1, None, closed="left")],
        "n_layers": [Interval(Integral, 0, None, closed="left")],
        "dropout": [Interval(Real, 0, 1, closed="left")],
    }

    def __init__(self, width=64, *, n_bins=16, n_layers=1, dropout=0.0):
        self.width = width
        self.n_bins = n_bins
        self.n_layers = n_layers
        self.dropout = dropout

    def build(self, spec: BlockSpec) -> nn.Module:
        """Return the module: (B, D) -> (B, width); the quantiles of the numbers must be known."""
        self._validate_params()
        if spec.quantiles is None:
            raise ModalityError(
                f"{type(self).__name__} needs the quantiles of the numbers, which are not known "
                "here, as of sparse columns: take encoder='mlp' or 'periodic'."
            )
        bins = _Bins(_edges(spec.quantiles, self.n_bins))
        layers = MLPEncoder(self.width, n_layers=self.n_layers, dropout=self.dropout)
        return _PiecewiseLinearEncoder(
            bins, layers.build(BlockSpec("vector", (bins.out_features,)))
        )


class PeriodicEncoder(Component):
    """Periodic encoding of each number with learned frequencies, then fully connected layers.

    ``[sin(2 pi c x), cos(2 pi c x)]`` for the frequencies c of the column pass through a layer per
    column, whose output is concatenated with x, clipped to the range in `fit` if that is known.
    The output is the sum of the layers' output and a linear map of x alone: one of the encodings,
    which are eight times as many, would be trained eight times as fast.

    Parameters
    ----------
    width : int, default=64
        Width of each layer and of the output.
    n_frequencies : int, default=16
        Number of frequencies of each column.
    frequency_scale : float, default=0.05
        Standard deviation of the initial frequencies: the higher, the finer the functions that are
        learned. With the default they are nearly linear at first.
    embedding_width : int, default=8
        Width of the layer of each column.
    n_layers : int, default=1
        Number of layers.
    dropout : float, default=0.0
        Share of hidden units set to zero in training.

    References
    ----------
    Y. Gorishniy, I. Rubachev, A. Babenko (2022). "On embeddings for numerical features in tabular
    deep learning". NeurIPS. arXiv:2203.05556, section 3.3.

    Examples
    --------
    >>> import torch
    >>> from sklearn_crossmodal.data import BlockSpec
    >>> from sklearn_crossmodal.nn.encoders import PeriodicEncoder
    >>> PeriodicEncoder(width=8).build(BlockSpec("vector", (3,)))(torch.zeros(2, 3)).shape
    torch.Size([2, 8])
    """

    kinds = frozenset({"vector"})
    _parameter_constraints = {
        "width": [Interval(Integral, 1, None, closed="left")],
        "n_frequencies": [Interval(Integral, 1, None, closed="left")],
        "frequency_scale": [Interval(Real, 0, None, closed="neither")],
        "embedding_width": [Interval(Integral, 1, None, closed="left")],
        "n_layers": [Interval(Integral, 0, None, closed="left")],
        "dropout": [Interval(Real, 0, 1, closed="left")],
    }

    def __init__(
        self,
        width=64,
        *,
        n_frequencies=16,
        frequency_scale=0.05,
        embedding_width=8,
        n_layers=1,
        dropout=0.0,
    ):
        self.width = width
        self.n_frequencies = n_frequencies
        self.frequency_scale = frequency_scale
        self.embedding_width = embedding_width
        self.n_layers = n_layers
        self.dropout = dropout

    def build(self, spec: BlockSpec) -> nn.Module:
        """Return the module: (B, D) -> (B, width)."""
        self._validate_params()
        frequencies = torch.randn(spec.size, self.n_frequencies) * self.frequency_scale
        size = spec.size * (1 + self.embedding_width)
        return _PeriodicEncoder(
            frequencies,
            self.embedding_width,
            None if spec.quantiles is None else spec.quantiles[[0, -1]],
            MLP(size, [self.width] * self.n_layers, self.dropout),
            nn.Linear(spec.size if self.n_layers else size, self.width),
        )


class _PiecewiseLinearEncoder(nn.Module):
    """(B, D) -> (B, D')."""

    stacks = True

    def __init__(self, bins: nn.Module, layers: nn.Module) -> None:
        super().__init__()
        self.bins = bins
        self.layers = layers
        self.out_features = layers.out_features

    def forward(self, values: Tensor, mask: Tensor | None = None) -> Tensor:
        return self.layers(self.bins(values))


class _Bins(nn.Module):
    """(B, D) -> (B, K), the concatenated bins of all columns."""

    stacks = True

    def __init__(self, edges: list[np.ndarray]) -> None:
        super().__init__()
        columns = np.repeat(np.arange(len(edges)), [len(one) - 1 for one in edges])
        start = np.concatenate([one[:-1] for one in edges])
        span = np.concatenate([np.diff(one) for one in edges])
        self.register_buffer("columns", torch.from_numpy(columns))
        self.register_buffer("start", torch.from_numpy(start).to(torch.get_default_dtype()))
        self.register_buffer("span", torch.from_numpy(span).to(torch.get_default_dtype()))
        self.out_features = len(columns)

    def forward(self, values: Tensor) -> Tensor:
        return ((values[:, self.columns] - self.start) / self.span).clamp(0, 1)


class _PeriodicEncoder(nn.Module):
    """(B, D) -> (B, D')."""

    stacks = True

    def __init__(
        self,
        frequencies: Tensor,
        width: int,
        ends: np.ndarray | None,
        layers: nn.Module,
        linear: nn.Linear,
    ) -> None:
        super().__init__()
        n_columns, n_waves = len(frequencies), 2 * frequencies.shape[1]
        self.frequencies = nn.Parameter(frequencies)
        self.weight = nn.Parameter(torch.randn(n_columns, n_waves, width) * n_waves**-0.5)
        self.bias = nn.Parameter(torch.zeros(n_columns, width))
        ends = torch.tensor([[-torch.inf], [torch.inf]]) if ends is None else torch.tensor(ends)
        self.register_buffer("ends", ends.to(torch.get_default_dtype()))
        self.layers = layers
        self.linear = linear
        self.out_features = linear.out_features

    def forward(self, values: Tensor, mask: Tensor | None = None) -> Tensor:
        values = values.clamp(*self.ends)
        angles = 2 * pi * values.unsqueeze(-1) * self.frequencies  # (B, D, K)
        waves = torch.cat([angles.sin(), angles.cos()], dim=-1)
        hidden = torch.relu(torch.einsum("bdk,dkw->bdw", waves, self.weight) + self.bias)
        embedded = torch.cat([values, hidden.flatten(1)], dim=1)
        if not len(self.layers):
            return self.linear(embedded)
        return self.linear(values) + self.layers(embedded)


def _edges(quantiles: np.ndarray, n_bins: int) -> list[np.ndarray]:
    """Return the bin edges of each column: distinct quantiles."""
    places = np.linspace(0, len(quantiles) - 1, n_bins + 1).round().astype(int)
    # In float32, in which the network may compute, so that no bin has width zero.
    edges = [np.unique(column) for column in quantiles[places].T.astype(np.float32)]
    # A constant column has no bin: add one that starts at its value.
    return [np.r_[one, one + 1] if len(one) == 1 else one for one in edges]
