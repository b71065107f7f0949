"""Fit a companion on the features of each fold, and in the end on those of all rows."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import nullcontext, suppress
from dataclasses import replace
from functools import partial

import numpy as np
from joblib import Parallel, delayed, effective_n_jobs

from sklearn_crossmodal.ensemble._fitting._base_models import CompanionModel
from sklearn_crossmodal.ensemble._fitting._features import DenseReducer, Features, group_scales
from sklearn_crossmodal.ensemble._fitting._fold_models import CompanionFit, FittedBaseModel
from sklearn_crossmodal.ensemble._fitting._thread_limits import limited_threads
from sklearn_crossmodal.ensemble._fitting._time_budget import (
    TimeUp,
    expected_seconds,
    portion,
    stopped_after,
)
from sklearn_crossmodal.uncertainty._modality_subsets import PatternDict
from sklearn_crossmodal.utils._cloning import clone_with_callbacks
from sklearn_crossmodal.utils._validation import error_prefix
from sklearn_crossmodal.utils._weight_routing import takes_weights

__all__ = ["CompanionFitting"]


class CompanionFitting:
    """Fits companions, whose features are made once a fold for all of them.

    Parameters
    ----------
    samples : Samples
        To fit them on.
    folds : list of (ndarray, ndarray)
        Rows to train on, and rows to predict.
    entries : list of (str, Modality, columns)
        The modalities.
    n_jobs : int or None
        Fits at a time.
    memory : str, path, joblib.Memory or None
        Cache for the vectors of pretrained models.
    random_state : int
        Seed of the reductions.
    """

    def __init__(self, samples, folds, entries, *, n_jobs, memory, random_state) -> None:
        self._samples = samples
        self._folds = folds
        self._entries = entries
        self._n_jobs = n_jobs
        self._settings = {"memory": memory, "random_state": random_state}
        self._read: dict[tuple, tuple] = {}
        self._made: dict[tuple, set[str]] = {}
        self._too_slow: set[str] = set()
        self._tried: set[str] = set()

    def fit(self, model, places: Sequence[int], tasks, *, seconds: float | None) -> list[tuple]:
        """Return (model, predictions, seconds) of some folds; none if they take too long.

        Parameters
        ----------
        model : CompanionModel
            What is fitted.
        places : sequence of int
            Numbers of the folds.
        tasks : list of Task
            One a fold, for callbacks.
        seconds : float or None
            Time that they may take; None for no limit.

        Returns
        -------
        list of (CompanionFit, dict, float)
        """
        end = None if seconds is None else time.time() + seconds
        tables = self._tables_in_time(model, places, end)
        if not tables or (end is not None and self._expected_seconds(model, end) > _left(end)):
            return []
        at_a_time = len(places) if end is None else effective_n_jobs(self._n_jobs)
        fits: list = []
        for start in range(0, len(places), at_a_time):
            some = slice(start, start + at_a_time)
            work = (
                delayed(_fit_fold)(model, self._samples, *one, self._folds[place], task, _left(end))
                for one, place, task in zip(tables[some], places[some], tasks[some], strict=True)
            )
            fits += Parallel(n_jobs=self._n_jobs if at_a_time > 1 else None)(work)
            if fits[-1] is None:
                break
        self._tried.add(model.name)
        return [] if None in fits else fits

    def _tables_in_time(self, model, places, end: float | None) -> list[tuple]:
        """Return the features of some folds; none if it takes too long, and never again then."""
        if self._too_slow.intersection(model.modalities):
            return []
        try:
            with stopped_after(_left(end)):
                return [self._tables(model, place) for place in places]
        except TimeUp:
            made = (self._made.get((model.n_components, place), set()) for place in places)
            self._too_slow.update(set(model.modalities).difference(set.intersection(*made)))
            return []

    def _expected_seconds(self, model, end: float) -> float:
        """Return how long a fit on a fold will take, by trials; 0 if there was one already."""
        if model.name in self._tried:
            return 0.0
        return expected_seconds(partial(self.seconds_on, model, end=end), _left(end))

    def refit(self, fitted: list[FittedBaseModel], clock) -> list[FittedBaseModel]:
        """Return base models whose companions are fitted on all rows, as far as the time allows.

        Parameters
        ----------
        fitted : list of FittedBaseModel
            Fitted on the folds. Networks stay as they are: the mean of several is better than one.
        clock : Clock
            The time limit.

        Returns
        -------
        list of FittedBaseModel
            Without out-of-fold predictions, which are not needed to predict.
        """
        self._read.clear()
        self._made.clear()
        found = []
        for one in fitted:
            expected = 1.5 * one.seconds / one.n_fits
            models = one.models
            if isinstance(one.model, CompanionModel) and clock.left > expected:
                with suppress(TimeUp), stopped_after(clock.left if clock.runs else None):
                    models = [self._refitted(one.model)]
            found.append(replace(one, models=models, predictions=PatternDict()))
        return found

    def _refitted(self, model) -> CompanionFit:
        features, table = self._tables(model, None)
        return _fit_companion(model, self._samples, features, table, self._samples.counted)

    def _tables(self, model, place: int | None) -> tuple:
        """Return the features of a fold, and the tables of its training and other rows.

        Without a place, those of all rows.
        """
        key, samples = (model.n_components, place), self._samples
        folds = [samples.counted] if place is None else self._folds[place]
        features, *tables = self._read.get(key) or (
            Features(self._entries, model.n_components, **self._settings),
            *([None] * len(folds)),
        )
        made = self._made.setdefault(key, set())
        missing = [name for name in model.modalities if name not in made]
        if missing:
            with error_prefix(f"{samples.owner}: features of companions"):
                new = [features.fit_transform(samples.view, folds[0], missing)]
                new += [features.transform(samples.view, rows, missing) for rows in folds[1:]]
            tables = [a if b is None else b.beside(a) for a, b in zip(new, tables, strict=True)]
            self._read[key] = features, *tables
            made.update(missing)
        return features, *tables

    def seconds_on(self, model, share: int, *, end: float | None = None) -> float:
        """Return the seconds of a fit on every `share`-th training row of the first fold."""
        features, table, _ = self._tables(model, 0)
        training = self._folds[0][0]
        start = time.time()
        some = np.flatnonzero(np.isin(training, portion(training, self._samples.y, share)))
        # The portion may be too small; an error of all rows will show.
        with suppress(ValueError, TypeError, TimeUp), stopped_after(_left(end)):
            _fit_companion(model, self._samples, features, table.take(some), training[some])
        return time.time() - start


def _left(end: float | None) -> float | None:
    """Return the seconds until a time."""
    return None if end is None else end - time.time()


def _fit_fold(model, samples, features, table, other_table, fold, task, limit):
    """Return (model, predictions, seconds) of a fold, None if it takes longer than the limit."""
    start, (training, validation) = time.time(), fold
    try:
        with stopped_after(limit):
            fitted = _fit_companion(model, samples, features, table, training, task)
            with _prefixed(model, samples):
                predictions = _predictions(fitted, samples, other_table, validation)
    except TimeUp:
        return None
    return fitted, predictions, time.time() - start


def _predictions(fitted, samples, table, rows) -> dict[tuple, tuple]:
    """Return rows and their predictions, for each subset that a companion knows any of."""
    found = {}
    for subset in samples.subsets:
        there = samples.view.has_all(subset)[rows]
        if fitted.known(subset) and there.any():
            some = table if there.all() else table.take(np.flatnonzero(there))
            found[subset] = rows[there], fitted.predict_from(some, subset, samples.predict_with)
    return found


def _fit_companion(model, samples, features, table, rows, task=None) -> CompanionFit:
    """Return a companion fitted on those of some rows that have any of its modalities."""
    known = tuple(name for name in model.modalities if name in features.names)
    there = np.column_stack([table.present[name] for name in known]).any(axis=1)
    if not there.all():
        table, rows = table.take(np.flatnonzero(there)), rows[there]
    scales = group_scales(table, known)
    estimator, params = clone_with_callbacks(model.estimator), {}
    weight = None if samples.sample_weight is None else samples.sample_weight[rows]
    with _prefixed(model, samples):
        if weight is not None and takes_weights(estimator, weight):
            params["sample_weight"] = weight
    reducer = None
    if model.n_components is not None:
        reducer = DenseReducer(random_state=features.random_state)
    with (
        _prefixed(model, samples),
        nullcontext() if task is None else task.around(estimator),
        limited_threads(len(rows)),
    ):
        X = table.side_by_side(scales)
        X = X if reducer is None else reducer.fit_transform(X)
        estimator.fit(X, samples.y[rows], **params)
    return CompanionFit(estimator, known, features, scales, reducer)


def _prefixed(model, samples):
    return error_prefix(f"{samples.owner}: {model.description}")
