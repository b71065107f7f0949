"""Fitted base models: one estimator a fold, and their out-of-fold predictions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from sklearn.base import BaseEstimator

from sklearn_crossmodal.uncertainty._modality_subsets import PatternDict
from sklearn_crossmodal.utils._row_numbers import map_row_numbers

__all__ = ["FittedBaseModel", "FoldModel"]


@dataclass(frozen=True)
class FoldModel:
    """The model of a fold, and the modalities of its training rows."""

    estimator: BaseEstimator
    modalities: tuple[str, ...]

    def known(self, subset: tuple) -> tuple[str, ...]:
        """Return those of some modalities that it was fitted on."""
        return tuple(name for name in self.modalities if name in subset)


@dataclass
class FittedBaseModel:
    """A base model fitted on each fold.

    Parameters
    ----------
    name : str
        In the leaderboard.
    modalities : tuple of str
        Those it uses.
    models : list of FoldModel
        One a fold; of folds in order of time that of the last one alone.
    predictions : PatternDict of ndarray of shape (n, ...)
        Out-of-fold predictions for each subset of modalities, of samples cut down to it; NaN for
        samples that lack one of them.
    seconds : float
        Sum over all fits.
    """

    name: str
    modalities: tuple[str, ...]
    models: list[FoldModel]
    predictions: PatternDict
    seconds: float

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the prediction for one sample."""
        return next(iter(self.predictions.values())).shape[1:]

    def supports(self, subset: tuple) -> bool:
        """Return whether any of its models was fitted on one of some modalities."""
        return any(model.known(subset) for model in self.models)

    def oof_predictions(self, view) -> np.ndarray:
        """Return the out-of-fold prediction of each sample of a `View` as it is, NaN for none."""
        found = np.full((len(view.present), *self.shape), np.nan)
        for subset, predictions in self.predictions.items():
            rows = view.has_only(subset)
            found[rows] = predictions[rows]
        return found

    def predict(self, view, subset: tuple, rows: np.ndarray, predict_with: Callable) -> np.ndarray:
        """Return the mean prediction, from a subset of modalities, of the models that know any."""
        with map_row_numbers(rows):
            predictions = [
                predict_with(model.estimator, view.only(names, rows))
                for model in self.models
                if (names := model.known(subset))
            ]
        return np.mean(predictions, axis=0)
