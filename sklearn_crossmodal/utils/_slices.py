"""Slices of rows."""

from __future__ import annotations

from collections.abc import Iterator

__all__ = ["slices_of"]


def slices_of(n_rows: int, size: int, *, min_size: int = 1) -> Iterator[slice]:
    """Yield slices of `size` rows: `sklearn.utils.gen_batches` without its validation.

    If the last slice would have fewer than `min_size` rows, they are added to the slice before.

    Examples
    --------
    >>> from sklearn_crossmodal.utils._slices import slices_of
    >>> list(slices_of(5, 2, min_size=2))
    [slice(0, 2, None), slice(2, 5, None)]
    """
    start = 0
    while start < n_rows:
        stop = start + size
        if stop + min_size > n_rows:
            stop = n_rows
        yield slice(start, stop)
        start = stop
