"""ProjectionNetwork: vectors of each modality in one space; large batches in little memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from sklearn_crossmodal.nn._presence import where_present
from sklearn_crossmodal.nn.networks._multimodal import MultiModalNetwork

__all__ = ["ProjectionNetwork"]


class ProjectionNetwork(MultiModalNetwork):
    """An encoder and a projection per modality; each target is scored from all vectors, (B, M, D).

    Parameters
    ----------
    encoders : mapping of str to nn.Module
        For each modality: (values, mask) -> (B, D_m).
    n_components : int
        D, the width of the space.
    targets : sequence of str
        Names of the targets, whose losses take the vectors.
    dropout : float, default=0.0
        Share of the numbers of a latent set to zero in training.
    mixup : float, default=0.0
        Above 0, latents of a batch are mixed with those of another order of it in training, by the
        same share in all modalities, which is drawn from Beta(mixup, mixup) [2]_.
    chunk_size : int or None, default=None
        Samples of a batch that are encoded at a time. The vectors of all enter the loss; what lies
        between is computed again for the gradient, chunk by chunk, as in [1]_: gradients are
        those of the whole batch, memory is that of a chunk.

    References
    ----------
    .. [1] L. Gao, Y. Zhang, J. Han, J. Callan (2021). "Scaling deep contrastive learning batch size
       under memory limited setup". arXiv:2101.06983
    .. [2] N. Vouitsis et al. (2023). "Data-efficient multimodal fusion on a single GPU".
       arXiv:2312.10144

    Examples
    --------
    >>> import torch
    >>> from sklearn_crossmodal.data import BlockSpec
    >>> from sklearn_crossmodal.nn.encoders import MLPEncoder
    >>> from sklearn_crossmodal.nn.networks._projection import ProjectionNetwork
    >>> encoders = {"a": MLPEncoder().build(BlockSpec("vector", (5,)))}
    >>> network = ProjectionNetwork(encoders, 3, ["pairs"])
    >>> network({"a": torch.zeros(2, 5)})["pairs"].shape
    torch.Size([2, 1, 3])
    """

    stacks = False

    def __init__(
        self,
        encoders: Mapping[str, nn.Module],
        n_components: int,
        targets: Sequence[str],
        *,
        dropout: float = 0.0,
        mixup: float = 0.0,
        chunk_size: int | None = None,
    ) -> None:
        widths = [encoder.out_features for encoder in encoders.values()]
        decoders = {name: nn.Identity() for name in targets}
        projections = _Projections(widths, n_components, dropout, mixup)
        super().__init__(encoders, projections, nn.Identity(), decoders)
        self.stacks = False
        self.chunk_size = chunk_size

    def latents(
        self,
        values: Mapping[str, Tensor],
        masks: Mapping[str, Tensor] | None = None,
        present: Tensor | None = None,
    ) -> list[Tensor]:
        """Return the latent of each modality, as `MultiModalNetwork` does, chunk by chunk."""
        n_rows = len(next(iter(values.values())))
        if self.chunk_size is None or n_rows <= self.chunk_size or not torch.is_grad_enabled():
            return super().latents(values, masks, present)
        found = []
        for start in range(0, n_rows, self.chunk_size):
            rows = slice(start, start + self.chunk_size)
            inputs = (
                {name: part[rows] for name, part in values.items()},
                {name: part[rows] for name, part in (masks or {}).items()},
                None if present is None else present[rows],
            )
            found.append(checkpoint(super().latents, *inputs, use_reentrant=False))
        return where_present([torch.cat(parts) for parts in zip(*found, strict=True)], present)


class _Projections(nn.Module):
    """[(B, D_1), ..., (B, D_M)] -> (B, M, D), zero where a modality is absent."""

    def __init__(
        self, widths: Sequence[int], n_components: int, dropout: float, mixup: float
    ) -> None:
        super().__init__()
        self.layers = nn.ModuleList([nn.Linear(width, n_components) for width in widths])
        self.dropout = nn.Dropout(dropout)
        self.mixup = mixup
        self.out_features = n_components

    def forward(self, latents: Sequence[Tensor], present: Tensor | None = None) -> Tensor:
        if self.mixup and self.training:
            latents = _mixed(latents, present, self.mixup)
        pairs = zip(self.layers, latents, strict=True)
        vectors = [layer(self.dropout(one)) for layer, one in pairs]
        return torch.stack(where_present(vectors, present), dim=1)


def _mixed(latents: Sequence[Tensor], present: Tensor | None, alpha: float) -> list[Tensor]:
    """Return latents mixed with those of partners that have all modalities which the sample has."""
    first = latents[0]
    share = torch.distributions.Beta(alpha, alpha).sample()
    share = torch.maximum(share, 1 - share)  # most of it is the sample whose label it has
    partner = torch.randperm(len(first)).to(first.device)
    share = torch.full((len(first), 1), float(share), dtype=first.dtype, device=first.device)
    if present is not None:
        lacks = (present & ~present[partner]).any(dim=1, keepdim=True)
        share = share.masked_fill(lacks, 1.0)
    return [share * latent + (1 - share) * latent[partner] for latent in latents]
