"""The time limit of a fit."""

from __future__ import annotations

import math
import time
from collections.abc import Callable

import numpy as np

__all__ = ["Clock", "Deadline", "expected_seconds", "portion"]

#: Shorter times are below the resolution of a clock.
_TICK = 1e-4


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
        self._end = time.time() + seconds if self.runs else math.inf

    @property
    def left(self) -> float:
        """Seconds that are left."""
        return self._end - time.time()

    def for_share(self, share: float) -> Clock:
        """Return a clock of a share of the time, from now on."""
        return Clock(self._seconds * share if self.runs else None)


class Deadline:
    """A callback of scikit-learn that stops training after the first epoch that ends past a moment.

    Parameters
    ----------
    moment : float
        In seconds, as of `time.time`.
    """

    def __init__(self, moment: float) -> None:
        self.moment = moment

    def setup(self, estimator, context) -> None:
        """Nothing to prepare."""

    def teardown(self, estimator, context) -> None:
        """Nothing to clear up."""

    def on_fit_task_begin(self, estimator, context, **task) -> None:
        """Nothing to do before an epoch."""

    def on_fit_task_end(self, estimator, context, **task) -> bool:
        """Return whether training stops here."""
        return time.time() > self.moment


def portion(rows: np.ndarray, y: np.ndarray, share: int) -> np.ndarray:
    """Return every `share`-th row in the order of the target, so that all of its values occur."""
    if y.ndim == 1:
        rows = rows[np.argsort(y[rows], kind="stable")]
    return np.sort(rows[::share])


def expected_seconds(seconds_of: Callable[[int], float], limit: float) -> float:
    """Return how long a fit will take, extrapolated from a sixteenth and a quarter of the rows.

    Times that grow as a + b n and as a n^p are extrapolated exactly; the larger one is returned.

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
    >>> from sklearn_crossmodal.ensemble._time_budget import expected_seconds
    >>> expected_seconds(lambda share: 32 / share, limit=60), expected_seconds(lambda _: 1.0, 60)
    (32.0, 1.0)
    """
    little = max(seconds_of(16), _TICK)
    if 4 * little > limit:  # the next one might already take too long
        return 16 * little
    more = max(seconds_of(4), little)
    return max(more + 4 * (more - little), more * more / little)
