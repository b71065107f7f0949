"""Batched training of the candidates and folds of a search."""

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

from sklearn_crossmodal.estimators._base import BaseMultimodal
from sklearn_crossmodal.estimators._fitting._fit_data import SharedReading
from sklearn_crossmodal.training import raise_interrupt, stack_key, train_each
from sklearn_crossmodal.utils._cloning import clone_with_callbacks
from sklearn_crossmodal.utils._sklearn import _check_method_params, _safe_split

__all__ = ["Outcome", "Search", "reason_not_batched", "with_prefitted_clones"]

#: Number of weights above which a network is not trained in advance, so that the networks of all
#: candidates are not in memory at once.
LARGE = 2**22


@dataclass
class Outcome:
    """The result of a fit.

    Parameters
    ----------
    estimator : BaseMultimodal or None
        Fitted; None if the estimator is to be fitted by itself.
    error : Exception or None
        The exception that the fit raised.
    seconds : float
        The time of the fit.
    """

    estimator: BaseMultimodal | None = None
    error: Exception | None = None
    seconds: float = 0.0


@dataclass
class Search:
    """The fits of a search: an estimator with the parameters of each candidate, on each split.

    Parameters
    ----------
    estimator : BaseMultimodal
        Not fitted.
    X, y : object
        All samples.
    fit_params : dict
        Arguments of `fit`, for all samples: sample_weight and groups only.
    splits : list of (training rows, test rows)
        The splits of the cross-validation.
    n_jobs : int or None
        Number of processes.
    verbose : int
        Above 0, print which networks are not trained in a batch.
    """

    estimator: BaseMultimodal
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
            Ordered by candidate, then split.
        """
        # Ordered by split: fits on the same rows share the preprocessed data.
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
            params_of_rows = _check_method_params(X, params=fit_params, indices=rows)
            data = _safe_split(estimator, X, y, rows)
            readings[split] = SharedReading(*data, **params_of_rows, rows=rows)
        try:
            fitted = clone_with_callbacks(estimator).set_params(**clone(params, safe=False))
            trainings = readings[split].prepare(fitted)
        except (ValueError, TypeError) as error:
            outcome.error = error  # it names row numbers of X, not of the split
        except Exception:
            # Any other exception: the search fits this candidate by itself, so that the exception
            # is raised again where scikit-learn handles it according to `error_score`.
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
    errors = iter(train_each(trainings, verbose))
    raise_interrupt(trainings)
    seconds = (time.perf_counter() - start) / max(len(prepared), 1)
    for outcome, trainings in prepared:
        outcome.seconds += seconds
        failed = [error for error in islice(errors, len(trainings)) if error is not None]
        outcome.error = failed[0] if failed else _finish(outcome.estimator, trainings)


def _finish(estimator, trainings) -> Exception | None:
    """Set the fitted attributes of an estimator from its trainings; return an exception of it."""
    try:
        estimator._finish(trainings)
    except Exception as error:
        return error
    return None


def reason_not_batched(estimator, fit_params: Collection[str]) -> str | None:
    """Return why an estimator does not support batched training, None if it does.

    Parameters
    ----------
    estimator : object
        The estimator of a search.
    fit_params : collection of str
        Names of the arguments of its `fit` besides X and y.

    Returns
    -------
    str or None
    """
    name = type(estimator).__name__
    if not isinstance(estimator, BaseMultimodal):
        return f"{name} is not an estimator of sklearn_crossmodal"
    if not type(estimator).fit.__module__.startswith("sklearn_crossmodal.estimators."):
        return f"{name} overrides `fit`"
    if hasattr(estimator, "_skl_callbacks"):
        return f"{name} has callbacks of scikit-learn"
    if unsupported := sorted(set(fit_params) - {"sample_weight"}):
        return f"`fit` is called with {unsupported}"
    return None


def with_prefitted_clones(estimator: BaseEstimator, outcomes: list[Outcome]) -> BaseEstimator:
    """Return a clone whose clones take the next prefitted estimator when they are fitted.

    Parameters
    ----------
    estimator : BaseEstimator
        The estimator that a search clones for each fit.
    outcomes : list of Outcome
        A queue of prefitted estimators. If it is empty, the clone is fitted as usual.

    Returns
    -------
    BaseEstimator
        An instance of a subclass; its clones are of the class of `estimator` after `fit`.
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
    subclass = type(kind.__name__, (kind,), {**methods, "__module__": kind.__module__})
    cloned = clone_with_callbacks(estimator)
    cloned.__class__ = subclass
    return cloned
