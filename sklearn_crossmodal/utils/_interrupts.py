"""Ctrl-C: told apart from a callback that ends one training, and from where it reaches."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import dropwhile
from types import FrameType

__all__ = ["Interrupt", "is_nested_fit", "marking_interrupts"]

#: Packages whose functions fit estimators one after another; their classes have a method `fit`.
_AROUND = {"joblib", "optuna", "sklearn", "sklearn_crossmodal"}
#: Modules whose functions only stand around the one fit: they check parameters, or name outputs.
_OF_THE_FIT = {
    "sklearn.base",
    "sklearn.utils._set_output",
    "sklearn_crossmodal.estimators._imputer",
}
#: Packages that train, below the estimator.
_BELOW = ("sklearn_crossmodal.training", "sklearn_crossmodal.utils", "skorch", "torch")


class Interrupt(KeyboardInterrupt):
    """Ctrl-C. A plain `KeyboardInterrupt` is also how callbacks of skorch end a training."""


@contextmanager
def marking_interrupts() -> Iterator[list[Interrupt]]:
    """Raise `Interrupt` where a signal would raise `KeyboardInterrupt`.

    The handler that is there is called first; a thread that gets no signals, and a handler that
    ignores them, are left alone.

    Yields
    ------
    list of Interrupt
        Those that were raised so far.
    """
    pressed: list[Interrupt] = []
    before = signal.getsignal(signal.SIGINT)
    if threading.current_thread() is not threading.main_thread() or not callable(before):
        yield pressed
        return

    def mark(number: int, frame: FrameType | None) -> None:
        try:
            before(number, frame)
        except KeyboardInterrupt as error:
            pressed.append(Interrupt(*error.args))
            raise pressed[-1] from None

    signal.signal(signal.SIGINT, mark)
    try:
        yield pressed
    finally:
        if signal.getsignal(signal.SIGINT) is mark:
            signal.signal(signal.SIGINT, before)


def is_nested_fit() -> bool:
    """Tell whether the training under way is part of a search, an ensemble, another estimator.

    An estimator does not know who fits it; who does stands on the stack of calls, outside the
    frames of its own fit: a method of an object that has a `fit`, or a function of scikit-learn,
    joblib or optuna. It is looked for only where a training is interrupted.

    Returns
    -------
    bool
    """
    frames = dropwhile(_is_below, _frames())
    own = None
    for frame in frames:
        actor = frame.f_locals.get("self")
        if own is None and _is_fit(frame):
            own = actor
        if actor is own is not None or _module(frame) in _OF_THE_FIT:
            continue
        if _module(frame).partition(".")[0] in _AROUND or _fits(actor):
            return True
    return False


def _frames() -> Iterator[FrameType]:
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        yield frame
        frame = frame.f_back


def _is_below(frame: FrameType) -> bool:
    """Tell whether a frame is of what trains the network, and not of who wants it trained."""
    return _module(frame).startswith(_BELOW)


def _is_fit(frame: FrameType) -> bool:
    """Tell whether a frame is that of the fit of an estimator with a network."""
    return (
        frame.f_code.co_name == "_fit" and _module(frame) == "sklearn_crossmodal.estimators._base"
    )


def _fits(actor) -> bool:
    return not isinstance(actor, type) and callable(getattr(type(actor), "fit", None))


def _module(frame: FrameType) -> str:
    return frame.f_globals.get("__name__", "")
