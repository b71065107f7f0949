"""MLPDecoder: a multilayer perceptron for numbers or class scores."""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Real

import numpy as np
from torch import Tensor, nn

from sklearn_crossmodal.data import BlockSpec
from sklearn_crossmodal.exceptions import ModalityError
from sklearn_crossmodal.nn._component import Component, check_sizes
from sklearn_crossmodal.nn._layers import MLP
from sklearn_crossmodal.utils._sklearn import Interval

__all__ = ["MLPDecoder"]


class MLPDecoder(Component):
    """Fully connected layers with ReLU, then a linear one.

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
    >>> from sklearn_crossmodal.nn.decoders import MLPDecoder
    >>> decoder = MLPDecoder().build(4, BlockSpec("codes", (1,), n_categories=(3,)))
    >>> decoder(torch.zeros(2, 4)).shape
    torch.Size([2, 3])
    """

    kinds = frozenset({"vector", "codes", "grid", "sequence"})
    _parameter_constraints = {
        "hidden_widths": ["array-like"],
        "dropout": [Interval(Real, 0, 1, closed="left")],
    }

    def __init__(self, hidden_widths=(64,), *, dropout=0.0):
        self.hidden_widths = hidden_widths
        self.dropout = dropout

    def build(self, width: int, spec: BlockSpec) -> nn.Module:
        """Return the module: ``(B, D) -> (B, *spec.shape)``, or (B, K) for one column of codes."""
        self._validate_params()
        hidden_widths = check_sizes(self, "hidden_widths")
        if spec.kind == "codes" and spec.size > 1:
            raise ModalityError(
                f"{type(self).__name__} scores the categories of one column, got {spec.size}: take "
                "decoder='codes'."
            )
        shape = spec.shape if spec.n_categories is None else (int(np.sum(spec.n_categories)),)
        return _MLPDecoder(width, hidden_widths, shape, self.dropout)


class _MLPDecoder(nn.Module):
    """(B, D) -> (B, *shape)."""

    stacks = True

    def __init__(
        self, width: int, hidden: Sequence[int], shape: tuple[int, ...], dropout: float
    ) -> None:
        super().__init__()
        self.layers = MLP(width, hidden, dropout)
        self.linear = nn.Linear(self.layers.out_features, int(np.prod(shape)))
        self.shape = shape

    def forward(self, latent: Tensor) -> Tensor:
        return self.linear(self.layers(latent)).unflatten(-1, self.shape)
