"""Preprocess series of unequal length: truncate, impute, scale and pad to one array."""

from __future__ import annotations

import copy
from numbers import Integral

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin, clone
from sklearn.utils.validation import check_is_fitted

from sklearn_crossmodal.data import as_column, is_missing
from sklearn_crossmodal.data.blocks._truncation import warn_if_truncated
from sklearn_crossmodal.preprocessing.tabular._column_statistics import find_moments, find_quantiles
from sklearn_crossmodal.preprocessing.tabular._smooth_clip import (
    LARGEST,
    invert_smooth_clip,
    smooth_clip,
)
from sklearn_crossmodal.utils._sklearn import Interval, StrOptions

__all__ = ["SLACK", "SequenceScaler"]

#: Relative excess over the longest series in `fit` without a warning: a quarter is truncated then.
SLACK = 1 / 3


class SequenceScaler(TransformerMixin, BaseEstimator):
    """Bring series of several variables to one length, impute gaps, and scale each variable.

    A gap (NaN) is imputed by forward filling: the last observation before it in the series, or the
    median of the variable where there is none. Each variable with gaps in `fit` has a
    missing-value indicator, 1 where there is a gap.

    Parameters
    ----------
    max_length : int or None, default=None
        Maximum number of steps. Longer series are truncated, and so are those longer than the
        longest in `fit`, with a warning; None truncates only the latter.
    crop : {"start", "center", "end"}, default="end"
        Which part of a truncated series is kept.
    scaling : {"standard", "robust"} or None, default="standard"
        - "standard": each variable has mean 0 and standard deviation 1 over all steps.
        - "robust": ``z = (x - median) / (q75 - q25)``, then the smooth clipping
          ``z / sqrt(1 + (z / 3)**2)``, as of `Numeric`.
        - None: unscaled.

        A constant variable becomes zeros.

    Attributes
    ----------
    length_ : int
        Steps of the longest series in `fit`, at most `max_length`, at least 1.
    median_, center_, scale_ : ndarray of shape (d,)
        Of each variable: the imputed value, the center and the scale (0 for a constant).
    range_ : ndarray of shape (2, d)
        Minimum and maximum of each variable.
    indicators_ : ndarray of int
        Variables that had gaps in `fit`.

    See Also
    --------
    sklearn_crossmodal.modalities.Sequence : The modality that uses it.

    References
    ----------
    Z. Che, S. Purushotham, K. Cho, D. Sontag, Y. Liu (2018). "Recurrent neural networks for
    multivariate time series with missing values". doi:10.1038/s41598-018-24271-9, for the
    missing-value indicators.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_crossmodal.preprocessing import SequenceScaler
    >>> series = [np.array([1.0, np.nan, 3.0]), np.array([2.0])]
    >>> SequenceScaler(scaling=None).fit_transform(series)[0]
    array([[1., 0.],
           [1., 1.],
           [3., 0.]])
    >>> SequenceScaler(scaling=None).fit_transform(series)[1, :, 0]  # NaN after its end
    array([ 2., nan, nan])
    """

    #: Whether `transform` warns of truncation; `Audio` warns itself.
    warns = True
    _parameter_constraints = {
        "max_length": [Interval(Integral, 1, None, closed="left"), None],
        "crop": [StrOptions({"start", "center", "end"})],
        "scaling": [StrOptions({"standard", "robust"}), None],
    }

    def __init__(self, *, max_length=None, crop="end", scaling="standard"):
        self.max_length = max_length
        self.crop = crop
        self.scaling = scaling

    def fit(self, X, y=None, sample_weight=None):
        """Learn length, and median, center and scale of each variable.

        Parameters
        ----------
        X : array-like of n series of shape (t,) or (t, d), or array of shape (n, t) or (n, t, d)
            Series; NaN is a gap. At the end of a row of an array, steps of NaN alone are padding.
        y : None
            Ignored; pipelines pass it.
        sample_weight : array-like of shape (n,), default=None
            Weights of the series; those of weight zero are ignored.

        Returns
        -------
        SequenceScaler
            Itself.

        Raises
        ------
        ValueError
            If a cell is not a series, or series differ in their number of variables or hold
            infinity.
        """
        self._validate_params()
        series = _as_series(X)
        weight = np.ones(len(series)) if sample_weight is None else np.asarray(sample_weight, float)
        series = [steps for steps, kept in zip(series, weight > 0, strict=True) if kept]
        longest = max(map(len, series), default=0)
        self.length_ = max(1, longest if self.max_length is None else min(self.max_length, longest))
        n_variables = next((one.shape[1] for one in series if len(one)), 1)
        steps, lengths = self._crop(series, n_variables)
        per_step = np.repeat(weight[weight > 0], lengths)
        described = [_describe(column, per_step, self.scaling) for column in steps.T]
        table = np.array(described, dtype=float).reshape(-1, 5)
        self.median_, self.center_, self.scale_ = table.T[:3]
        self.range_ = table.T[3:]
        self.indicators_ = np.flatnonzero(np.isnan(steps).any(axis=0))
        return self

    def transform(self, X):
        """Truncate, impute, scale and indicate gaps.

        Parameters
        ----------
        X : array-like
            Series, as in `fit`.

        Returns
        -------
        ndarray of shape (n, `length_`, d + number of indicators)
            NaN after the end of a series; float32 if all series are.
        """
        check_is_fitted(self)
        series = _as_series(X)
        is_intended = self.max_length is not None and self.length_ >= self.max_length
        if self.warns and not is_intended:
            remedy = f"fit on series as long, or cut them on purpose, max_length={self.length_}"
            lengths, what = list(map(len, series)), {"what": "series", "unit": "steps"}
            warn_if_truncated(lengths, self.length_, remedy=remedy, slack=SLACK, **what)
        steps, lengths = self._crop(series, len(self.median_))
        starts = np.repeat(np.cumsum(lengths) - lengths, lengths)
        gaps = np.isnan(steps)
        if gaps.any():
            steps = _forward_fill(steps, gaps, starts, self.median_.astype(steps.dtype))
        numbers = self._scale(steps)
        numbers = np.hstack([numbers, gaps[:, self.indicators_]], dtype=steps.dtype)
        values = np.full((len(lengths), self.length_, numbers.shape[1]), np.nan, steps.dtype)
        rows = np.repeat(np.arange(len(lengths)), lengths)
        values[rows, np.arange(len(steps)) - starts] = numbers
        return values

    def extended(self, X, sample_weight=None):
        """Return a scaler with scales of variables that were constant so far, and vary in X.

        Other variables keep their scale. It is this scaler where none varies.
        """
        constant = np.flatnonzero(self.scale_ == 0)
        if not len(constant):
            return self
        found = clone(self).fit(X, sample_weight=sample_weight)
        if len(found.scale_) != len(self.scale_):
            return self  # no series, or an error in `transform`
        new = constant[found.scale_[constant] > 0]
        updated = copy.copy(self)
        for name in ("median_", "center_", "scale_", "range_"):
            numbers = getattr(self, name).copy()
            numbers[..., new] = getattr(found, name)[..., new]
            setattr(updated, name, numbers)
        return updated

    def inverse_transform(self, X):
        """Invert the scaling; imputed values are kept, and so is NaN after the end of a series.

        Parameters
        ----------
        X : array-like of shape (n, t, d + number of indicators)
            As `transform` returns it.

        Returns
        -------
        ndarray of shape (n, t, d)
            In the units of the series, clipped to the range in `fit` with robust scaling.
        """
        check_is_fitted(self)
        values = np.asarray(X)[..., : len(self.median_)]
        if self.scaling == "robust":
            return np.clip(invert_smooth_clip(values) * self.scale_ + self.center_, *self.range_)
        return values * self.scale_ + self.center_

    def _crop(self, series, n_variables) -> tuple[np.ndarray, np.ndarray]:
        """Return the concatenated steps of the truncated series, and the length of each."""
        for row, one in enumerate(series):
            if len(one) and one.shape[1] != n_variables:
                raise ValueError(
                    f"series {row} has {one.shape[1]} variables a step, expected {n_variables}."
                )
        cropped = [crop_steps(one, self.length_, self.crop) for one in series]
        nonempty = [one for one in cropped if len(one)]
        steps = np.concatenate(nonempty) if nonempty else np.zeros((0, n_variables))
        if np.isinf(steps).any():
            raise ValueError("series hold infinity: replace it by NaN or a finite number.")
        if (np.abs(steps) > LARGEST).any():
            raise ValueError(f"series hold numbers beyond {LARGEST:.0e}: divide them first.")
        return steps, np.array([len(one) for one in cropped], dtype=int)

    def _scale(self, steps: np.ndarray) -> np.ndarray:
        scale = self.scale_.astype(steps.dtype)
        centered = steps - self.center_.astype(steps.dtype)
        values = np.divide(centered, scale, out=np.zeros_like(centered), where=scale > 0)
        return smooth_clip(values) if self.scaling == "robust" else values

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = False
        tags.input_tags.three_d_array = True
        tags.input_tags.allow_nan = True
        return tags


