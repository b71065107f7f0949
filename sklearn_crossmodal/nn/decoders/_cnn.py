"""CNNDecoder: a convolutional decoder of images."""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Integral

import torch
from torch import Tensor, nn
from torch.nn import functional

from sklearn_crossmodal.data import BlockSpec
from sklearn_crossmodal.exceptions import ModalityError
from sklearn_crossmodal.nn._component import Component, check_sizes
from sklearn_crossmodal.utils._sklearn import Interval, StrOptions

__all__ = ["CNNDecoder"]


class CNNDecoder(Component):
    """A linear layer to a small grid, then upsampling by two and a convolution, repeatedly.

    Parameters
    ----------
    channels : tuple of int, default=(64, 32)
        Channels before each upsampling.
    kernel_size : int, default=3
        Height and width of the kernels, odd.
    activation : {"sigmoid"} or None, default=None
        Output activation. With "sigmoid" pixels are 0 to 1, as after ``Image(scaling="unit")``; not
        for the loss ``"binary_cross_entropy"``, which takes logits.

    References
    ----------
    A. Odena, V. Dumoulin, C. Olah (2016). "Deconvolution and checkerboard artifacts".
    doi:10.23915/distill.00003: resize, then convolve.

    Examples
    --------
    >>> import torch
    >>> from sklearn_crossmodal.data import BlockSpec
    >>> from sklearn_crossmodal.nn.decoders import CNNDecoder
    >>> decoder = CNNDecoder(activation="sigmoid").build(5, BlockSpec("grid", (3, 10, 12)))
    >>> decoder(torch.zeros(2, 5)).shape
    torch.Size([2, 3, 10, 12])
    """

    kinds = frozenset({"grid"})
    _parameter_constraints = {
        "channels": ["array-like"],
        "kernel_size": [Interval(Integral, 1, None, closed="left")],
        "activation": [StrOptions({"sigmoid"}), None],
    }

    def __init__(self, channels=(64, 32), *, kernel_size=3, activation=None):
        self.channels = channels
        self.kernel_size = kernel_size
        self.activation = activation

    def build(self, width: int, spec: BlockSpec) -> nn.Module:
        """Return the module: (B, D) -> (B, C, H, W)."""
        self._validate_params()
        channels = check_sizes(self, "channels")
        if self.kernel_size % 2 == 0 or not channels:
            raise ModalityError(
                f"CNNDecoder: kernel_size={self.kernel_size} must be odd, and channels="
                f"{self.channels} must not be empty."
            )
        return _CNNDecoder(width, channels, spec.shape, self.kernel_size, self.activation)


class _CNNDecoder(nn.Module):
    """(B, D) -> (B, C, H, W)."""

    def __init__(
        self,
        width: int,
        channels: Sequence[int],
        shape: tuple[int, ...],
        kernel_size: int,
        activation: str | None,
    ) -> None:
        super().__init__()
        n_channels, *size = shape
        # From the last size back to the first, rounded up, so that odd sizes are exact.
        self.sizes = [tuple(size)]
        for _ in channels:
            self.sizes.insert(0, tuple(-(-n // 2) for n in self.sizes[0]))
        self.start = (channels[0], *self.sizes[0])
        self.linear = nn.Linear(width, channels[0] * self.sizes[0][0] * self.sizes[0][1])
        self.convolutions = nn.ModuleList(
            nn.Conv2d(before, after, kernel_size, padding=kernel_size // 2)
            for before, after in zip(channels, [*channels[1:], n_channels], strict=True)
        )
        self.activation = activation
        self.to(memory_format=torch.channels_last)

    def forward(self, latent: Tensor) -> Tensor:
        grid = self.linear(latent).unflatten(-1, self.start)
        grid = grid.contiguous(memory_format=torch.channels_last)
        for convolution, size in zip(self.convolutions, self.sizes[1:], strict=True):
            grid = functional.interpolate(torch.relu(grid), size=size, mode="nearest")
            grid = convolution(grid)
        return grid.sigmoid() if self.activation == "sigmoid" else grid
