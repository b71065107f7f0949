"""MLPEncoder: a multilayer perceptron with a linear skip connection."""

from __future__ import annotations

from numbers import Integral, Real

from torch import Tensor, nn

from sklearn_crossmodal.data import BlockSpec
from sklearn_crossmodal.nn._component import Component
from sklearn_crossmodal.nn._layers import MLP
from sklearn_crossmodal.utils._sklearn import Interval

__all__ = ["MLPEncoder"]


class MLPEncoder(Component):
    """Fully connected layers with ReLU, and a linear skip connection.

    The output is the sum of the layers' output and a linear map of the input, so that linear
    effects need not be learned through the layers. Grids are flattened.

    Parameters
    ----------
    width : int, default=64
        Width of each layer and of the output.
    n_layers : int, default=1
        Number of layers.
    dropout : float, default=0.0
        Share of hidden units set to zero in training.

    Examples
    --------
    >>> import torch
    >>> from sklearn_crossmodal.data import BlockSpec
    >>> from sklearn_crossmodal.nn.encoders import MLPEncoder
    >>> encoder = MLPEncoder(width=8).build(BlockSpec("vector", (5,)))
    >>> encoder(torch.zeros(2, 5)).shape
    torch.Size([2, 8])
    """

    kinds = frozenset({"vector", "grid"})
    _parameter_constraints = {
        "width": [Interval(Integral, 1, None, closed="left")],
        "n_layers": [Interval(Integral, 0, None, closed="left")],
        "dropout": [Interval(Real, 0, 1, closed="left")],
    }

    def __init__(self, width=64, *, n_layers=1, dropout=0.0):
        self.width = width
        self.n_layers = n_layers
        self.dropout = dropout

    def build(self, spec: BlockSpec) -> nn.Module:
        """Return the module: (B, D) or (B, C, H, W) -> (B, width)."""
        self._validate_params()
        return _MLPEncoder(spec.size, self.width, self.n_layers, self.dropout)


class _MLPEncoder(nn.Module):
    """(B, ...) -> (B, D)."""

    stacks = True

    def __init__(self, size: int, width: int, n_layers: int, dropout: float) -> None:
        super().__init__()
        self.layers = MLP(size, [width] * n_layers, dropout)
        self.linear = nn.Linear(size, width)
        self.out_features = width

    def forward(self, values: Tensor, mask: Tensor | None = None) -> Tensor:
        values = values.flatten(1)
        linear = self.linear(values)
        return linear + self.layers(values) if len(self.layers) else linear
