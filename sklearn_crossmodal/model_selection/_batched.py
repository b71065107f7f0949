"""GridSearchCV and RandomizedSearchCV that train candidates and folds in one batch."""

from __future__ import annotations

import copy
from dataclasses import dataclass, field

from sklearn.model_selection import GridSearchCV, RandomizedSearchCV
from sklearn.utils import get_tags

from sklearn_crossmodal.estimators._base import BaseMultimodal
from sklearn_crossmodal.estimators._fitting._input_validation import cut_by_row
from sklearn_crossmodal.model_selection._trained import (
    Outcome,
    Search,
    reason_not_batched,
    with_prefitted_clones,
)

__all__ = ["BatchedGridSearchCV", "BatchedRandomizedSearchCV"]


class _Batched:
    """Mixin: a search that trains all candidates in one batch before scikit-learn fits each.

    The search of scikit-learn runs on a copy of the search whose estimator returns the prefitted
    networks. So scikit-learn does all the rest: splits, routing, scores, errors, results and refit.
    """

    _batch: _Batch | None = None  # set on the copy only

    def fit(self, X, y=None, **params):
        """Fit all candidates on all splits, and the best of them on all samples.

        Parameters
        ----------
        X : {MultiModalFrame, dataframe, mapping, array-like} of shape (n_samples, n_features)
            The samples.
        y : array-like with n_samples rows, default=None
            The target; None for unsupervised learning.
        **params : dict of str to object
            Passed to the `fit` of the estimator, the scorer and the splitter, as in
            `sklearn.model_selection.GridSearchCV`: sample_weight, groups and so on.

        Returns
        -------
        object
            The search itself.
        """
        X = cut_by_row(X)
        fit_params = [key for key, value in params.items() if value is not None and key != "groups"]
        reason = reason_not_batched(self.estimator, fit_params)
        if reason is not None:
            if self.verbose > 0:
                print(f"{type(self).__name__}: {reason}; candidates are fitted one after another.")
            return super().fit(X, y, **params)
        search = copy.copy(self)
        search._batch = _Batch(self.estimator, self.n_jobs)
        search.estimator = with_prefitted_clones(self.estimator, search._batch.outcomes)
        search.n_jobs = 1
        super(_Batched, search).fit(X, y, **params)
        fitted = {name: value for name, value in vars(search).items() if name.endswith("_")}
        vars(self).update(fitted)
        return self

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        of_estimator = get_tags(self.estimator)
        tags.transformer_tags = of_estimator.transformer_tags
        tags.input_tags.allow_nan = of_estimator.input_tags.allow_nan
        return tags

    # Hooks of scikit-learn's search, in the order of the calls -----------------------------------

    def _get_scorers(self):
        if self._batch is None:
            return super()._get_scorers()
        search = copy.copy(self)  # a scorer keeps a reference to the estimator of the user
        search.estimator = self._batch.estimator
        return super(_Batched, search)._get_scorers()

    def _get_routed_params_for_fit(self, params):
        routed = super()._get_routed_params_for_fit(params)
        if self._batch is not None:
            self._batch.fit_params = routed.estimator.fit
        return routed

    def _check_input_parameters(self, X, y, split_params):
        super()._check_input_parameters(X=X, y=y, split_params=split_params)
        if self._batch is not None:
            # Split once: random splitters return other splits in each call.
            splits = list(self._checked_cv_orig.split(X, y, **split_params))
            self._checked_cv_orig = _Splits(self._checked_cv_orig, splits)
            self._batch.X, self._batch.y, self._batch.splits = X, y, splits

    def _run_search(self, evaluate_candidates, *, callback_ctx=None):
        def evaluate(candidate_params, *args, **kwargs):
            candidates = list(candidate_params)
            if self._batch is not None:
                self._batch.train(candidates, self.verbose)
            return evaluate_candidates(candidates, *args, **kwargs)

        super()._run_search(evaluate, callback_ctx=callback_ctx)

    def _format_results(self, candidate_params, n_splits, out, more_results=None):
        if self._batch is not None:
            for result, seconds in zip(out, self._batch.seconds, strict=True):
                result["fit_time"] += seconds
        return super()._format_results(candidate_params, n_splits, out, more_results)


