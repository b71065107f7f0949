"""Cross-fitting: each base model is fitted on all folds but one, and predicts that one."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from math import ceil

import numpy as np
from joblib import Parallel, delayed, effective_n_jobs

from sklearn_crossmodal.ensemble._fold_models import FittedBaseModel, FoldModel
from sklearn_crossmodal.ensemble._modality_view import View
from sklearn_crossmodal.ensemble._time_budget import Clock, Deadline, expected_seconds, portion
from sklearn_crossmodal.training import are_in_order
from sklearn_crossmodal.uncertainty._modality_subsets import PatternDict
from sklearn_crossmodal.utils._row_numbers import map_row_numbers
from sklearn_crossmodal.utils._validation import error_prefix

__all__ = ["Samples", "cross_fit"]

#: Rows that a network over a single modality needs in each fold, unless all rows have it.
_MIN_ROWS = 10


@dataclass(frozen=True)
class Samples:
    """What base models and meta-learners are fitted on, and how base models predict.

    Parameters
    ----------
    owner : str
        Name of the estimator, for messages.
    view : View
        The samples.
    y : ndarray of shape (n, ...)
        The target of base models.
    target : ndarray of shape (n, ...)
        The target of meta-learners: y, or the codes of its classes.
    sample_weight : ndarray of shape (n,) or None
        Weights of the samples.
    groups : ndarray of shape (n,) or None
        Samples of one group are in one fold.
    subsets : list of tuple of str
        Subsets of modalities, for each of which there are out-of-fold predictions.
    predict_with : callable
        (model, X) -> ndarray with a row for each of X.
    stratify : bool
        Whether y are classes.
    """

    owner: str
    view: View
    y: np.ndarray
    target: np.ndarray
    sample_weight: np.ndarray | None
    groups: np.ndarray | None
    subsets: list[tuple]
    predict_with: Callable
    stratify: bool

    @property
    def counted(self) -> np.ndarray:
        """Rows whose weight is not zero."""
        weight = self.sample_weight
        return np.arange(len(self.y)) if weight is None else np.flatnonzero(weight)


def cross_fit(
    base_models: list,
    samples: Samples,
    folds: list[tuple],
    *,
    clock: Clock,
    begin: Callable,
    n_jobs: int | None = None,
    verbose: int = 0,
) -> list[FittedBaseModel]:
    """Fit each base model on each fold, in their order.

    A network over a single modality is left out if too few rows of a fold have it, or those that
    have it are of one class.

    Parameters
    ----------
    base_models : list of BaseModel
        In the order in which they are fitted.
    samples : Samples
        To fit them on.
    folds : list of (ndarray, ndarray)
        Rows to train on, and rows to predict.
    clock : Clock
        The time limit. Networks end with the epoch in which their share of the time is up. Base
        models whose folds do not all fit into the time are left out; of the first, only folds are.
    begin : callable
        From `n_parts`, the number of base models, to the `Task` that they are parts of.
    n_jobs : int, default=None
        Fits at a time.
    verbose : int, default=0
        Above 0, a line is printed for each base model.

    Returns
    -------
    list of FittedBaseModel
        At least one.
    """
    if samples.stratify and not all(one.is_network for one in base_models):
        _check_classes(samples, folds)
    fitted, in_order = [], all(are_in_order(*fold) for fold in folds)
    base_models = [one for one in base_models if _can_learn(one, samples, folds)]
    task = begin(n_parts=len(base_models))
    for place, base_model in enumerate(base_models):
        part, n_left = task.part(base_model.name, len(folds)), len(base_models) - place
        fits = _fit_folds(base_model, samples, folds, clock, n_left, n_jobs, part, not fitted)
        if fits:
            fitted.append(_joined(base_model, fits, len(samples.y), in_order))
        if verbose:
            spent = f"{fitted[-1].seconds:.1f} s" if fits else "more than the time that is left"
            print(f"{base_model.name}: {len(fits or folds)} folds in {spent}", flush=True)
        if part.end() and fitted:
            break
    return fitted


def _check_classes(samples, folds) -> None:
    """Raise if a fold trains on one class, of which companions learn nothing."""
    for training, _ in folds:
        if len(np.unique(samples.y[training])) < 2:
            labels, counts = np.unique(samples.y[samples.counted], return_counts=True)
            classes = dict(zip(labels.tolist(), counts.tolist(), strict=True))
            raise ValueError(
                f"{samples.owner}: a fold is left with one class, "
                f"{samples.y[training][:1].tolist()}, of classes with the numbers of samples "
                f"{classes}: give at least two samples of each class, or take FusionClassifier."
            )


def _can_learn(base_model, samples, folds) -> bool:
    """Return whether all folds have enough rows of a network's only modality."""
    if len(base_model.modalities) > 1:
        return True
    there = samples.view.has_all(base_model.modalities)
    return all(_are_enough(rows[there[rows]], len(rows), samples) for rows, _ in folds)


