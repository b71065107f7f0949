"""Progress bars."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TypeVar

from tqdm import tqdm  # skorch brings it

__all__ = ["progress", "progress_bar", "showing_progress"]

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
    """Yield the items, `total` of them, with a progress bar of this label and unit on stderr.

    With `verbose` 0 there is no bar; None takes that of `showing_progress`.
    """
    verbose = _VERBOSE.get() if verbose is None else verbose
    quiet = not verbose or total < MIN_STEPS
    yield from tqdm(items, total=total, desc=label, disable=quiet, mininterval=0.5, unit=unit)


@contextmanager
def progress_bar(total: int, label: str, verbose: int, unit: str = "it") -> Iterator[tqdm]:
    """Open a progress bar on stderr, to be moved by hand; with `verbose` 0 it is not shown."""
    with tqdm(total=total, desc=label, disable=not verbose, mininterval=0.5, unit=unit) as bar:
        yield bar


@contextmanager
def showing_progress(verbose: int) -> Iterator[None]:
    """Set the default `verbose` of `progress` in the block, where it cannot be passed down."""
    token = _VERBOSE.set(verbose)
    try:
        yield
    finally:
        _VERBOSE.reset(token)
