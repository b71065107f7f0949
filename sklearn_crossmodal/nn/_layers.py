"""Pieces that several parts of the network share."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

__all__ = ["MLP", "masked_mean", "positions"]


class MLP(nn.Sequential):
    """Linear, ReLU and dropout for each width; (B, D) -> (B, D').

    Parameters
    ----------
    in_features : int
        Width D of the input.
    widths : sequence of int
        Width of each layer; none makes it the identity.
    dropout : float, default=0.0
        Share of hidden units set to zero in training.
    """

    def __init__(self, in_features: int, widths: Sequence[int], dropout: float = 0.0) -> None:
        layers: list[nn.Module] = []
        sizes = [in_features, *widths]
        for fan_in, fan_out in zip(sizes[:-1], sizes[1:], strict=True):
            layers += [nn.Linear(fan_in, fan_out), nn.ReLU()]
            if dropout:
                layers.append(nn.Dropout(dropout))
        super().__init__(*layers)
        self.out_features = sizes[-1]


def masked_mean(steps: Tensor, mask: Tensor | None) -> Tensor:
    """Average (B, T, D) over the steps that are there; zeros where none is.

    Parameters
    ----------
    steps : Tensor of shape (B, T, D)
        Any values in the steps that are not there.
    mask : Tensor of shape (B, T), bool, or None
        Which steps are there; None means all.

    Returns
    -------
    Tensor of shape (B, D)
    """
    if mask is None:
        return steps.mean(dim=1)
    there = mask.unsqueeze(-1).to(steps.dtype)
    return (steps * there).sum(dim=1) / there.sum(dim=1).clamp(min=1)


def positions(n_steps: int, width: int) -> Tensor:
    """Return sinusoidal position codes (T, D), equation (3.5) of arXiv:1706.03762."""
    step = torch.arange(n_steps).unsqueeze(1)
    rate = torch.exp(torch.arange(0, width, 2) * (-torch.log(torch.tensor(10_000.0)) / width))
    codes = torch.zeros(n_steps, width)
    codes[:, 0::2] = torch.sin(step * rate)
    codes[:, 1::2] = torch.cos(step * rate)[:, : width // 2]
    return codes
