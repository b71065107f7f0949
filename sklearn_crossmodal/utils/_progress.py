"""A bar that shows how far long work is."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TypeVar

from tqdm import tqdm  # skorch brings it

__all__ = ["progress", "showing_progress"]

Item = TypeVar("Item")

_VERBOSE: ContextVar[int] = ContextVar("verbose", default=0)

#: With fewer steps there is nothing to wait for.
MIN_STEPS = 4


def progress(
    items: Iterable[Item],
    *,
    total: int,
    label: str,
    verbose: int | None = None,
    unit: str = "it",
) -> Iterator[Item]:
    """Yield the items, and show on the error stream how far they are.

    Parameters
    ----------
    items : iterable
        The steps of the work.
    total : int
        How many there are.
    label : str
        What is being done.
    verbose : int, default=None
        0 shows nothing; nor does work of a few steps. None takes that of `showing_progress`.
    unit : str, default="it"
        What a step is called.

    Yields
    ------
    object
        The items.
    """
    verbose = _VERBOSE.get() if verbose is None else verbose
    quiet = not verbose or total < MIN_STEPS
    yield from tqdm(items, total=total, desc=label, disable=quiet, mininterval=0.5, unit=unit)


@contextmanager
def showing_progress(verbose: int) -> Iterator[None]:
    """Let work in the block show how far it is, where an estimator's `verbose` cannot be passed.

    Parameters
    ----------
    verbose : int
        0 shows nothing.
    """
    token = _VERBOSE.set(verbose)
    try:
        yield
    finally:
        _VERBOSE.reset(token)
