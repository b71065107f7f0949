"""In how many rows something is, where rows have weights."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Hashable, Iterable
from itertools import chain

import numpy as np

__all__ = ["as_row_counts", "count_rows"]


def as_row_counts(sample_weight) -> np.ndarray | None:
    """Return as how many rows each row counts.

    Parameters
    ----------
    sample_weight : array-like of shape (n,), or None
        Weights of the rows.

    Returns
    -------
    ndarray of shape (n,) or None
        Whole weights as they are: they are rows that were put together. Others only tell which row
        matters more, whatever their scale: they are divided by their mean.

    Examples
    --------
    >>> from sklearn_crossmodal.preprocessing._weighted_counts import as_row_counts
    >>> as_row_counts([5, 1, 0]).tolist(), as_row_counts([300.0, 100.5, 199.5]).tolist()
    ([5.0, 1.0, 0.0], [1.5, 0.5025, 0.9975])
    """
    if sample_weight is None:
        return None
    weight = np.asarray(sample_weight, dtype=np.float64)
    if (weight == np.rint(weight)).all():
        return weight
    return weight / weight[weight > 0].mean()


def count_rows(rows: Iterable[Collection[Hashable]], sample_weight, min_count: int):
    """Count in how many rows each thing is; an integer weight is as many rows.

    Parameters
    ----------
    rows : iterable of collection
        What is in each row, each thing once.
    sample_weight : array-like of shape (n,), or None
        Weights of the rows, see `as_row_counts`.
    min_count : int
        In how many rows a thing must be to be kept.

    Returns
    -------
    counts : Counter
        Sums of weights.
    kept : list
        Those in enough rows, or in rows whose weights sum up to as many: small weights do not make
        everything rare.

    Examples
    --------
    >>> from sklearn_crossmodal.preprocessing._weighted_counts import count_rows
    >>> count_rows([{"a"}, {"b"}, {"b"}], [5, 1, 1], 3)
    (Counter({'a': 5.0, 'b': 2.0}), ['a'])
    """
    if sample_weight is None:
        counts = Counter(chain.from_iterable(rows))
        return counts, [thing for thing, count in counts.items() if count >= min_count]
    counts, n_rows = Counter(), Counter()
    for things, weight in zip(rows, as_row_counts(sample_weight).tolist(), strict=True):
        for thing in things:
            counts[thing] += weight
            n_rows[thing] += 1
    return counts, [thing for thing in counts if max(counts[thing], n_rows[thing]) >= min_count]
