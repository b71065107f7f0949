"""Stacking: a meta-learner for each subset of modalities, chosen by cross-validation."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence

import numpy as np
from sklearn.base import clone

from sklearn_crossmodal.ensemble._fitting._base_models import CompanionModel
from sklearn_crossmodal.ensemble._fitting._fold_models import FittedBaseModel
from sklearn_crossmodal.ensemble._stacking._meta_learners import MetaLearner
from sklearn_crossmodal.exceptions import ModalityError
from sklearn_crossmodal.training import deal_folds
from sklearn_crossmodal.uncertainty._modality_subsets import PatternDict
from sklearn_crossmodal.utils._validation import warn_once

__all__ = ["SubsetStacking", "choose_meta_learner"]

#: Rows that a coefficient of a meta-learner needs that has some for each class.
_ROWS_PER_COEFFICIENT = 10
_N_FOLDS = 5
#: Base models with less are left out, so that they need not be kept, nor predict.
_LEAST_WEIGHT = 0.01


class SubsetStacking:
    """Meta-learners for the base models, one for each subset of modalities.

    Parameters
    ----------
    owner : str
        Name of the estimator, for messages.
    candidates : sequence of MetaLearner
        Of which each subset gets the best; the first is the mean.
    base_models : list of FittedBaseModel
        Whose predictions are combined.

    Attributes
    ----------
    used : list of int
        Places of the base models that are needed to predict.
    """

    def __init__(
        self, owner: str, candidates: Sequence[MetaLearner], base_models: list[FittedBaseModel]
    ) -> None:
        self._owner = owner
        self._candidates = candidates
        self._base_models = base_models
        self._chosen = PatternDict()
        self._groups: dict[str, list] = defaultdict(list)
        for one in base_models:
            if isinstance(one.model, CompanionModel):
                self._groups[one.model.kind].append(one.modalities)

    def fit(self, samples, losses, *, seed, clock) -> dict:
        """Choose a meta-learner for each subset of modalities, by out-of-fold predictions.

        Parameters
        ----------
        samples : Samples
            Those that the base models were fitted on.
        losses : callable
            (predictions, target) -> ndarray of shape (n,).
        seed : int
            Seed of the folds.
        clock : Clock
            The time limit: subsets that are left when it is reached get the mean.

        Returns
        -------
        dict of tuple of str to (ndarray, ndarray)
            For each subset, the rows for which all its base models have an out-of-fold prediction,
            and the predictions of the meta-learner when fitted on others.
        """
        crossed, weight, groups = {}, samples.sample_weight, samples.groups
        for subset in samples.subsets:
            rows, predictions, supporting = self._out_of_fold(samples.view, subset)
            if not len(rows):
                continue
            meta_learner, found = choose_meta_learner(
                self._candidates if clock.left > 0 else self._candidates[:1],
                predictions,
                samples.target[rows],
                losses,
                sample_weight=None if weight is None else weight[rows],
                groups=None if groups is None else groups[rows],
                stratify=samples.stratify,
                seed=seed,
            )
            part = samples.target[rows], None if weight is None else weight[rows]
            self._chosen[subset] = _without_unused(meta_learner, supporting, predictions, *part)
            crossed[subset] = rows, found
        if not crossed:
            raise ModalityError(
                f"{self._owner}: no fold was trained on modalities of the rows that it predicts: "
                "give a cv whose training rows have the modalities of the others."
            )
        self._shape, self.used = next(iter(crossed.values()))[1].shape[1:], self._find_used()
        return crossed

    def weights(self, subset: tuple) -> np.ndarray:
        """Return the weight of each base model in the predictions from a subset."""
        weights = np.zeros(len(self._base_models))
        meta_learner, supporting = self._for(subset)
        weights[supporting] = meta_learner.weights_
        return weights

    def _find_used(self) -> list[int]:
        """Return the places of the base models that are needed to predict from any subset."""
        places = {place for _, supporting in self._chosen.values() for place in supporting}
        names = {name for one in self._base_models for name in one.modalities}
        for name in sorted(names):  # that of few rows may have no meta-learner
            knowing = [k for k, one in enumerate(self._base_models) if one.supports((name,))]
            if not places & set(knowing):
                places.update(knowing[:1])
        return sorted(places)

    def keep(self, base_models: list[FittedBaseModel]) -> None:
        """Predict by these from now on: what was fitted again of the base models in `used`."""
        places = {place: k for k, place in enumerate(self.used)}
        for subset, (meta_learner, supporting) in list(self._chosen.items()):
            self._chosen[subset] = meta_learner, [places[place] for place in supporting]
        self._base_models = base_models

    def oof_predictions(self, view, crossed: dict) -> np.ndarray:
        """Return what `fit` returned, for each sample of its `View` as it is; NaN for none."""
        found = np.full((len(view.present), *self._shape), np.nan)
        for subset, (rows, predictions) in crossed.items():
            exact = view.has_only(subset)[rows]
            found[rows[exact]] = predictions[exact]
        return found

    def predict(self, view, predict_with: Callable) -> np.ndarray:
        """Return the combined predictions for the samples of a `View`, by what each of them has."""
        found = None
        for subset in view.subsets():
            rows = np.flatnonzero(view.has_only(subset))
            with warn_once():
                part = self._predict_subset(view, subset, rows, predict_with)
            if found is None:
                found = np.empty((len(view.present), *part.shape[1:]))
            found[rows] = part
        return found

    def _predict_subset(self, view, subset, rows, predict_with):
        meta_learner, supporting = self._for(subset)
        base_models = [self._base_models[place] for place in supporting]
        predictions = [one.predict(view, subset, rows, predict_with) for one in base_models]
        return meta_learner.combine(np.stack(predictions, axis=1))

    def _out_of_fold(self, view, subset):
        """Return rows for which all base models that serve a subset have a prediction, and these.

        The third part are the places of these base models.
        """
        supporting = [
            place
            for place, one in enumerate(self._base_models)
            if subset in one.predictions and one.model.serves(subset, self._groups)
        ]
        if not supporting:  # no fold was trained on its modalities and predicts rows that have them
            return [], [], []
        rows = np.flatnonzero(view.has_all(subset))
        predictions = np.stack(
            [self._base_models[place].predictions[subset][rows] for place in supporting], axis=1
        )
        known = ~np.isnan(predictions).reshape(len(rows), -1).any(axis=1)
        return rows[known], predictions[known], supporting

    def _for(self, subset):
        """Return the meta-learner of a subset, by default the mean, and its base models."""
        if subset in self._chosen:
            return self._chosen[subset]
        supporting = [place for place, one in enumerate(self._base_models) if one.supports(subset)]
        serving = [
            place
            for place in supporting
            if self._base_models[place].model.serves(subset, self._groups)
        ]
        supporting = serving or supporting
        if not supporting:
            raise ModalityError(
                f"{self._owner}: no fold was trained on samples that have any of the modalities "
                f"{list(subset)}: give a cv whose training rows have them."
            )
        blank = np.zeros((1, len(supporting), *self._shape))
        return clone(self._candidates[0]).fit(blank, None), supporting


def _without_unused(meta_learner, supporting, predictions, y, weight) -> tuple:
    """Return a meta-learner of the base models that have a weight in it, and their places."""
    kept = np.asarray(meta_learner.weights_) >= _LEAST_WEIGHT
    if kept.all() or not kept.any():
        return meta_learner, supporting
    fitted = clone(meta_learner).fit(predictions[:, kept], y, weight)
    return fitted, [place for place, one in zip(supporting, kept, strict=True) if one]


def choose_meta_learner(
    candidates: Sequence[MetaLearner],
    predictions: np.ndarray,
    y: np.ndarray,
    losses: Callable[[np.ndarray, np.ndarray], np.ndarray],
    *,
    sample_weight: np.ndarray | None,
    stratify: bool,
    seed: int,
    groups: np.ndarray | None = None,
) -> tuple[MetaLearner, np.ndarray]:
    """Return the meta-learner with the least loss in cross-validation, and its predictions there.

    Parameters
    ----------
    candidates : sequence of MetaLearner
        The first is the mean, which is taken where rows are too few for folds.
    predictions : ndarray of shape (n, n_models, ...)
        Out-of-fold predictions of the base models.
    y : ndarray of shape (n, ...)
        The target; codes of classes.
    losses : callable
        (predictions, y) -> ndarray of shape (n,).
    sample_weight : ndarray of shape (n,) or None
        Weights of the samples.
    stratify : bool
        Whether y are classes.
    seed : int
        Seed of the folds.
    groups : ndarray of shape (n,), default=None
        Rows of a group are in one fold.

    Returns
    -------
    meta_learner : MetaLearner
        Fitted on all rows.
    predictions : ndarray of shape (n, ...)
        Of rows that it was not fitted on.
    """
    folds = deal_folds(_N_FOLDS, y, groups, stratify=stratify, seed=seed)
    tried = _worth_trying(candidates, predictions, y, folds)
    found = [_cross_predicted(one, predictions, y, sample_weight, folds) for one in tried]
    means = [np.average(losses(one, y), weights=sample_weight) for one in found]
    best = int(np.argmin(means))
    return clone(tried[best]).fit(predictions, y, sample_weight), found[best]


def _worth_trying(candidates, predictions, y, folds) -> list:
    """Return the candidates for which there are enough rows, and classes in every fold."""
    if not folds:
        return list(candidates[:1])
    enough = len(y) >= _ROWS_PER_COEFFICIENT * int(np.prod(predictions.shape[1:]))
    if enough and all(len(np.unique(y[training])) > 1 for training, _ in folds):
        return list(candidates)
    return [one for one in candidates if not one.per_class]


def _cross_predicted(candidate, predictions, y, sample_weight, folds) -> np.ndarray:
    """Return combined predictions by meta-learners fitted on other rows; by the mean, on all."""
    if not folds:
        return clone(candidate).fit(predictions, y, sample_weight).combine(predictions)
    found = np.empty((len(y), *predictions.shape[2:]))
    for training, validation in folds:
        weight = None if sample_weight is None else sample_weight[training]
        fitted = clone(candidate).fit(predictions[training], y[training], weight)
        found[validation] = fitted.combine(predictions[validation])
    return found
