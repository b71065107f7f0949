"""Mask absent modalities, so that their values affect neither results nor gradients.

Masking the output of a layer is not enough: a zero gradient times an infinite derivative is NaN.
Inputs are therefore masked, or replaced, too.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import cast

import torch
from torch import Tensor, nn

from sklearn_crossmodal.nn._protocols import flag

__all__ = ["encode_present", "is_finite_at_zeros", "presence_mask", "where_present"]


class _Masked(list):
    """Masked latents, which a fusion need not mask again."""

    def __init__(self, latents: Iterable[Tensor], present: Tensor | None) -> None:
        super().__init__(latents)
        self.present = present


def where_present(latents: Sequence[Tensor], present: Tensor | None) -> list[Tensor]:
    """Set latents (B, D_m) to zero where their modality is absent; ``present=None`` means nowhere.

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
    flags = present.unsqueeze(-1).unbind(dim=1)
    pairs = zip(flags, latents, strict=True)
    masked = [torch.where(flag, latent, 0.0) for flag, latent in pairs]
    # The compiler does not trace a list with an attribute; masking twice is harmless.
    return masked if torch.compiler.is_compiling() else _Masked(masked, present)


def presence_mask(present: Tensor | None, latents: Collection[Tensor]) -> Tensor:
    """Return the presence (B, M) of M tensors with B rows; for None all are present."""
    if present is not None:
        return present
    first = next(iter(latents))
    return torch.ones(len(first), len(latents), dtype=torch.bool, device=first.device)


def is_finite_at_zeros(module: nn.Module) -> bool:
    """Return whether a module consists of modules of torch and of this package only.

    These have finite values and derivatives at zero, the input for an absent modality; tests check
    those of this package. A user-defined module may divide by a norm.
    """
    ours = ("torch.nn.", f"{__name__.partition('.')[0]}.")
    return all(type(part).__module__.startswith(ours) for part in module.modules())


def encode_present(
    encoder: nn.Module,
    inputs: Sequence[Tensor | None],
    present: Tensor,
    dtype: torch.dtype,
) -> Tensor:
    """Encode the samples that have a modality, `present` (B,); the encoder receives no other.

    The `inputs` of the encoder are values, mask and, if it reads them, embeddings.

    A sample that lacks it is replaced by the last one before it that has it, so that the batch size
    is kept, and so are statistics over a batch. Modality dropout does not apply here: samples whose
    modality is dropped are encoded. Latents (B, D) of samples that lack the modality are arbitrary;
    they are of type `dtype` if the encoder is not run, since no sample has it.
    """
    values = cast("Tensor", inputs[0])
    flat = values.flatten(1)
    held = present | ((flat != 0).any(dim=1) & flat.isfinite().all(dim=1))
    n_held = int(held.sum())
    if n_held == len(values):
        return encoder(*inputs)
    if not n_held:
        width = flag(encoder, "out_features")
        if width is None:  # a module that was not built by `build_encoder`
            return encoder(*inputs).detach()
        return torch.zeros(len(values), width, dtype=dtype, device=values.device)
    rows = torch.arange(len(values), device=values.device)
    last = torch.where(held, rows, -1).cummax(dim=0).values
    rows = torch.where(last < 0, held.to(torch.uint8).argmax(), last)
    return encoder(*(None if part is None else part[rows] for part in inputs))
