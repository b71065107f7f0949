"""Latents and values of the training samples, from which joint Gaussians are estimated later."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace

import numpy as np

__all__ = ["ObservedRows"]


@dataclass(frozen=True, eq=False)
class ObservedRows:
    """Latents, numeric values and reconstructions of samples, with their weights.

    Parameters
    ----------
    present : ndarray of shape (n, M), bool
        Which modalities each sample has.
    weight : ndarray of shape (n,)
        Weights for fitting.
    share : ndarray of shape (n,)
        Weights for validation; they decay as samples get older.
    latents : dict of str to ndarray of shape (n, D_m)
        Output of the encoder of each modality.
    values : dict of str to ndarray of shape (n, d)
        Values of numeric modalities.
    decoded : dict of str to ndarray of shape (n, d)
        Numeric modalities as decoded from the other modalities; empty if not needed.
    """

    present: np.ndarray
    weight: np.ndarray
    share: np.ndarray
    latents: dict[str, np.ndarray]
    values: dict[str, np.ndarray]
    decoded: dict[str, np.ndarray]

    def __len__(self) -> int:
        return len(self.present)

    def take(self, rows: np.ndarray) -> ObservedRows:
        """Return a subset of the rows."""
        found = {}
        for field in fields(self):
            part = getattr(self, field.name)
            if isinstance(part, dict):
                found[field.name] = {name: array[rows] for name, array in part.items()}
            else:
                found[field.name] = part[rows]
        return ObservedRows(**found)

    def with_decay(self, kept: float, share: float) -> ObservedRows:
        """Return the same rows, with both weights multiplied by a factor."""
        return replace(self, weight=kept * self.weight, share=share * self.share)

    @classmethod
    def joined(cls, parts: Sequence[ObservedRows]) -> ObservedRows:
        """Concatenate parts; NaN for modalities that a part was not decoded into."""
        if len(parts) == 1:
            return parts[0]
        found = {}
        for field in ("present", "weight", "share"):
            found[field] = np.concatenate([getattr(part, field) for part in parts])
        for field in ("latents", "values", "decoded"):
            dicts = [getattr(part, field) for part in parts]
            templates = {name: array for arrays in dicts for name, array in arrays.items()}
            found[field] = {
                name: np.concatenate(
                    [
                        arrays.get(name, np.full((len(part), *like.shape[1:]), np.nan, like.dtype))
                        for part, arrays in zip(parts, dicts, strict=True)
                    ]
                )
                for name, like in templates.items()
            }
        return cls(**found)
