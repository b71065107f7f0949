"""Scale numeric columns."""

from __future__ import annotations

import copy

import numpy as np
from scipy import sparse
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.sparsefuncs import mean_variance_axis
from sklearn.utils.validation import check_is_fitted, validate_data

from sklearn_crossmodal.preprocessing.tabular._column_statistics import (
    check_columns,
    column_range,
    describe_columns,
    from_normal,
    has_gaps,
    row_slices,
    sampled_rows,
    to_normal,
)
from sklearn_crossmodal.preprocessing.tabular._smooth_clip import invert_smooth_clip, smooth_clip
from sklearn_crossmodal.utils._sklearn import (
    StrOptions,
    _check_feature_names_in,
    _check_sample_weight,
)

__all__ = ["NumericScaler"]

#: Range, relative to the largest value, below which a column is constant up to rounding. Dividing
#: by it would amplify noise.
_TOLERANCE = 1e-12
#: Excess of inverted logarithms over the range in `fit`: numbers up to twice as large.
_BEYOND = np.log(2)


class NumericScaler(TransformerMixin, BaseEstimator):
    """Scale numeric columns; drop constant ones.

    NaN is ignored in `fit`, and stays NaN. A sparse X stays sparse: zeros stay zeros.

    Parameters
    ----------
    scaling : {"robust", "standard", "quantile", "mean"} or None, default="robust"
        - "robust": ``z = (x - median) / (q75 - q25)``, then the smooth clipping
          ``z / sqrt(1 + (z / 3)**2)`` of [1]_, which bounds outliers. A column with equal
          quartiles is divided by half its range. A sparse column is not centered: it is divided
          by its largest absolute value and clipped likewise.
        - "standard": mean 0, standard deviation 1; a sparse column is not centered.
        - "quantile": the quantile of the standard normal distribution at the level of x, the share
          of rows below x plus half of those equal to x, with linear interpolation between the
          values seen in `fit`, and clipped beyond them. Not for a sparse X.
        - "mean": divided by the mean absolute value, so that zero and signs are kept; constant
          columns too. For counts and amounts that are a target.
        - None: unscaled; constant columns are kept.
    log1p : bool, default=False
        Whether ``log(1 + x)`` is scaled instead of x, for counts and amounts.

    Attributes
    ----------
    kept_ : ndarray of int
        The columns that are not constant. If all are constant, all are kept, as zeros.
    center_, scale_, median_ : ndarray of shape (`n_features_in_`,)
        Center, scale (0 for a constant column), and median, which `inverse_transform` returns for a
        dropped column.
    constant_ : ndarray of int
        The constant columns, whose scale is not known.
    quantiles_ : ndarray of shape (65, len(`kept_`)) or None
        Quantiles of the scaled columns at evenly spaced levels from 0 to 1; None for a sparse X.
    n_features_in_ : int
        Number of columns.
    feature_names_in_ : ndarray of shape (`n_features_in_`,), object
        Names of the columns, if X had names.

    See Also
    --------
    sklearn_crossmodal.modalities.Numeric : The modality that uses it.

    References
    ----------
    .. [1] D. Holzmüller, L. Grinsztajn, I. Steinwart (2024). "Better by default: Strong pre-tuned
       MLPs and boosted trees on tabular data". arXiv:2407.04491, section 3.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_crossmodal.preprocessing import NumericScaler
    >>> scaler = NumericScaler(scaling="standard").fit([[1.0, 5.0], [3.0, 5.0]])
    >>> scaler.transform([[1.0, 5.0], [5.0, 7.0]])
    array([[-1.],
           [ 3.]])
    >>> scaler.inverse_transform([[3.0]])
    array([[5., 5.]])
    >>> NumericScaler(log1p=True).fit([[1.0], [-1.0]])
    Traceback (most recent call last):
    ...
    ValueError: column '0' holds negative numbers, but log1p=True is for counts and amounts: ...
    """

    _parameter_constraints = {
        "scaling": [StrOptions({"robust", "standard", "quantile", "mean"}), None],
        "log1p": ["boolean"],
    }

    def __init__(self, *, scaling="robust", log1p=False):
        self.scaling = scaling
        self.log1p = log1p

    def fit(self, X, y=None, sample_weight=None):
        """Learn center and scale of each column.

        Parameters
        ----------
        X : {array-like, sparse} of shape (n, d)
            Numbers; NaN where a value is missing, in a dense X.
        y : None
            Ignored; pipelines pass it.
        sample_weight : array-like of shape (n,), default=None
            Weights of the rows; rows of weight zero are ignored.

        Returns
        -------
        NumericScaler
            Itself.

        Raises
        ------
        ValueError
            If X holds infinity, a sparse X NaN, or, with `log1p`, negative numbers.
        """
        self._validate_params()
        X, gaps = self._check(X, reset=True)
        weight = _check_sample_weight(sample_weight, X, dtype=np.float64, ensure_non_negative=True)
        if not weight.all():
            X, weight = X[weight > 0], weight[weight > 0]
        return self.learn(X, weight, gaps)

    def learn(self, numbers, weight, gaps, *, keeps_all=False):
        """Learn from validated rows, whose weights are not zero; `gaps` is whether they hold NaN.

        With `keeps_all`, constant columns are kept, as zeros: they may vary later, see `extended`.
        """
        self.n_features_in_ = numbers.shape[1]
        tolerance = max(_TOLERANCE, 8 * np.finfo(numbers.dtype).eps)
        if sparse.issparse(numbers):
            self._describe_sparse(self._forward(numbers), weight)
            self._select_columns(tolerance, keeps_all)
            self.quantiles_ = None
        else:
            quantiles = self._describe(numbers, weight, gaps)
            self._select_columns(tolerance, keeps_all)
            self.quantiles_ = self._scale(quantiles[:, self.kept_])
        return self

    def transform(self, X):
        """Scale the columns that are kept.

        Parameters
        ----------
        X : {array-like, sparse} of shape (n, d)
            Numbers. A sparse X needs a scaler fitted on a sparse X, or ``scaling=None``.

        Returns
        -------
        ndarray or CSR array of shape (n, len(`kept_`)), float64
            Sparse where X is.
        """
        check_is_fitted(self)
        X, _ = self._check(X, reset=False)
        if sparse.issparse(X):
            return self._transform_sparse(self._forward(X))
        values = np.empty((len(X), len(self.kept_)))
        for rows in row_slices(X):
            values[rows] = self.scale(X[rows].astype(np.float64))
        return values

    def scale(self, numbers):
        """Scale validated rows (n, d) in memory to (n, len(`kept_`)), of their dtype."""
        if len(self.kept_) < numbers.shape[1]:
            numbers = numbers[:, self.kept_]
        return self._scale(np.log1p(numbers) if self.log1p else numbers)

    def inverse_transform(self, X):
        """Invert the scaling; smoothly clipped numbers are within the range seen in `fit`.

        With `log1p`, ``1 + x`` is between half the minimum and twice the maximum seen in `fit`.

        Parameters
        ----------
        X : array-like of shape (n, len(`kept_`))
            As `transform` returns it, dense.

        Returns
        -------
        ndarray of shape (n, d), float64
            In the units of the columns; a dropped column is its median.
        """
        check_is_fitted(self)
        values = np.asarray(X, dtype=np.float64)
        if values.ndim != 2 or values.shape[1] != len(self.kept_):
            raise ValueError(f"expected shape (n, {len(self.kept_)}), got {values.shape}.")
        numbers = np.tile(self._median, (len(values), 1))
        numbers[:, self.kept_] = self._unscale(values)
        return np.maximum(np.expm1(numbers), 0) if self.log1p else numbers

    def get_feature_names_out(self, input_features=None):
        """Return the names of the columns that are kept.

        Parameters
        ----------
        input_features : array-like of str, default=None
            Names of all columns; None means those seen in `fit`.

        Returns
        -------
        ndarray of str
        """
        check_is_fitted(self)
        return _check_feature_names_in(self, input_features)[self.kept_]

    @property
    def median_(self):
        """Median of each column, in the units of X."""
        return np.expm1(self._median) if self.log1p else self._median

    # Learning -------------------------------------------------------------------------------

    def _select_columns(self, tolerance, keeps_all):
        """Set the columns that are kept, and those that are constant."""
        low, high = self.range_
        self._tolerance = tolerance
        varies = high - low > tolerance * np.maximum(np.abs(low), np.abs(high))
        if self.scaling is None:
            self.center_, self.scale_ = np.zeros_like(low), np.ones_like(low)
        elif self.scaling == "mean":
            self.center_ = np.zeros_like(low)
        else:
            self.scale_ = np.where(varies, self.scale_, 0)
        every = self.scaling in (None, "mean") or not varies.any() or keeps_all
        self.kept_ = np.arange(len(low)) if every else np.flatnonzero(varies)
        constant = self.scale_ == 0
        if self.scaling == "mean":  # the scale of a column of zeros is one
            constant = (low == 0) & (high == 0)
        self.constant_ = np.flatnonzero(constant)

    def moving(self, X):
        """Return the columns that were constant in `fit`, and are not in X."""
        if not len(self.constant_) or not X.shape[0]:
            return self.constant_[:0]
        ends = column_range(self._forward(X[:, self.constant_]))
        before = self.range_[:, self.constant_]
        low, high = np.fmin(ends[0], before[0]), np.fmax(ends[1], before[1])
        size = np.maximum(np.abs(low), np.abs(high))
        return self.constant_[high - low > self._tolerance * size]

    def extended(self, X, weight):
        """Return a scaler with the range of X included, and scales of formerly constant columns.

        X is validated; no weight is zero. Other columns keep their scale.
        """
        updated, new = copy.copy(self), self.moving(X)
        if not sparse.issparse(X) and len(X):  # `inverse_transform` clips to the range
            low, high = self.range_
            ends = self._forward(column_range(X))
            updated.range_ = np.stack([np.fmin(low, ends[0]), np.fmax(high, ends[1])])
        if not len(new):
            return updated
        found = NumericScaler(scaling=self.scaling, log1p=self.log1p)
        part = self._append_previous(X[:, new], new)
        weight = np.append(weight, np.full(part.shape[0] - X.shape[0], weight.mean()))
        gaps = not sparse.issparse(part) and has_gaps(part)
        found.learn(part, weight, gaps, keeps_all=True)
        for name in ("center_", "scale_", "_median", "quantiles_"):
            statistics, new_statistics = getattr(self, name), getattr(found, name)
            if statistics is not None and new_statistics is not None:
                places = new if name != "quantiles_" else np.searchsorted(self.kept_, new)
                statistics = np.array(statistics)
                statistics[..., places] = new_statistics
                setattr(updated, name, statistics)
        if self.scaling == "quantile":
            updated._curves = list(self._curves)
            for place, curve in zip(new, found._curves, strict=True):
                updated._curves[place] = curve
        updated.constant_ = np.setdiff1d(self.constant_, new)
        return updated

    def _append_previous(self, part, new):
        """Append a row of the previous constants to columns that have a single value in X."""
        before = self.median_[new]
        if sparse.issparse(part):
            row = sparse.csr_array(before[np.newaxis])
            return sparse.vstack([part, row], format="csr") if before.any() else part
        constant = np.fmax.reduce(part, axis=0) == np.fmin.reduce(part, axis=0)
        if not constant.any():
            return part
        return np.vstack([part, np.where(constant, before, np.nan)]).astype(part.dtype)

    def _describe(self, X, weight, gaps):
        """Learn from dense columns; return the quantiles of each."""
        rows, of_all = sampled_rows(weight), self.scaling in ("standard", "quantile", "mean")
        if gaps or of_all or rows is None:
            columns = describe_columns(X, weight, self.scaling, log1p=self.log1p)
        else:  # one sample of rows for all columns
            ones = np.ones(len(rows))
            columns = describe_columns(X[rows], ones, self.scaling, log1p=self.log1p)
        quantiles = np.column_stack([quantiles for quantiles, _ in columns]).astype(np.float64)
        if rows is not None and not gaps:
            ends = np.stack([X.min(axis=0), X.max(axis=0)])
            quantiles[[0, -1]] = self._forward(ends) if self.log1p else ends
        lower, self._median, upper = quantiles[[16, 32, 48]]
        self.range_ = low, high = quantiles[[0, -1]]
        self.center_, spread = self._median, upper - lower
        # A column of mostly one value has equal quartiles: use its range instead.
        self.scale_ = np.where(spread > 0, spread, (high - low) / 2)
        if self.scaling == "standard":
            self.center_, self.scale_ = np.transpose([moments for _, moments in columns])
        if self.scaling == "mean":
            self.scale_ = np.array([size for _, size in columns])
        if self.scaling == "quantile":
            self._curves = [curve for _, curve in columns]
        return quantiles

    def _describe_sparse(self, X, weight):
        """Learn from sparse columns, which are not centered."""
        if self.scaling == "quantile":
            raise ValueError(
                "scaling='quantile' would make a sparse X dense: take 'robust', 'standard' or "
                "None, or pass X.toarray()."
            )
        self.range_ = low, high = column_range(X)
        self.center_ = np.zeros(X.shape[1])
        self.scale_ = np.maximum(np.abs(low), np.abs(high))
        if self.scaling == "standard":
            self.scale_ = np.sqrt(mean_variance_axis(X, axis=0, weights=weight)[1])
        if self.scaling == "mean":
            sizes = mean_variance_axis(abs(X), axis=0, weights=weight)[0]
            self.scale_ = np.where(sizes > 0, sizes, 1.0)
        self._median = np.where(low == high, low, 0.0)

    def _check(self, X, *, reset):
        X = validate_data(
            self,
            X,
            reset=reset,
            accept_sparse="csr",
            dtype=[np.float64, np.float32],
            ensure_all_finite="allow-nan",
        )
        names = getattr(self, "feature_names_in_", range(X.shape[1]))
        return X, check_columns(X, [str(name) for name in names], log1p=self.log1p)

    # Scaling --------------------------------------------------------------------------------

    def _forward(self, X):
        """Return the numbers to scale: X or its logarithms, float64."""
        X = X.astype(np.float64)
        if not self.log1p:
            return X
        return X.log1p() if sparse.issparse(X) else np.log1p(X)

    def _scale(self, numbers):
        center, scale = self.center_[self.kept_], self.scale_[self.kept_]
        if self.scaling == "quantile":
            normal = self._by_column(to_normal, numbers) * (scale > 0)
            return normal.astype(numbers.dtype, copy=False)
        if self.scaling is None:
            return numbers
        numbers = numbers - center.astype(numbers.dtype)
        with np.errstate(over="ignore"):  # infinity is clipped
            numbers /= np.where(scale > 0, scale, 1).astype(numbers.dtype)
        if not scale.all():
            numbers[:, scale == 0] = 0
        return smooth_clip(numbers) if self.scaling == "robust" else numbers

    def _unscale(self, values):
        if self.scaling == "quantile":
            return self._by_column(from_normal, values)
        if self.scaling == "robust":
            values = invert_smooth_clip(values)
        numbers = values * self.scale_[self.kept_] + self.center_[self.kept_]
        if self.scaling == "robust":  # near the clip the inverse diverges
            numbers = np.clip(numbers, *self.range_[:, self.kept_])
        elif self.log1p:  # linear extrapolation is exponential in x
            low, high = self.range_[:, self.kept_]
            numbers = np.clip(numbers, low - _BEYOND, high + _BEYOND)
        return numbers

    def _by_column(self, function, values):
        pairs = zip(values.T, self.kept_, strict=True)
        columns = [function(column, self._curves[place]) for column, place in pairs]
        return np.column_stack(columns)

    def _transform_sparse(self, X):
        if self.scaling is None:
            return X
        if self.center_.any() or self.scaling == "quantile":
            raise ValueError(
                "X is sparse, but the scaler was fitted on a dense X, whose columns it centers: "
                "pass X.toarray()."
            )
        X = X[:, self.kept_]
        scale = self.scale_[self.kept_][X.indices]
        X.data = np.divide(X.data, scale, out=np.zeros_like(X.data), where=scale > 0)
        if self.scaling == "robust":
            X.data = smooth_clip(X.data)
        return X

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.input_tags.sparse = self.scaling != "quantile"
        tags.input_tags.positive_only = self.log1p
        return tags
