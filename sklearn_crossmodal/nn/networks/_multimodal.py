"""The forward passes: encode, fuse, decode. No options live here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from sklearn_crossmodal.nn._presence import encode_present, is_finite_at_zeros, where_present
from sklearn_crossmodal.nn.networks._unimodal_heads import ModalityHeads

__all__ = ["AveragedNetwork", "MultiModalNetwork"]

#: What is asked of any module by `getattr`: a child of such a name would answer in its stead.
_ASKED_FOR = frozenset({"learning_rate_factor", "p", "reset_parameters", "stacks"})


class MultiModalNetwork(nn.Module):
    """An encoder per modality, a fusion, a bottleneck, and a decoder per target.

    Parameters
    ----------
    encoders : mapping of str to nn.Module
        For each modality: (values, mask) -> (B, D_m).
    fusion : nn.Module
        (latents, present) -> (B, D).
    bottleneck : nn.Module
        (B, D) -> (B, D'), the shared latent.
    decoders : mapping of str to nn.Module
        For each target: (B, D') -> scores.
    heads : ModalityHeads, default=None
        What scores a target from each modality alone.

    Examples
    --------
    >>> import torch
    >>> from torch import nn
    >>> from sklearn_crossmodal.nn import MultiModalNetwork
    >>> from sklearn_crossmodal.data import BlockSpec
    >>> from sklearn_crossmodal.nn.encoders import MLPEncoder
    >>> from sklearn_crossmodal.nn.fusion import ConcatFusion
    >>> network = MultiModalNetwork(
    ...     {"table": MLPEncoder(width=8).build(BlockSpec("vector", (5,)))},
    ...     ConcatFusion().build([8]),
    ...     nn.Identity(),
    ...     {"y": nn.Linear(8, 3)},
    ... )
    >>> network({"table": torch.zeros(2, 5)})["y"].shape
    torch.Size([2, 3])
    """

    stacks = True

    def __init__(
        self,
        encoders: Mapping[str, nn.Module],
        fusion: nn.Module,
        bottleneck: nn.Module,
        decoders: Mapping[str, nn.Module],
        heads: ModalityHeads | None = None,
    ) -> None:
        super().__init__()
        self._modalities, self.encoders = _named_modules(encoders)
        #: Encoders that must not see what stands where a modality is absent.
        self._guarded = tuple(n for n, one in encoders.items() if not is_finite_at_zeros(one))
        if self._guarded:  # which looks at how many samples of a batch have a modality
            self.stacks = False
        self.fusion = fusion
        self.bottleneck = bottleneck
        self._targets, self.decoders = _named_modules(decoders)
        self.heads = heads
        #: Targets whose decoder goes by the tokens that come before: in training, by those known.
        self.taught = tuple(
            name for name, one in decoders.items() if getattr(one, "takes_targets", False)
        )
        #: Each a `LinearPath`, whoever wants one puts it here.
        self.linear_paths = nn.ModuleList()

    @property
    def n_shared(self) -> int:
        """Width of the shared latent: that of the bottleneck, or of the fusion if it has none."""
        return getattr(self.bottleneck, "out_features", self.fusion.out_features)

    @property
    def n_latents(self) -> int:
        """Width of the latent that is given out."""
        return self.n_shared

    def latents(
        self,
        values: Mapping[str, Tensor],
        masks: Mapping[str, Tensor] | None = None,
        present: Tensor | None = None,
    ) -> list[Tensor]:
        """Return the latent of each modality.

        Parameters
        ----------
        values : mapping of str to Tensor of shape (B, ...)
            For each modality; zeros where a sample lacks it.
        masks : mapping of str to Tensor, default=None
            For the modalities that have one.
        present : Tensor of shape (B, M), bool, default=None
            Which modalities each sample has; None means all.

        Returns
        -------
        list of Tensor of shape (B, D_m)
            Zero where the modality is absent.
        """
        masks = masks or {}
        latents = [
            self.encode_one(name, values[name], masks.get(name), present)
            for name in self._modalities
        ]
        return self.hidden(latents, present)

    def encode_one(
        self, name: str, values: Tensor, mask: Tensor | None, present: Tensor | None
    ) -> Tensor:
        """Return the latent of one modality, of no meaning where it is absent.

        Parameters
        ----------
        name : str
            Of the modality.
        values : Tensor of shape (B, ...)
            Of it.
        mask : Tensor or None
            Of its values.
        present : Tensor of shape (B, M), bool, or None
            Which modalities each sample has; None means all.

        Returns
        -------
        Tensor of shape (B, D_m)
        """
        encoder = self.encoders[self._modalities[name]]
        if present is None or name not in self._guarded:
            return encoder(values, mask)
        there = present[:, list(self._modalities).index(name)]
        return encode_present(encoder, values, mask, there, next(self.parameters()).dtype)

    def hidden(self, latents: Sequence[Tensor], present: Tensor | None) -> list[Tensor]:
        """Return latents that are zero where their modality is absent.

        Parameters
        ----------
        latents : sequence of Tensor of shape (B, D_m)
            Of each modality.
        present : Tensor of shape (B, M), bool, or None
            Which modalities each sample has; None means all.

        Returns
        -------
        list of Tensor of shape (B, D_m)
        """
        return where_present(latents, present)

    def spread(self, rows: Tensor | None) -> Tensor | None:
        """Return what rows have, for each row of the latents.

        Parameters
        ----------
        rows : Tensor of shape (B, ...) or None
            What samples have.

        Returns
        -------
        Tensor or None
        """
        return rows

    def gathered(self, scores: Tensor) -> Tensor:
        """Return one row of scores a sample.

        Parameters
        ----------
        scores : Tensor
            A row for each of the latents.

        Returns
        -------
        Tensor of shape (B, ...)
        """
        return scores

    def fuse(self, latents: Sequence[Tensor], present: Tensor | None = None) -> Tensor:
        """Return the shared latent of those of the modalities.

        Parameters
        ----------
        latents : sequence of Tensor of shape (B, D_m)
            As `latents` gives them.
        present : Tensor of shape (B, M), bool, default=None
            Which modalities each sample has; None means all.

        Returns
        -------
        Tensor of shape (B, D')
        """
        return self.bottleneck(self.fusion(latents, present))

    def encode(
        self,
        values: Mapping[str, Tensor],
        masks: Mapping[str, Tensor] | None = None,
        present: Tensor | None = None,
    ) -> Tensor:
        """Return the shared latent of what is present.

        Parameters
        ----------
        values : mapping of str to Tensor of shape (B, ...)
            For each modality; zeros where a sample lacks it.
        masks : mapping of str to Tensor, default=None
            For the modalities that have one.
        present : Tensor of shape (B, M), bool, default=None
            Which modalities each sample has; None means all.

        Returns
        -------
        Tensor of shape (B, D')
        """
        return self.fuse(self.latents(values, masks, present), present)

    def decode(
        self, latent: Tensor, known: Mapping[str, Tensor] | None = None
    ) -> dict[str, Tensor]:
        """Return the scores of each target.

        Parameters
        ----------
        latent : Tensor of shape (B, D')
            The shared latent.
        known : mapping of str to Tensor of shape (B, T), int, default=None
            Tokens of targets in `taught`, each scored given those before it; a target without goes
            by the tokens that it gives itself.

        Returns
        -------
        dict of str to Tensor
        """
        return {name: self.decode_one(name, latent, known) for name in self._targets}

    def decode_one(
        self, name: str, latent: Tensor, known: Mapping[str, Tensor] | None = None
    ) -> Tensor:
        """Return the scores of one target.

        Parameters
        ----------
        name : str
            Of the target.
        latent : Tensor of shape (B, D')
            What its decoder reads.
        known : mapping of str to Tensor of shape (B, T), int, default=None
            Tokens of targets in `taught`.

        Returns
        -------
        Tensor of shape (B, ...)
        """
        decoder = self.decoders[self._targets[name]]
        return decoder(latent, known[name]) if known and name in known else decoder(latent)

    def forward(
        self,
        values: Mapping[str, Tensor],
        masks: Mapping[str, Tensor] | None = None,
        present: Tensor | None = None,
        known: Mapping[str, Tensor] | None = None,
    ) -> dict[str, Tensor]:
        latents, present = self.latents(values, masks, present), self.spread(present)
        scores = self.scored(latents, values, present, known)
        if self.training:
            return scores
        return {name: self.gathered(one) for name, one in scores.items()}

    def scored(
        self,
        latents: Sequence[Tensor],
        values: Mapping[str, Tensor],
        present: Tensor | None = None,
        known: Mapping[str, Tensor] | None = None,
    ) -> dict[str, Tensor]:
        """Return the scores of each target, given the latents of modalities.

        Parameters
        ----------
        latents : sequence of Tensor of shape (B, D_m)
            As `latents` gives them.
        values : mapping of str to Tensor of shape (B, ...)
            For each modality.
        present : Tensor of shape (B, M), bool, default=None
            Which modalities each row of the latents has; None means all.
        known : mapping of str to Tensor of shape (B, T), int, default=None
            Tokens of targets in `taught`.

        Returns
        -------
        dict of str to Tensor
        """
        scores = self.decode(self.fuse(latents, present), known)
        if self.heads is not None:
            scores = self.heads(scores, latents, present)
        for path in self.linear_paths:
            scores = path(scores, values, present)
        return scores


class AveragedNetwork(nn.Module):
    """Networks of one architecture, whose scores are averaged.

    Parameters
    ----------
    networks : sequence of MultiModalNetwork
        Trained.

    Raises
    ------
    ValueError
        If a decoder goes by the tokens that come before: networks that said different words have
        nothing to average.
    """

    taught: tuple[str, ...] = ()

    def __init__(self, networks: Sequence[MultiModalNetwork]) -> None:
        super().__init__()
        if taught := networks[0].taught:
            raise ValueError(
                f"target {taught[0]!r} is decoded token by token, each by those before it: scores "
                "of several networks cannot be averaged."
            )
        self.networks = nn.ModuleList(networks)

    @property
    def n_latents(self) -> int:
        """Width of the latents of all networks side by side."""
        return sum(network.n_latents for network in self.networks)

    def encode(self, *inputs, **named) -> Tensor:
        """Return the shared latents of all networks side by side, (B, n_latents).

        Parameters
        ----------
        *inputs, **named
            As `MultiModalNetwork.encode` takes them.

        Returns
        -------
        Tensor of shape (B, n_latents)
        """
        return torch.cat([network.encode(*inputs, **named) for network in self.networks], dim=-1)

    def decode(self, latent: Tensor) -> dict[str, Tensor]:
        """Return the mean scores of each target.

        Parameters
        ----------
        latent : Tensor of shape (B, n_latents)
            As `encode` gives them.

        Returns
        -------
        dict of str to Tensor
        """
        parts = latent.split([network.n_latents for network in self.networks], dim=-1)
        decoded = zip(self.networks, parts, strict=True)
        return _mean_of([network.decode(part) for network, part in decoded])

    def forward(self, *inputs, **named) -> dict[str, Tensor]:
        return _mean_of([network(*inputs, **named) for network in self.networks])


def _mean_of(scores: Sequence[Mapping[str, Tensor]]) -> dict[str, Tensor]:
    return {name: torch.stack([one[name] for one in scores]).mean(dim=0) for name in scores[0]}


def _named_modules(modules: Mapping[str, nn.Module]) -> tuple[dict[str, str], nn.ModuleDict]:
    """Return a `ModuleDict`, and its key for each name: some names are not allowed as keys."""
    named, keys = nn.ModuleDict(), {}
    for name, module in modules.items():
        key = name.replace(".", "_") or "_"
        while hasattr(named, key) or key in _ASKED_FOR:  # also what is taken already
            key += "_"
        keys[name], named[key] = key, module
    return keys, named
