"""Reading in threads, a few items ahead of what is asked for."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from joblib import cpu_count

__all__ = ["read_ahead"]

Item = TypeVar("Item")
Batch = TypeVar("Batch")


def read_ahead(read: Callable[[Item], Batch], items: Iterable[Item]) -> Iterator[Batch]:
    """Call `read` on items in threads, a few ahead of what is asked for, in order.

    Threads and not processes, since decoding images and sound, and reading files, lets go of the
    interpreter; nothing is copied between processes, and memory does not grow with the number of
    items: what waits is one batch more than there are threads.

    Parameters
    ----------
    read : callable
        (item) -> batch.
    items : iterable
        What to read.

    Yields
    ------
    batch
        What `read` returns for each item.
    """
    n_threads = cpu_count()
    pool = ThreadPoolExecutor(n_threads, thread_name_prefix="read_ahead")
    waiting: deque = deque()
    try:
        for item in items:
            waiting.append(pool.submit(read, item))
            if len(waiting) > n_threads + 1:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:  # also when training stops in the middle of an epoch
        pool.shutdown(wait=True, cancel_futures=True)
