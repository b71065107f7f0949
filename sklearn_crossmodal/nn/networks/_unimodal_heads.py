"""A head per modality beside the one over their fusion, and what all of them say together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from sklearn_crossmodal.nn._presence import where_present

__all__ = ["HEADS", "LABELS", "PRESENT", "ModalityHeads"]

#: Under these names a network in training returns what the heads say, (B, M, ...), and which
#: modalities were there, (B, M) or None. No target has a name with a space in front.
HEADS, PRESENT = " heads", " present"
#: The target of an autoencoder that is none of its modalities.
LABELS = " labels"


class ModalityHeads(nn.Module):
    """Score the target from each modality alone, and blend that with the scores of the fusion.

    In training the heads are further tasks, so that no encoder can leave the work to the others.
    Asked about samples that lack a modality, the network answers by the blend ::

        a_k f + (1 - a_k) (s_0 + sum_m w_m (h_m - s_0))

    of the fused scores f and the heads' h_m of the k modalities that are there, where s_0 are the
    scores of a model that sees nothing. Where scores add up as evidence does, logits, all w_m are 1
    and the sum is the product of the experts divided by the prior once for each but one of them.
    For numbers w_m are the precisions p_m of independent measurements of the same,
    ``p_m / (1 + sum_m (p_m - 1))``, as parts of the precision before any is known.

    Parameters
    ----------
    heads : sequence of nn.Module
        For each modality: (B, D_m) -> scores of the target.
    widths : sequence of int
        Width D_m of each latent.
    target : str
        Name of the target.
    adds : bool
        Whether scores are logits, which add up.

    References
    ----------
    G. E. Hinton (2002). "Training products of experts by minimizing contrastive divergence".
    doi:10.1162/089976602760128018; heads per modality as further tasks: W. Wang, D. Tran,
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
        #: Whether samples that have all modalities are answered by the blend too.
        self.blends_all = False
        n_heads = len(heads)
        with torch.no_grad():
            shape = heads[0](torch.zeros(1, widths[0])).shape[1:]
        shares = (1 + (torch.arange(n_heads + 1) - 1.0).clamp(min=0) / (n_heads - 1)) / 2
        self.register_buffer("shares", shares)  # a_k, until held-out rows tell
        self.register_buffer("prior", torch.zeros(shape))
        self.register_buffer("n_seen", torch.zeros(()))
        # So large that the plain mean is taken, until held-out rows tell.
        self.register_buffer("precisions", torch.full((n_heads, *shape), 1e6))

    def forward(
        self, scores: Mapping[str, Tensor], latents: Sequence[Tensor], present: Tensor | None
    ) -> dict[str, Tensor | None]:
        """Return the scores, in training with those of the heads, else blended with them.

        Parameters
        ----------
        scores : mapping of str to Tensor
            Of the fusion, for each target.
        latents : sequence of Tensor of shape (B, D_m)
            Of each modality.
        present : Tensor of shape (B, M), bool, or None
            Which modalities each sample has; None means all.

        Returns
        -------
        dict of str to Tensor or None
        """
        latents = where_present(latents, present)
        if self.training:
            return {**scores, HEADS: self.said(latents), PRESENT: present}
        if present is None and not self.blends_all:
            return dict(scores)
        fused = scores[self.target]
        if present is None:
            present = torch.ones(len(fused), len(latents), dtype=torch.bool, device=fused.device)
        return {**scores, self.target: self.blend(fused, self.said(latents), present)}

    def said(self, latents: Sequence[Tensor]) -> Tensor:
        """Return what each head says of its modality.

        Parameters
        ----------
        latents : sequence of Tensor of shape (B, D_m)
            Of each modality.

        Returns
        -------
        Tensor of shape (B, M, ...)
        """
        heads = zip(self.heads, latents, strict=True)
        return torch.stack([head(latent) for head, latent in heads], dim=1)

    def blend(self, fused: Tensor, said: Tensor, present: Tensor) -> Tensor:
        """Return the blend of the fused scores and of what the heads say.

        Parameters
        ----------
        fused : Tensor of shape (B, ...)
            Scores of the fusion.
        said : Tensor of shape (B, M, ...)
            Scores of the heads.
        present : Tensor of shape (B, M), bool
            Which modalities each sample has.

        Returns
        -------
        Tensor of shape (B, ...)
        """
        further = (1,) * (fused.ndim - 1)
        chosen = present.sum(dim=1, keepdim=True) == torch.arange(
            len(self.shares), device=present.device
        )
        share = (chosen.to(fused.dtype) @ self.shares.to(fused.dtype)).view(-1, *further)
        return share * fused + (1 - share) * self.together(said, present)

    def take_over(self, other: ModalityHeads) -> None:
        """Blend as another does.

        Parameters
        ----------
        other : ModalityHeads
            Of the same modalities.
        """
        self.shares.copy_(other.shares)
        self.precisions.copy_(other.precisions)
        self.blends_all = bool(self.shares[-1] < 1)

    def learn_prior(self, scores: Tensor, n_rows: int) -> None:
        """Take the mean of the prior so far and of that of further rows.

        Parameters
        ----------
        scores : Tensor of shape (...)
            That fit best to these rows where nothing is seen.
        n_rows : int
            How many these are.
        """
        share = n_rows / (float(self.n_seen) + n_rows)
        self.prior.lerp_(scores.to(self.prior), share)
        self.n_seen += n_rows

    def together(self, said: Tensor, present: Tensor) -> Tensor:
        """Return what the heads of the modalities that are there say together.

        Parameters
        ----------
        said : Tensor of shape (B, M, ...)
            Scores of the heads.
        present : Tensor of shape (B, M), bool
            Which modalities each sample has.

        Returns
        -------
        Tensor of shape (B, ...)
        """
        weights = present.to(said.dtype).view(*present.shape, *(1,) * (said.ndim - 2))
        if not self.adds:
            precisions = weights * self.precisions.to(said.dtype)
            weights = precisions / (1 + (precisions - weights).sum(dim=1, keepdim=True))
        prior = self.prior.to(said.dtype)
        return prior + (weights * (said - prior)).sum(dim=1)

    def _load_from_state_dict(self, *args, **kwargs):
        super()._load_from_state_dict(*args, **kwargs)
        self.blends_all = bool(self.shares[-1] < 1)
