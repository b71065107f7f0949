"""Threads of companions, by how many rows they compute on."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from functools import cache

from threadpoolctl import ThreadpoolController

__all__ = ["limited_threads"]

#: Below this number of rows threads of a companion wait for each other longer than they compute.
_ROWS_FOR_THREADS = 10_000


def limited_threads(n_rows: int) -> AbstractContextManager:
    """Return a context in which a companion computes in one thread if it has few rows."""
    return nullcontext() if n_rows >= _ROWS_FOR_THREADS else _controller().limit(limits=1)


@cache
def _controller() -> ThreadpoolController:
    """Return what limits threads of OpenMP; to look for its libraries takes as long as to predict.

    Companions import all of them before the first one is fitted or predicts.
    """
    return ThreadpoolController().select(user_api="openmp")
