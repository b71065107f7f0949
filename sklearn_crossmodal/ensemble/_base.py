"""What the two automatic fusions share: members, folds, combiners, leaderboard."""

from __future__ import annotations

from abc import abstractmethod
from functools import partial
from numbers import Integral, Real

import numpy as np
from sklearn.callback import CallbackSupportMixin
from sklearn.utils.validation import check_is_fitted

from sklearn_crossmodal.ensemble._base_model_validation import (
    check_companions,
    check_names,
    check_network,
)
from sklearn_crossmodal.ensemble._base_models import companion_members, network_members
from sklearn_crossmodal.ensemble._cross_fitting import Samples, fit_out_of_fold
from sklearn_crossmodal.ensemble._leaderboard import fusion_gain, leaderboard
from sklearn_crossmodal.ensemble._modality_view import View
from sklearn_crossmodal.ensemble._subset_stacking import PatternCombiners
from sklearn_crossmodal.ensemble._time_budget import Clock
from sklearn_crossmodal.estimators._fitting._callback_context import begin_fit, end_fit
from sklearn_crossmodal.estimators._fitting._input_validation import check_weight, check_X
from sklearn_crossmodal.estimators._fitting._validation_split import check_groups
from sklearn_crossmodal.estimators._parameters import ModalityParams
from sklearn_crossmodal.training._data._cv_folds import cv_folds
from sklearn_crossmodal.uncertainty._conformal import Calibration, check_confidence
from sklearn_crossmodal.utils._cloning import clone_with_callbacks
from sklearn_crossmodal.utils._sklearn import HasMethods, Interval, StrOptions, _fit_context
from sklearn_crossmodal.utils._validation import (
    draw_seed,
    error_prefix,
    restored_on_error,
    warn_once,
)

__all__ = ["BaseAutoFusion"]

#: Of the time limit; the rest is for their combination.
_SHARE_OF_MEMBERS = 0.85


