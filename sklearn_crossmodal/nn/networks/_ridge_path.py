"""LinearPath: blend the scores of a network with those of a ridge regression."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn
from torch.nn import functional

__all__ = ["LinearPath"]


class LinearPath(nn.Module):
    """Blend the scores of a network for a numeric target with a linear model.

    ``y = l + a (f - l)`` for the scores f of the network, and ``l = b + W (x - m)`` for the
    concatenated values x of the modalities that are vectors, with means m; an absent modality is
    imputed by its mean. W is the solution of a ridge regression, and a is fitted on validation
    rows. In training, and until the path is set, scores are unchanged.

    Parameters
    ----------
    sizes : mapping of str to int
        Number of entries of each modality that is a vector.
    modalities : sequence of str
        All modalities, in the order of the network.
    target : str
        Name of the target.
    shape : tuple of int
        Of its scores.
    """

    stacks = True

    def __init__(self, sizes: Mapping[str, int], modalities, target: str, shape) -> None:
        super().__init__()
        self.sources = tuple(sizes)
        self.places = tuple(list(modalities).index(name) for name in sizes)
        self.target = target
        self.shape = tuple(shape)
        #: Whether scores are blended: `share` < 1, stored to avoid a synchronisation with the GPU.
        self.blends = False
        n_scores, n_numbers = torch.Size(shape).numel(), sum(sizes.values())
        self.register_buffer("weight", torch.zeros(n_scores, n_numbers))
        self.register_buffer("bias", torch.zeros(n_scores))
        self.register_buffer("means", torch.zeros(n_numbers))
        self.register_buffer("share", torch.ones(()))  # a

    def forward(
        self,
        scores: Mapping[str, Tensor],
        values: Mapping[str, Tensor],
        present: Tensor | None,
    ) -> dict[str, Tensor]:
        """Return the scores, blended in evaluation mode if the path is set."""
        if self.training or not self.blends:
            return dict(scores)
        linear = self.linear(self.centered(values, present))
        blended = linear + self.share * (scores[self.target] - linear)
        return {**scores, self.target: blended}

    def centered(self, values: Mapping[str, Tensor], present: Tensor | None) -> Tensor:
        """Return the concatenated values of the sources minus their means, zero where absent."""
        parts = []
        means = self.means.split([values[name].shape[1] for name in self.sources])
        for name, place, mean in zip(self.sources, self.places, means, strict=True):
            part = values[name] - mean
            if present is not None:
                part = torch.where(present[:, place : place + 1], part, 0.0)
            parts.append(part)
        return torch.cat(parts, dim=1)

    def linear(self, centered: Tensor) -> Tensor:
        """Return the predictions of the linear model, given centered values."""
        found = functional.linear(centered, self.weight, self.bias)
        return found.unflatten(-1, self.shape)

    def set(self, weight: Tensor, bias: Tensor, means: Tensor) -> None:
        """Set the linear model: W of shape (Q, D), b of shape (Q,), and m of shape (D,)."""
        self.weight.copy_(weight)
        self.bias.copy_(bias)
        self.means.copy_(means)

    def blend(self, share: float) -> None:
        """Set the share a of the network, from 0 to 1; 1 disables blending."""
        self.share.fill_(share)
        self.blends = share < 1

    def _load_from_state_dict(self, *args, **kwargs):
        super()._load_from_state_dict(*args, **kwargs)
        self.blends = bool(self.share < 1)
