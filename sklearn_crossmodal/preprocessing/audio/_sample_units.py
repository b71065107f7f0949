"""The unit of samples of sound: learned in `fit` and kept, whatever type they come in."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np

from sklearn_crossmodal.utils._validation import warn

__all__ = ["Level", "SoundUnit", "full_scale", "levels_of", "own_scale"]

#: What samples of 16 and 32 bits are divided by.
_DEEP = (2.0**15, 2.0**31)
#: Floats up to this are shares of full scale, which may be exceeded a little.
_LOUD = 8.0

#: What samples are moved by, and then divided by, to lie within -1 to 1.
Scale = tuple[float, float]


@dataclass(frozen=True)
class Level:
    """Where the samples of some sounds of one type lie."""

    low: float = 0.0
    high: float = 0.0
    whole: bool = True

    @classmethod
    def of(cls, samples: np.ndarray) -> Level:
        """Describe samples; NaN is not looked at."""
        low, high = float(np.fmin.reduce(samples, None)), float(np.fmax.reduce(samples, None))
        whole = samples.dtype.kind != "f" or _are_whole(samples.ravel())
        return cls(low, high, whole)

    def __or__(self, other: Level) -> Level:
        low, high = min(self.low, other.low), max(self.high, other.high)
        return Level(low, high, self.whole and other.whole)

    @property
    def peak(self) -> float:
        """The largest absolute number."""
        return max(abs(self.low), abs(self.high))


def _are_whole(samples: np.ndarray) -> bool:
    parts = samples[:512], samples  # mostly the first tell
    return all((part == np.rint(part)).all() for part in parts)


def levels_of(waveforms: Iterable) -> dict[np.dtype, Level]:
    """Return where waveforms lie, those of one type together; what is none is passed over."""
    found: dict[np.dtype, Level] = {}
    for waveform in waveforms:
        samples = np.asarray(waveform)
        if samples.dtype.kind in "iuf" and samples.size:
            level = Level.of(samples)
            known = found.get(samples.dtype)
            found[samples.dtype] = level if known is None else known | level
    return found


@dataclass(frozen=True)
class SoundUnit:
    """The unit that `fit` saw, and how samples of other types are brought to it.

    Equal numbers are equal sounds where they are within the range of `fit`. Floats up to 1 are
    shares of full scale; integers that are not within that range, or of a type that could not hold
    it, have the full scale of their own type.

    Parameters
    ----------
    dtype : dtype, default=float64
        Of the samples in `fit`.
    scale : tuple of (float, float), default=(0.0, 1.0)
        What they are moved and divided by.
    level : Level
        Where they lie.
    """

    dtype: np.dtype = field(default_factory=lambda: np.dtype(np.float64))
    scale: Scale = (0.0, 1.0)
    level: Level = Level(-1.0, 1.0, whole=False)

    @classmethod
    def learn(cls, levels: Mapping[np.dtype, Level]) -> SoundUnit:
        """Return the unit of sounds; where types are mixed that of integers."""
        if not levels:  # such as of files, which say it
            return cls()
        dtype = min(levels, key=lambda dtype: dtype.kind == "f")
        return cls(dtype, own_scale(dtype, levels[dtype]), levels[dtype])

    def scales(self, levels: Mapping[np.dtype, Level]) -> dict[np.dtype, Scale]:
        """Return how samples of each type are scaled; warn, once, of those that lie far off."""
        found, doubts = {}, []
        for dtype, level in levels.items():
            found[dtype] = scale = self._scale_of(dtype, level)
            if self._is_far(level, scale) or (dtype.kind == "f" and scale[1] > self.scale[1]):
                doubts.append(self._doubt(level, scale))
        if doubts:
            warn("; ".join(doubts) + ".", stacklevel=3)
        return found

    def _scale_of(self, dtype: np.dtype, level: Level) -> Scale:
        if dtype.kind == "f":
            if self.dtype.kind == "f" and self.scale[1] == 1:
                # Of floats in no unit that is known, others are none either.
                return self.scale if self.level.peak > _LOUD else own_scale(dtype, level)
            numbers = level.peak > _LOUD or (level.whole and level.peak > 1)
            return self.scale if numbers else (0.0, 1.0)
        if self.dtype.kind == "f" and self.scale[1] == 1:
            return self.scale if self.level.peak > _LOUD else own_scale(dtype, level)
        offset, full = self.scale
        holds = np.iinfo(dtype).max >= self.level.high and np.iinfo(dtype).min <= self.level.low
        within = offset - full <= level.low and level.high <= offset + full
        return self.scale if holds and within else own_scale(dtype, level)

    def _peak(self, level: Level, scale: Scale) -> float:
        """Return the largest sample in shares of full scale."""
        offset, full = scale
        return max(abs(level.low - offset), abs(level.high - offset)) / full

    def _is_far(self, level: Level, scale: Scale) -> bool:
        peak, seen = self._peak(level, scale), self._peak(self.level, self.scale)
        return np.isfinite(peak) and peak > _LOUD * max(seen, 1.0)

    def _doubt(self, level: Level, scale: Scale) -> str:
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
    """Return the scale of samples of a file, whose type alone tells it."""
    if dtype.kind == "f":
        return 0.0, 1.0
    half = 2.0 ** (8 * dtype.itemsize - 1)
    return (half if dtype.kind == "u" else 0.0), half


def own_scale(dtype: np.dtype, level: Level) -> Scale:
    """Return the scale of samples of a type of which nothing else is known."""
    if dtype.kind == "f":
        if level.peak <= _LOUD or not (level.whole or level.peak > _DEEP[0] / 4):
            return 0.0, 1.0
        return 0.0, _deep_enough(level)
    if dtype == np.uint64:
        return _DEEP[0], _DEEP[0]
    if dtype.itemsize <= 2 or dtype.kind == "u":
        return full_scale(dtype)
    return 0.0, _deep_enough(level)  # int64 is what NumPy makes of lists


def _deep_enough(level: Level) -> float:
    """Return what samples of the least number of bits that hold these are divided by."""
    return _DEEP[0] if level.peak <= _DEEP[0] else _DEEP[1]
