"""In how many rows something is, where rows have weights."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Hashable, Iterable
from itertools import chain

__all__ = ["count_rows"]


def count_rows(rows: Iterable[Collection[Hashable]], sample_weight, min_count: int):
    """Count in how many rows each thing is; an integer weight is as many rows.

    Parameters
    ----------
    rows : iterable of collection
        What is in each row, each thing once.
    sample_weight : array-like of shape (n,), or None
        Weights of the rows.
    min_count : int
        In how many rows a thing must be to be kept.

    Returns
    -------
    counts : Counter
        Sums of weights.
    kept : list
        Those in enough rows, or in rows whose weights sum up to as many: weights that are all
        scaled down do not make everything rare.

    Examples
    --------
    >>> from sklearn_crossmodal.preprocessing._counting import count_rows
    >>> count_rows([{"a"}, {"b"}, {"b"}], [5, 1, 1], 3)
    (Counter({'a': 5, 'b': 2}), ['a'])
    """
    if sample_weight is None:
        counts = Counter(chain.from_iterable(rows))
        return counts, [thing for thing, count in counts.items() if count >= min_count]
    counts, n_rows = Counter(), Counter()
    for things, weight in zip(rows, sample_weight, strict=True):
        for thing in things:
            counts[thing] += weight
            n_rows[thing] += 1
    return counts, [thing for thing in counts if max(counts[thing], n_rows[thing]) >= min_count]
