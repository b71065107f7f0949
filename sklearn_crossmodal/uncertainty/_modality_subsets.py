"""Which modalities are there together: the patterns that are worth asking about."""

from __future__ import annotations

from collections.abc import Iterator, MutableMapping
from itertools import combinations

import numpy as np

__all__ = ["PatternDict", "patterns_of", "patterns_to_ask", "rows_with"]

#: Up to this number of modalities every pattern of them is asked about.
_EVERY_PATTERN = 4


class PatternDict(MutableMapping):
    """What is known of each pattern of modalities.

    A dict of tuples cannot be saved by skops, which writes JSON, whose keys are strings.

    Parameters
    ----------
    items : mapping of tuple of str to object, default=()
        What it holds at first.
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
    """Return the patterns of modalities that samples have.

    Parameters
    ----------
    names : sequence of str
        Of the modalities.
    present : ndarray of shape (n, M), bool
        Which each sample has.

    Returns
    -------
    list of tuple of str
    """
    return [tuple(np.array(names)[row].tolist()) for row in np.unique(present, axis=0)]


def patterns_to_ask(names, present) -> list[tuple]:
    """Return the patterns that samples can be given by taking modalities away.

    Parameters
    ----------
    names : sequence of str
        Of the modalities.
    present : ndarray of shape (n, M), bool
        Which each sample has.

    Returns
    -------
    list of tuple of str
        That of all modalities first. Of more than four modalities those of all but one, of one, and
        those that occur.
    """
    sizes = range(len(names), 0, -1)
    if len(names) > _EVERY_PATTERN:
        sizes = (len(names) - 1, 1)
    found = [tuple(names), *(part for size in sizes for part in combinations(names, size))]
    found = dict.fromkeys([*found, *patterns_of(names, present)])
    return [one for one in found if rows_with(one, names, present).any()]


def rows_with(pattern, names, present) -> np.ndarray:
    """Return which samples have all modalities of a pattern.

    Parameters
    ----------
    pattern : sequence of str
        Some of `names`.
    names : sequence of str
        Of the modalities.
    present : ndarray of shape (n, M), bool
        Which each sample has.

    Returns
    -------
    ndarray of shape (n,), bool
    """
    return present[:, [list(names).index(name) for name in pattern]].all(axis=1)
