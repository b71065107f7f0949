"""The unit of audio samples, learned in `fit` and applied to samples of any dtype later."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np

from sklearn_crossmodal.preprocessing._range import Range, ranges_by_dtype
from sklearn_crossmodal.utils._validation import warn

__all__ = ["SampleRange", "SoundUnit", "full_scale", "infer_scale", "sample_ranges"]

#: Full scale of samples of 16 and 32 bits.
_BIT_DEPTH_SCALES = (2.0**15, 2.0**31)
#: Floats up to this are relative to full scale, which may be exceeded a little.
_LOUD = 8.0

#: Offset and divisor that bring samples to the range from -1 to 1.
Scale = tuple[float, float]


@dataclass(frozen=True)
class SampleRange(Range):
    """The range of samples of one dtype."""

    @classmethod
    def of(cls, samples: np.ndarray) -> SampleRange:
        """Return the range of samples, ignoring NaN."""
        low, high = float(np.fmin.reduce(samples, None)), float(np.fmax.reduce(samples, None))
        whole = samples.dtype.kind != "f" or _are_whole(samples.ravel())
        return cls(low, high, whole)


def _are_whole(samples: np.ndarray) -> bool:
    parts = samples[:512], samples  # the first are mostly enough
    return all((part == np.rint(part)).all() for part in parts)


def sample_ranges(waveforms: Iterable) -> dict[np.dtype, SampleRange]:
    """Return the range of waveforms by dtype; other cells are ignored."""
    samples = map(np.asarray, waveforms)
    return ranges_by_dtype((one for one in samples if one.dtype.kind in "iuf"), SampleRange.of)


@dataclass(frozen=True)
class SoundUnit:
    """The unit of samples in `fit`, and the conversion of samples of other dtypes to it.

    Equal numbers are equal sounds within the range of `fit`. Floats up to 1 are relative to full
    scale. Integers out of that range, or of a dtype that could not hold it, have the full scale of
    their dtype.
    """

    dtype: np.dtype = field(default_factory=lambda: np.dtype(np.float64))
    scale: Scale = (0.0, 1.0)
    level: SampleRange = SampleRange(-1.0, 1.0, whole=False)

    @classmethod
    def learn(cls, levels: Mapping[np.dtype, SampleRange]) -> SoundUnit:
        """Return the unit of sounds; of mixed dtypes that of integers."""
        if not levels:  # such as files, which define it
            return cls()
        dtype = min(levels, key=lambda dtype: dtype.kind == "f")
        return cls(dtype, infer_scale(dtype, levels[dtype]), levels[dtype])

    def scales(self, levels: Mapping[np.dtype, SampleRange]) -> dict[np.dtype, Scale]:
        """Return offset and divisor by dtype; warn once of samples far out of range."""
        found, mismatches = {}, []
        for dtype, level in levels.items():
            found[dtype] = scale = self._scale_of(dtype, level)
            if self._is_far(level, scale) or (dtype.kind == "f" and scale[1] > self.scale[1]):
                mismatches.append(self._describe_mismatch(level, scale))
        if mismatches:
            warn("; ".join(mismatches) + ".", stacklevel=3)
        return found

    def _scale_of(self, dtype: np.dtype, level: SampleRange) -> Scale:
        if self.dtype.kind == "f" and self.scale[1] == 1:  # `fit` had floats of unknown unit
            return self.scale if self.level.peak > _LOUD else infer_scale(dtype, level)
        if dtype.kind == "f":
            numbers = level.peak > _LOUD or (level.whole and level.peak > 1)
            return self.scale if numbers else (0.0, 1.0)
        offset, full = self.scale
        holds = np.iinfo(dtype).max >= self.level.high and np.iinfo(dtype).min <= self.level.low
        within = offset - full <= level.low and level.high <= offset + full
        return self.scale if holds and within else infer_scale(dtype, level)

    def _peak(self, level: SampleRange, scale: Scale) -> float:
        """Return the largest sample relative to full scale."""
        offset, full = scale
        return max(abs(level.low - offset), abs(level.high - offset)) / full

    def _is_far(self, level: SampleRange, scale: Scale) -> bool:
        peak, seen = self._peak(level, scale), self._peak(self.level, self.scale)
        return np.isfinite(peak) and peak > _LOUD * max(seen, 1.0)

    def _describe_mismatch(self, level: SampleRange, scale: Scale) -> str:
        times = level.peak / max(self.level.peak, 1e-300)
        read = "as samples of the same unit"
        if scale != self.scale:
            read = f"as shares of {scale[1]:.0f}"
        return (
            f"sounds hold samples from {level.low:.4g} to {level.high:.4g}, those in `fit` from "
            f"{self.level.low:.4g} to {self.level.high:.4g}: they are {times:.3g} times as large, "
            f"and read {read}; bring them to the range of `fit`"
        )


def full_scale(dtype: np.dtype) -> Scale:
    """Return the scale of samples of a file, which is that of their dtype."""
    if dtype.kind == "f":
        return 0.0, 1.0
    half = 2.0 ** (8 * dtype.itemsize - 1)
    return (half if dtype.kind == "u" else 0.0), half


def infer_scale(dtype: np.dtype, level: SampleRange) -> Scale:
    """Infer the scale of samples from their dtype and range."""
    if dtype.kind == "f":
        if level.peak <= _LOUD or not (level.whole or level.peak > _BIT_DEPTH_SCALES[0] / 4):
            return 0.0, 1.0
        return 0.0, _bit_depth_scale(level)
    if dtype == np.uint64:
        return _BIT_DEPTH_SCALES[0], _BIT_DEPTH_SCALES[0]
    if dtype.itemsize <= 2 or dtype.kind == "u":
        return full_scale(dtype)
    return 0.0, _bit_depth_scale(level)  # int64 is what NumPy makes of lists


def _bit_depth_scale(level: SampleRange) -> float:
    """Return the full scale of the smallest bit depth that holds the samples."""
    return _BIT_DEPTH_SCALES[0] if level.peak <= _BIT_DEPTH_SCALES[0] else _BIT_DEPTH_SCALES[1]
