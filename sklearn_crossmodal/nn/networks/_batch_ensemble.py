"""Several networks in one: members that share all weights but scales of their inputs and heads."""

from __future__ import annotations

import copy
from collections.abc import Mapping

import torch
from torch import Tensor, nn

from sklearn_crossmodal.nn.networks._multimodal import MultiModalNetwork
from sklearn_crossmodal.nn.networks._unimodal_heads import ModalityHeads

__all__ = ["EnsembleNetwork"]


class EnsembleNetwork(MultiModalNetwork):
    """A network whose members see the same samples, each scaled in its own way.

    Member i multiplies the numbers of a vector, before any layer mixes them, with scales of its own
    that start as random signs, and has a decoder of its own; of other kinds of modality, which
    would be encoded once for each member, it scales the latent. Members share the heads of
    modalities. In training each row comes once for each member, so that the loss is the mean of the
    members' losses and not that of their mean; answers are the mean of their scores, where
    TabM averages probabilities: so quantiles and counts are averaged as classes are.

    Parameters
    ----------
    encoders, fusion, bottleneck, decoders, heads
        As `MultiModalNetwork` takes them.
    n_members : int
        How many.
    sizes : mapping of str to int
        For each modality that is a vector, how many numbers it has.

    References
    ----------
    Y. Gorishniy, A. Kotelnikov, A. Babenko (2025). "TabM: Advancing tabular deep learning with
    parameter-efficient ensembling". arXiv:2410.24210, its "mini" variant; Y. Wen, D. Tran, J. Ba
    (2020). "BatchEnsemble". arXiv:2002.06715
    """

    def __init__(
        self,
        encoders: Mapping[str, nn.Module],
        fusion: nn.Module,
        bottleneck: nn.Module,
        decoders: Mapping[str, nn.Module],
        heads: ModalityHeads | None = None,
        *,
        n_members: int,
        sizes: Mapping[str, int],
    ) -> None:
        widths = [encoder.out_features for encoder in encoders.values()]
        several = {name: _Apart(one, n_members) for name, one in decoders.items()}
        super().__init__(encoders, fusion, bottleneck, several, heads)
        self.n_members = n_members
        self.scaled = tuple(sizes)
        scales = [sizes.get(name, width) for name, width in zip(encoders, widths, strict=True)]
        # Vectors, since weight decay is for matrices alone.
        self.scales = nn.ParameterList([_signs(n_members * size) for size in scales])

    @classmethod
    def of(
        cls, network: MultiModalNetwork, n_members: int, sizes: Mapping[str, int]
    ) -> EnsembleNetwork:
        """Return an ensemble of the parts of a network.

        Parameters
        ----------
        network : MultiModalNetwork
            Not trained; it gives its parts away.
        n_members : int
            How many members.
        sizes : mapping of str to int
            For each modality that is a vector, how many numbers it has.

        Returns
        -------
        EnsembleNetwork
        """
        encoders = {name: network.encoders[key] for name, key in network._modalities.items()}
        decoders = {name: network.decoders[key] for name, key in network._targets.items()}
        parts = encoders, network.fusion, network.bottleneck, decoders, network.heads
        return cls(*parts, n_members=n_members, sizes=sizes)

    @property
    def n_latents(self) -> int:
        """Width of the shared latents of all members side by side."""
        return self.n_members * self.fusion.out_features

    def latents(
        self,
        values: Mapping[str, Tensor],
        masks: Mapping[str, Tensor] | None = None,
        present: Tensor | None = None,
    ) -> list[Tensor]:
        """Return the latent of each modality, of all samples as each member sees them.

        Parameters
        ----------
        values : mapping of str to Tensor of shape (B, ...)
            For each modality.
        masks : mapping of str to Tensor, default=None
            For the modalities that have one.
        present : Tensor of shape (B, M), bool, default=None
            Which modalities each sample has.

        Returns
        -------
        list of Tensor of shape (n_members B, D_m)
            All samples of the first member first.
        """
        masks = masks or {}
        found = []
        there = self.spread(present)
        for scale, name in zip(self.scales, self._modalities, strict=True):
            if name in self.scaled:
                seen, mask = self._seen(values[name], scale), self.spread(masks.get(name))
                latent = self.encode_one(name, seen, mask, there)
            else:
                latent = self.encode_one(name, values[name], masks.get(name), present)
                latent = self._seen(latent, scale)
            found.append(latent)
        return self.hidden(found, there)

    def _seen(self, values: Tensor, scale: Tensor) -> Tensor:
        scales = scale.view(self.n_members, 1, -1).to(values.dtype)
        return (values.flatten(1) * scales).flatten(0, 1)

    def spread(self, rows: Tensor | None) -> Tensor | None:
        """Return what rows have for each member, None for None.

        Parameters
        ----------
        rows : Tensor of shape (B, ...) or None
            What samples have.

        Returns
        -------
        Tensor of shape (n_members B, ...) or None
        """
        if rows is None:
            return None
        return rows.expand(self.n_members, *rows.shape).flatten(0, 1)

    def gathered(self, scores: Tensor) -> Tensor:
        """Return the mean over members.

        Parameters
        ----------
        scores : Tensor of shape (n_members B, ...)
            Of all members.

        Returns
        -------
        Tensor of shape (B, ...)
        """
        return scores.unflatten(0, (self.n_members, -1)).mean(dim=0)

    def encode(
        self,
        values: Mapping[str, Tensor],
        masks: Mapping[str, Tensor] | None = None,
        present: Tensor | None = None,
    ) -> Tensor:
        """Return the shared latents of all members side by side.

        Parameters
        ----------
        values, masks, present
            As `MultiModalNetwork.encode` takes them.

        Returns
        -------
        Tensor of shape (B, n_latents)
        """
        latent = self.fuse(self.latents(values, masks, present), self.spread(present))
        return torch.cat(latent.chunk(self.n_members), dim=-1)


class _Apart(nn.Module):
    """A decoder for each member; (n_members B, D') -> scores of the same rows."""

    stacks = True

    def __init__(self, decoder: nn.Module, n_members: int) -> None:
        super().__init__()
        self.members = nn.ModuleList([decoder, *(_anew(decoder) for _ in range(n_members - 1))])

    def forward(self, latent: Tensor) -> Tensor:
        parts = latent.chunk(len(self.members))
        return torch.cat([one(part) for one, part in zip(self.members, parts, strict=True)])


def _anew(decoder: nn.Module) -> nn.Module:
    """Return a copy with first weights of its own."""
    copied = copy.deepcopy(decoder)
    for module in copied.modules():
        if hasattr(module, "reset_parameters"):
            module.reset_parameters()
    return copied


def _signs(n: int) -> nn.Parameter:
    return nn.Parameter(2.0 * torch.randint(0, 2, (n,)) - 1)
