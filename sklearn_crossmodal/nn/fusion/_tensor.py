"""TensorFusion: the outer product of all latents."""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Integral

import torch
from torch import Tensor, nn

from sklearn_crossmodal.exceptions import ModalityError
from sklearn_crossmodal.nn._component import Component
from sklearn_crossmodal.nn._presence import where_present
from sklearn_crossmodal.utils._sklearn import Interval

__all__ = ["TensorFusion"]

#: Maximum number of products, which bounds the memory.
_MAX_PRODUCTS = 100_000


class TensorFusion(Component):
    """Outer product of all latents with a one appended, mapped linearly.

    ``h = W vec([z_1; 1] x ... x [z_M; 1]) + b``, equation (3) of [1]_, after each latent is mapped
    to `modality_width`. The latent of an absent modality is zero, except for the appended one.

    Parameters
    ----------
    width : int, default=64
        Width of the result.
    modality_width : int, default=8
        Width of each latent in the product, which has ``(modality_width + 1) ** M`` entries.

    References
    ----------
    .. [1] A. Zadeh et al. (2017). "Tensor fusion network for multimodal sentiment analysis".
       arXiv:1707.07250

    Examples
    --------
    >>> import torch
    >>> from sklearn_crossmodal.nn.fusion import TensorFusion
    >>> TensorFusion(width=4).build([2, 3])([torch.zeros(5, 2), torch.zeros(5, 3)]).shape
    torch.Size([5, 4])
    >>> TensorFusion().build([2] * 9)
    Traceback (most recent call last):
    ...
    sklearn_crossmodal.exceptions.ModalityError: TensorFusion of 9 modalities with ...
    """

    _parameter_constraints = {
        "width": [Interval(Integral, 1, None, closed="left")],
        "modality_width": [Interval(Integral, 1, None, closed="left")],
    }

    def __init__(self, width=64, *, modality_width=8):
        self.width = width
        self.modality_width = modality_width

    def build(self, widths: Sequence[int]) -> nn.Module:
        """Return the module: [(B, D_1), ..., (B, D_M)], (B, M) -> (B, width)."""
        self._validate_params()
        n_products = (self.modality_width + 1) ** len(widths)
        if n_products > _MAX_PRODUCTS:
            raise ModalityError(
                f"TensorFusion of {len(widths)} modalities with modality_width="
                f"{self.modality_width} has {n_products} products: take a smaller modality_width, "
                "or LowRankFusion()."
            )
        return _TensorFusion(widths, self.width, self.modality_width, n_products)


class _TensorFusion(nn.Module):
    """[(B, D_1), ..., (B, D_M)] -> (B, D)."""

    stacks = True

    def __init__(
        self, widths: Sequence[int], width: int, modality_width: int, n_products: int
    ) -> None:
        super().__init__()
        self.project = nn.ModuleList([nn.Linear(before, modality_width) for before in widths])
        self.join = nn.Linear(n_products, width)
        self.out_features = width

    def forward(self, latents: Sequence[Tensor], present: Tensor | None = None) -> Tensor:
        product = latents[0].new_ones(len(latents[0]), 1)
        latents = where_present(latents, present)
        for m, (project, latent) in enumerate(zip(self.project, latents, strict=True)):
            factor = project(latent)
            if present is not None:
                factor = torch.where(present[:, m : m + 1], factor, 0.0)
            factor = torch.cat([factor, factor.new_ones(len(factor), 1)], dim=1)
            product = torch.einsum("bp,bd->bpd", product, factor).flatten(1)
        return self.join(product)
