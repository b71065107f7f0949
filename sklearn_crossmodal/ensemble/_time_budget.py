"""How the time that a fit may take is kept."""

from __future__ import annotations

import math
import time
from collections.abc import Callable

import numpy as np

__all__ = ["Clock", "Deadline", "expected_seconds", "portion"]

#: A clock does not tell shorter times apart.
_TICK = 1e-4


class Clock:
    """Tells how much of the time for a fit is left.

    Parameters
    ----------
    seconds : float or None
        From now on; None for as many as it takes.
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
    """A callback of scikit-learn that ends a training at the end of the first epoch past a moment.

    Parameters
    ----------
    moment : float
        In seconds, as `time.time` tells them.
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
        """Tell whether training ends here."""
        return time.time() > self.moment


def portion(rows: np.ndarray, y: np.ndarray, share: int) -> np.ndarray:
    """Return one of `share` rows, spread over all values of the target."""
    if y.ndim == 1:
        rows = rows[np.argsort(y[rows], kind="stable")]
    return np.sort(rows[::share])


def expected_seconds(seconds_of: Callable[[int], float], limit: float) -> float:
    """Return how long a fit will take, as its times on a sixteenth and a quarter of the rows tell.

    Time that grows as a + b n, and as a n^p, is extrapolated exactly; the larger answer is given.

    Parameters
    ----------
    seconds_of : callable
        From `share` to the seconds of a fit on one of `share` rows.
    limit : float
        Seconds beyond which the answer need not be exact.

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
