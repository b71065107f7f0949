"""What the two automatic fusions share: base models, folds, meta-learners, leaderboard."""

from __future__ import annotations

from abc import abstractmethod
from numbers import Integral, Real

import numpy as np
from sklearn.callback import CallbackSupportMixin
from sklearn.utils.validation import check_is_fitted

from sklearn_crossmodal.ensemble._fitting._base_models import (
    cheapest_first,
    check_names,
    check_network,
    make_base_models,
    named_companions,
    sides_of,
)
from sklearn_crossmodal.ensemble._fitting._companion_fitting import CompanionFitting
from sklearn_crossmodal.ensemble._fitting._cross_fitting import CrossFit
from sklearn_crossmodal.ensemble._fitting._expected_time import (
    embedding_seconds,
    expected_seconds_of,
)
from sklearn_crossmodal.ensemble._fitting._modality_view import View
from sklearn_crossmodal.ensemble._fitting._samples import Samples, can_learn, check_classes
from sklearn_crossmodal.ensemble._fitting._time_budget import Clock
from sklearn_crossmodal.ensemble._fusion_gain import fusion_gain
from sklearn_crossmodal.ensemble._leaderboard import leaderboard
from sklearn_crossmodal.ensemble._stacking._subset_stacking import SubsetStacking
from sklearn_crossmodal.ensemble.companions import CompanionSpec
from sklearn_crossmodal.ensemble.companions._checks import check_companions
from sklearn_crossmodal.estimators._fitting._callback_context import begin_fit, end_fit
from sklearn_crossmodal.estimators._fitting._input_validation import check_weight, check_X
from sklearn_crossmodal.estimators._fitting._validation_split import check_groups
from sklearn_crossmodal.estimators._parameters import ModalityParams
from sklearn_crossmodal.training._data._cv_folds import cv_folds
from sklearn_crossmodal.uncertainty._conformal import Calibration, check_confidence
from sklearn_crossmodal.utils._cache import SHARED
from sklearn_crossmodal.utils._progress import progress_bar
from sklearn_crossmodal.utils._sklearn import HasMethods, Interval, StrOptions, _fit_context
from sklearn_crossmodal.utils._validation import (
    draw_seed,
    error_prefix,
    restored_on_error,
    warn,
    warn_once,
)

__all__ = ["BaseAutoFusion"]

#: Share of the time limit for base models; the rest is for their combination.
_SHARE_OF_BASE_MODELS = 0.8


