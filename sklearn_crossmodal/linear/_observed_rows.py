"""What is noted of samples, so that relations between their modalities can be found later."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace

import numpy as np

__all__ = ["KnownRows"]


@dataclass(frozen=True, eq=False)
class KnownRows:
    """What is known of samples.

    Parameters
    ----------
    present : ndarray of shape (n, M), bool
        Which modalities each has.
    weight : ndarray of shape (n,)
        How much each counts for what is fitted.
    share : ndarray of shape (n,)
        How much of each counts as one that is judged: less if it came long ago.
    latents : dict of str to ndarray of shape (n, D_m)
        What the encoder of each modality gives.
    values : dict of str to ndarray of shape (n, d)
        Of modalities that are numbers, these.
    decoded : dict of str to ndarray of shape (n, d)
        The same as they are decoded from the other modalities; empty where nobody asks.
    """

    present: np.ndarray
    weight: np.ndarray
    share: np.ndarray
    latents: dict[str, np.ndarray]
    values: dict[str, np.ndarray]
    decoded: dict[str, np.ndarray]

    def __len__(self) -> int:
        return len(self.present)

    def take(self, rows: np.ndarray) -> KnownRows:
        """Return some of the rows."""
        return KnownRows(
            **{field.name: _taken(getattr(self, field.name), rows) for field in fields(self)}
        )

    def fading(self, kept: float, share: float) -> KnownRows:
        """Return the same rows, which count less."""
        return replace(self, weight=kept * self.weight, share=share * self.share)

    @classmethod
    def joined(cls, parts: Sequence[KnownRows]) -> KnownRows:
        """Return the rows of all parts; NaN for what some were not decoded into."""
        if len(parts) == 1:
            return parts[0]
        found = {}
        for field in ("present", "weight", "share"):
            found[field] = np.concatenate([getattr(part, field) for part in parts])
        for field in ("latents", "values", "decoded"):
            several = [getattr(part, field) for part in parts]
            like = {name: one for some in several for name, one in some.items()}
            found[field] = {
                name: np.concatenate(
                    [
                        some.get(name, np.full((len(part), *one.shape[1:]), np.nan, one.dtype))
                        for part, some in zip(parts, several, strict=True)
                    ]
                )
                for name, one in like.items()
            }
        return cls(**found)


def _taken(part, rows):
    if isinstance(part, dict):
        return {name: one[rows] for name, one in part.items()}
    return part[rows]
