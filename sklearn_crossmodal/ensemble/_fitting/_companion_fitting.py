"""Fit a companion on the features of each fold, and in the end on those of all rows."""

from __future__ import annotations

import time
from contextlib import nullcontext, suppress
from dataclasses import replace
from functools import partial
from math import ceil

import numpy as np
from joblib import Parallel, delayed, effective_n_jobs

from sklearn_crossmodal.ensemble._fitting._base_models import CompanionModel
from sklearn_crossmodal.ensemble._fitting._features import DenseReducer, Features, group_scales
from sklearn_crossmodal.ensemble._fitting._fold_models import CompanionFit, FittedBaseModel
from sklearn_crossmodal.ensemble._fitting._suited_threads import suited_threads
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
    clock : Clock
        The time limit.
    n_jobs : int or None
        Fits at a time.
    memory : str, path, joblib.Memory or None
        Cache for the vectors of pretrained models.
    random_state : int
        Seed of the reductions.
    """

    def __init__(self, samples, folds, entries, clock, *, n_jobs, memory, random_state) -> None:
        self._samples = samples
        self._folds = folds
        self._entries = entries
        self._clock = clock
        self._n_jobs = n_jobs
        self._settings = {"memory": memory, "random_state": random_state}
        self._read: dict[tuple, tuple] = {}

    def fit(self, model, tasks, *, is_first: bool) -> list[tuple]:
        """Return (model, predictions, seconds) of each fold; none if the time is too short.

        Parameters
        ----------
        model : CompanionModel
            What is fitted.
        tasks : list of Task
            One a fold, for callbacks.
        is_first : bool
            Whether nothing else is fitted yet: then some folds are kept, if there is no time for
            all.
        """
        at_a_time = effective_n_jobs(self._n_jobs) if self._clock.runs else len(self._folds)
        n_rounds, fits = ceil(len(self._folds) / at_a_time), []
        start = time.time()
        for done in range(n_rounds):
            if self._clock.runs and not (is_first and done == 0):
                spent = (time.time() - start) / done if done else None
                needed = self._seconds_needed(model, spent)
                if self._clock.left < needed * (n_rounds - done):
                    return fits if is_first else []
            places = range(done * at_a_time, min((done + 1) * at_a_time, len(self._folds)))
            limit = self._clock.left if self._clock.runs and not is_first else None
            found = self._fit_some(model, places, tasks, limit)
            if any(one is None for one in found):
                return fits if is_first else []
            fits += found
        return fits

    def _fit_some(self, model, places, tasks, limit):
        read = [self._tables(model.n_components, place) for place in places]
        work = (
            delayed(_fit_fold)(model, self._samples, *one, self._folds[place], tasks[place], limit)
            for one, place in zip(read, places, strict=True)
        )
        return Parallel(n_jobs=self._n_jobs if len(read) > 1 else None)(work)

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
        found = []
        for one in fitted:
            expected = 1.5 * one.seconds / len(self._folds)
            models = one.models
            if isinstance(one.model, CompanionModel) and clock.left > expected:
                with suppress(TimeUp), stopped_after(clock.left if clock.runs else None):
                    models = [self._refitted(one.model)]
            found.append(replace(one, models=models, predictions=PatternDict()))
        return found

    def _refitted(self, model) -> CompanionFit:
        samples, rows = self._samples, self._samples.counted
        key = model.n_components, None
        if key not in self._read:
            features = self._features(model.n_components).fit(samples.view, rows)
            self._read[key] = features, features.transform(samples.view, rows), None
        features, table, _ = self._read[key]
        return _fit_companion(model, samples, features, table, rows)

    def _features(self, n_components) -> Features:
        return Features(self._entries, n_components, **self._settings)

    def _tables(self, n_components, place: int) -> tuple:
        """Return the features of a fold, and the tables of its training and other rows."""
        key = n_components, place
        if key not in self._read:
            training, validation = self._folds[place]
            view, owner = self._samples.view, self._samples.owner
            with error_prefix(f"{owner}: features of companions"):
                features = self._features(n_components).fit(view, training)
                tables = (features.transform(view, rows) for rows in (training, validation))
                self._read[key] = features, *tables
        return self._read[key]

    def _seconds_needed(self, model, spent) -> float:
        """Return how long the next fold takes, by trials on few rows."""
        if spent is not None or self._clock.left < 0:
            return spent or 0.0
        return expected_seconds(partial(self.seconds_on, model), self._clock.left)

    def seconds_on(self, model, share: int) -> float:
        """Return the seconds of a fit on every `share`-th training row of the first fold."""
        features, table, _ = self._tables(model.n_components, 0)
        training, limit = self._folds[0][0], self._clock.left if self._clock.runs else None
        start = time.time()
        some = np.flatnonzero(np.isin(training, portion(training, self._samples.y, share)))
        # The portion may be too small; an error of all rows will show.
        with suppress(ValueError, TypeError, TimeUp), stopped_after(limit):
            _fit_companion(model, self._samples, features, table.take(some), training[some])
        return time.time() - start


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
        suited_threads(len(rows)),
    ):
        X = table.side_by_side(scales)
        X = X if reducer is None else reducer.fit_transform(X)
        estimator.fit(X, samples.y[rows], **params)
    return CompanionFit(estimator, known, features, scales, reducer)


def _prefixed(model, samples):
    return error_prefix(f"{samples.owner}: {model.description}")
