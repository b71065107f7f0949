"""Keyboard interrupts: Ctrl-C, as opposed to a skorch callback that stops one training."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import dropwhile
from types import FrameType

__all__ = ["Interrupt", "convert_interrupts", "is_nested_fit"]

#: Packages that fit estimators inside searches, ensembles or loops.
_OUTER_PACKAGES = {"joblib", "optuna", "sklearn", "sklearn_crossmodal"}
#: Modules that wrap a single fit, without being another estimator's fit.
_TRANSPARENT_MODULES = {
    "sklearn.base",
    "sklearn.utils._set_output",
    "sklearn_crossmodal.estimators._imputer",
}
#: Packages of the training loop, called by the estimator.
_TRAINING_PACKAGES = ("sklearn_crossmodal.training", "sklearn_crossmodal.utils", "skorch", "torch")


class Interrupt(KeyboardInterrupt):
    """Ctrl-C. A plain `KeyboardInterrupt` is also how a skorch callback stops a training."""


@contextmanager
def convert_interrupts() -> Iterator[list[Interrupt]]:
    """Raise `Interrupt` in place of the `KeyboardInterrupt` that SIGINT raises; yield those raised.

    The installed signal handler is called first. Outside the main thread, and where SIGINT is
    ignored, nothing is changed.
    """
    raised: list[Interrupt] = []
    before = signal.getsignal(signal.SIGINT)
    if threading.current_thread() is not threading.main_thread() or not callable(before):
        yield raised
        return

    def convert(number: int, frame: FrameType | None) -> None:
        try:
            before(number, frame)
        except KeyboardInterrupt as error:
            raised.append(Interrupt(*error.args))
            raise raised[-1] from None

    signal.signal(signal.SIGINT, convert)
    try:
        yield raised
    finally:
        if signal.getsignal(signal.SIGINT) is convert:
            signal.signal(signal.SIGINT, before)


def is_nested_fit() -> bool:
    """Return whether the current fit is nested in a search, an ensemble or another estimator.

    An estimator has no reference to its caller, so the call stack is searched: outside the frames
    of the estimator's `fit`, for a method of an object with a `fit`, or for a function of scikit-
    learn, joblib or optuna. This is done only when a training is interrupted.
    """
    frames = dropwhile(_is_training_frame, _frames())
    estimator = None
    for frame in frames:
        instance = frame.f_locals.get("self")
        if estimator is None and _is_fit(frame):
            estimator = instance
        if instance is estimator is not None or _module(frame) in _TRANSPARENT_MODULES:
            continue
        if _module(frame).partition(".")[0] in _OUTER_PACKAGES or _has_fit(instance):
            return True
    return False


def _frames() -> Iterator[FrameType]:
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        yield frame
        frame = frame.f_back


def _is_training_frame(frame: FrameType) -> bool:
    """Return whether a frame belongs to the training loop."""
    return _module(frame).startswith(_TRAINING_PACKAGES)


def _is_fit(frame: FrameType) -> bool:
    """Return whether a frame is `BaseMultimodal._fit`."""
    return (
        frame.f_code.co_name == "_fit" and _module(frame) == "sklearn_crossmodal.estimators._base"
    )


def _has_fit(instance) -> bool:
    return not isinstance(instance, type) and callable(getattr(type(instance), "fit", None))


def _module(frame: FrameType) -> str:
    return frame.f_globals.get("__name__", "")
