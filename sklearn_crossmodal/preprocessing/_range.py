"""The range of numbers of one dtype, from which the unit of pixels or samples is inferred."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Self, TypeVar

import numpy as np

__all__ = ["Range", "ranges_by_dtype"]


@dataclass(frozen=True)
class Range:
    """Minimum and maximum of numbers, and whether all of them are integers."""

    low: float
    high: float
    whole: bool

    def __or__(self, other: Self) -> Self:
        low, high = min(self.low, other.low), max(self.high, other.high)
        return replace(self, low=low, high=high, whole=self.whole and other.whole)

    @property
    def peak(self) -> float:
        """The largest absolute value."""
        return max(abs(self.low), abs(self.high))


AnyRange = TypeVar("AnyRange", bound=Range)


def ranges_by_dtype(
    arrays: Iterable[np.ndarray], range_of: Callable[[np.ndarray], AnyRange]
) -> dict[np.dtype, AnyRange]:
    """Return the joint range of the arrays of each dtype; empty arrays are ignored."""
    found: dict[np.dtype, AnyRange] = {}
    for array in arrays:
        if array.size:
            one, dtype = range_of(array), array.dtype
            found[dtype] = found[dtype] | one if dtype in found else one
    return found