class BaseAutoFusion(CallbackSupportMixin, ModalityParams):
    """Base of the automatic fusions.

    A subclass has the class attributes `_stratifies` (whether y are classes), `_network_type`,
    `_response_method` (of companions), `_candidates` (meta-learners, the mean first), `_losses`.
    """

    #: Groups that a search is given are for its own folds, unless they are requested here.
    __metadata_request__fit = {"groups": False}

    _parameter_constraints = {
        "modalities": [list, dict, None],
        "estimator": [HasMethods(["fit", "predict"]), None],
        "companions": [StrOptions({"auto"}), list, dict, None],
        "cv": [StrOptions({"auto"}), "cv_object"],
        "time_limit": [Interval(Real, 0, None, closed="neither"), None],
        "n_jobs": [Integral, None],
        "random_state": ["random_state"],
        "verbose": ["verbose"],
    }

    def __init__(
        self,
        modalities=None,
        *,
        estimator=None,
        companions="auto",
        cv="auto",
        time_limit=None,
        n_jobs=None,
        random_state=None,
        verbose=0,
    ):
        self.modalities = modalities
        self.estimator = estimator
        self.companions = companions
        self.cv = cv
        self.time_limit = time_limit
        self.n_jobs = n_jobs
        self.random_state = random_state
        self.verbose = verbose

    @_fit_context(prefer_skip_nested_validation=False)
    def fit(self, X, y, sample_weight=None, groups=None):
        """Cross-fit the base models, and choose how their predictions are combined.

        Parameters
        ----------
        X : {MultiModalFrame, dataframe, mapping, array-like} of shape (n_samples, n_features)
            The samples; a modality may be absent. scikit-learn's searches and splits need
            ``MultiModalFrame(X)`` in place of a plain dict, whose rows they cannot count.
        y : array-like of shape (n_samples,)
            The target.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the samples; those of weight zero are left out. They are passed to the
            networks and to the companions that take them; with metadata routing not to those with
            ``set_fit_request(sample_weight=False)``, and to meta-estimators as they route them.
        groups : array-like of shape (n_samples,), default=None
            Samples of one group are in one fold. With metadata routing, a search or a pipeline
            passes them on after ``set_fit_request(groups=True)``.

        Returns
        -------
        object
            The estimator itself.

        Raises
        ------
        ValueError
            If X, y, the weights or a parameter are not what they must be.
        """
        # Frozen encoders embed each row once, not once for each base model and fold.
        with restored_on_error(self), warn_once(), SHARED.open():
            self._fit(X, y, sample_weight, groups)
            end_fit(self, X, y, sample_weight)
        return self

    def _fit(self, X, y, sample_weight, groups):
        clock = Clock(self.time_limit)
        samples, entries = self._validate(X, y, sample_weight, groups)
        seed = draw_seed(self.random_state)
        folds = self._folds(samples, seed)
        network, companions = self._network(), self._companions(samples, seed)
        check_names(samples.owner, companions)
        base_models = self._models_to_fit(network, companions, samples, entries, folds, seed)
        limit = clock.for_share(_SHARE_OF_BASE_MODELS)
        memory, embedding = network.get_params(deep=False).get("memory"), {}
        fitting = CompanionFitting(
            samples,
            folds,
            entries,
            n_jobs=self.n_jobs,
            memory=memory,
            random_state=seed,
        )
        if clock.runs:
            embedding = embedding_seconds(samples, entries, memory=memory)
            base_models = cheapest_first(base_models, entries, embedding)
        n_rounds = 2 if clock.runs else 1
        task = begin_fit(self, X, y, sample_weight, n_parts=n_rounds * len(base_models))
        cross_fit = CrossFit(
            samples, folds, fitting, limit, n_jobs=self.n_jobs, embedding=embedding
        )
        n_fits = len(base_models) * len(folds)
        if self.verbose and not clock.runs:  # which a limit would have to pay for
            seconds = expected_seconds_of(base_models, samples, folds, fitting)
            print(
                f"{samples.owner}: {len(base_models)} base models on {len(folds)} folds, which "
                f"take about {seconds:.0f} s.",
                flush=True,
            )
        with progress_bar(n_fits, samples.owner, self.verbose, unit="fold") as bar:
            cross_fit.run(base_models, task, bar)
        self._warn_of(cross_fit.left_out)
        stacking = SubsetStacking(samples.owner, self._candidates, cross_fit.fitted)
        crossed = stacking.fit(samples, self._losses, seed=seed, clock=clock)
        self._calibration = self._calibrate(samples, crossed)
        self._report(samples, crossed, cross_fit.fitted, stacking)
        self._base_models = fitting.refit([cross_fit.fitted[k] for k in stacking.used], clock)
        stacking.keep(self._base_models)
        self._stacking = stacking

    def _warn_of(self, names):
        """Warn of what was not fitted for lack of time."""
        if names and self.time_limit is not None:  # else a callback ended the fit
            warn(
                f"{type(self).__name__}: within time_limit={self.time_limit} there was no time to "
                f"fit {names}: they have no part in predictions, leaderboard_ and fusion_gain_."
            )

    def _validate(self, X, y, sample_weight, groups):
        """Bind the modalities and learn the target; return the samples and the modalities."""
        owner, table = type(self).__name__, check_X(self, X, reset=True)
        y, weight = self._check_y(table, y), check_weight(self, sample_weight, table)
        groups = check_groups(self, groups, table)
        self._bank = self._bind_modalities(X, table)
        counted = np.arange(len(y)) if weight is None else np.flatnonzero(weight)
        if len(counted) < 2:
            raise ValueError(f"{owner}: folds need two samples at least, got n_samples=1.")
        self._bank.warn_of_texts(table)
        view = View.of_training_samples(owner, self._bank, table, counted)
        y, target = self._fit_target(y, counted)
        samples = Samples(
            owner,
            view,
            y,
            target,
            weight,
            groups,
            subsets=view.subsets_to_stack(self._sides(view)),
            predict_with=self._predict_with,
            stratify=self._stratifies,
        )
        return samples, view.entries(self._bank)

    def _network(self):
        """Return the network, unfitted, that is given or the default."""
        default = self._network_type(n_folds=None)
        return check_network(type(self).__name__, self.estimator, default)

    def _companions(self, samples, seed):
        """Return what the parameter stands for."""
        owner, companions = samples.owner, self.companions or {}
        if isinstance(companions, dict):
            return check_companions(owner, companions, self._response_method)
        n_outputs = 1 if samples.target.ndim == 1 else samples.target.shape[1]
        spec = CompanionSpec(len(samples.counted), n_outputs, seed)
        with error_prefix(owner):
            return named_companions(companions, self._build_companion, spec)

    def _models_to_fit(self, network, companions, samples, entries, folds, seed):
        """Return the base models for which there are enough rows in all folds."""
        if companions and samples.stratify:
            check_classes(samples, folds)
        models = make_base_models(
            network,
            companions,
            entries,
            self._sides(samples.view),
            class_order=self._class_order,
            random_state=seed,
        )
        return [one for one in models if can_learn(one, samples, folds)]

    def _sides(self, view):
        """Return the modalities by side, of which each counts as one in `fusion_gain_`."""
        entries = [entry for entry in self._bank.modalities if entry[0] in view.names]
        return sides_of(entries, self.modalities is None)

    def _folds(self, samples, seed):
        owner, y, counted, groups = samples.owner, samples.y, samples.counted, samples.groups
        with error_prefix(owner):
            return cv_folds(
                owner, self.cv, y, counted, groups, stratify=self._stratifies, seed=seed
            )

    def _calibrate(self, samples, crossed):
        """Return the calibration of sets and intervals, for each subset of modalities."""
        view, target, weight = samples.view, samples.target, samples.sample_weight
        scores, exact, weights = {}, {}, {}
        for subset, (rows, predictions) in crossed.items():
            scores[subset] = self._nonconformity(self._clip(predictions), target[rows])
            exact[subset] = view.has_only(subset)[rows]
            weights[subset] = np.ones(len(rows)) if weight is None else weight[rows]
        return Calibration(scores, exact, weights)

    def _report(self, samples, crossed, base_models, stacking):
        """Set the attributes about base models and their combination."""
        view, target, weight = samples.view, samples.target, samples.sample_weight
        weight = np.ones(len(target)) if weight is None else weight
        fused = self._clip(stacking.oof_predictions(view, crossed))
        oof = [one.oof_predictions(view) for one in base_models]
        scores = [self._sample_scores(one, target, weight) for one in [*oof, fused]]
        shares = stacking.weights(view.names)
        self.leaderboard_ = leaderboard(base_models, scores, shares, weight, samples.groups)
        sides = self._sides(view)
        complete = view.has_all(view.names)
        by_subset = {
            subset: self._scores_of(crossed[subset], complete, target, weight) for subset in crossed
        }
        self.fusion_gain_ = fusion_gain(by_subset, sides, weight, self._score_name, samples.groups)
        self.oof_predictions_ = self._in_units(fused)

    def _scores_of(self, crossed, complete, target, weight):
        """Return the scores of the complete samples by the combination for a subset, else NaN."""
        rows, predictions = crossed
        found = np.full((len(target), *predictions.shape[1:]), np.nan)
        found[rows] = self._clip(predictions)
        found[~complete] = np.nan
        return self._sample_scores(found, target, weight)

    # Prediction -----------------------------------------------------------------------------

    def _view(self, X):
        check_is_fitted(self)
        return View(type(self).__name__, self._bank, check_X(self, X, reset=False))

    def _predict_fused(self, view):
        with SHARED.open():
            return self._clip(self._stacking.predict(view, self._predict_with))

    def _bounds(self, view, confidence):
        """Return the nonconformity that the truth stays below with `confidence`, by sample."""
        check_confidence(type(self).__name__, confidence)
        bounds = {subset: self._calibration.bound(subset, confidence) for subset in view.subsets()}
        names = np.array(view.names)
        return np.array([bounds[tuple(names[row])] for row in view.present])

    def __sklearn_is_fitted__(self):
        return hasattr(self, "_stacking")

    # What subclasses add --------------------------------------------------------------------

    #: All categories of y in their order, where a container names them.
    _class_order = None

    @abstractmethod
    def _check_y(self, table, y):
        """Return the target as the user gave it, checked."""

    @abstractmethod
    def _fit_target(self, y, counted):
        """Learn from the rows that count; return y for base models, and for meta-learners."""

    @abstractmethod
    def _build_companion(self, companion, spec):
        """Return the estimator of a registered companion, None if it has none for the task."""

    @abstractmethod
    def _predict_with(self, model, X):
        """Return the predictions of a base model, as meta-learners take them."""

    @abstractmethod
    def _nonconformity(self, predictions, target):
        """Return how far predictions are from the truth, for conformal prediction."""

    @abstractmethod
    def _sample_scores(self, predictions, target, weight):
        """Return the score of each sample, whose weighted mean is that of the leaderboard."""

    def _clip(self, predictions):
        """Return predictions within the range of the target."""
        return predictions

    def _in_units(self, predictions):
        """Return predictions in the units of y."""
        return predictions