@dataclass
class _Batch:
    """The inputs and results of batched training, collected by the hooks of the search."""

    estimator: BaseMultimodal
    n_jobs: int | None
    X: object = None
    y: object = None
    fit_params: dict = field(default_factory=dict)
    splits: list = field(default_factory=list)
    outcomes: list[Outcome] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)

    def train(self, candidates: list[dict], verbose: int) -> None:
        """Train all candidates on all splits, and store the outcomes for the clones."""
        found = Search(
            self.estimator, self.X, self.y, self.fit_params, self.splits, self.n_jobs, verbose
        ).train(candidates)
        self.outcomes += found
        self.seconds += [outcome.seconds for outcome in found]


@dataclass
class _Splits:
    """A splitter that returns precomputed splits."""

    splitter: object
    splits: list

    def split(self, X=None, y=None, **params):
        return iter(self.splits)

    def get_n_splits(self, X=None, y=None, **params):
        return self.splitter.get_n_splits(X, y, **params)


class BatchedGridSearchCV(_Batched, GridSearchCV):
    """Grid search like `sklearn.model_selection.GridSearchCV` that trains many networks at once.

    Candidates and folds whose networks have the same architecture are trained in lockstep, with
    their weights in common tensors. On a CPU this takes a half to a quarter of the time.

    Parameters
    ----------
    estimator : BaseMultimodal
        An estimator of this package. Others, such as pipelines, are fitted one after another.
    param_grid : dict or list of dict
        Values of each parameter.
    scoring : str, callable, list, tuple or dict, default=None
        One metric or several; None takes the estimator's `score`.
    n_jobs : int, default=None
        Number of processes that share the candidates and folds. Each trains its part in one batch.
        More processes are faster only with more cores and long fits.
    refit : bool, str or callable, default=True
        Whether to refit the best candidate on all samples. With several metrics, the name of the
        one that selects the best, or a callable that selects from `cv_results_`.
    cv : int, cross-validation generator or iterable, default=None
        The cross-validation; None means five folds.
    verbose : int, default=0
        Above 0, also print which candidates are trained one after another, and why.
    pre_dispatch : int or str, default="2*n_jobs"
        As in scikit-learn; for candidates that are fitted one after another.
    error_score : "raise" or numeric, default=np.nan
        Score of a fit that fails.
    return_train_score : bool, default=False
        Whether `cv_results_` has the scores on the training samples.

    Attributes
    ----------
    cv_results_ : dict of str to ndarray
        Scores and times of all candidates. The time of a fit is an equal share of the time of its
        batch.
    best_estimator_ : estimator
        The best candidate, fitted on all samples, if `refit`.
    best_score_ : float
        Its mean score over the test samples.
    best_params_ : dict
        Its parameters.
    best_index_ : int
        Its index in `cv_results_`.
    scorer_ : callable or dict of str to callable
        The scorer, or a dict of them.
    n_splits_ : int
        Number of folds.
    refit_time_ : float
        Seconds of the refit.
    multimetric_ : bool
        Whether there are several metrics.
    classes_ : ndarray of shape (n_classes,)
        The class labels, if the estimator is a classifier.
    n_features_in_ : int
        Number of columns of X.
    feature_names_in_ : ndarray of shape (`n_features_in_`,), object
        Names of the columns, if X had names.

    See Also
    --------
    BatchedRandomizedSearchCV : Randomized search over parameters.

    Notes
    -----
    Batched training supports estimators of this package whose networks have the same layers and
    widths, with optimizer "adamw" or "adam" and data in memory. They may differ in learning rate
    and its schedule, weight decay, dropout, `random_state`, `modality_dropout`, number of epochs,
    patience, and rows. Candidates with another batch size or architecture are another batch. The
    data of a fold are preprocessed once for all candidates with the same preprocessing.

    Trained one after another are convolutions, recurrent networks, texts, frozen or fine-tuned
    pretrained encoders, user-defined modules, callbacks, "bfloat16", files that are read batch by
    batch, and pipelines.

    The results equal those of scikit-learn's search: each network has its own initial weights,
    dropout, order of samples, early stopping and weight averaging.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_crossmodal import BatchedGridSearchCV, FusionClassifier
    >>> X = np.random.default_rng(0).normal(size=(60, 4))
    >>> y = X[:, 0] > 0
    >>> clf = FusionClassifier(max_epochs=10, random_state=0)
    >>> search = BatchedGridSearchCV(clf, {"learning_rate": [1e-6, 1e-2]}, cv=2).fit(X, y)
    >>> search.best_params_
    {'learning_rate': 0.01}
    """


