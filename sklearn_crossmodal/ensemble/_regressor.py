"""AutoFusionRegressor: networks and other models, combined by what they say out of fold."""

from __future__ import annotations

import numpy as np
from sklearn.base import RegressorMixin
from sklearn.ensemble import ExtraTreesRegressor, HistGradientBoostingRegressor
from sklearn.linear_model import Ridge
from sklearn.multioutput import MultiOutputRegressor
from sklearn.utils import check_array

from sklearn_crossmodal.data import as_column
from sklearn_crossmodal.ensemble._base import BaseAutoFusion
from sklearn_crossmodal.ensemble._meta_learners import (
    ConvexWeights,
    NonNegativeLeastSquares,
    squared_errors,
)
from sklearn_crossmodal.estimators._fitting._input_validation import check_same_length
from sklearn_crossmodal.estimators._fusion_regressor import FusionRegressor
from sklearn_crossmodal.estimators._targets._date_targets import refuse_dates
from sklearn_crossmodal.estimators._targets._row_labels import in_fitted_order
from sklearn_crossmodal.estimators._targets._scoring import r2_in_units, units_of
from sklearn_crossmodal.estimators._targets._tags import needs_positive_target
from sklearn_crossmodal.linear._kernel_ridge import KernelRegressor
from sklearn_crossmodal.utils._validation import error_prefix
from sklearn_crossmodal.utils._weight_routing import request_weights

__all__ = ["AutoFusionRegressor"]


