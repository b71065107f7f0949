"""The time limit of a fit."""

from __future__ import annotations

import ctypes
import math
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

import numpy as np

__all__ = ["Clock", "EpochBudget", "TimeUp", "expected_seconds", "portion", "stopped_after"]

#: Shorter times are below the resolution of a clock.
_TICK = 1e-4
#: Seconds after which a thread that goes on is interrupted again.
_AGAIN = 0.5


class Clock:
    """How much of the time for a fit is left.

    Parameters
    ----------
    seconds : float or None
        From now on; None for no limit.
    """

    def __init__(self, seconds: float | None) -> None:
        self._seconds = seconds
        self.runs = seconds is not None
        self._start = time.time()
        self._end = self._start + seconds if self.runs else math.inf

    @property
    def left(self) -> float:
        """Seconds that are left."""
        return self._end - time.time()

    def for_share(self, share: float) -> Clock:
        """Return a clock that began with this one, and ends after a share of its time."""
        if not self.runs:
            return Clock(None)
        return Clock(self._start + share * self._seconds - time.time())


class EpochBudget:
    """A callback of scikit-learn that stops a training whose epochs do not all fit into a time.

    A network is worth keeping only if its learning rate has come down, at the end of its schedule:
    so it is seen after two epochs whether there is time for all. Of a training with held-out rows,
    which ends early, a third of its epochs is expected.

    Parameters
    ----------
    seconds : float
        From now on.
    whole : bool, default=True
        Whether it is stopped as soon as it is seen; else only when the time is over.

    Attributes
    ----------
    is_exceeded : bool
        Whether the training was stopped.
    """

    def __init__(self, seconds: float, *, whole: bool = True) -> None:
        self.allow(seconds)
        self._whole = whole
        self._first: float | None = None
        self._n_epochs = 0
        self.is_exceeded = False

    def allow(self, seconds: float) -> None:
        """Set the time anew, from now on."""
        self._end = time.time() + seconds

    def setup(self, estimator, context) -> None:
        """Nothing to prepare."""

    def teardown(self, estimator, context) -> None:
        """Nothing to clear up."""

    def on_fit_task_begin(self, estimator, context, **task) -> None:
        """Nothing to do before an epoch."""

    def on_fit_task_end(self, estimator, context, **task) -> bool:
        """Return whether training stops here."""
        if context.task_name != "epoch":
            return False
        now, net = time.time(), estimator.net_
        self._n_epochs += 1
        if self._first is None:  # which records tapes and fills caches
            self._first = now
        elif not self.is_exceeded:
            each = (now - self._first) / (self._n_epochs - 1)
            expected = net.max_epochs if net.train_split is None else net.max_epochs / 3
            left = max(expected - self._n_epochs, 0) if self._whole else 0
            self.is_exceeded = now + left * each > self._end
        return self.is_exceeded


class TimeUp(BaseException):
    """Raised where a time is over; no `except Exception` of a library catches it."""


@contextmanager
def stopped_after(seconds: float | None) -> Iterator[None]:
    """Raise `TimeUp` in the block once `seconds` are over, at its next step in Python.

    What computes outside Python is stopped when it returns. Where threads cannot be reached, as on
    other implementations of Python, nothing is stopped.
    """
    api = getattr(ctypes, "pythonapi", None)
    if seconds is None or api is None:
        yield
        return
    thread, is_over, lock = threading.get_ident(), threading.Event(), threading.Lock()

    def interrupt():
        # Again and again: an exception in a destructor is swallowed.
        delay = seconds
        while not is_over.wait(delay):
            with lock:
                if not is_over.is_set():
                    error = ctypes.py_object(TimeUp)
                    api.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread), error)
            delay = _AGAIN

    if seconds <= 0:
        raise TimeUp
    try:  # the exception may come as soon as the thread runs
        threading.Thread(target=interrupt, daemon=True).start()
        yield
    finally:
        _end_watch(lock, is_over, partial(api.PyThreadState_SetAsyncExc, ctypes.c_ulong(thread)))


def _end_watch(lock, is_over, interrupt_with) -> None:
    """Let no exception come any more, not even one that was set and not raised yet."""
    while True:
        try:
            with lock:
                is_over.set()
                interrupt_with(None)
            return
        except TimeUp:  # set before, raised here
            continue


def portion(rows: np.ndarray, y: np.ndarray, share: int) -> np.ndarray:
    """Return every `share`-th row in the order of the target, so that all of its values occur."""
    if y.ndim == 1:
        rows = rows[np.argsort(y[rows], kind="stable")]
    return np.sort(rows[::share])


def expected_seconds(seconds_of: Callable[[int], float], limit: float) -> float:
    """Return how long a fit will take, extrapolated from a sixteenth and a quarter of the rows.

    Times that grow as a power of the number of rows are extrapolated exactly.

    Parameters
    ----------
    seconds_of : callable
        From `share` to the seconds of a fit on every `share`-th row.
    limit : float
        Seconds beyond which the estimate need not be exact.

    Returns
    -------
    float

    Examples
    --------
    >>> from sklearn_crossmodal.ensemble._fitting._time_budget import expected_seconds
    >>> expected_seconds(lambda share: 32 / share, limit=60), expected_seconds(lambda _: 1.0, 60)
    (32.0, 1.0)
    """
    little = max(seconds_of(16), _TICK)
    if 4 * little > limit:  # the next one might already take too long
        return 16 * little
    more = max(seconds_of(4), little)
    return more * more / little
