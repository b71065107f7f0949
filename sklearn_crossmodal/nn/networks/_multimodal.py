"""MultiModalNetwork: the forward pass of encoders, fusion and decoders; and averaged networks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from sklearn_crossmodal.data import embeddings_of
from sklearn_crossmodal.nn._presence import encode_present, is_finite_at_zeros, where_present
from sklearn_crossmodal.nn._protocols import flag
from sklearn_crossmodal.nn.networks._unimodal_heads import ModalityHeads

__all__ = ["AveragedNetwork", "MultiModalNetwork"]

#: Attributes that are read from any module, and so cannot be names of submodules.
_RESERVED_KEYS = frozenset({"learning_rate_factor", "p", "stacks"})


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
        Unimodal heads, which score the target from each modality separately.

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
        #: Modalities whose encoders must not receive the zeros of absent samples.
        self._guarded = tuple(n for n, one in encoders.items() if not is_finite_at_zeros(one))
        if self._guarded:  # control flow that depends on the number of present samples
            self.stacks = False
        self.fusion = fusion
        self.bottleneck = bottleneck
        self._targets, self.decoders = _named_modules(decoders)
        self.heads = heads
        #: Targets with an autoregressive decoder, which is trained by teacher forcing.
        self.teacher_forced = tuple(
            name for name, one in decoders.items() if flag(one, "takes_targets")
        )
        #: `LinearPath` modules, appended by training.
        self.linear_paths = nn.ModuleList()

    @property
    def n_shared(self) -> int:
        """Width of the shared latent: that of the bottleneck, else of the fusion."""
        width = flag(self.bottleneck, "out_features")
        return self.fusion.out_features if width is None else width

    @property
    def n_latents(self) -> int:
        """Width of the latent that `encode` returns."""
        return self.n_shared

    @property
    def n_scores(self) -> int:
        """Most scores that a decoder gives for a sample."""
        return max((flag(decoder, "n_scores") for decoder in self.decoders.values()), default=1)

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
            For the modalities that have one. By `embeddings_of` its name also the embeddings
            (B, D) that its encoder reads beside the values.
        present : Tensor of shape (B, M), bool, default=None
            Which modalities each sample has; None means all.

        Returns
        -------
        list of Tensor of shape (B, D_m)
            Zero where the modality is absent.
        """
        latents = []
        for m, (name, key) in enumerate(self._modalities.items()):
            inputs = [values[name], (masks or {}).get(name)]
            if masks and embeddings_of(name) in masks:
                inputs.append(masks[embeddings_of(name)])
            if present is None or name not in self._guarded:
                latents.append(self.encoders[key](*inputs))
            else:
                dtype = next(self.parameters()).dtype
                latents.append(encode_present(self.encoders[key], inputs, present[:, m], dtype))
        return where_present(latents, present)

    def fuse(self, latents: Sequence[Tensor], present: Tensor | None = None) -> Tensor:
        """Fuse the latents (B, D_m) of the modalities to the shared latent, (B, D')."""
        return self.bottleneck(self.fusion(latents, present))

    def encode(
        self,
        values: Mapping[str, Tensor],
        masks: Mapping[str, Tensor] | None = None,
        present: Tensor | None = None,
    ) -> Tensor:
        """Return the shared latent (B, D') of the present modalities; arguments as in `latents`."""
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
            True tokens of targets in `teacher_forced`, on which the scores are conditioned. A
            target without is decoded by its own predictions.

        Returns
        -------
        dict of str to Tensor
        """
        return {name: self.decode_one(name, latent, known) for name in self._targets}

    def decode_one(
        self, name: str, latent: Tensor, known: Mapping[str, Tensor] | None = None
    ) -> Tensor:
        """Return the scores of one target, given the input of its decoder."""
        decoder = self.decoders[self._targets[name]]
        return decoder(latent, known[name]) if known and name in known else decoder(latent)

    def forward(
        self,
        values: Mapping[str, Tensor],
        masks: Mapping[str, Tensor] | None = None,
        present: Tensor | None = None,
        known: Mapping[str, Tensor] | None = None,
    ) -> dict[str, Tensor]:
        return self.scored(self.latents(values, masks, present), values, present, known)

    def scored(
        self,
        latents: Sequence[Tensor],
        values: Mapping[str, Tensor],
        present: Tensor | None = None,
        known: Mapping[str, Tensor] | None = None,
    ) -> dict[str, Tensor]:
        """Return the scores of each target, given the latents of the modalities.

        Parameters
        ----------
        latents : sequence of Tensor of shape (B, D_m)
            As `latents` returns them.
        values, present, known : object
            As in `forward`: see `latents` and `decode`.

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

    They have no autoregressive decoder: networks that predict different words have no common
    scores.
    """

    teacher_forced: tuple[str, ...] = ()

    def __init__(self, networks: Sequence[MultiModalNetwork]) -> None:
        super().__init__()
        if teacher_forced := networks[0].teacher_forced:
            raise ValueError(
                f"target {teacher_forced[0]!r} is decoded token by token, each given those before "
                "it: scores of several networks cannot be averaged."
            )
        self.networks = nn.ModuleList(networks)

    @property
    def n_latents(self) -> int:
        """Width of the concatenated latents of all networks."""
        return sum(network.n_latents for network in self.networks)

    def encode(self, *inputs, **named) -> Tensor:
        """Return the concatenated shared latents of all networks, (B, n_latents)."""
        return torch.cat([network.encode(*inputs, **named) for network in self.networks], dim=-1)

    def decode(self, latent: Tensor) -> dict[str, Tensor]:
        """Return the mean scores of each target, given latents as `encode` returns them."""
        parts = latent.split([network.n_latents for network in self.networks], dim=-1)
        decoded = zip(self.networks, parts, strict=True)
        return _mean_of([network.decode(part) for network, part in decoded])

    def forward(self, *inputs, **named) -> dict[str, Tensor]:
        return _mean_of([network(*inputs, **named) for network in self.networks])


def _mean_of(scores: Sequence[Mapping[str, Tensor]]) -> dict[str, Tensor]:
    return {name: torch.stack([one[name] for one in scores]).mean(dim=0) for name in scores[0]}


def _named_modules(modules: Mapping[str, nn.Module]) -> tuple[dict[str, str], nn.ModuleDict]:
    """Return the `ModuleDict` key of each name, since not all names are valid, and the dict."""
    named, keys = nn.ModuleDict(), {}
    for name, module in modules.items():
        key = name.replace(".", "_") or "_"
        while hasattr(named, key) or key in _RESERVED_KEYS:  # also existing keys
            key += "_"
        keys[name], named[key] = key, module
    return keys, named
