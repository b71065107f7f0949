"""What an absent modality holds reaches neither the result nor a gradient: the rule, in one place.

A mask behind a layer is not enough: a gradient of zero times a derivative that is not finite is not
zero. So what is masked behind is masked, or replaced, before as well.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import torch
from torch import Tensor, nn

__all__ = ["all_present", "encode_present", "is_finite_at_zeros", "where_present"]


class _Masked(list):
    """Latents that are masked already, so that a fusion does not do it again."""

    def __init__(self, latents: Iterable[Tensor], present: Tensor | None) -> None:
        super().__init__(latents)
        self.present = present


def where_present(latents: Sequence[Tensor], present: Tensor | None) -> list[Tensor]:
    """Return latents that are zero where their modality is absent, whatever they hold there.

    Parameters
    ----------
    latents : sequence of Tensor of shape (B, D_m)
        Of each modality.
    present : Tensor of shape (B, M), bool, or None
        Which modalities each sample has; None means all.

    Returns
    -------
    list of Tensor of shape (B, D_m)

    Examples
    --------
    >>> import torch
    >>> from sklearn_crossmodal.nn._presence import where_present
    >>> where_present([torch.tensor([[1.0], [torch.nan]])], torch.tensor([[True], [False]]))
    [tensor([[1.],
            [0.]])]
    """
    if present is None:
        return list(latents)
    if isinstance(latents, _Masked) and latents.present is present:
        return latents
    there = present.unsqueeze(-1).unbind(dim=1)
    both = zip(there, latents, strict=True)
    shown = [torch.where(one, latent, 0.0) for one, latent in both]
    # The compiler does not trace a list with an attribute; what it masks twice is the same.
    return shown if torch.compiler.is_compiling() else _Masked(shown, present)


def all_present(latents: Sequence[Tensor]) -> Tensor:
    """Return that samples have all modalities, (B, M) bool.

    Parameters
    ----------
    latents : sequence of Tensor of shape (B, D_m)
        Of each modality.

    Returns
    -------
    Tensor of shape (B, M), bool
    """
    first = latents[0]
    return torch.ones(len(first), len(latents), dtype=torch.bool, device=first.device)


def is_finite_at_zeros(module: nn.Module) -> bool:
    """Return whether a module is made of nothing but parts of torch's and of this package.

    These have finite values and derivatives at the zeros that stand where a modality is absent;
    the tests hold those of this package to it. A user's own class may divide by a norm.

    Parameters
    ----------
    module : nn.Module
        An encoder.

    Returns
    -------
    bool
    """
    ours = ("torch.nn.", f"{__name__.partition('.')[0]}.")
    return all(type(part).__module__.startswith(ours) for part in module.modules())


def encode_present(
    encoder: nn.Module,
    values: Tensor,
    mask: Tensor | None,
    there: Tensor,
    dtype: torch.dtype,
) -> Tensor:
    """Encode the samples that have a modality; no other is seen by the encoder.

    In place of one that lacks it stands the last before it that has it, so that batches keep their
    size, and what is normalised over a batch its mean. Samples whose modality is hidden in training
    have it, and are encoded as they are.

    Parameters
    ----------
    encoder : nn.Module
        (values, mask) -> (B, D), with `out_features`.
    values : Tensor of shape (B, ...)
        Of the modality.
    mask : Tensor of shape (B, T), bool, or None
        Of the values.
    there : Tensor of shape (B,), bool
        Which samples have the modality, and show it.
    dtype : torch.dtype
        Of the latent where no sample has the modality, so that the encoder is not run.

    Returns
    -------
    Tensor of shape (B, D)
        Of no meaning in samples that lack the modality.
    """
    flat = values.flatten(1)
    held = there | ((flat != 0).any(dim=1) & flat.isfinite().all(dim=1))
    n_held = int(held.sum())
    if n_held == len(values):
        return encoder(values, mask)
    if not n_held:
        width = getattr(encoder, "out_features", None)
        if width is None:  # a module that was built past `build_encoder`
            return encoder(values, mask).detach()
        return torch.zeros(len(values), width, dtype=dtype, device=values.device)
    rows = torch.arange(len(values), device=values.device)
    last = torch.where(held, rows, -1).cummax(dim=0).values
    rows = torch.where(last < 0, held.to(torch.uint8).argmax(), last)
    return encoder(values[rows], None if mask is None else mask[rows])
