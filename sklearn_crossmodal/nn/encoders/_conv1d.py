"""ConvEncoder: convolutions along the steps."""

from __future__ import annotations

from numbers import Integral, Real

import torch
from torch import Tensor, nn

from sklearn_crossmodal.data import BlockSpec
from sklearn_crossmodal.exceptions import ModalityError
from sklearn_crossmodal.nn._component import Component
from sklearn_crossmodal.nn._layers import StepEmbedding, masked_mean, trim
from sklearn_crossmodal.utils._sklearn import Interval

__all__ = ["ConvEncoder"]


class ConvEncoder(Component):
    """Convolutions along the steps, each twice as far apart, then the mean and maximum over steps.

    Each convolution stands on a residual path. The k-th looks at steps that are ``2**k`` apart, so
    that what a step is told of grows exponentially with the layers.

    Parameters
    ----------
    width : int, default=64
        Width of the steps and of the output.
    n_layers : int, default=3
        Number of convolutions.
    kernel_size : int, default=3
        Steps that a convolution looks at, odd.
    dropout : float, default=0.1
        Share of a convolution's inputs set to zero in training.

    References
    ----------
    S. Bai, J. Z. Kolter, V. Koltun (2018). "An empirical evaluation of generic convolutional and
    recurrent networks for sequence modeling". arXiv:1803.01271; here a step sees what follows, too.

    Examples
    --------
    >>> import torch
    >>> from sklearn_crossmodal.data import BlockSpec
    >>> from sklearn_crossmodal.nn.encoders import ConvEncoder
    >>> encoder = ConvEncoder(width=8).build(BlockSpec("sequence", (20, 3)))
    >>> encoder(torch.zeros(2, 20, 3)).shape
    torch.Size([2, 8])
    """

    kinds = frozenset({"tokens", "sequence"})
    _parameter_constraints = {
        "width": [Interval(Integral, 1, None, closed="left")],
        "n_layers": [Interval(Integral, 1, None, closed="left")],
        "kernel_size": [Interval(Integral, 1, None, closed="left")],
        "dropout": [Interval(Real, 0, 1, closed="left")],
    }

    def __init__(self, width=64, *, n_layers=3, kernel_size=3, dropout=0.1):
        self.width = width
        self.n_layers = n_layers
        self.kernel_size = kernel_size
        self.dropout = dropout

    def build(self, spec: BlockSpec) -> nn.Module:
        """Return the module for blocks of kind ``"tokens"`` or ``"sequence"``.

        Parameters
        ----------
        spec : BlockSpec
            Of the blocks.

        Returns
        -------
        nn.Module
            (B, T) or (B, T, D), (B, T) -> (B, width).
        """
        self._validate_params()
        if self.kernel_size % 2 == 0:
            raise ModalityError(f"ConvEncoder: kernel_size={self.kernel_size} must be odd.")
        layers = [
            _Residual(self.width, self.kernel_size, 2**place, self.dropout)
            for place in range(self.n_layers)
        ]
        return _ConvEncoder(StepEmbedding(spec, self.width), layers, self.width)


class _Residual(nn.Module):
    """A convolution of normalised steps, past a residual path; (B, T, D) -> (B, T, D)."""

    def __init__(self, width: int, kernel_size: int, dilation: int, dropout: float) -> None:
        super().__init__()
        self.before = nn.Sequential(nn.LayerNorm(width), nn.Dropout(dropout))
        reach = dilation * (kernel_size // 2)
        self.convolution = nn.Conv1d(width, width, kernel_size, padding=reach, dilation=dilation)

    def forward(self, steps: Tensor, there: Tensor | None) -> Tensor:
        hidden = self.before(steps)
        if there is not None:  # what is not there is as if beyond the edge
            hidden = hidden.masked_fill(~there, 0.0)
        hidden = self.convolution(hidden.transpose(1, 2)).transpose(1, 2)
        return steps + torch.relu(hidden)


class _ConvEncoder(nn.Module):
    """(B, T) or (B, T, D), (B, T) -> (B, D')."""

    def __init__(self, embedding: nn.Module, layers: list[nn.Module], width: int) -> None:
        super().__init__()
        self.embedding = embedding
        self.layers = nn.ModuleList(layers)
        self.join = nn.Linear(2 * width, width)
        self.out_features = width

    def forward(self, values: Tensor, mask: Tensor | None = None) -> Tensor:
        values, mask = trim(values, mask)
        there = None if mask is None else mask.unsqueeze(-1)
        steps = self.embedding(values)
        for layer in self.layers:
            steps = layer(steps, there)
        return self.join(torch.cat([masked_mean(steps, mask), _masked_max(steps, there)], dim=1))


def _masked_max(steps: Tensor, there: Tensor | None) -> Tensor:
    """Return the maximum (B, D) over the steps that are there; zeros where none is."""
    if there is None:
        return steps.amax(dim=1)
    lowest = torch.finfo(steps.dtype).min
    highest = steps.masked_fill(~there, lowest).amax(dim=1)
    return torch.where(there.any(dim=1), highest, 0.0)
