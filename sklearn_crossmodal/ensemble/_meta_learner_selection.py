"""Which combiner predicts best of rows that it was not fitted on."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from sklearn.base import BaseEstimator, clone

from sklearn_crossmodal.ensemble._meta_learners import StackedLogistic
from sklearn_crossmodal.training import deal_folds

__all__ = ["choose_combiner"]

#: Rows that a coefficient of a combiner needs: below, the mean is taken.
_ROWS_A_COEFFICIENT = 10
_N_FOLDS = 5


def choose_combiner(
    candidates: Sequence[BaseEstimator],
    answers: np.ndarray,
    y: np.ndarray,
    losses: Callable[[np.ndarray, np.ndarray], np.ndarray],
    *,
    sample_weight: np.ndarray | None,
    stratify: bool,
    seed: int,
    groups: np.ndarray | None = None,
) -> tuple[BaseEstimator, np.ndarray]:
    """Return the fitted combiner that predicts best by cross-validation, and what it says there.

    Parameters
    ----------
    candidates : sequence of combiners
        The first is the mean, which is taken where rows are too few for the others.
    answers : ndarray of shape (n, n_members, ...)
        What the members say out of fold.
    y : ndarray of shape (n, ...)
        The target; codes of classes.
    losses : callable
        (predictions, y) -> ndarray of shape (n,), less is better.
    sample_weight : ndarray of shape (n,) or None
        Weights of the samples.
    stratify : bool
        Whether y are classes.
    seed : int
        Of the folds.
    groups : ndarray of shape (n,), default=None
        Rows of a group are in one fold.

    Returns
    -------
    combiner : object
        Fitted on all rows.
    predictions : ndarray of shape (n, ...)
        Of rows that it was not fitted on.
    """
    folds = deal_folds(_N_FOLDS, y, groups, stratify=stratify, seed=seed)
    tried = _worth_trying(candidates, answers, y, folds)
    found = []
    for candidate in tried:
        predictions = _crossed(candidate, answers, y, sample_weight, folds)
        found.append((np.average(losses(predictions, y), weights=sample_weight), predictions))
    best = int(np.argmin([loss for loss, _ in found]))
    return clone(tried[best]).fit(answers, y, sample_weight), found[best][1]


def _worth_trying(candidates, answers, y, folds) -> list:
    """Return the candidates that the rows are enough for, and that can be tried on others."""
    n_coefficients = int(np.prod(answers.shape[1:]))
    if len(y) < _ROWS_A_COEFFICIENT * answers.shape[1] or not folds:
        return list(candidates[:1])
    if len(y) >= _ROWS_A_COEFFICIENT * n_coefficients and _tell_classes_apart(y, folds):
        return list(candidates)
    return [one for one in candidates if not isinstance(one, StackedLogistic)]


def _tell_classes_apart(y, folds) -> bool:
    """Tell whether there are two classes in every fold; a modality may occur with one alone."""
    return all(len(np.unique(y[training])) > 1 for training, _ in folds)


def _crossed(candidate, answers, y, sample_weight, folds):
    """Return predictions of each row by a combiner fitted on others; the mean needs no others."""
    if not folds:
        return clone(candidate).fit(answers, y, sample_weight).combine(answers)
    predictions = np.empty((len(y), *answers.shape[2:]))
    for training, validation in folds:
        weight = None if sample_weight is None else sample_weight[training]
        one = clone(candidate).fit(answers[training], y[training], weight)
        predictions[validation] = one.combine(answers[validation])
    return predictions
