"""GridSearchCV and RandomizedSearchCV that train candidates and folds together."""

from __future__ import annotations

import copy
from dataclasses import dataclass, field

from sklearn.model_selection import GridSearchCV, RandomizedSearchCV
from sklearn.utils import get_tags

from sklearn_crossmodal.estimators._base import BaseCrossmodal
from sklearn_crossmodal.estimators._fitting._input_validation import cut_by_row
from sklearn_crossmodal.model_selection._trained import Outcome, Search, handing, why_not

__all__ = ["BatchedGridSearchCV", "BatchedRandomizedSearchCV"]


class _Batched:
    """Mixin: before the search fits candidate after candidate, all of them are trained.

    The search runs on a copy of itself whose estimator hands over what is trained already. So all
    else is scikit-learn's own: splits, routing, scores, errors, results and refit.
    """

    _ahead: _Ahead | None = None  # that of the copy

    def fit(self, X, y=None, **params):
        """Fit all candidates on all splits, and the best of them on all samples.

        Parameters
        ----------
        X : {MultiModalFrame, dataframe, mapping, array-like} of shape (n_samples, n_features)
            The samples.
        y : array-like with n_samples rows, default=None
            The target; None for unsupervised learning.
        **params : dict of str to object
            For the `fit` of the estimator, the scorer and the splitter, as in
            `sklearn.model_selection.GridSearchCV`: sample_weight, groups and so on.

        Returns
        -------
        object
            The search itself.
        """
        X = cut_by_row(X)
        given = [name for name, value in params.items() if value is not None and name != "groups"]
        reason = why_not(self.estimator, given)
        if reason is not None:
            if self.verbose > 0:
                print(f"{type(self).__name__}: {reason}; candidates are fitted one after another.")
            return super().fit(X, y, **params)
        search = copy.copy(self)
        search._ahead = _Ahead(self.estimator, self.n_jobs)
        search.estimator, search.n_jobs = handing(self.estimator, search._ahead.outcomes), 1
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

    # What the search calls in turn -------------------------------------------------------------

    def _get_scorers(self):
        if self._ahead is None:
            return super()._get_scorers()
        search = copy.copy(self)  # a scorer keeps the estimator, which has to be the user's
        search.estimator = self._ahead.estimator
        return super(_Batched, search)._get_scorers()

    def _get_routed_params_for_fit(self, params):
        routed = super()._get_routed_params_for_fit(params)
        if self._ahead is not None:
            self._ahead.fit_params = routed.estimator.fit
        return routed

    def _check_input_parameters(self, X, y, split_params):
        super()._check_input_parameters(X=X, y=y, split_params=split_params)
        if self._ahead is not None:
            # Split once: splitters that draw would split otherwise each time.
            splits = list(self._checked_cv_orig.split(X, y, **split_params))
            self._checked_cv_orig = _Splits(self._checked_cv_orig, splits)
            self._ahead.X, self._ahead.y, self._ahead.splits = X, y, splits

    def _run_search(self, evaluate_candidates, *, callback_ctx=None):
        def evaluate(candidate_params, *args, **kwargs):
            candidates = list(candidate_params)
            if self._ahead is not None:
                self._ahead.train(candidates, self.verbose)
            return evaluate_candidates(candidates, *args, **kwargs)

        super()._run_search(evaluate, callback_ctx=callback_ctx)

    def _format_results(self, candidate_params, n_splits, out, more_results=None):
        if self._ahead is not None:
            for result, seconds in zip(out, self._ahead.seconds, strict=True):
                result["fit_time"] += seconds
        return super()._format_results(candidate_params, n_splits, out, more_results)


@dataclass
class _Ahead:
    """What is trained ahead of the search, gathered while scikit-learn prepares it."""

    estimator: BaseCrossmodal
    n_jobs: int | None
    X: object = None
    y: object = None
    fit_params: dict = field(default_factory=dict)
    splits: list = field(default_factory=list)
    outcomes: list[Outcome] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)

    def train(self, candidates: list[dict], verbose: int) -> None:
        """Train all candidates on all splits, for the estimators of the search to become."""
        found = Search(
            self.estimator, self.X, self.y, self.fit_params, self.splits, self.n_jobs, verbose
        ).train(candidates)
        self.outcomes += found
        self.seconds += [outcome.seconds for outcome in found]


@dataclass
class _Splits:
    """The splits that a splitter made."""

    splitter: object
    splits: list

    def split(self, X=None, y=None, **params):
        return iter(self.splits)

    def get_n_splits(self, X=None, y=None, **params):
        return self.splitter.get_n_splits(X, y, **params)