class BatchedRandomizedSearchCV(_Batched, RandomizedSearchCV):
    """Search like `sklearn.model_selection.RandomizedSearchCV` that trains many networks at once.

    Candidates and folds whose networks have the same architecture are trained in lockstep; see the
    notes of `BatchedGridSearchCV` for the conditions.

    Parameters
    ----------
    estimator : BaseMultimodal
        An estimator of this package. Others, such as pipelines, are fitted one after another.
    param_distributions : dict or list of dict
        Values of each parameter, or a distribution with a method `rvs`.
    n_iter : int, default=10
        Number of candidates to draw.
    scoring : str, callable, list, tuple or dict, default=None
        One metric or several; None takes the estimator's `score`.
    n_jobs : int, default=None
        Number of processes that share the candidates and folds. Each trains its part in one batch.
        More processes are faster only with more cores and long fits.
    refit : bool, str or callable, default=True
        Whether to refit the best candidate on all samples. With several metrics, the name of the
        one that selects the best, or a callable that selects from `cv_results_`.
    cv : int, cross-validation generator or iterable, default=None
        The cross-validation; None means five folds.
    verbose : int, default=0
        Above 0, also print which candidates are trained one after another, and why.
    pre_dispatch : int or str, default="2*n_jobs"
        As in scikit-learn; for candidates that are fitted one after another.
    random_state : int, RandomState instance or None, default=None
        Seed of the candidates.
    error_score : "raise" or numeric, default=np.nan
        Score of a fit that fails.
    return_train_score : bool, default=False
        Whether `cv_results_` has the scores on the training samples.

    Attributes
    ----------
    cv_results_ : dict of str to ndarray
        Scores and times of all candidates. The time of a fit is an equal share of the time of its
        batch.
    best_estimator_ : estimator
        The best candidate, fitted on all samples, if `refit`.
    best_score_ : float
        Its mean score over the test samples.
    best_params_ : dict
        Its parameters.
    best_index_ : int
        Its index in `cv_results_`.
    scorer_ : callable or dict of str to callable
        The scorer, or a dict of them.
    n_splits_ : int
        Number of folds.
    refit_time_ : float
        Seconds of the refit.
    multimetric_ : bool
        Whether there are several metrics.
    classes_ : ndarray of shape (n_classes,)
        The class labels, if the estimator is a classifier.
    n_features_in_ : int
        Number of columns of X.
    feature_names_in_ : ndarray of shape (`n_features_in_`,), object
        Names of the columns, if X had names.

    See Also
    --------
    BatchedGridSearchCV : Search over all combinations of parameter values.

    Examples
    --------
    >>> import numpy as np
    >>> from scipy.stats import loguniform
    >>> from sklearn_crossmodal import BatchedRandomizedSearchCV, FusionRegressor
    >>> X = np.random.default_rng(0).normal(size=(60, 4))
    >>> reg = FusionRegressor(max_epochs=10, random_state=0)
    >>> rates = {"learning_rate": loguniform(1e-4, 1e-1)}
    >>> search = BatchedRandomizedSearchCV(reg, rates, n_iter=4, cv=2, random_state=0)
    >>> search.fit(X, X[:, 0]).predict(X).shape
    (60,)
    """
