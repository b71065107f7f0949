"""Threads of companions, by how many rows they compute on."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager

from sklearn_crossmodal.utils._threads import one_thread

__all__ = ["limited_threads"]

#: Below this number of rows threads of a companion wait for each other longer than they compute.
_ROWS_FOR_THREADS = 10_000


@contextmanager
def limited_threads(n_rows: int):
    """Return a context in which a companion computes in one thread if it has few rows.

    Companions import all libraries of OpenMP and BLAS before the first one is fitted or predicts.
    """
    with ExitStack() as limits:
        if n_rows < _ROWS_FOR_THREADS:
            limits.enter_context(one_thread("openmp"))
            limits.enter_context(one_thread("blas"))
        yield
