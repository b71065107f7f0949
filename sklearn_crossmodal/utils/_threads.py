"""Prefetch items in threads."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from joblib import cpu_count

__all__ = ["prefetch"]

Item = TypeVar("Item")
Batch = TypeVar("Batch")


def prefetch(read: Callable[[Item], Batch], items: Iterable[Item]) -> Iterator[Batch]:
    """Call `read` on items in threads, prefetching a few of them; results come in order.

    Threads suffice, since decoding images and audio, and reading files, release the GIL. Nothing is
    copied between processes. At most two results more than there are threads are held in memory.
    """
    n_threads = cpu_count()
    pool = ThreadPoolExecutor(n_threads, thread_name_prefix="prefetch")
    waiting: deque = deque()
    try:
        for item in items:
            waiting.append(pool.submit(read, item))
            if len(waiting) > n_threads + 1:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:  # also when training stops within an epoch
        pool.shutdown(wait=True, cancel_futures=True)
