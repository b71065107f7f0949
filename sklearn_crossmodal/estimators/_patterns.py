"""Which modalities are there together: the patterns that are worth asking about."""

from __future__ import annotations

from itertools import combinations

import numpy as np

__all__ = ["patterns_of", "patterns_to_ask", "rows_with"]

#: Up to this number of modalities every pattern of them is asked about.
_EVERY_PATTERN = 4


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
    """Tell which samples have all modalities of a pattern.

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
