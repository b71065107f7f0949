"""Samples: what base models and meta-learners are fitted on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from sklearn_crossmodal.ensemble._fitting._modality_view import View

__all__ = ["Samples", "can_learn", "check_classes"]

#: Rows that a model of few modalities needs in each fold, unless all rows have them.
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


def check_classes(samples: Samples, folds: list[tuple]) -> None:
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


def can_learn(model, samples: Samples, folds: list[tuple]) -> bool:
    """Return whether all folds have enough rows of the modalities of a model."""
    if len(model.modalities) == len(samples.view.names) > 1:
        return True
    columns = [samples.view.names.index(name) for name in model.modalities]
    there = samples.view.present[:, columns].any(axis=1)
    return all(_are_enough(rows[there[rows]], len(rows), samples) for rows, _ in folds)


def _are_enough(rows, n_rows, samples) -> bool:
    """Return whether those training rows that have a modality are enough to learn from."""
    if len(rows) == n_rows:
        return True
    several = not samples.stratify or len(np.unique(samples.y[rows])) > 1
    return len(rows) >= _MIN_ROWS and several