class AutoFusionRegressor(RegressorMixin, BaseAutoFusion):
    """Predict numbers by several models that are combined by what they say out of fold.

    As `AutoFusionClassifier`: a network over all modalities, one over each alone, and companions,
    combined by least squares with weights that are not negative, or by the mean, whichever predicts
    best by cross-validation. Predictions stay within the range of the target in `fit`.

    Parameters
    ----------
    modalities : list of (str, Modality, columns), dict of str to columns, or None, default=None
        As `FusionRegressor` takes them.
    estimator : FusionRegressor, default=None
        Whose parameters the networks have; its `modalities` and `random_state` are set here.
    companions : dict or "auto" or None, default="auto"
        Other models by name: an estimator of scikit-learn with `predict`, or a pair of one and the
        number of components that each text, series, image and pretrained vector is reduced to (30
        where it is not given; None gives TF-IDF and all numbers, possibly sparse). "auto" is ridge
        regression, without and with a kernel, histogram gradient boosting and extra trees. None
        leaves them out.
    cv : "auto", int, cross-validation generator or iterable, default="auto"
        The folds, whose models are averaged in `predict`; of folds in order of time, as those of
        `TimeSeriesSplit`, the model of the last one predicts, which saw most rows. "auto" is eight
        for less than 500 samples, else five.
    time_limit : float, default=None
        Seconds that fitting may take, kept to within an epoch of a network. Networks end with the
        epoch in which their share of the time is up. A companion is tried on a sixteenth and a
        quarter of the rows first, and left out if all its folds would not fit into the time that
        is left. The network over all modalities comes first, then the companions; 15 % of the time
        is kept for combining.
    n_jobs : int, default=None
        How many folds are fitted at a time.
    random_state : int, RandomState instance or None, default=None
        Of all members and folds.
    verbose : int, default=0
        Above 0, a line is printed for each member.

    Attributes
    ----------
    leaderboard_ : dict of str to ndarray
        A table, as of a `pandas.DataFrame`, the best first: model, modalities, score (R² out of
        fold, of the samples that have any of its modalities) with its standard_error, weight in
        the combination for samples that have all modalities, seconds of fitting.
    fusion_gain_ : Bunch or None
        R² out of fold minus that of the best single modality (`against`): `gain`, and its 95 %
        confidence `interval`, from the same samples. None if there is one modality.
    oof_predictions_ : ndarray of shape (n_samples,) or (n_samples, n_outputs)
        Predictions of each row by models and a combination that were not fitted on it.
    n_features_in_ : int
        Number of columns of X, or of its modalities.
    feature_names_in_ : ndarray of shape (`n_features_in_`,), object
        Names of the columns, if X had names.

    See Also
    --------
    FusionRegressor : The network alone.
    AutoFusionClassifier : The same for classes.

    Notes
    -----
    A target beyond 1e100, or all within 1e-100, whose squares would have no room, is divided by a
    power of two while models are fitted.

    The kernel by cross-validation: R² of the companions together, without and with it, on generated
    data: .863 and .898 (`make_friedman1`), .925 and .936 (`make_friedman2`), .634 and .716
    (`make_multimodal_regression` with synergy), .918 both (`make_regression`); on the diabetes data
    .493 and .499. Twice and half the width change it by less than .01 alone.

    References
    ----------
    L. Breiman (1996). "Stacked regressions". doi:10.1007/BF00117832

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_crossmodal import AutoFusionRegressor, FusionRegressor
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(60, 4))
    >>> reg = AutoFusionRegressor(
    ...     {"left": [0, 1], "right": [2, 3]},
    ...     estimator=FusionRegressor(max_epochs=5),
    ...     cv=2,
    ...     random_state=0,
    ... ).fit(X, X.sum(axis=1))
    >>> reg.fusion_gain_.gain > 0
    np.True_
    >>> reg.predict(X[:3]).shape
    (3,)
    """

    _stratifies = False
    _says = "predict"
    _candidates = (ConvexWeights(equal=True), NonNegativeLeastSquares())
    _losses = staticmethod(squared_errors)

    def predict(self, X):
        """Predict the target of each sample.

        Parameters
        ----------
        X : {MultiModalFrame, dataframe, mapping, array-like} of shape (n_samples, n_features)
            The samples; a modality may be absent.

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_outputs), float64
        """
        return self._fused(self._view(X)) * self._units

    def predict_interval(self, X, confidence=0.9):
        """Return, for each sample, an interval that holds the truth with `confidence`.

        The intervals are calibrated by split conformal prediction on what is said out of fold, for
        each pattern of modalities by the samples of `fit` that have just these, if they are 200 or
        more; else by all that could be given the pattern, with other modalities taken away, if they
        are; else by what all patterns say.

        Parameters
        ----------
        X : {MultiModalFrame, dataframe, mapping, array-like} of shape (n_samples, n_features)
            The samples; a modality may be absent.
        confidence : float, default=0.9
            Share of samples whose interval is to hold their number; of several numbers each by
            itself.

        Returns
        -------
        ndarray of shape (n_samples, 2) or (n_samples, 2, n_outputs), float64
            Lower and upper end.
        """
        view = self._view(X)
        predictions, bounds = self._fused(view), self._bounds(view, confidence)
        ends = np.stack([predictions - bounds, predictions + bounds], axis=1)
        return ends * self._units

    def score(self, X, y, sample_weight=None):
        """Return the coefficient of determination R² of the predictions.

        Parameters
        ----------
        X : {MultiModalFrame, dataframe, mapping, array-like} of shape (n_samples, n_features)
            The samples; a modality may be absent.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            The true numbers.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the samples.

        Returns
        -------
        float
            Of several outputs the mean.
        """
        refuse_dates(type(self).__name__, y)
        y = in_fitted_order(self, y, reset=False)
        return r2_in_units(y, self.predict(X), sample_weight)

    # The target -----------------------------------------------------------------------------

    def _check_y(self, table, y):
        if y is None:
            raise ValueError(
                f"This {type(self).__name__} estimator requires y to be passed, but the target y "
                "is None."
            )
        refuse_dates(type(self).__name__, y)
        y = in_fitted_order(self, y, reset=True)
        if np.asarray(as_column(y)).dtype.kind in "OUST":
            y = self._numbers(y)
        with error_prefix(type(self).__name__):
            y = check_array(y, ensure_2d=False, dtype=np.float64, input_name="y", estimator=self)
        check_same_length(self, table, y)
        return y[:, 0] if y.ndim == 2 and y.shape[1] == 1 else y

    def _numbers(self, y):
        """Return what is not stored as numbers as such, or raise."""
        try:
            return np.asarray(y).astype(np.float64)
        except (TypeError, ValueError) as error:
            raise ValueError(
                f"{type(self).__name__}: y must hold numbers ({error}): take AutoFusionClassifier "
                "for labels, and leave out samples without a number."
            ) from error

    def _fit_target(self, y, counted):
        low, high = y[counted].min(axis=0), y[counted].max(axis=0)
        self._units = units_of(y[counted])
        self._range = low / self._units, high / self._units
        y = np.clip(y, low, high) / self._units  # of rows that count for nothing, too
        return y, y

    def _network(self):
        return FusionRegressor(n_folds=None)

    def _default_companions(self, n_samples, seed):
        leaf = int(np.clip(n_samples // 50, 1, 20))
        boosting = HistGradientBoostingRegressor(min_samples_leaf=leaf, random_state=seed)
        boosting = request_weights(boosting)  # of MultiOutputRegressor
        several = np.ndim(self._range[0]) > 0
        return {
            "linear": (Ridge(), None),
            "kernel": (KernelRegressor(random_state=seed), None),
            "extra_trees": (ExtraTreesRegressor(300, random_state=seed), 30),
            "boosting": (MultiOutputRegressor(boosting) if several else boosting, 30),
        }

    def _answer(self, model, X):
        """Return one number for each of the target; of quantiles that nearest to the median."""
        found = model._predict(X) if isinstance(model, FusionRegressor) else model.predict(X)
        found, shape = np.asarray(found), (len(X), *np.shape(self._range[0]))
        if found.size != np.prod(shape):
            raise ValueError(
                f"it predicts an array of shape {found.shape}, where {shape} is needed: wrap it in "
                "MultiOutputRegressor if it predicts one number, or take another."
            )
        return np.clip(found.reshape(shape), *self._range)

    def _report(self, view, target, weight, crossed):
        super()._report(view, target, weight, crossed)
        self.oof_predictions_ = self.oof_predictions_ * self._units

    def _bounded(self, predictions):
        return np.clip(predictions, *self._range)

    def _distances(self, predictions, target):
        """Return how far predictions are off."""
        return np.abs(predictions - target)

    def _merits(self, answers, target, weight):
        """Return what each sample adds to R², whose weighted mean it is."""
        target = target.reshape(len(target), -1)
        spread = np.average((target - np.average(target, 0, weight)) ** 2, 0, weight)
        errors = (answers.reshape(target.shape) - target) ** 2
        return 1 - (errors / np.where(spread > 0, spread, 1)).mean(axis=1)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        tags.target_tags.positive_only = needs_positive_target(
            getattr(self.estimator, "loss", None)
        )
        return tags
