"""The unit of pixels: learned in `fit` and kept, so that equal pictures are equal in every type."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

import numpy as np

from sklearn_crossmodal.utils._validation import warn

__all__ = ["Extent", "PixelUnit", "extents_of", "white_of"]

#: What white is in numbers of common depths.
_WHITES = (255.0, 65535.0)
#: Floats within 0 to 1 are another unit where pictures in `fit` mostly reached more than this.
_BRIGHT = 16.0
#: How far beyond what `fit` saw floats in no unit that is known may go.
_FAR = 16.0
#: The same for those in one that is known: interpolation goes beyond it by a little.
_BEYOND = 1.5


@dataclass(frozen=True)
class Extent:
    """Where the pixels of some images of one type lie.

    Parameters
    ----------
    low, high : float
        Least and largest number.
    whole : bool
        Whether all are whole numbers.
    peaks : ndarray of shape (n,)
        The largest absolute number of each image.
    """

    low: float
    high: float
    whole: bool
    peaks: np.ndarray

    @classmethod
    def of(cls, images: np.ndarray) -> Extent:
        """Describe a stack of images; an image with NaN has no ends."""
        flat = images.reshape(len(images), -1)
        lows, highs = (end(axis=1).astype(np.float64) for end in (flat.min, flat.max))
        # Of floats that are not whole the first image tells it.
        whole = images.dtype.kind != "f" or all(bool((one == np.rint(one)).all()) for one in flat)
        return cls(
            float(np.fmin.reduce(lows)),
            float(np.fmax.reduce(highs)),
            whole,
            np.maximum(np.abs(lows), np.abs(highs)),
        )

    def __or__(self, other: Extent) -> Extent:
        return Extent(
            min(self.low, other.low),
            max(self.high, other.high),
            self.whole and other.whole,
            np.concatenate([self.peaks, other.peaks]),
        )

    @property
    def peak(self) -> float:
        """The largest absolute number."""
        return max(abs(self.low), abs(self.high))


def extents_of(stacks: Iterable[np.ndarray]) -> dict[np.dtype, Extent]:
    """Return the extents of stacks of images, those of one type together."""
    found: dict[np.dtype, Extent] = {}
    for stack in stacks:
        if len(stack):
            extent, dtype = Extent.of(stack), stack.dtype
            found[dtype] = found[dtype] | extent if dtype in found else extent
    return found


@dataclass(frozen=True)
class PixelUnit:
    """The unit that `fit` saw, and what pixels of other types are divided by to be in it.

    Equal numbers are equal pictures, whatever their type. The exceptions are told by the type or
    the numbers: floats from 0 to 1 are shares of white, and what is of a type that cannot hold the
    numbers of `fit` is a share of the largest of that type.

    Parameters
    ----------
    dtype : dtype
        Of the images in `fit`.
    limits : tuple of (int, int)
        Least and largest number of integers of it, or of the narrower type that they fit.
    full : float
        What they are divided by.
    extent : Extent
        Where they lie.
    """

    dtype: np.dtype
    limits: tuple[int, int]
    full: float
    extent: Extent

    def is_usual(self, images: np.ndarray) -> bool:
        """Tell soon whether images are as those in `fit`: of their type, and within their range."""
        if images.dtype != self.dtype:
            return False
        if self.dtype.kind in "ui" and self.dtype.itemsize <= 2 and self.extent.high > 1:
            return True  # of a range of its own
        low, high = images.min(), images.max()
        bright = high > 1 or self._white is None
        return bool(bright and low >= self.extent.low and high <= self.extent.high)

    def with_extent(self, extent: Extent) -> PixelUnit:
        """Return the unit with what is known of all images."""
        return replace(self, extent=extent)

    def divisors(self, extents: Mapping[np.dtype, Extent]) -> dict[np.dtype, float]:
        """Return what images of each type are divided by; warn, once, of those that lie far off."""
        found, doubts = {}, []
        for dtype, extent in extents.items():
            found[dtype], doubt = self._divisor(dtype, extent)
            if doubt and doubt not in doubts:
                doubts.append(doubt)
        if doubts:
            warn("; ".join(doubts) + ".", stacklevel=3)
        return found

    def _divisor(self, dtype: np.dtype, extent: Extent) -> tuple[float, str | None]:
        if dtype.kind != "f":
            own = self._own_largest(dtype, extent)
            if own is not None:
                return own
        elif self._white and self._typical > _BRIGHT and not extent.whole:
            if extent.low >= 0 and extent.high <= 1:
                return self.full / self._white, (
                    f"images are floats {_span(extent)}, those in `fit` were numbers "
                    f"{_span(self.extent)}, {self.extent.peak / extent.peak:.3g} times as large: "
                    f"they are read as shares of {self._white:.0f}; multiply them by it to say so"
                )
            if extent.low < 0 and extent.peak <= _BRIGHT:
                return self.full, self._off(extent)
        far = self._is_far(dtype, extent) or self._is_shallow(dtype, extent)
        return self.full, self._off(extent) if far else None

    def _own_largest(self, dtype: np.dtype, extent: Extent) -> tuple[float, str | None] | None:
        """Return the largest of a type of integers that are in no unit of `fit`, and a doubt."""
        wide = dtype.itemsize > 2
        largest = 1.0 if dtype.kind == "b" else float(np.iinfo(dtype).max)
        if self._holds_shares:
            if not wide:
                return largest, None
            largest = next((white for white in _WHITES if extent.high <= white), largest)
            doubt = (
                f"images are {dtype} {_span(extent)}, those in `fit` were floats "
                f"{_span(self.extent)}: they are divided by {largest:.0f}; divide them to say so"
            )
            return largest, doubt if extent.peak else None
        if self.dtype.kind != "f" and not wide and largest < self.extent.high:
            return largest, None
        return None

    @property
    def _holds_shares(self) -> bool:
        """Whether `fit` saw floats from 0 to 1, not 0 and 1 alone."""
        extent = self.extent
        return self.dtype.kind == "f" and extent.low >= 0 and extent.high <= 1 and not extent.whole

    @property
    def _white(self) -> float | None:
        """What white is in the numbers of `fit`; None of floats that tell nothing of it."""
        if self.dtype.kind != "f":
            return float(self.limits[1])
        if self.extent.low < 0 or self.extent.high <= 1:
            return None
        return next((white for white in _WHITES if self.extent.high <= white), None)

    @property
    def _typical(self) -> float:
        """The largest number of the images in the middle."""
        return float(np.median(self.extent.peaks)) if len(self.extent.peaks) else 0.0

    def _is_far(self, dtype: np.dtype, extent: Extent) -> bool:
        seen = self.extent
        # An error says of what is infinite; and where all is black, no unit is seen.
        if not np.isfinite(extent.peak) or not seen.peak:
            return False
        if self.dtype.kind == "f":
            known = self._holds_shares or (seen.whole and self._white)
            bound = max(seen.peak, 1.0 if self._holds_shares else (self._white if known else 0.0))
            return extent.peak > (_BEYOND if known else _FAR) * bound > 0
        bound = float(self.limits[1]) if seen.high > 1 else max(seen.high, 1.0)
        if dtype.kind != "f" and self.dtype.itemsize <= 2:
            return extent.high > bound or extent.low < self.limits[0]
        return extent.high > _BEYOND * bound or extent.low < self.limits[0] - bound / 2

    def _is_shallow(self, dtype: np.dtype, extent: Extent) -> bool:
        """Return whether numbers are those of 8 bits, where `fit` saw numbers of 16 bits.

        Of bytes the type says so; wider types do not, and a dark picture of 16 bits keeps its own.
        """
        return (
            dtype != self.dtype
            and extent.whole
            and 1 < extent.high <= _WHITES[0]
            and self._white == _WHITES[1]
            and self._typical > _FAR * _WHITES[0]
        )

    def _off(self, extent: Extent) -> str:
        larger, smaller = extent.peak / max(self.extent.peak, 1e-300), "times as large"
        if larger < 1:
            larger, smaller = 1 / larger, "times smaller"
        return (
            f"images hold numbers {_span(extent)}, those in `fit` {_span(self.extent)}: they are "
            f"{larger:.3g} {smaller}, and read as numbers of the same unit; bring them to the "
            "range of `fit`"
        )


def white_of(extent: Extent) -> float:
    """Return what floats are divided by to be in 0..1: of whole or large ones their white."""
    if extent.low < 0 or extent.high <= (1 if extent.whole else _WHITES[0] / 4):
        return 1.0
    return next((white for white in _WHITES if extent.high <= white), 1.0)


def _span(extent: Extent) -> str:
    return f"from {extent.low:.4g} to {extent.high:.4g}"
