"""Models fitted on all folds but one, and what they say of that one."""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np
from joblib import Parallel, delayed
from sklearn.base import BaseEstimator

from sklearn_crossmodal.estimators._members import Member, View

__all__ = ["Deadline", "FittedMember", "fit_out_of_fold"]


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


@dataclass
class FittedMember:
    """A member with the models of its folds and what these said out of fold.

    Parameters
    ----------
    member : Member
        Whose they are.
    models : list of BaseEstimator
        One a fold.
    answers : dict of tuple of str to ndarray of shape (n, ...)
        For each pattern of modalities, what the models say of samples when only these are there;
        NaN for samples that lack one of them.
    seconds : float
        That all fits took together.
    """

    member: Member
    models: list[BaseEstimator]
    answers: dict[tuple, np.ndarray]
    seconds: float

    @property
    def shape(self) -> tuple[int, ...]:
        """Of what it says of a sample."""
        return next(iter(self.answers.values())).shape[1:]

    def own_answers(self, view: View) -> np.ndarray:
        """Return what was said out of fold of each sample as it is, NaN where nothing was."""
        found = np.full((len(view.present), *self.shape), np.nan)
        for pattern, answers in self.answers.items():
            rows = view.is_pattern(pattern)
            found[rows] = answers[rows]
        return found

    def mean_answer(self, view: View, pattern: tuple, rows: np.ndarray, answer) -> np.ndarray:
        """Return the mean of what the models of all folds say of some samples."""
        names = [name for name in self.member.modalities if name in pattern]
        X = view.only(names, rows)
        return np.mean([answer(model, X) for model in self.models], axis=0)


@dataclass
class _Fold:
    """What a model of one fold is made of and asked about."""

    training: np.ndarray
    validation: np.ndarray


def fit_out_of_fold(
    members: list[Member],
    view: View,
    y,
    sample_weight,
    folds: list[tuple],
    patterns: list[tuple],
    answer,
    *,
    time_limit: float | None = None,
    n_jobs: int | None = None,
    verbose: int = 0,
) -> list[FittedMember]:
    """Fit each member on each fold, the first members first.

    Parameters
    ----------
    members : list of Member
        In the order in which they are fitted.
    view : View
        The samples.
    y : ndarray of shape (n, ...)
        The target.
    sample_weight : ndarray of shape (n,) or None
        Weights of the samples.
    folds : list of (ndarray, ndarray)
        Rows to train on, and rows to answer for.
    patterns : list of tuple of str
        Of modalities; the first is all of them.
    answer : callable
        (model, X) -> ndarray with a row for each of X.
    time_limit : float, default=None
        Seconds; members that were not begun by then are left out, but for the first, and networks
        end with the epoch in which their share of the time is up.
    n_jobs : int, default=None
        Fits at a time.
    verbose : int, default=0
        Above 0, a line is printed for each member.

    Returns
    -------
    list of FittedMember
        At least one.
    """
    end = None if time_limit is None else time.time() + time_limit
    found = []
    for place, member in enumerate(members):
        if found and end is not None and time.time() > end:
            break
        share = None if end is None else max(end - time.time(), 0.0) / (len(members) - place)
        fits = Parallel(n_jobs=n_jobs)(
            delayed(_fit_fold)(
                member, view, y, sample_weight, _Fold(*fold), patterns, answer, share, len(folds)
            )
            for fold in folds
        )
        found.append(_joined(member, fits, len(view.present)))
        if verbose:
            print(f"{member.name}: {len(folds)} folds in {found[-1].seconds:.1f} s", flush=True)
    return found


def _fit_fold(member, view, y, sample_weight, fold, patterns, answer, share, n_folds):
    start = time.time()
    deadline = None if share is None else Deadline(start + share / n_folds)
    there = view.rows_with(member.modalities[:1]) if len(member.modalities) == 1 else None
    rows = fold.training if there is None else fold.training[there[fold.training]]
    weight = None if sample_weight is None else sample_weight[rows]
    model = member.fit(view.only(member.modalities, rows), y[rows], weight, deadline)
    answers = {}
    for pattern in patterns:
        names = [name for name in member.modalities if name in pattern]
        rows = fold.validation[view.rows_with(pattern)[fold.validation]]
        if names and len(rows):
            answers[pattern] = rows, answer(model, view.only(names, rows))
    return model, answers, time.time() - start


def _joined(member, fits, n_rows) -> FittedMember:
    """Bring the answers of all folds into one array a pattern."""
    joined: dict[tuple, np.ndarray] = {}
    for _, answers, _ in fits:
        for pattern, (rows, found) in answers.items():
            if pattern not in joined:
                joined[pattern] = np.full((n_rows, *found.shape[1:]), np.nan)
            joined[pattern][rows] = found
    seconds = sum(took for *_, took in fits)
    return FittedMember(member, [model for model, *_ in fits], joined, seconds)
