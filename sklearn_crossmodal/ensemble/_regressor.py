"""AutoFusionRegressor: networks and other models, combined by stacking."""

from __future__ import annotations

import numpy as np
from sklearn.base import RegressorMixin
from sklearn.utils import check_array

from sklearn_crossmodal.data import as_column
from sklearn_crossmodal.ensemble._base import BaseAutoFusion
from sklearn_crossmodal.ensemble._stacking._meta_learners import (
    BestSingle,
    ConvexWeights,
    NonNegativeLeastSquares,
    squared_errors,
)
from sklearn_crossmodal.estimators._fitting._input_validation import (
    check_same_length,
    in_fitted_order,
)
from sklearn_crossmodal.estimators._fusion_regressor import FusionRegressor, point_predictions
from sklearn_crossmodal.estimators._targets._date_targets import refuse_dates
from sklearn_crossmodal.estimators._targets._scoring import r2_in_units, units_of
from sklearn_crossmodal.estimators._targets._tags import needs_positive_target
from sklearn_crossmodal.utils._validation import error_prefix

__all__ = ["AutoFusionRegressor"]


class AutoFusionRegressor(RegressorMixin, BaseAutoFusion):
    """Predict numbers by several models, combined by their out-of-fold predictions.

    As `AutoFusionClassifier`: base models are a network over all modalities and companions. They
    are combined by least squares with weights that are not negative, and alike or not, by the mean,
    or by the best of them alone, whichever predicts best by cross-validation. Predictions stay
    within the range of the target in `fit`.

    Parameters
    ----------
    modalities : list of (str, Modality, columns), dict of str to columns, or None, default=None
        As `FusionRegressor` takes them.
    estimator : FusionRegressor, default=None
        Whose parameters the network has; its `modalities` and `random_state` are set here.
    companions : list of str, dict, "auto" or None, default="auto"
        Other models. Names of `COMPANIONS` in `sklearn_crossmodal.ensemble.companions`: "linear",
        "kernel", "extra_trees", "boosting", and "tabicl", which needs a package of its own. "auto"
        is all of them but the last. Or a dict by names of your own: an estimator of scikit-learn
        with `predict`, or a pair of one and the number of components that each text, series,
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
    leaderboard_ : dict of str to ndarray
        A table, as of a `pandas.DataFrame`, the best first: model, modalities, score (R² of the
        out-of-fold predictions, for the samples that have any of its modalities) with its
        standard_error, weight in the combination for samples that have all modalities, seconds of
        fitting.
    fusion_gain_ : Bunch or None
        What each modality adds to the rest, by out-of-fold R² of the samples that have all
        modalities. `table` has a row a modality: `alone`; `without` it, by all others; `gain`, the
        score with all minus `without`; `lower` and `upper` end of its 95 % confidence interval,
        from the same samples. `gain`, `interval` and `against`: the same against the best single
        modality. `summary` says it in two sentences. Numbers and categories of one table, where
        they were inferred, count as one modality. Each score is that of the combination of all
        base models for this subset of modalities. None if there is one modality.
    oof_predictions_ : ndarray of shape (n_samples,) or (n_samples, n_outputs)
        Predictions of each row by base models and a meta-learner that were not fitted on it;
        NaN for rows that no fold predicts, four fifths of them where "auto" is a single fold.
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
    A target beyond 1e100, or all within 1e-100, whose squares would overflow or underflow, is
    divided by a power of two while models are fitted.

    The kernel by cross-validation: R² of the combined companions, without and with it, on generated
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
    _network_type = FusionRegressor
    _response_method = "predict"
    _candidates = (
        ConvexWeights(equal=True),
        *(NonNegativeLeastSquares(penalty) for penalty in (1.0, 0.1, 0.0)),
        BestSingle(squared_errors),
    )
    _score_name = "R²"
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
        return self._in_units(self._predict_fused(self._view(X)))

    def predict_interval(self, X, confidence=0.9):
        """Return, for each sample, an interval that holds the truth with `confidence`.

        The intervals are calibrated by split conformal prediction on out-of-fold predictions, for
        each subset of modalities by the samples of `fit` that have exactly these, if they are 200
        or more; else by all samples that have these and perhaps others, which are then left out, if
        they are 200 or more; else by all subsets pooled.

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
        predictions, bounds = self._predict_fused(view), self._bounds(view, confidence)
        return self._in_units(np.stack([predictions - bounds, predictions + bounds], axis=1))

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

    def _build_companion(self, companion, spec):
        return companion.regressor(spec)

    def _predict_with(self, model, X):
        """Return a number for each of the target; of quantiles the one nearest to the median."""
        found = (
            point_predictions(model, X) if isinstance(model, FusionRegressor) else model.predict(X)
        )
        found, shape = np.asarray(found), (X.shape[0], *np.shape(self._range[0]))
        if found.size != np.prod(shape):
            raise ValueError(
                f"it predicts an array of shape {found.shape}, where {shape} is needed: wrap it in "
                "MultiOutputRegressor if it predicts one number, or take another."
            )
        return self._clip(found.reshape(shape))

    def _clip(self, predictions):
        return np.clip(predictions, *self._range)

    def _in_units(self, predictions):
        return predictions * self._units

    def _nonconformity(self, predictions, target):
        """Return the absolute error."""
        return np.abs(predictions - target)

    def _sample_scores(self, predictions, target, weight):
        """Return what each sample adds to R² of those that are predicted, whose mean it is."""
        target = target.reshape(len(target), -1)
        predictions = predictions.reshape(target.shape)
        there = np.isfinite(predictions).all(axis=1) & (weight > 0)
        if not there.any():
            return np.full(len(target), np.nan)
        mean = np.average(target[there], 0, weight[there])
        spread = np.average((target[there] - mean) ** 2, 0, weight[there])
        errors = (predictions - target) ** 2
        return 1 - (errors / np.where(spread > 0, spread, 1)).mean(axis=1)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        loss = getattr(self.estimator, "loss", None)
        tags.target_tags.positive_only = needs_positive_target(loss)
        return tags
