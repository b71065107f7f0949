"""EnsembleNetwork: a parameter-efficient ensemble of members that share most weights (TabM)."""

from __future__ import annotations

import copy
from collections.abc import Mapping

import torch
from torch import Tensor, nn

from sklearn_crossmodal.nn._presence import where_present
from sklearn_crossmodal.nn.networks._multimodal import MultiModalNetwork
from sklearn_crossmodal.nn.networks._unimodal_heads import ModalityHeads

__all__ = ["EnsembleNetwork"]


class EnsembleNetwork(MultiModalNetwork):
    """An ensemble of members that share all weights but input scales and decoders.

    Each member multiplies vectors by its own scales, initialised as random signs, and has its own
    decoder. For other kinds of modality, which would be encoded once for each member, it scales the
    latent. Members share the unimodal heads. In training each row is repeated for each member, so
    that the loss is the mean of the members' losses, not the loss of their mean. Predictions are
    the mean of the members' scores; TabM averages probabilities. So quantiles and counts are
    averaged as classes are.

    Parameters
    ----------
    encoders, fusion, bottleneck, decoders, heads
        As in `MultiModalNetwork`.
    n_members : int
        Number of members.
    sizes : mapping of str to int
        Number of entries of each modality that is a vector.

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
        members = {name: _MemberDecoders(one, n_members) for name, one in decoders.items()}
        super().__init__(encoders, fusion, bottleneck, members, heads)
        self.n_members = n_members
        self.scaled = tuple(sizes)
        scales = [sizes.get(name, width) for name, width in zip(encoders, widths, strict=True)]
        # Vectors, since weight decay applies to matrices only.
        self.scales = nn.ParameterList([_signs(n_members * size) for size in scales])

    @classmethod
    def of(
        cls, network: MultiModalNetwork, n_members: int, sizes: Mapping[str, int]
    ) -> EnsembleNetwork:
        """Return an ensemble with the modules of a network.

        Parameters
        ----------
        network : MultiModalNetwork
            Untrained; its modules are used, not copied.
        n_members : int
            Number of members.
        sizes : mapping of str to int
            Number of entries of each modality that is a vector.

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
        """Width of the concatenated shared latents of all members."""
        return self.n_members * self.fusion.out_features

    def latents(
        self,
        values: Mapping[str, Tensor],
        masks: Mapping[str, Tensor] | None = None,
        present: Tensor | None = None,
    ) -> list[Tensor]:
        """Return the latent of each modality, of all samples for each member.

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
        repeated = self.spread(present)
        for scale, name in zip(self.scales, self._modalities, strict=True):
            if name in self.scaled:
                scaled, mask = self._scale(values[name], scale), self.spread(masks.get(name))
                latent = self.encode_one(name, scaled, mask, repeated)
            else:
                latent = self.encode_one(name, values[name], masks.get(name), present)
                latent = self._scale(latent, scale)
            found.append(latent)
        return where_present(found, repeated)

    def _scale(self, values: Tensor, scale: Tensor) -> Tensor:
        scales = scale.view(self.n_members, 1, -1).to(values.dtype)
        return (values.flatten(1) * scales).flatten(0, 1)

    def spread(self, rows: Tensor | None) -> Tensor | None:
        """Repeat rows for each member; None for None.

        Parameters
        ----------
        rows : Tensor of shape (B, ...) or None
            One row per sample.

        Returns
        -------
        Tensor of shape (n_members B, ...) or None
        """
        if rows is None:
            return None
        return rows.expand(self.n_members, *rows.shape).flatten(0, 1)

    def gathered(self, scores: Tensor) -> Tensor:
        """Return the mean score over members.

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
        """Return the concatenated shared latents of all members.

        Parameters
        ----------
        values, masks, present
            As in `MultiModalNetwork.encode`.

        Returns
        -------
        Tensor of shape (B, n_latents)
        """
        latent = self.fuse(self.latents(values, masks, present), self.spread(present))
        return torch.cat(latent.chunk(self.n_members), dim=-1)


class _MemberDecoders(nn.Module):
    """One decoder for each member; (n_members B, D') -> scores of the same rows."""

    stacks = True

    def __init__(self, decoder: nn.Module, n_members: int) -> None:
        super().__init__()
        self.members = nn.ModuleList(
            [decoder, *(_reinitialized(decoder) for _ in range(n_members - 1))]
        )

    def forward(self, latent: Tensor) -> Tensor:
        parts = latent.chunk(len(self.members))
        return torch.cat([one(part) for one, part in zip(self.members, parts, strict=True)])


def _reinitialized(decoder: nn.Module) -> nn.Module:
    """Return a copy with newly initialised weights."""
    copied = copy.deepcopy(decoder)
    for module in copied.modules():
        if hasattr(module, "reset_parameters"):
            module.reset_parameters()
    return copied


def _signs(n: int) -> nn.Parameter:
    return nn.Parameter(2.0 * torch.randint(0, 2, (n,)) - 1)