def _are_enough(rows, n_rows, samples) -> bool:
    """Return whether those training rows that have a modality are enough to learn from."""
    if len(rows) == n_rows:
        return True
    several = not samples.stratify or len(np.unique(samples.y[rows])) > 1
    return len(rows) >= _MIN_ROWS and several


def _fit_folds(base_model, samples, folds, clock, n_left, n_jobs, task, is_first) -> list[tuple]:
    """Return (model, predictions, seconds) of each fold; none where they exceed the time limit."""
    at_a_time = effective_n_jobs(n_jobs) if clock.runs else len(folds)
    n_rounds, share = ceil(len(folds) / at_a_time), max(clock.left, 0) / n_left
    start, fits, tasks = time.time(), [], task.parts(["fold"] * len(folds))
    for done in range(n_rounds):
        if not (is_first and done == 0) and clock.runs:
            spent = None if done == 0 else (time.time() - start) / done
            needed = _seconds_needed(base_model, samples, folds[0], clock.left, spent)
            if clock.left < needed * (n_rounds - done):
                return fits if is_first else []
        deadline = Deadline(start + share * (done + 1) / n_rounds) if clock.runs else None
        fits += Parallel(n_jobs=n_jobs)(
            delayed(_fit_fold)(base_model, samples, fold, deadline, part)
            for fold, part in islice(
                zip(folds, tasks, strict=True), done * at_a_time, (done + 1) * at_a_time
            )
        )
    return fits


def _seconds_needed(base_model, samples, fold, left, spent) -> float:
    """Return how long the next fold takes: 0 for a network, which a deadline stops."""
    if base_model.is_network or left < 0:
        return 0.0
    if spent is not None:
        return spent

    def seconds_of(share):
        start, some = time.time(), tuple(portion(rows, samples.y, share) for rows in fold)
        with suppress(ValueError):  # the portion may be too small; an error of all rows will show
            _fit_fold(base_model, samples, some, None)
        return time.time() - start

    return expected_seconds(seconds_of, left)


def _fit_fold(base_model, samples, fold, deadline, task=None) -> tuple:
    start, (training, validation) = time.time(), fold
    base_model, rows = _known_part(base_model, samples.view, training)
    weight, groups = (
        None if part is None else part[rows] for part in (samples.sample_weight, samples.groups)
    )
    X, y = samples.view.only(base_model.modalities, rows), samples.y[rows]
    with error_prefix(f"{samples.owner}: {base_model.description}"):
        with map_row_numbers(rows):
            estimator = base_model.fit(X, y, weight, groups, deadline, task)
        model = FoldModel(estimator, base_model.modalities)
        predictions = _predictions(model, samples, validation)
    return model, predictions, time.time() - start


def _known_part(base_model, view, training) -> tuple:
    """Return the model of those of its modalities that training rows have, and these rows."""
    there = view.present[:, [view.names.index(name) for name in base_model.modalities]]
    rows = training[there[training].any(axis=1)]
    known = there[rows].any(axis=0)  # a rare modality may be absent from all rows of a fold
    names = [name for name, one in zip(base_model.modalities, known, strict=True) if one]
    return base_model.only(names), rows


def _predictions(model, samples, validation) -> dict[tuple, tuple]:
    """Return rows and their predictions, for each subset of modalities that the model supports."""
    view, predictions = samples.view, {}
    for subset in samples.subsets:
        names, rows = model.known(subset), validation[view.has_all(subset)[validation]]
        if names and len(rows):
            with map_row_numbers(rows):
                found = samples.predict_with(model.estimator, view.only(names, rows))
            predictions[subset] = rows, found
    return predictions


def _joined(base_model, fits, n_rows, in_order) -> FittedBaseModel:
    """Join the predictions of all folds, into one array for each subset of modalities."""
    joined = PatternDict()
    for _, predictions, _ in fits:
        for subset, (rows, found) in predictions.items():
            if subset not in joined:
                joined[subset] = np.full((n_rows, *found.shape[1:]), np.nan)
            joined[subset][rows] = found
    seconds = sum(spent for *_, spent in fits)
    # Of folds in order of time the earlier ones train on the oldest rows alone.
    models = [model for model, *_ in (fits[-1:] if in_order else fits)]
    return FittedBaseModel(base_model.name, base_model.modalities, models, joined, seconds)
