"""AutoFusionClassifier: networks and other models, combined by stacking."""

from __future__ import annotations

import numpy as np
from scipy import sparse
from sklearn.base import ClassifierMixin

from sklearn_crossmodal.data import category_orders
from sklearn_crossmodal.ensemble._base import BaseAutoFusion
from sklearn_crossmodal.ensemble._stacking._meta_learners import (
    BestSingle,
    ConvexWeights,
    LogPool,
    StackedLogistic,
    smoothed_log_losses,
)
from sklearn_crossmodal.estimators._fitting._input_validation import check_labels
from sklearn_crossmodal.estimators._fusion_classifier import FusionClassifier
from sklearn_crossmodal.estimators._targets._label_validation import shape_of

__all__ = ["AutoFusionClassifier"]


class AutoFusionClassifier(ClassifierMixin, BaseAutoFusion):
    """Classify by several models, combined by their out-of-fold predictions.

    Base models are a network over all modalities and companions of other kinds on the features of
    all modalities side by side, each block of features scaled to equal variance; quick companions
    are also fitted on each modality alone, and, of three or four modalities, on all but one. The
    predictions of the network from a single modality are those of its unimodal heads. All are
    cross-fitted on the same folds. Their out-of-fold predictions decide how they are combined, for
    each subset of modalities apart: by the plain mean, a product of powers that are alike or not,
    a weighted mean, logistic regression on probabilities, or the best of them alone, whichever has
    the least log-loss in cross-validation. What has no weight is not kept.

    Parameters
    ----------
    modalities : list of (str, Modality, columns), dict of str to columns, or None, default=None
        As `FusionClassifier` takes them.
    estimator : FusionClassifier, default=None
        Whose parameters the network has; its `modalities` and `random_state` are set here.
    companions : list of str, dict, "auto" or None, default="auto"
        Other models. Names of `COMPANIONS` in `sklearn_crossmodal.ensemble.companions`: "linear",
        "kernel", "extra_trees", "boosting", and "tabicl", which needs a package of its own. "auto"
        is all of them but the last. Or a dict by names of your own: an estimator of scikit-learn
        with `predict_proba`, or a pair of one and the number of components that each text, series,
        image and pretrained vector is reduced to (30 where it is not given; None gives TF-IDF and
        all numbers, possibly sparse; with a number of components, more than 256 columns are reduced
        to 64 principal components). None leaves them out.
    cv : "auto", int, cross-validation generator or iterable, default="auto"
        The folds. Networks of all folds are averaged in `predict`; of folds in order of time, as
        those of `TimeSeriesSplit`, that of the last one predicts, which saw most rows. Companions
        are fitted once more on all rows in the end. "auto" is eight for less than 200 samples,
        five for less than 10000, and a single fold of a fifth of the rows from there on.
    time_limit : float, default=None
        Seconds that fitting may take; None for no limit. All base models are first fitted on one
        fold, the cheap ones before: linear models of tables, texts, sounds and pictures, then of
        all modalities, the network, and the other companions. A companion may take half of the
        time that is left: it is tried on a sixteenth and a quarter of the rows, and stopped if it
        takes longer than expected. A network that has no time for all its epochs is left out,
        which shows after two. Then all that were fitted are fitted on as many of the other folds as
        there is time for. A warning names what was left out. A fifth of the time is kept for
        combining, and for fitting companions on all rows.
    n_jobs : int, default=None
        How many folds are fitted at a time, of companions and of networks whose folds cannot be
        trained side by side in one process.
    random_state : int, RandomState instance or None, default=None
        Seed of all base models and folds.
    verbose : int, default=0
        Above 0, it is printed before the fit about how long it will take, by small fits, and a
        progress bar shows base models and folds.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        The labels.
    leaderboard_ : dict of str to ndarray
        A table, as of a `pandas.DataFrame`, the best first: model, modalities, score (accuracy of
        the out-of-fold predictions, for the samples that have any of its modalities) with its
        standard_error, weight in the combination for samples that have all modalities, seconds of
        fitting.
    fusion_gain_ : Bunch or None
        What each modality adds to the rest, by out-of-fold accuracy of the samples that have all
        modalities. `table` has a row a modality: `alone`; `without` it, by all others; `gain`, the
        score with all minus `without`; `lower` and `upper` end of its 95 % confidence interval,
        from the same samples. `gain`, `interval` and `against`: the same against the best single
        modality. `summary` says it in two sentences. Numbers and categories of one table, where
        they were inferred, count as one modality. Each score is that of the combination of all
        base models for this subset of modalities. None if there is one modality.
    oof_predictions_ : ndarray of shape (n_samples, n_classes)
        Probabilities of each row by base models and a meta-learner that were not fitted on it;
        NaN for rows that no fold predicts, four fifths of them where "auto" is a single fold.
    n_features_in_ : int
        Number of columns of X, or of its modalities.
    feature_names_in_ : ndarray of shape (`n_features_in_`,), object
        Names of the columns, if X had names.

    See Also
    --------
    FusionClassifier : The network alone.
    AutoFusionRegressor : The same for numbers.

    Notes
    -----
    Combinations of the same base models on other rows, on six generated data sets of 30 to 245
    rows and up to 600 features: mean log-loss .776 by the plain mean, .670 by a product of powers
    with a penalty of ten, .747 by the best alone, and .662 by what cross-validation chooses;
    accuracy .692, .700, .670, .708.
    The kernel alone, by cross-validation in the training rows of Scene-15, CUB, Handwritten and
    ROSMAP: .814, .929, .987, .780; with the widths 1 and 2 .814 to .816, .927, .987 to .988, .767
    to .776.
    Tried and left out, because they change little: a support vector machine with probabilities
    (Scene-15 .800, log-loss .72 alone), features scaled to equal size of each modality (within
    .002), a product of logistic regressions of each modality, larger leaves or more features a
    split in the extra trees.

    References
    ----------
    C. Genest, J. V. Zidek (1986). "Combining probability distributions: a critique and an annotated
    bibliography". doi:10.1214/ss/1177013825

    D. H. Wolpert (1992). "Stacked generalization". doi:10.1016/S0893-6080(05)80023-1

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklearn_crossmodal import AutoFusionClassifier, FusionClassifier
    >>> rng = np.random.default_rng(0)
    >>> y = rng.integers(0, 2, 60)
    >>> X = rng.normal(size=(60, 4)) + y[:, np.newaxis]
    >>> clf = AutoFusionClassifier(
    ...     {"left": [0, 1], "right": [2, 3]},
    ...     estimator=FusionClassifier(max_epochs=5),
    ...     companions={"linear": LogisticRegression()},
    ...     cv=2,
    ...     random_state=0,
    ... ).fit(X, y)
    >>> sorted(clf.leaderboard_["model"].tolist())
    ['fused', 'joint', 'linear']
    >>> clf.fusion_gain_.table["modality"].tolist()
    ['left', 'right']
    >>> clf.predict_proba(X[:3]).shape
    (3, 2)
    """

    _stratifies = True
    _network_type = FusionClassifier
    _response_method = "predict_proba"
    _candidates = (
        ConvexWeights(equal=True),
        *(LogPool(penalty) for penalty in (np.inf, 10.0, 1.0, 0.0)),
        ConvexWeights(),
        BestSingle(smoothed_log_losses),
        StackedLogistic(),
    )
    _score_name = "accuracy"
    _losses = staticmethod(smoothed_log_losses)

    def predict(self, X):
        """Return the most probable class of each sample.

        Parameters
        ----------
        X : {MultiModalFrame, dataframe, mapping, array-like} of shape (n_samples, n_features)
            The samples; a modality may be absent.

        Returns
        -------
        ndarray of shape (n_samples,)
        """
        probabilities = self.predict_proba(X)  # first, since it checks that there was a fit
        return self.classes_[probabilities.argmax(axis=1)]

    def predict_proba(self, X):
        """Return the probability of each class.

        Parameters
        ----------
        X : {MultiModalFrame, dataframe, mapping, array-like} of shape (n_samples, n_features)
            The samples; a modality may be absent.

        Returns
        -------
        ndarray of shape (n_samples, n_classes), float64
            In the order of `classes_`.
        """
        return self._predict_fused(self._view(X))

    def predict_set(self, X, confidence=0.9):
        """Return, for each sample, a set of classes that holds the true one with `confidence`.

        The sets are calibrated by split conformal prediction on out-of-fold predictions, for each
        subset of modalities by the samples of `fit` that have exactly these, if they are 200 or
        more; else by all samples that have these and perhaps others, which are then left out, if
        they are 200 or more; else by all subsets pooled.

        Parameters
        ----------
        X : {MultiModalFrame, dataframe, mapping, array-like} of shape (n_samples, n_features)
            The samples; a modality may be absent.
        confidence : float, default=0.9
            Share of samples whose set is to hold their class.

        Returns
        -------
        ndarray of shape (n_samples, n_classes), bool
            Whether each of `classes_` is in the set. Where accuracy is above `confidence`, some
            sets are empty: of samples unlike those of `fit`.
        """
        view = self._view(X)
        return 1 - self._predict_fused(view) <= self._bounds(view, confidence)[:, np.newaxis]

    # The target -----------------------------------------------------------------------------

    def _check_y(self, table, y):
        owner, shape = type(self).__name__, shape_of(y)
        if len(shape) > 1 and shape[1] != 1:
            raise ValueError(
                f"{owner}: y should be a 1d array of one label a sample, got an array of shape "
                f"{shape}: fit one {owner} for each column, or take FusionClassifier, which takes "
                "several columns of labels."
            )
        y = y.toarray() if sparse.issparse(y) else y
        (self._class_order,) = category_orders(y)
        try:
            return check_labels(self, table, y)
        except ValueError as error:
            if "continuous" in str(error):
                error.args = (f"{error.args[0]} Take AutoFusionRegressor for numbers.",)
            raise

    def _fit_target(self, y, counted):
        self.classes_ = np.unique(y[counted])
        if len(self.classes_) < 2:
            raise ValueError(
                f"{type(self).__name__}: y has one class, {self.classes_.tolist()}, those of "
                "weight zero left out: give samples of two classes at least."
            )
        return y, np.searchsorted(self.classes_, y).clip(max=len(self.classes_) - 1)

    def _build_companion(self, companion, spec):
        return companion.classifier(spec)

    def _predict_with(self, model, X):
        """Return probabilities of all classes; a model knows only those it was fitted on."""
        found = np.zeros((X.shape[0], len(self.classes_)))
        found[:, np.searchsorted(self.classes_, model.classes_)] = model.predict_proba(X)
        return found

    def _nonconformity(self, predictions, target):
        """Return one minus the probability of the true class."""
        return 1 - predictions[np.arange(len(target)), target]

    def _sample_scores(self, predictions, target, weight):
        """Return 1 where a sample is classified right, 0 where not, NaN without a prediction."""
        right = (predictions.argmax(axis=-1) == target).astype(float)
        return np.where(np.isnan(predictions).any(axis=-1), np.nan, right)
