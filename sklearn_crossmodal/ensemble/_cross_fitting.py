"""Models fitted on all folds but one, and what they say of that one."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from math import ceil

import numpy as np
from joblib import Parallel, delayed, effective_n_jobs
from sklearn.base import BaseEstimator

from sklearn_crossmodal.ensemble._base_models import Member
from sklearn_crossmodal.ensemble._modality_view import View
from sklearn_crossmodal.ensemble._time_budget import Clock, Deadline, expected_seconds, portion
from sklearn_crossmodal.training import are_in_order
from sklearn_crossmodal.uncertainty._modality_subsets import PatternDict
from sklearn_crossmodal.utils._row_numbers import map_row_numbers
from sklearn_crossmodal.utils._validation import error_prefix

__all__ = ["FittedMember", "FoldModel", "Samples", "fit_out_of_fold"]

#: Rows that a network over a single modality needs in each fold, unless all rows have it.
_FEWEST = 10


@dataclass(frozen=True)
class Samples:
    """What members are fitted on, and what they are asked.

    Parameters
    ----------
    owner : str
        For messages: whose members they are.
    view : View
        The samples.
    y : ndarray of shape (n, ...)
        The target.
    sample_weight : ndarray of shape (n,) or None
        Weights of the samples.
    groups : ndarray of shape (n,) or None
        Of which networks hold out all rows, or none.
    patterns : list of tuple of str
        Of modalities: what is said when only these are there is asked for each.
    answer : callable
        (model, X) -> ndarray with a row for each of X.
    stratify : bool
        Whether y are classes.
    """

    owner: str
    view: View
    y: np.ndarray
    sample_weight: np.ndarray | None
    groups: np.ndarray | None
    patterns: list[tuple]
    answer: Callable
    stratify: bool


@dataclass(frozen=True)
class FoldModel:
    """The model of a fold, and the modalities that it knows from the rows of that fold."""

    estimator: BaseEstimator
    modalities: tuple[str, ...]

    def reads(self, pattern: tuple) -> tuple[str, ...]:
        """Return those of the modalities of a pattern that it knows."""
        return tuple(name for name in self.modalities if name in pattern)


@dataclass
class FittedMember:
    """A member with the models of its folds and what these said out of fold.

    Parameters
    ----------
    member : Member
        Whose they are.
    models : list of FoldModel
        One a fold; of folds in order of time that of the last one alone.
    answers : PatternDict of ndarray of shape (n, ...)
        For each pattern of modalities, what the models say of samples when only these are there;
        NaN for samples that lack one of them.
    seconds : float
        That all fits took together.
    """

    member: Member
    models: list[FoldModel]
    answers: PatternDict
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

    def speaks_of(self, pattern: tuple) -> bool:
        """Tell whether any of its models knows a modality of a pattern."""
        return any(model.reads(pattern) for model in self.models)

    def mean_answer(self, view: View, pattern: tuple, rows: np.ndarray, answer) -> np.ndarray:
        """Return the mean of what the models say of some samples, of those that know any of it."""
        with map_row_numbers(rows):
            said = [
                answer(model.estimator, view.only(names, rows))
                for model in self.models
                if (names := model.reads(pattern))
            ]
        return np.mean(said, axis=0)


def fit_out_of_fold(
    members: list[Member],
    samples: Samples,
    folds: list[tuple],
    *,
    clock: Clock,
    begin: Callable,
    n_jobs: int | None = None,
    verbose: int = 0,
) -> list[FittedMember]:
    """Fit each member on each fold, the first members first.

    A network over a single modality is left out if too few rows of a fold have it, or those that
    have it are of one class.

    Parameters
    ----------
    members : list of Member
        In the order in which they are fitted.
    samples : Samples
        To fit them on.
    folds : list of (ndarray, ndarray)
        Rows to train on, and rows to answer for.
    clock : Clock
        When time is up. Networks end with the epoch in which their share of the time is up. Members
        whose folds do not all fit into the time are left out; of the first, only folds are.
    begin : callable
        From `n_parts`, the number of members, to the `Task` that they are parts of.
    n_jobs : int, default=None
        Fits at a time.
    verbose : int, default=0
        Above 0, a line is printed for each member.

    Returns
    -------
    list of FittedMember
        At least one.
    """
    found, in_order = [], all(are_in_order(*fold) for fold in folds)
    members = [member for member in members if _can_learn(member, samples, folds)]
    task = begin(n_parts=len(members))
    for place, member in enumerate(members):
        part = task.part(member.name, len(folds))
        fits = _fit_folds(
            member, samples, folds, clock, len(members) - place, n_jobs, part, is_first=not found
        )
        if fits:
            found.append(_joined(member, fits, len(samples.y), in_order))
        if verbose:
            told = f"{found[-1].seconds:.1f} s" if fits else "more than the time that is left"
            print(f"{member.name}: {len(fits or folds)} folds in {told}", flush=True)
        if part.end() and found:
            break
    return found


def _can_learn(member, samples, folds) -> bool:
    """Tell whether all folds have rows enough of the modality of a network that reads only one."""
    if len(member.modalities) > 1:
        return True
    there = samples.view.rows_with(member.modalities)
    return all(_are_enough(rows[there[rows]], len(rows), samples) for rows, _ in folds)


def _are_enough(rows, n_rows, samples) -> bool:
    """Tell whether there is something to be learned from those rows that have a modality."""
    if len(rows) == n_rows:
        return True
    several = not samples.stratify or len(np.unique(samples.y[rows])) > 1
    return len(rows) >= _FEWEST and several


def _fit_folds(member, samples, folds, clock, n_members, n_jobs, task, is_first) -> list[tuple]:
    """Return (model, answers, seconds) of each fold; none where they do not fit into the time."""
    at_a_time = effective_n_jobs(n_jobs) if clock.runs else len(folds)
    n_rounds, share = ceil(len(folds) / at_a_time), max(clock.left, 0) / n_members
    start, fits, tasks = time.time(), [], task.parts(["fold"] * len(folds))
    for done in range(n_rounds):
        if not (is_first and done == 0) and clock.runs:
            spent = None if done == 0 else (time.time() - start) / done
            needed = _seconds_needed(member, samples, folds[0], clock.left, spent)
            if clock.left < needed * (n_rounds - done):
                return fits if is_first else []
        deadline = Deadline(start + share * (done + 1) / n_rounds) if clock.runs else None
        fits += Parallel(n_jobs=n_jobs)(
            delayed(_fit_fold)(member, samples, fold, deadline, part)
            for fold, part in islice(
                zip(folds, tasks, strict=True), done * at_a_time, (done + 1) * at_a_time
            )
        )
    return fits


def _seconds_needed(member, samples, fold, left, spent) -> float:
    """Return how long the next fold takes: a network, that can be stopped, takes what it gets."""
    if member.is_network or left < 0:
        return 0.0
    if spent is not None:
        return spent

    def seconds_of(share):
        start, some = time.time(), tuple(portion(rows, samples.y, share) for rows in fold)
        with suppress(ValueError):  # some rows may be too few for it; all rows will tell
            _fit_fold(member, samples, some, None)
        return time.time() - start

    return expected_seconds(seconds_of, left)


def _fit_fold(member, samples, fold, deadline, task=None):
    start, view = time.time(), samples.view
    training, validation = fold
    there = view.present[:, [view.names.index(name) for name in member.modalities]]
    rows = training[there[training].any(axis=1)]
    known = there[rows].any(axis=0)  # a rare modality may be absent from all rows of a fold
    member = member.only([name for name, one in zip(member.modalities, known, strict=True) if one])
    weight, groups = (
        None if part is None else part[rows] for part in (samples.sample_weight, samples.groups)
    )
    X, y = view.only(member.modalities, rows), samples.y[rows]
    with error_prefix(f"{samples.owner}: {member.described}"):
        with map_row_numbers(rows):
            estimator = member.fit(X, y, weight, groups, deadline, task)
        model = FoldModel(estimator, member.modalities)
        answers = _answers(model, samples, validation)
    return model, answers, time.time() - start


def _answers(model, samples, validation) -> dict[tuple, tuple]:
    """Return the rows and what is said of them, for each pattern of which the model knows some."""
    view, answers = samples.view, {}
    for pattern in samples.patterns:
        names, asked = model.reads(pattern), validation[view.rows_with(pattern)[validation]]
        if names and len(asked):
            with map_row_numbers(asked):
                found = samples.answer(model.estimator, view.only(names, asked))
            answers[pattern] = asked, found
    return answers


def _joined(member, fits, n_rows, in_order) -> FittedMember:
    """Bring the answers of all folds into one array a pattern."""
    joined = PatternDict()
    for _, answers, _ in fits:
        for pattern, (rows, found) in answers.items():
            if pattern not in joined:
                joined[pattern] = np.full((n_rows, *found.shape[1:]), np.nan)
            joined[pattern][rows] = found
    seconds = sum(took for *_, took in fits)
    # Of folds in order of time the earlier ones train on the oldest rows alone.
    models = [model for model, *_ in (fits[-1:] if in_order else fits)]
    return FittedMember(member, models, joined, seconds)