class BaseAutoFusion(CallbackSupportMixin, ModalityParams):
    """Base of the automatic fusions."""

    #: Groups that a search is given are for its own folds, unless they are asked for.
    __metadata_request__fit = {"groups": False}

    _parameter_constraints = {
        "modalities": [list, dict, None],
        "estimator": [HasMethods(["fit", "predict"]), None],
        "companions": [StrOptions({"auto"}), dict, None],
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

    # What subclasses add --------------------------------------------------------------------

    @abstractmethod
    def _check_y(self, table, y):
        """Return the target as the user gave it, checked."""

    @abstractmethod
    def _fit_target(self, y, counted):
        """Learn from the rows that count; return y for members, and for combiners."""

    @abstractmethod
    def _network(self):
        """Return the network that `estimator=None` stands for."""

    @abstractmethod
    def _default_companions(self, n_samples, seed):
        """Return the companions that "auto" stands for: {name: (estimator, n_components)}."""

    @abstractmethod
    def _answer(self, model, X):
        """Return what a model says of X, as combiners read it."""

    # Fitting --------------------------------------------------------------------------------

    @_fit_context(prefer_skip_nested_validation=False)
    def fit(self, X, y, sample_weight=None, groups=None):
        """Fit all members out of fold, and combine them.

        Parameters
        ----------
        X : {MultiModalFrame, dataframe, mapping, array-like} of shape (n_samples, n_features)
            The samples; a modality may be absent. scikit-learn's searches and splits need
            ``MultiModalFrame(X)`` in place of a plain dict, whose rows they cannot count.
        y : array-like of shape (n_samples,)
            The target.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the samples; one of weight zero is not there. They are passed to the
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
        with restored_on_error(self), warn_once():
            self._fit(X, y, sample_weight, groups)
            end_fit(self, X, y, sample_weight)
        return self

    def _fit(self, X, y, sample_weight, groups):
        clock, given = Clock(self.time_limit), (X, y, sample_weight)
        table = check_X(self, X, reset=True)
        y, weight = self._check_y(table, y), check_weight(self, sample_weight, table)
        groups = check_groups(self, groups, table)
        self._bank = self._bind_modalities(X, table)
        counted = np.arange(len(y)) if weight is None else np.flatnonzero(weight)
        if len(counted) < 2:
            raise ValueError(
                f"{type(self).__name__}: folds need two samples at least, got n_samples=1."
            )
        self._bank.warn_of_texts(table)
        seed, view = draw_seed(self.random_state), View(self._bank, table)
        view.check_any_present(type(self).__name__)
        if absent := view.absent_in(counted):
            self._bank.leave_out(absent)
            view = View(self._bank, table)
        y, target = self._fit_target(y, counted)
        samples = Samples(
            type(self).__name__,
            view,
            y,
            weight,
            groups,
            view.patterns_to_combine(),
            self._answer,
            self._stratifies,
        )
        self._members = fit_out_of_fold(
            self._make_members(view.entries(self._bank), len(counted), seed),
            samples,
            self._split(y, counted, groups, seed),
            clock=clock.for_share(_SHARE_OF_MEMBERS),
            n_jobs=self.n_jobs,
            verbose=self.verbose,
            begin=partial(begin_fit, self, *given),
        )
        self._combine(samples, target, seed, clock)

    def _make_members(self, entries, n_samples, seed):
        """Return the members, those that tell most in the least time first."""
        owner, companions = type(self).__name__, self.companions or {}
        check_names(owner, entries)
        base = clone_with_callbacks(check_network(owner, self.estimator, self._network()))
        base.set_params(random_state=seed)
        if companions == "auto":
            companions = self._default_companions(n_samples, seed)
        companions = check_companions(owner, companions, entries, self._says)
        networks = network_members(base, entries)
        memory = base.get_params(deep=False).get("memory")
        others = companion_members(companions, entries, memory=memory, random_state=seed)
        return [networks[0], *others, *networks[1:]]

    def _split(self, y, counted, groups, seed):
        owner = type(self).__name__
        with error_prefix(owner):
            return cv_folds(
                owner, self.cv, y, counted, groups, stratify=self._stratifies, seed=seed
            )

    def _combine(self, samples, target, seed, clock):
        """Fit a combiner for each pattern of modalities; keep what is said out of fold."""
        view = samples.view
        self._combiners = PatternCombiners(self._candidates, self._members)
        crossed = self._combiners.fit(
            view,
            target,
            self._losses,
            sample_weight=samples.sample_weight,
            groups=samples.groups,
            stratify=self._stratifies,
            seed=seed,
            clock=clock,
        )
        self._calibration = Calibration(
            {
                pattern: self._distances(self._bounded(found), target[rows])
                for pattern, (rows, found) in crossed.items()
            },
            {pattern: view.is_pattern(pattern)[rows] for pattern, (rows, _) in crossed.items()},
            None
            if samples.sample_weight is None
            else {pattern: samples.sample_weight[rows] for pattern, (rows, _) in crossed.items()},
        )
        self._report(view, target, samples.sample_weight, crossed)

    def _report(self, view, target, weight, crossed):
        """Set what the fit found out about members and their combination."""
        own = [one.own_answers(view) for one in self._members]
        fused = np.full((len(target), *own[0].shape[1:]), np.nan)
        for pattern, (rows, found) in crossed.items():
            exact = view.is_pattern(pattern)[rows]
            fused[rows[exact]] = found[exact]
        self.oof_predictions_ = self._bounded(fused)
        whole = tuple(view.names)
        shares = self._combiners.weights(whole)
        weight = np.ones(len(target)) if weight is None else weight
        merits = [
            self._merits(answers, target, weight) for answers in [*own, self.oof_predictions_]
        ]
        names = [one.member.name for one in self._members]
        self.leaderboard_ = leaderboard(self._members, merits, shares, weight)
        alone = dict(zip(names, merits, strict=False))
        self.fusion_gain_ = fusion_gain(alone, merits[-1], whole, weight)

    # Answering ------------------------------------------------------------------------------

    def _view(self, X):
        check_is_fitted(self)
        view = View(self._bank, check_X(self, X, reset=False))
        view.check_any_present(type(self).__name__)
        return view

    def _bounds(self, view, confidence):
        """Return the distance that the truth keeps to with `confidence`, for each sample."""
        check_confidence(type(self).__name__, confidence)
        found = {
            pattern: self._calibration.bound(pattern, confidence) for pattern in view.patterns()
        }
        own = [tuple(np.array(view.names)[row]) for row in view.present]
        return np.array([found[pattern] for pattern in own])

    def _fused(self, view):
        """Return what the members say together of each sample."""
        found = None
        for pattern in view.patterns():
            rows = np.flatnonzero(view.is_pattern(pattern))
            with warn_once():
                said = self._combiners.combine(view, pattern, rows, self._answer)
            part = self._bounded(said)
            if found is None:
                found = np.empty((len(view.present), *part.shape[1:]))
            found[rows] = part
        return found

    def _bounded(self, predictions):
        """Return predictions within what is possible."""
        return predictions

    def __sklearn_is_fitted__(self):
        return hasattr(self, "_combiners")
