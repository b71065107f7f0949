"""A linear model of the numbers of the sources, and what it and the network say together."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn
from torch.nn import functional

__all__ = ["LinearPath"]


class LinearPath(nn.Module):
    """Blend what the network says of numbers with what a linear model says of them.

    ``y = l + a (f - l)`` of the scores f of the network, and ``l = b + W (x - m)`` of the values x
    of those modalities that are vectors, side by side, with their means m: of one that is absent
    the mean is taken. In training the scores pass by as they are, and so they do until the path is
    set: W is the solution of a ridge regression, and a is fitted on rows that were held out.

    Parameters
    ----------
    sizes : mapping of str to int
        For each modality that is a vector, how many numbers it has.
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
        #: Whether scores are blended; known by the share too, which a GPU would have to be asked.
        self.blends = False
        n_scores, n_numbers = torch.Size(shape).numel(), sum(sizes.values())
        self.register_buffer("weight", torch.zeros(n_scores, n_numbers))
        self.register_buffer("bias", torch.zeros(n_scores))
        self.register_buffer("means", torch.zeros(n_numbers))
        self.register_buffer("share", torch.ones(()))  # a, of the network

    def forward(
        self,
        scores: Mapping[str, Tensor],
        values: Mapping[str, Tensor],
        present: Tensor | None,
    ) -> dict[str, Tensor]:
        """Return the scores, blended where the path is set and nothing is trained.

        Parameters
        ----------
        scores : mapping of str to Tensor
            Of the network, for each target.
        values : mapping of str to Tensor of shape (B, ...)
            For each modality.
        present : Tensor of shape (B, M), bool, or None
            Which modalities each sample has; None means all.

        Returns
        -------
        dict of str to Tensor
        """
        if self.training or not self.blends:
            return dict(scores)
        linear = self.linear(self.centered(values, present))
        blended = linear + self.share * (scores[self.target] - linear)
        return {**scores, self.target: blended}

    def centered(self, values: Mapping[str, Tensor], present: Tensor | None) -> Tensor:
        """Return the numbers of the sources side by side, minus their means.

        Parameters
        ----------
        values : mapping of str to Tensor of shape (B, ...)
            For each modality.
        present : Tensor of shape (B, M), bool, or None
            Which modalities each sample has; None means all.

        Returns
        -------
        Tensor of shape (B, D)
            Zero where a modality is absent.
        """
        parts = []
        means = self.means.split([values[name].shape[1] for name in self.sources])
        for name, place, mean in zip(self.sources, self.places, means, strict=True):
            part = values[name] - mean
            if present is not None:
                part = torch.where(present[:, place : place + 1], part, 0.0)
            parts.append(part)
        return torch.cat(parts, dim=1)

    def linear(self, centered: Tensor) -> Tensor:
        """Return what the linear model says of centered numbers.

        Parameters
        ----------
        centered : Tensor of shape (B, D)
            As `centered` gives them.

        Returns
        -------
        Tensor of shape (B, ...)
        """
        found = functional.linear(centered, self.weight, self.bias)
        return found.unflatten(-1, self.shape)

    def set(self, weight: Tensor, bias: Tensor, means: Tensor) -> None:
        """Take a linear model.

        Parameters
        ----------
        weight : Tensor of shape (Q, D)
            W.
        bias : Tensor of shape (Q,)
            b.
        means : Tensor of shape (D,)
            m.
        """
        self.weight.copy_(weight)
        self.bias.copy_(bias)
        self.means.copy_(means)

    def blend(self, share: float) -> None:
        """Take the share of the network; 1 lets its scores pass by.

        Parameters
        ----------
        share : float
            From 0 to 1.
        """
        self.share.fill_(share)
        self.blends = share < 1

    def _load_from_state_dict(self, *args, **kwargs):
        super()._load_from_state_dict(*args, **kwargs)
        self.blends = bool(self.share < 1)
