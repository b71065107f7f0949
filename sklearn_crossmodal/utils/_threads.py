"""Threads: prefetching items in some, and computing in one where many wait for each other."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from functools import cache
from typing import TypeVar

from joblib import cpu_count
from threadpoolctl import ThreadpoolController

__all__ = ["one_thread", "prefetch"]

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


def one_thread(user_api: str) -> AbstractContextManager:
    """Return a context in which the libraries of an API, "openmp" or "blas", use one thread.

    The threads of each library wait for work in a loop. NumPy, SciPy and torch have one each, so
    that many short calls of two of them take ten times as long on two cores as on one.
    """
    return _controller(user_api).limit(limits=1)


@cache
def _controller(user_api):
    """Return what limits threads; to look for its libraries takes as long as a short call.

    Libraries that are imported after the first call are not limited.
    """
    return ThreadpoolController().select(user_api=user_api)
