"""The unit of pixels, learned in `fit` and applied to images of any dtype later."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

import numpy as np

from sklearn_crossmodal.preprocessing._range import Range, ranges_by_dtype
from sklearn_crossmodal.utils._validation import warn

__all__ = ["Extent", "PixelUnit", "extents_of", "white_of"]

#: The value of white at common bit depths.
_WHITES = (255.0, 65535.0)
#: Floats from 0 to 1 are of another unit if images in `fit` typically reached more than this.
_BRIGHT = 16.0
#: Factor by which floats of unknown unit may exceed the range in `fit`.
_FAR = 16.0
#: The same for a known unit, which interpolation exceeds a little.
_BEYOND = 1.5


@dataclass(frozen=True)
class Extent(Range):
    """The range of the pixels of images of one dtype, and the largest absolute value of each."""

    peaks: np.ndarray  # (n,)

    @classmethod
    def of(cls, images: np.ndarray) -> Extent:
        """Return the range of a stack of images, ignoring images with NaN."""
        flat = images.reshape(len(images), -1)
        lows, highs = (end(axis=1).astype(np.float64) for end in (flat.min, flat.max))
        # For floats that are not integers the first image decides.
        whole = images.dtype.kind != "f" or all(bool((one == np.rint(one)).all()) for one in flat)
        return cls(
            float(np.fmin.reduce(lows)),
            float(np.fmax.reduce(highs)),
            whole,
            np.maximum(np.abs(lows), np.abs(highs)),
        )

    def __or__(self, other: Extent) -> Extent:
        return replace(super().__or__(other), peaks=np.concatenate([self.peaks, other.peaks]))


def extents_of(stacks: Iterable[np.ndarray]) -> dict[np.dtype, Extent]:
    """Return the range of stacks of images by dtype."""
    return ranges_by_dtype(stacks, Extent.of)


@dataclass(frozen=True)
class PixelUnit:
    """The unit of pixels in `fit`, and the divisors of pixels of other dtypes.

    Equal numbers are equal images, whatever their dtype. There are two exceptions: floats from 0 to
    1 are relative to white, and integers of a dtype that cannot hold the numbers in `fit` are
    relative to the maximum of that dtype.
    """

    dtype: np.dtype
    limits: tuple[int, int]
    full: float
    extent: Extent

    def is_usual(self, images: np.ndarray) -> bool:
        """Return whether images have the dtype of those in `fit`, and are within their range."""
        if images.dtype != self.dtype:
            return False
        if self.dtype.kind in "ui" and self.dtype.itemsize <= 2 and self.extent.high > 1:
            return True  # narrow integer dtypes define their range
        low, high = images.min(), images.max()
        bright = high > 1 or self._white is None
        return bool(bright and low >= self.extent.low and high <= self.extent.high)

    def with_extent(self, extent: Extent) -> PixelUnit:
        """Return the unit with the range of all images."""
        return replace(self, extent=extent)

    def divisors(self, extents: Mapping[np.dtype, Extent]) -> dict[np.dtype, float]:
        """Return the divisor by dtype; warn once of images far out of the range in `fit`."""
        found, mismatches = {}, []
        for dtype, extent in extents.items():
            found[dtype], mismatch = self._divisor(dtype, extent)
            if mismatch and mismatch not in mismatches:
                mismatches.append(mismatch)
        if mismatches:
            warn("; ".join(mismatches) + ".", stacklevel=3)
        return found

    def _divisor(self, dtype: np.dtype, extent: Extent) -> tuple[float, str | None]:
        if dtype.kind != "f":
            maximum = self._type_maximum(dtype, extent)
            if maximum is not None:
                return maximum
        elif self._white and self._typical > _BRIGHT and not extent.whole:
            if extent.low >= 0 and extent.high <= 1:
                return self.full / self._white, (
                    f"images are floats {_span(extent)}, those in `fit` were numbers "
                    f"{_span(self.extent)}, {self.extent.peak / extent.peak:.3g} times as large: "
                    f"they are read as shares of {self._white:.0f}; multiply them by it to avoid "
                    "this warning"
                )
            if extent.low < 0 and extent.peak <= _BRIGHT:
                return self.full, self._describe_mismatch(extent)
        far = self._is_far(dtype, extent) or self._is_shallow(dtype, extent)
        return self.full, self._describe_mismatch(extent) if far else None

    def _type_maximum(self, dtype: np.dtype, extent: Extent) -> tuple[float, str | None] | None:
        """Return the divisor of integers that are not in the unit of `fit`, and a warning."""
        wide = dtype.itemsize > 2
        largest = 1.0 if dtype.kind == "b" else float(np.iinfo(dtype).max)
        if self._is_unit_range:
            if not wide:
                return largest, None
            largest = next((white for white in _WHITES if extent.high <= white), largest)
            mismatch = (
                f"images are {dtype} {_span(extent)}, those in `fit` were floats "
                f"{_span(self.extent)}: they are divided by {largest:.0f}; divide them to avoid "
                "this warning"
            )
            return largest, mismatch if extent.peak else None
        if self.dtype.kind != "f" and not wide and largest < self.extent.high:
            return largest, None
        return None

    @property
    def _is_unit_range(self) -> bool:
        """Whether `fit` saw floats from 0 to 1, other than 0 and 1."""
        extent = self.extent
        return self.dtype.kind == "f" and extent.low >= 0 and extent.high <= 1 and not extent.whole

    @property
    def _white(self) -> float | None:
        """The value of white in `fit`; None for floats of unknown unit."""
        if self.dtype.kind != "f":
            return float(self.limits[1])
        if self.extent.low < 0 or self.extent.high <= 1:
            return None
        return next((white for white in _WHITES if self.extent.high <= white), None)

    @property
    def _typical(self) -> float:
        """The median over images of their largest absolute value."""
        return float(np.median(self.extent.peaks)) if len(self.extent.peaks) else 0.0

    def _is_far(self, dtype: np.dtype, extent: Extent) -> bool:
        seen = self.extent
        # Infinite pixels raise an error later; black images have no unit.
        if not np.isfinite(extent.peak) or not seen.peak:
            return False
        if self.dtype.kind == "f":
            known = self._is_unit_range or (seen.whole and self._white)
            bound = max(seen.peak, 1.0 if self._is_unit_range else (self._white if known else 0.0))
            return extent.peak > (_BEYOND if known else _FAR) * bound > 0
        bound = float(self.limits[1]) if seen.high > 1 else max(seen.high, 1.0)
        if dtype.kind != "f" and self.dtype.itemsize <= 2:
            return extent.high > bound or extent.low < self.limits[0]
        return extent.high > _BEYOND * bound or extent.low < self.limits[0] - bound / 2

    def _is_shallow(self, dtype: np.dtype, extent: Extent) -> bool:
        """Return whether images have a range of 8 bits where those in `fit` had 16 bits.

        For a wider dtype only the range can tell. A dark image of the dtype in `fit` is not meant.
        """
        return (
            dtype != self.dtype
            and extent.whole
            and 1 < extent.high <= _WHITES[0]
            and self._white == _WHITES[1]
            and self._typical > _FAR * _WHITES[0]
        )

    def _describe_mismatch(self, extent: Extent) -> str:
        larger, smaller = extent.peak / max(self.extent.peak, 1e-300), "times as large"
        if larger < 1:
            larger, smaller = 1 / larger, "times smaller"
        return (
            f"images hold numbers {_span(extent)}, those in `fit` {_span(self.extent)}: they are "
            f"{larger:.3g} {smaller}, and read as numbers of the same unit; bring them to the "
            "range of `fit`"
        )


def white_of(extent: Extent) -> float:
    """Return the divisor of floats to 0..1: the white of integral or large ones, else 1."""
    if extent.low < 0 or extent.high <= (1 if extent.whole else _WHITES[0] / 4):
        return 1.0
    return next((white for white in _WHITES if extent.high <= white), 1.0)


def _span(extent: Extent) -> str:
    return f"from {extent.low:.4g} to {extent.high:.4g}"
