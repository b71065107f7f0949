"""Fit a network on each fold, side by side where they can be stacked."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass

from joblib import Parallel, delayed, effective_n_jobs

from sklearn_crossmodal.ensemble._fitting._base_models import NetworkModel
from sklearn_crossmodal.ensemble._fitting._fold_models import FoldModel
from sklearn_crossmodal.ensemble._fitting._samples import Samples
from sklearn_crossmodal.ensemble._fitting._time_budget import EpochBudget
from sklearn_crossmodal.estimators._fitting._callback_context import end_fit
from sklearn_crossmodal.estimators._fitting._fit_data import SharedReading
from sklearn_crossmodal.training import raise_interrupt, stack_key, train_each
from sklearn_crossmodal.utils._row_numbers import map_row_numbers
from sklearn_crossmodal.utils._validation import error_prefix

__all__ = ["fit_networks"]


def fit_networks(
    model,
    samples,
    folds: Sequence,
    *,
    seconds: float | None,
    n_jobs,
    tasks: Sequence,
    cut: bool = False,
) -> list[tuple]:
    """Return (model, seconds) of each fold; none if they need more than `seconds`.

    Parameters
    ----------
    model : NetworkModel
        What is fitted.
    samples : Samples
        To fit it on.
    folds : sequence of (ndarray, ndarray)
        Rows to train on, and rows to predict.
    seconds : float or None
        Time that all may take; None for no limit. After the second epoch it is seen whether it is
        enough for all epochs.
    n_jobs : int or None
        Folds at a time of networks that cannot be stacked.
    tasks : sequence of Task
        One a fold, for callbacks.
    cut : bool, default=False
        Whether networks are kept that were stopped before their last epoch.

    Returns
    -------
    list of (FoldModel, float)
    """
    fitting = _Fitting(model, samples, whole=not cut)
    share = None if seconds is None else seconds / len(folds)
    first = fitting.prepare(folds[0][0], seconds, tasks[0])
    n_parallel = min(effective_n_jobs(n_jobs), len(folds))
    if first.can_be_stacked:
        rest = zip(folds[1:], tasks[1:], strict=True)
        fits = _train([first, *(fitting.prepare(fold[0], seconds, task) for fold, task in rest)])
    elif n_parallel > 1:
        first.close()
        fits = Parallel(n_jobs=n_jobs)(
            delayed(fitting.fit)(fold[0], share and share * n_parallel, task)
            for fold, task in zip(folds, tasks, strict=True)
        )
    else:
        first.allow(share)
        fits = _train([first])
        for fold, task in zip(folds[1:], tasks[1:], strict=True):
            if fits[-1] is not None:
                fits.append(fitting.fit(fold[0], share, task))
    return [] if None in fits else fits


@dataclass(frozen=True)
class _Fitting:
    """Fits copies of a network.

    Parameters
    ----------
    model : NetworkModel
        What is fitted.
    samples : Samples
        To fit it on.
    whole : bool
        Whether one that cannot be trained to its last epoch is given up.
    """

    model: NetworkModel
    samples: Samples
    whole: bool

    def prepare(self, rows, seconds: float | None, task) -> _Prepared:
        """Return a network that has read some rows."""
        return _Prepared(self, rows, seconds, task)

    def fit(self, rows, seconds: float | None, task) -> tuple | None:
        """Return a network fitted on some rows, and seconds; None if these were too few."""
        return _train([self.prepare(rows, seconds, task)])[0]


class _Prepared:
    """A network that has read its rows, and is to be trained."""

    def __init__(self, fitting: _Fitting, rows, seconds: float | None, task) -> None:
        self._samples = samples = fitting.samples
        known, self.rows = fitting.model.known_part(samples.view, rows)
        self.names, self._whole = known.modalities, fitting.whole
        self.network, self._ending = known.unfitted(), ExitStack()
        self._watching = getattr(self.network, "_skl_callbacks", ())
        self._budget = None if seconds is None else EpochBudget(seconds, whole=self._whole)
        if self._budget is not None:
            self.network.set_callbacks(*self._watching, self._budget)
        weight, groups = (
            None if part is None else part[self.rows]
            for part in (samples.sample_weight, samples.groups)
        )
        X, y = samples.view.only(self.names, self.rows), samples.y[self.rows]
        weight = weight if known.takes_weights(weight) else None
        self._given = X, y, weight
        with self._prefixed():
            self._ending.enter_context(task.around(self.network))
            reading = SharedReading(X, y, weight, groups, rows=self.rows)
            self.trainings = reading.prepare(self.network)

    def _prefixed(self):
        return error_prefix(f"{self._samples.owner}: network")

    @property
    def can_be_stacked(self) -> bool:
        return not any(isinstance(stack_key(one), str) for one in self.trainings)

    def finish(self, error, seconds: float):
        """Return (model, seconds); None if the budget was too small."""
        with self._ending, self._prefixed(), map_row_numbers(self.rows):
            if error is not None:
                raise error
            self.network._finish(self.trainings)
            end_fit(self.network, *self._given)
        if self._budget is not None:
            self.network.set_callbacks(*self._watching)
            if self._budget.is_exceeded and self._whole:
                return None
        return FoldModel(self.network, self.names), seconds

    def allow(self, seconds: float | None) -> None:
        """Set the time for it alone."""
        if seconds is not None:
            self._budget.allow(seconds)

    def close(self) -> None:
        """End what surrounds the fit."""
        self._ending.close()


def _train(prepared: list[_Prepared]) -> list[tuple | None]:
    """Train networks side by side where they can be, and finish them."""
    start, trainings = time.time(), [one for each in prepared for one in each.trainings]
    errors = iter(train_each(trainings, stop_on_error=True))
    raise_interrupt(trainings)
    seconds = (time.time() - start) / len(prepared)
    found = []
    for one in prepared:
        failed = [error for _, error in zip(one.trainings, errors, strict=False) if error]
        found.append(one.finish(failed[0] if failed else None, seconds))
    return found
