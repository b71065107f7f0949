"""Estimators for the candidates and folds of a search, trained together ahead of it."""

from __future__ import annotations

import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import wraps
from itertools import chain, islice

import numpy as np
from joblib import effective_n_jobs
from sklearn.base import BaseEstimator, clone
from sklearn.utils.parallel import Parallel, delayed

from sklearn_crossmodal.estimators._base import BaseCrossmodal
from sklearn_crossmodal.estimators._fitting._fit_data import SharedReading
from sklearn_crossmodal.training import raise_interrupt, stack_key, train_together
from sklearn_crossmodal.utils._cloning import clone_with_callbacks
from sklearn_crossmodal.utils._sklearn import _check_method_params, _safe_split

__all__ = ["Outcome", "Search", "handing", "why_not"]

#: Weights of a network beyond which it is trained only when the search asks for it, so that not
#: those of all candidates are in memory.
LARGE = 2**22


@dataclass
class Outcome:
    """What came of a fit.

    Parameters
    ----------
    estimator : BaseCrossmodal or None
        Fitted; None leaves the fit to be done by the estimator itself.
    error : Exception or None
        What the fit raised.
    seconds : float
        Its share of the time.
    """

    estimator: BaseCrossmodal | None = None
    error: Exception | None = None
    seconds: float = 0.0


@dataclass
class Search:
    """What a search fits: one estimator, with the parameters of each candidate, on each split.

    Parameters
    ----------
    estimator : BaseCrossmodal
        Not fitted.
    X, y : object
        All samples.
    fit_params : dict
        Arguments of `fit`, for all samples: none but sample_weight and groups.
    splits : list of (training rows, test rows)
        Those of the cross-validation.
    n_jobs : int or None
        How many processes share the work.
    verbose : int
        Above 0 it is printed what is not trained together.
    """

    estimator: BaseCrossmodal
    X: object
    y: object
    fit_params: dict
    splits: Sequence[tuple[np.ndarray, np.ndarray]]
    n_jobs: int | None
    verbose: int

    def train(self, candidates: Sequence[dict]) -> list[Outcome]:
        """Fit all candidates on all splits.

        Parameters
        ----------
        candidates : sequence of dict
            Parameters of the estimator.

        Returns
        -------
        list of Outcome
            Candidate by candidate, split by split.
        """
        # Split by split, since those that train on the same rows share most.
        tasks = [(c, s) for s in range(len(self.splits)) for c in range(len(candidates))]
        n_jobs = min(effective_n_jobs(self.n_jobs), max(len(tasks), 1))
        parts = [part.tolist() for part in np.array_split(np.arange(len(tasks)), n_jobs)]
        work = (
            delayed(_fit_some)(
                self.estimator,
                self.X,
                self.y,
                self.fit_params,
                [(candidates[c], s, self.splits[s][0]) for c, s in (tasks[i] for i in part)],
                self.verbose,
            )
            for part in parts
        )
        found = chain.from_iterable(Parallel(n_jobs=n_jobs)(work))
        outcomes = dict(zip(tasks, found, strict=True))
        return [outcomes[task] for task in sorted(outcomes)]


def _fit_some(estimator, X, y, fit_params, tasks, verbose) -> list[Outcome]:
    """Fit an estimator for each task (parameters, split, training rows)."""
    readings: dict[int, SharedReading] = {}
    outcomes, prepared = [], []
    for params, split, rows in tasks:
        start = time.perf_counter()
        outcome, trainings = Outcome(), []
        if split not in readings:
            given = _check_method_params(X, params=fit_params, indices=rows)
            readings[split] = SharedReading(*_safe_split(estimator, X, y, rows), **given, rows=rows)
        try:
            fitted = clone_with_callbacks(estimator).set_params(**clone(params, safe=False))
            trainings = readings[split].prepare(fitted)
        except (ValueError, TypeError) as error:
            outcome.error = error  # it names rows of X, which the search would count by the split
        except Exception:
            # Of any kind, as `error_score` promises: the search fits this candidate by itself, so
            # that the error is raised again where scikit-learn handles and reports it.
            trainings = []
        if trainings and not _is_large(trainings[0]):
            outcome.estimator = fitted
            outcome.seconds = time.perf_counter() - start
            prepared.append((outcome, trainings))
        outcomes.append(outcome)
    _train(prepared, verbose)
    return outcomes


def _is_large(training) -> bool:
    n_weights = sum(weight.numel() for weight in training.net.module_.parameters())
    return n_weights > LARGE and isinstance(stack_key(training), str)


def _train(prepared: list[tuple], verbose: int) -> None:
    start = time.perf_counter()
    trainings = [one for _, some in prepared for one in some]
    errors = iter(train_together(trainings, verbose))
    raise_interrupt(trainings)
    seconds = (time.perf_counter() - start) / max(len(prepared), 1)
    for outcome, trainings in prepared:
        outcome.seconds += seconds
        failed = [error for error in islice(errors, len(trainings)) if error is not None]
        outcome.error = failed[0] if failed else _finished(outcome.estimator, trainings)


def _finished(estimator, trainings) -> Exception | None:
    """Let an estimator note what its trainings tell; return what that raised."""
    try:
        estimator._finish(trainings)
    except Exception as error:
        return error
    return None


def why_not(estimator, fit_params: Collection[str]) -> str | None:
    """Return why the fits of an estimator cannot be done together, None if they can.

    Parameters
    ----------
    estimator : object
        Of a search.
    fit_params : collection of str
        Names of what its `fit` is given besides X and y.

    Returns
    -------
    str or None
    """
    name = type(estimator).__name__
    if not isinstance(estimator, BaseCrossmodal):
        return f"{name} is no estimator of sklearn_crossmodal"
    if not type(estimator).fit.__module__.startswith("sklearn_crossmodal.estimators."):
        return f"{name} has a `fit` of its own"
    if hasattr(estimator, "_skl_callbacks"):
        return f"{name} has callbacks of scikit-learn"
    if others := sorted(set(fit_params) - {"sample_weight"}):
        return f"`fit` is given {others}"
    return None


def handing(estimator: BaseEstimator, outcomes: list[Outcome]) -> BaseEstimator:
    """Return a clone whose clones, when fitted, become what was fitted before, in this order.

    Parameters
    ----------
    estimator : BaseEstimator
        What a search clones for each fit.
    outcomes : list of Outcome
        They are taken out. Where there is none, the clone is fitted as ever.

    Returns
    -------
    BaseEstimator
        Of a class of its own; its clones are of that of `estimator` once they are fitted.
    """
    kind = type(estimator)

    @wraps(kind.fit)
    def fit(self, X, *args, **kwargs):
        outcome = outcomes.pop(0) if outcomes else Outcome()
        self.__class__ = kind
        if outcome.error is not None:
            raise outcome.error
        if outcome.estimator is None:
            return self.fit(X, *args, **kwargs)
        vars(self).update(vars(outcome.estimator))
        outcome.estimator = None
        return self

    methods = {"fit": fit, "__sklearn_clone__": clone_with_callbacks}
    handed = type(kind.__name__, (kind,), {**methods, "__module__": kind.__module__})
    made = clone_with_callbacks(estimator)
    made.__class__ = handed
    return made