def crop_steps(steps: np.ndarray, most: int, crop: str) -> np.ndarray:
    """Return at most `most` steps, from the start, center or end."""
    extra = max(len(steps) - most, 0)
    start = {"start": 0, "center": extra // 2, "end": extra}[crop]
    return steps[start : start + most]


def _as_series(X) -> list[np.ndarray]:
    """Convert each series to floats (t, d)."""
    cells = np.asarray(as_column(X))
    if cells.dtype.kind == "O" and cells.ndim == 1:
        return [_as_steps(cell, row) for row, cell in enumerate(cells)]
    if cells.dtype.kind not in "biuf" or cells.ndim not in (2, 3):
        raise ValueError(
            "expected series of shape (t,) or (t, d) each, or an array of shape (n, t) or "
            f"(n, t, d), got {cells.dtype} of shape {cells.shape}."
        )
    array = _as_floats(cells).reshape(*cells.shape[:2], -1)
    found = ~np.isnan(array).all(axis=2)
    ends = np.where(found.any(axis=1), array.shape[1] - found[:, ::-1].argmax(axis=1), 0)
    return [row[:end] for row, end in zip(array, ends, strict=True)]


def _as_steps(cell, row: int) -> np.ndarray:
    if not isinstance(cell, np.ndarray | list | tuple) and is_missing(cell):
        return np.zeros((0, 1))
    try:
        steps = np.asarray(cell)
        steps = _as_floats(steps if steps.dtype.kind in "biuf" else steps.astype(float))
    except (TypeError, ValueError) as error:
        raise ValueError(f"series {row} is not an array of numbers: {error}") from error
    if steps.ndim not in (1, 2):
        raise ValueError(
            f"series {row} has shape {steps.shape}, expected (t,) or (t, d): steps, variables."
        )
    return steps.reshape(len(steps), -1) if steps.size else np.zeros((0, 1))


def _as_floats(numbers: np.ndarray) -> np.ndarray:
    dtype = np.float32 if numbers.dtype in (np.float16, np.float32) else np.float64
    return numbers.astype(dtype, copy=False)


def _forward_fill(steps, gaps, starts, median) -> np.ndarray:
    """Impute gaps by the last observation of the series, else by the median."""
    last = np.where(gaps, -1, np.arange(len(steps))[:, np.newaxis])
    last = np.maximum.accumulate(last, axis=0)
    filled = np.take_along_axis(steps, last, axis=0)
    return np.where(last >= starts[:, np.newaxis], filled, median)


def _describe(column, weight, scaling) -> tuple[float, float, float, float, float]:
    """Return median, center, scale, minimum and maximum of the numbers of one variable."""
    found = ~np.isnan(column)
    column, weight = column[found].astype(np.float64), weight[found]
    if not len(column):
        return 0.0, 0.0, 0.0, 0.0, 0.0
    low, lower, median, upper, high = find_quantiles(column, weight)[[0, 16, 32, 48, 64]]
    center, scale = median, upper - lower or (high - low) / 2
    if scaling == "standard":
        center, scale = find_moments(column, weight)
    if high - low <= 1e-10 * max(abs(low), abs(high)):  # constant up to rounding
        scale = 0.0
    if scaling is None:
        center, scale = 0.0, 1.0
    return median, center, scale, low, high
