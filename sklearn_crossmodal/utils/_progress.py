"""Progress bars."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TypeVar

from tqdm import tqdm  # skorch brings it

__all__ = ["progress", "showing_progress"]

Item = TypeVar("Item")

_VERBOSE: ContextVar[int] = ContextVar("verbose", default=0)

#: Fewer steps show no bar.
MIN_STEPS = 4


def progress(
    items: Iterable[Item],
    *,
    total: int,
    label: str,
    verbose: int | None = None,
    unit: str = "it",
) -> Iterator[Item]:
    """Yield the items, with a progress bar on stderr.

    Parameters
    ----------
    items : iterable
        The items, one a step.
    total : int
        Number of items.
    label : str
        Description of the bar.
    verbose : int, default=None
        0 shows no bar. None takes that of `showing_progress`.
    unit : str, default="it"
        Name of a step.

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
    """Set the default `verbose` of `progress` in the block, where it cannot be passed down.

    Parameters
    ----------
    verbose : int
        0 shows no bars.
    """
    token = _VERBOSE.set(verbose)
    try:
        yield
    finally:
        _VERBOSE.reset(token)
