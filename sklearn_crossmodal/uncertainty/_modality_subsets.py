"""Missingness patterns: subsets of modalities that are observed together."""

from __future__ import annotations

from collections.abc import Iterator, MutableMapping
from itertools import combinations

import numpy as np

__all__ = ["PatternDict", "patterns_of", "patterns_to_calibrate", "rows_with"]

#: Up to this number of modalities all missingness patterns are evaluated.
_MAX_FOR_ALL_PATTERNS = 4


class PatternDict(MutableMapping):
    """A dict with missingness patterns (tuples of names) as keys.

    skops cannot save a dict with tuples as keys, since it writes JSON.
    """

    def __init__(self, items=()) -> None:
        self._patterns: list[tuple] = []
        self._values: list = []
        self.update(items)

    def __getitem__(self, pattern: tuple):
        if pattern not in self._patterns:
            raise KeyError(pattern)
        return self._values[self._patterns.index(pattern)]

    def __setitem__(self, pattern: tuple, value) -> None:
        if pattern in self._patterns:
            self._values[self._patterns.index(pattern)] = value
        else:
            self._patterns.append(pattern)
            self._values.append(value)

    def __delitem__(self, pattern: tuple) -> None:
        place = self._patterns.index(pattern)
        del self._patterns[place], self._values[place]

    def __iter__(self) -> Iterator[tuple]:
        return iter(self._patterns)

    def __len__(self) -> int:
        return len(self._patterns)


def patterns_of(names, present) -> list[tuple]:
    """Return the missingness patterns of samples: tuples of names."""
    return [tuple(np.array(names)[row].tolist()) for row in np.unique(present, axis=0)]


def patterns_to_calibrate(names, present) -> list[tuple]:
    """Return the patterns to calibrate, which samples have or get by masking modalities.

    These are all subsets, the full one first. With more than four modalities: the full one, those
    of all but one, single modalities, and the patterns of the samples.
    """
    sizes = range(len(names), 0, -1)
    if len(names) > _MAX_FOR_ALL_PATTERNS:
        sizes = (len(names) - 1, 1)
    found = [tuple(names), *(part for size in sizes for part in combinations(names, size))]
    found = dict.fromkeys([*found, *patterns_of(names, present)])
    return [one for one in found if rows_with(one, names, present).any()]


def rows_with(pattern, names, present) -> np.ndarray:
    """Return which samples have all modalities of a pattern, (n,) bool."""
    return present[:, [list(names).index(name) for name in pattern]].all(axis=1)
