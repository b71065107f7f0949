"""Weighted document frequencies: in how many rows an item occurs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Hashable, Iterable
from itertools import chain

import numpy as np

__all__ = ["as_row_counts", "count_rows"]


def as_row_counts(sample_weight) -> np.ndarray | None:
    """Convert sample weights (n,) to numbers of rows that each row counts as; None stays None.

    Integer weights are kept: they are numbers of merged rows. Other weights are relative, of
    arbitrary scale, and divided by their mean.

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
    """Count the rows in which each item occurs; return also the items that reach `min_count`.

    `rows` holds the distinct items of each row, weighted as in `as_row_counts`. An item is kept if
    its number of rows, weighted or not, reaches `min_count`: small weights do not make all rare.

    Examples
    --------
    >>> from sklearn_crossmodal.preprocessing._weighted_counts import count_rows
    >>> count_rows([{"a"}, {"b"}, {"b"}], [5, 1, 1], 3)
    (Counter({'a': 5.0, 'b': 2.0}), ['a'])
    """
    if sample_weight is None:
        counts = Counter(chain.from_iterable(rows))
        return counts, [item for item, count in counts.items() if count >= min_count]
    counts, n_rows = Counter(), Counter()
    for items, weight in zip(rows, as_row_counts(sample_weight).tolist(), strict=True):
        for item in items:
            counts[item] += weight
            n_rows[item] += 1
    return counts, [item for item in counts if max(counts[item], n_rows[item]) >= min_count]
