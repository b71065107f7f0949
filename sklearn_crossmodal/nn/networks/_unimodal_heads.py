"""ModalityHeads: unimodal heads as auxiliary tasks, and late fusion of their scores."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from sklearn_crossmodal.nn._presence import presence_mask, where_present

__all__ = ["HEADS", "LABELS", "PRESENT", "ModalityHeads"]

#: Keys of the output in training: scores of the heads, (B, M, ...), and presence, (B, M) or None.
#: The leading space avoids collisions with names of targets.
HEADS, PRESENT = " heads", " present"
#: The target of an autoencoder that is not a modality: class labels.
LABELS = " labels"


class ModalityHeads(nn.Module):
    """Unimodal heads: score the target from each modality, and blend that with the fused scores.

    In training the heads are auxiliary tasks, so that each encoder learns to predict the target.
    For samples that lack a modality, predictions are the blend ::

        a_k f + (1 - a_k) (s_0 + sum_m w_m (h_m - s_0))

    of the fused scores f and the scores h_m of the k present modalities, where s_0 are the prior
    scores, those of an intercept-only model. For logits all w_m are 1: the sum is a product of
    experts, divided by the prior once for each expert but one. For numbers the experts are
    independent measurements with precisions p_m relative to the prior, and w_m is
    ``p_m / (1 + sum_m (p_m - 1))``.

    Parameters
    ----------
    heads : sequence of nn.Module
        For each modality: (B, D_m) -> scores of the target.
    widths : sequence of int
        Width D_m of each latent.
    target : str
        Name of the target.
    adds : bool
        Whether scores are logits, which are added.

    References
    ----------
    G. E. Hinton (2002). "Training products of experts by minimizing contrastive divergence".
    doi:10.1162/089976602760128018; unimodal heads as auxiliary tasks: W. Wang, D. Tran,
    M. Feiszli (2020), arXiv:1905.12681.
    """

    stacks = True

    def __init__(
        self, heads: Sequence[nn.Module], widths: Sequence[int], target: str, *, adds: bool
    ) -> None:
        super().__init__()
        self.heads = nn.ModuleList(heads)
        self.target = target
        self.adds = adds
        #: Whether samples that have all modalities are predicted by the blend too.
        self.blends_all = False
        n_heads = len(heads)
        with torch.no_grad():
            shape = heads[0](torch.zeros(1, widths[0])).shape[1:]
        shares = (1 + (torch.arange(n_heads + 1) - 1.0).clamp(min=0) / (n_heads - 1)) / 2
        self.register_buffer("shares", shares)  # a_k, until fitted on validation rows
        self.register_buffer("prior", torch.zeros(shape))
        self.register_buffer("n_seen", torch.zeros(()))
        # So large that the blend is the mean, until fitted on validation rows.
        self.register_buffer("precisions", torch.full((n_heads, *shape), 1e6))

    def forward(
        self, scores: Mapping[str, Tensor], latents: Sequence[Tensor], present: Tensor | None
    ) -> dict[str, Tensor | None]:
        """Return the scores, in training with those of the heads, else the blend."""
        latents = where_present(latents, present)
        if self.training:
            return {**scores, HEADS: self.head_scores(latents), PRESENT: present}
        if present is None and not self.blends_all:
            return dict(scores)
        fused = scores[self.target]
        present = presence_mask(present, latents)
        return {**scores, self.target: self.blend(fused, self.head_scores(latents), present)}

    def head_scores(self, latents: Sequence[Tensor]) -> Tensor:
        """Return the scores of each head, (B, M, ...)."""
        heads = zip(self.heads, latents, strict=True)
        return torch.stack([head(latent) for head, latent in heads], dim=1)

    def blend(self, fused: Tensor, head_scores: Tensor, present: Tensor) -> Tensor:
        """Return the blend (B, ...) of the fused scores and those of the heads, (B, M, ...)."""
        trailing = (1,) * (fused.ndim - 1)
        chosen = present.sum(dim=1, keepdim=True) == torch.arange(
            len(self.shares), device=present.device
        )
        share = (chosen.to(fused.dtype) @ self.shares.to(fused.dtype)).view(-1, *trailing)
        return share * fused + (1 - share) * self.combine(head_scores, present)

    def copy_weights(self, other: ModalityHeads) -> None:
        """Copy the weights of the blend from other heads."""
        self.shares.copy_(other.shares)
        self.precisions.copy_(other.precisions)
        self.blends_all = bool(self.shares[-1] < 1)

    def update_prior(self, scores: Tensor, n_rows: int) -> None:
        """Update the prior scores by the weighted mean with those of further rows."""
        share = n_rows / (float(self.n_seen) + n_rows)
        self.prior.lerp_(scores.to(self.prior), share)
        self.n_seen += n_rows

    def combine(self, head_scores: Tensor, present: Tensor) -> Tensor:
        """Combine the scores of the heads (B, M, ...) of the present modalities to (B, ...)."""
        weights = present.to(head_scores.dtype).view(*present.shape, *(1,) * (head_scores.ndim - 2))
        if not self.adds:
            precisions = weights * self.precisions.to(head_scores.dtype)
            weights = precisions / (1 + (precisions - weights).sum(dim=1, keepdim=True))
        prior = self.prior.to(head_scores.dtype)
        return prior + (weights * (head_scores - prior)).sum(dim=1)

    def _load_from_state_dict(self, *args, **kwargs):
        super()._load_from_state_dict(*args, **kwargs)
        self.blends_all = bool(self.shares[-1] < 1)