class BatchedGridSearchCV(_Batched, GridSearchCV):
    """Search over a grid as `sklearn.model_selection.GridSearchCV` does, many networks at a time.

    Candidates and folds whose networks have one architecture are trained in lockstep, their weights
    in common tensors. On a CPU that takes a half to a quarter of the time.

    Parameters
    ----------
    estimator : BaseCrossmodal
        What is searched over. Any other estimator, a pipeline for example, is fitted as ever.
    param_grid : dict or list of dict
        Values of each parameter.
    scoring : str, callable, list, tuple or dict, default=None
        One metric or several; None takes the estimator's `score`.
    n_jobs : int, default=None
        How many processes share the candidates and folds. Each trains its share together, so that
        more processes pay only where there are more cores, and fits are long.
    refit : bool, str or callable, default=True
        Whether the best candidate is fitted on all samples; of several metrics the name of the one
        that decides, or a callable that chooses from `cv_results_`.
    cv : int, cross-validation generator or iterable, default=None
        How samples are split; None makes five folds.
    verbose : int, default=0
        Above 0 it is also printed what is trained one after another, and why.
    pre_dispatch : int or str, default="2*n_jobs"
        As in scikit-learn, where candidates are fitted one after another.
    error_score : "raise" or numeric, default=np.nan
        Score of a fit that fails.
    return_train_score : bool, default=False
        Whether `cv_results_` has the scores on the training samples.

    Attributes
    ----------
    cv_results_ : dict of str to ndarray
        Scores and times of all candidates. The time of a fit is its share of that of all that were
        trained with it.
    best_estimator_ : estimator
        The best candidate, fitted on all samples, if `refit`.
    best_score_ : float
        Its mean score over the test samples.
    best_params_ : dict
        Its parameters.
    best_index_ : int
        Its place in `cv_results_`.
    scorer_ : callable or dict of str to callable
        What scores.
    n_splits_ : int
        Number of folds.
    refit_time_ : float
        Seconds that the last fit took.
    multimetric_ : bool
        Whether there are several metrics.
    classes_ : ndarray of shape (n_classes,)
        The class labels, of a classifier.
    n_features_in_ : int
        Number of columns of X.
    feature_names_in_ : ndarray of shape (`n_features_in_`,), object
        Names of the columns, if X had names.

    See Also
    --------
    BatchedRandomizedSearchCV : The same for parameters that are drawn.

    Notes
    -----
    Trained together are estimators of this package whose networks have the same layers and widths,
    with optimizer "adamw" or "adam", on blocks in memory. They may differ in learning rate and its
    schedule, weight decay, dropout, `random_state`, `modality_dropout`, number of epochs, patience,
    and rows; the data are read once a fold for all that read them alike. Candidates of another
    batch size or architecture make a group of their own. Convolutions, recurrent networks, texts,
    frozen or pretrained encoders that are trained on, modules of the user, callbacks, "bfloat16"
    and files read batch by batch are trained one after another, and so are pipelines.

    The numbers are those of scikit-learn's search: weights, dropout, order of samples, early
    stopping and averaged epochs of each network are its own.

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
    """Search as `sklearn.model_selection.RandomizedSearchCV` does, many networks at a time.

    Candidates and folds whose networks have one architecture are trained in lockstep; what that
    takes is said at `BatchedGridSearchCV`.

    Parameters
    ----------
    estimator : BaseCrossmodal
        What is searched over. Any other estimator, a pipeline for example, is fitted as ever.
    param_distributions : dict or list of dict
        Values of each parameter, or a distribution with a method `rvs`.
    n_iter : int, default=10
        Number of candidates that are drawn.
    scoring : str, callable, list, tuple or dict, default=None
        One metric or several; None takes the estimator's `score`.
    n_jobs : int, default=None
        How many processes share the candidates and folds. Each trains its share together, so that
        more processes pay only where there are more cores, and fits are long.
    refit : bool, str or callable, default=True
        Whether the best candidate is fitted on all samples; of several metrics the name of the one
        that decides, or a callable that chooses from `cv_results_`.
    cv : int, cross-validation generator or iterable, default=None
        How samples are split; None makes five folds.
    verbose : int, default=0
        Above 0 it is also printed what is trained one after another, and why.
    pre_dispatch : int or str, default="2*n_jobs"
        As in scikit-learn, where candidates are fitted one after another.
    random_state : int, RandomState instance or None, default=None
        Of the draws.
    error_score : "raise" or numeric, default=np.nan
        Score of a fit that fails.
    return_train_score : bool, default=False
        Whether `cv_results_` has the scores on the training samples.

    Attributes
    ----------
    cv_results_ : dict of str to ndarray
        Scores and times of all candidates. The time of a fit is its share of that of all that were
        trained with it.
    best_estimator_ : estimator
        The best candidate, fitted on all samples, if `refit`.
    best_score_ : float
        Its mean score over the test samples.
    best_params_ : dict
        Its parameters.
    best_index_ : int
        Its place in `cv_results_`.
    scorer_ : callable or dict of str to callable
        What scores.
    n_splits_ : int
        Number of folds.
    refit_time_ : float
        Seconds that the last fit took.
    multimetric_ : bool
        Whether there are several metrics.
    classes_ : ndarray of shape (n_classes,)
        The class labels, of a classifier.
    n_features_in_ : int
        Number of columns of X.
    feature_names_in_ : ndarray of shape (`n_features_in_`,), object
        Names of the columns, if X had names.

    See Also
    --------
    BatchedGridSearchCV : The same for all combinations of some values.

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
