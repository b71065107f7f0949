"""ConvEncoder: dilated convolutions over steps."""

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
    """Dilated residual convolutions over the steps, then mean and maximum over steps.

    The k-th convolution has dilation ``2**k``, so that the receptive field grows exponentially with
    the number of layers.

    Parameters
    ----------
    width : int, default=64
        Width of the steps and of the output.
    n_layers : int, default=3
        Number of convolutions.
    kernel_size : int, default=3
        Number of steps of a kernel, odd.
    dropout : float, default=0.1
        Share of a convolution's inputs set to zero in training.

    References
    ----------
    S. Bai, J. Z. Kolter, V. Koltun (2018). "An empirical evaluation of generic convolutional and
    recurrent networks for sequence modeling". arXiv:1803.01271; here convolutions are not causal.

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
        """Return the module: (B, T) or (B, T, D), (B, T) -> (B, width)."""
        self._validate_params()
        if self.kernel_size % 2 == 0:
            raise ModalityError(f"ConvEncoder: kernel_size={self.kernel_size} must be odd.")
        layers = [
            _Residual(self.width, self.kernel_size, 2**place, self.dropout)
            for place in range(self.n_layers)
        ]
        return _ConvEncoder(StepEmbedding(spec, self.width), layers, self.width)


class _Residual(nn.Module):
    """A residual convolution of normalised steps; (B, T, D) -> (B, T, D)."""

    def __init__(self, width: int, kernel_size: int, dilation: int, dropout: float) -> None:
        super().__init__()
        self.before = nn.Sequential(nn.LayerNorm(width), nn.Dropout(dropout))
        reach = dilation * (kernel_size // 2)
        self.convolution = nn.Conv1d(width, width, kernel_size, padding=reach, dilation=dilation)

    def forward(self, steps: Tensor, mask: Tensor | None) -> Tensor:
        hidden = self.before(steps)
        if mask is not None:  # like the zero padding at the edge
            hidden = hidden.masked_fill(~mask, 0.0)
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
        step_mask = None if mask is None else mask.unsqueeze(-1)
        steps = self.embedding(values)
        for layer in self.layers:
            steps = layer(steps, step_mask)
        pooled = [masked_mean(steps, mask), _masked_max(steps, step_mask)]
        return self.join(torch.cat(pooled, dim=1))


def _masked_max(steps: Tensor, mask: Tensor | None) -> Tensor:
    """Return the maximum (B, D) over the unmasked steps; zeros for a row without steps."""
    if mask is None:
        return steps.amax(dim=1)
    lowest = torch.finfo(steps.dtype).min
    highest = steps.masked_fill(~mask, lowest).amax(dim=1)
    return torch.where(mask.any(dim=1), highest, 0.0)
