"""Fitted base models: one estimator a fold or one of all rows, and out-of-fold predictions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from sklearn.base import BaseEstimator

from sklearn_crossmodal.ensemble._fitting._base_models import CompanionModel, NetworkModel
from sklearn_crossmodal.ensemble._fitting._features import DenseReducer, Features
from sklearn_crossmodal.ensemble._fitting._thread_limits import limited_threads
from sklearn_crossmodal.uncertainty._modality_subsets import PatternDict
from sklearn_crossmodal.utils._row_numbers import map_row_numbers

__all__ = ["CompanionFit", "FittedBaseModel", "FoldModel"]


@dataclass(frozen=True)
class FoldModel:
    """A network that was fitted on some rows, and the modalities that these have.

    Parameters
    ----------
    estimator : BaseEstimator
        Fitted; it takes a `MultiModalFrame`.
    modalities : tuple of str
        Those of its training rows.
    """

    estimator: BaseEstimator
    modalities: tuple[str, ...]

    def known(self, subset: tuple) -> tuple[str, ...]:
        """Return those of some modalities that it was fitted on."""
        return tuple(name for name in self.modalities if name in subset)

    def predict(self, view, subset: tuple, rows: np.ndarray, predict_with: Callable) -> np.ndarray:
        """Return predictions for some rows of a `View`, from a subset of their modalities."""
        with map_row_numbers(rows):
            return predict_with(self.estimator, view.only(self.known(subset), rows))


@dataclass(frozen=True)
class CompanionFit(FoldModel):
    """A companion that was fitted on the features of some rows.

    Parameters
    ----------
    features : Features
        Which other companions share.
    scales : dict of str to float
        Factor of the features of each of its modalities.
    reducer : DenseReducer or None
        What the table goes through.
    """

    features: Features
    scales: dict[str, float]
    reducer: DenseReducer | None

    def predict(self, view, subset: tuple, rows: np.ndarray, predict_with: Callable) -> np.ndarray:
        """Return predictions for some rows of a `View`, from a subset of their modalities."""
        table = view.features(self.features, rows)
        return self.predict_from(table, subset, predict_with)

    def predict_from(self, table, subset: tuple, predict_with: Callable) -> np.ndarray:
        """Return predictions from a `FeatureTable`."""
        X = table.side_by_side(self.scales, subset)
        X = X if self.reducer is None else self.reducer.transform(X)
        with limited_threads(X.shape[0]):
            return predict_with(self.estimator, X)


@dataclass
class FittedBaseModel:
    """A base model fitted on each fold.

    Parameters
    ----------
    model : NetworkModel or CompanionModel
        What was fitted.
    models : list of FoldModel
        One a fold; of folds in order of time that of the last one alone. A companion is fitted on
        all rows in the end, and that takes their place.
    predictions : PatternDict of ndarray of shape (n, ...)
        Out-of-fold predictions for each subset of modalities, of samples cut down to it; NaN for
        samples that lack one of them.
    seconds : float
        Sum over all fits.
    n_fits : int
        How many folds it was fitted on: with a time limit maybe not all.
    """

    model: NetworkModel | CompanionModel
    models: list[FoldModel]
    predictions: PatternDict
    seconds: float
    n_fits: int

    @property
    def name(self) -> str:
        """Its name in the leaderboard."""
        return self.model.name

    @property
    def modalities(self) -> tuple[str, ...]:
        """The modalities that it uses."""
        return self.model.modalities

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
        predictions = [
            model.predict(view, subset, rows, predict_with)
            for model in self.models
            if model.known(subset)
        ]
        return np.mean(predictions, axis=0)
