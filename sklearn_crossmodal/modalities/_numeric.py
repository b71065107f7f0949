"""Numeric: columns of numbers."""

from __future__ import annotations

import numpy as np

from sklearn_crossmodal.data import Block, BlockSpec, Columns, is_missing
from sklearn_crossmodal.modalities._base import Modality, weights_or_ones
from sklearn_crossmodal.utils._sklearn import StrOptions, is_pandas_na

__all__ = ["Numeric"]

#: Smooth clipping of robustly scaled numbers approaches plus and minus this value.
_CLIP = 3.0


class Numeric(Modality):
    """Columns of numbers, scaled; a missing value is imputed by the median and indicated.

    Parameters
    ----------
    scaling : {"robust", "standard"} or None, default="robust"
        - "robust": ``z = (x - median) / (q75 - q25)``, then the smooth clipping
          ``z / sqrt(1 + (z / 3)**2)`` of [1]_, so that an outlier cannot reach far.
        - "standard": mean 0, standard deviation 1.
        - None: as given.

        Statistics are weighted by `sample_weight`. A constant column becomes zeros.
    encoder : str, component or nn.Module factory, default="mlp"
        Encoder of the vectors.
    decoder : str, component or nn.Module factory, default="mlp"
        Decoder when the modality is a target.
    loss : str or component, default="squared_error"
        Loss, on the scaled numbers, when the modality is a target.

    Attributes
    ----------
    spec_ : BlockSpec
        Kind ``"vector"`` of shape (n_columns + n_indicators,).
    center_, scale_, median_ : ndarray of shape (n_columns,)
        What is subtracted, what is divided by (0 for a constant column), what is imputed.
    indicators_ : ndarray of int
        Columns that had missing values in `fit`; each has a column that is 1 where it is missing.

    Raises
    ------
    ValueError
        If a column holds infinity or something that is no number; the message names the column.

    References
    ----------
    .. [1] D. Holzmüller, L. Grinsztajn, I. Steinwart (2024). "Better by default: Strong pre-tuned
       MLPs and boosted trees on tabular data". arXiv:2407.04491, section 3.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_crossmodal.modalities import Numeric
    >>> numeric = Numeric(scaling="standard").fit(np.array([[1.0, 5.0], [3.0, np.nan]]))
    >>> numeric.transform(np.array([[1.0, 5.0], [3.0, np.nan]])).values
    array([[-1.,  0.,  0.],
           [ 1.,  0.,  1.]])
    >>> numeric.fit(np.array([[1.0, np.inf]]))
    Traceback (most recent call last):
    ...
    ValueError: column '1' holds infinity: replace it by NaN or a finite number.
    """

    kind = "vector"
    joins_columns = True
    masked = True
    _parameter_constraints = {"scaling": [StrOptions({"robust", "standard"}), None]}

    def __init__(self, *, scaling="robust", encoder="mlp", decoder="mlp", loss="squared_error"):
        self.scaling = scaling
        self.encoder = encoder
        self.decoder = decoder
        self.loss = loss

    def fit(self, columns, sample_weight=None):
        """Learn median, center and scale of each column.

        Parameters
        ----------
        columns : Columns or array-like of shape (n, d) or (n,)
            Numbers; NaN where a value is missing.
        sample_weight : ndarray of shape (n,), default=None
            Weights of the rows; a row of weight zero is not there.

        Returns
        -------
        Numeric
            Itself.
        """
        self._validate_params()
        numbers = _as_numbers(columns)
        weight = weights_or_ones(sample_weight, len(numbers))
        numbers, weight = numbers[weight > 0], weight[weight > 0]
        self.single_column_ = np.ndim(Columns.of(columns).values) == 1
        self.indicators_ = np.flatnonzero(np.isnan(numbers).any(axis=0))
        described = [_describe(column, weight, self.scaling) for column in numbers.T]
        self.median_, self.center_, self.scale_, low, high = np.transpose(described)
        self.range_ = np.array([low, high])
        self.spec_ = BlockSpec("vector", (len(self.median_) + len(self.indicators_),))
        return self

    def transform(self, columns):
        """Impute, scale and indicate.

        Parameters
        ----------
        columns : Columns or array-like of shape (n, d) or (n,)
            Numbers; NaN where a value is missing.

        Returns
        -------
        Block
            Kind ``"vector"``; its mask is False where a number was imputed.
        """
        numbers = _as_numbers(columns)
        if numbers.shape[1] != len(self.median_):
            raise ValueError(f"got {numbers.shape[1]} columns, expected {len(self.median_)}.")
        missing = np.isnan(numbers)
        mask = None
        if missing.any():
            numbers = np.where(missing, self.median_, numbers)
            mask = np.hstack([~missing, np.ones((len(numbers), len(self.indicators_)), bool)])
        values = _divide(numbers - self.center_, self.scale_)
        if self.scaling == "robust":
            values /= np.sqrt(1 + (values / _CLIP) ** 2)
        values = np.hstack([values, missing[:, self.indicators_]])
        return Block(values, np.ones(len(values), dtype=bool), self.spec_, mask)

    def inverse_transform(self, values):
        """Undo the scaling; smoothly clipped numbers stay within the range seen in `fit`.

        Parameters
        ----------
        values : ndarray of shape (n, spec_.size)
            As in a block.

        Returns
        -------
        ndarray of shape (n, d) or (n,), float64
            In the units of the columns, of the rank that `fit` saw.
        """
        values = np.asarray(values, dtype=np.float64)[:, : len(self.center_)]
        if self.scaling == "robust":
            clipped = np.clip(values, -_CLIP + 1e-6, _CLIP - 1e-6)
            values = clipped / np.sqrt(1 - (clipped / _CLIP) ** 2)
        numbers = values * self.scale_ + self.center_
        if self.scaling == "robust":  # near the clip the inverse explodes
            numbers = np.clip(numbers, *self.range_)
        return numbers[:, 0] if self.single_column_ else numbers

    @staticmethod
    def example(n, rng):
        """Make three columns of numbers, one with missing values.

        Parameters
        ----------
        n : int
            Number of rows.
        rng : numpy.random.Generator
            Source of randomness.

        Returns
        -------
        ndarray of shape (n, 3)
        """
        numbers = rng.normal(size=(n, 3)) * [1, 10, 100]
        numbers[::5, 1] = np.nan
        return numbers

    @classmethod
    def accepts(cls, values):
        """Tell whether a column holds numbers or booleans, one or a row of them per sample.

        Parameters
        ----------
        values : array-like
            A raw column.

        Returns
        -------
        bool
        """
        if np.ndim(values) > 2:
            return False
        cells = _stacked(np.asarray(values))
        if cells.dtype.kind != "O":
            return cells.dtype.kind in "biuf" and cells.ndim < 3
        return all(
            is_missing(cell) or isinstance(cell, int | float | np.number | np.bool_)
            for cell in cells.ravel()
        )


def _as_numbers(columns) -> np.ndarray:
    """Return float64 (n, d), with NaN for what is missing; refuse what is no finite number."""
    columns = Columns.of(columns)
    values = _stacked(np.asarray(columns.values))
    if values.ndim > 2:
        raise ValueError(f"expected numbers of shape (n, d), got shape {values.shape}.")
    if values.dtype.kind not in "biufO":
        raise ValueError(f"columns {list(columns.names)} hold {values.dtype}, not numbers.")
    values = values.reshape(len(values), -1)
    if values.dtype.kind == "O":
        values = np.where(_is_na(values), np.nan, values)
    try:
        numbers = values.astype(np.float64)
    except (TypeError, ValueError) as error:
        raise type(error)(f"columns {list(columns.names)} must hold numbers: {error}") from error
    infinite = np.isinf(numbers).any(axis=0)
    if infinite.any():
        name = columns.names_of(len(infinite))[int(np.argmax(infinite))]
        raise ValueError(f"column {name!r} holds infinity: replace it by NaN or a finite number.")
    return numbers


def _stacked(values: np.ndarray) -> np.ndarray:
    """Return a column whose cells are arrays of one length as one array of two axes."""
    if values.dtype.kind != "O" or values.ndim != 1:
        return values
    shapes = {np.shape(cell) for cell in values if not is_missing(cell)}
    if len(shapes) != 1 or len(shape := shapes.pop()) != 1:
        return values
    return np.stack([np.full(shape, np.nan) if is_missing(cell) else cell for cell in values])


#: Tell which cells are pandas' NA, which no number can be made of.
_is_na = np.vectorize(is_pandas_na, otypes=[bool])


def _describe(column, weight, scaling) -> tuple[float, float, float, float, float]:
    """Return median, center, scale, minimum and maximum of the numbers in one column."""
    found = ~np.isnan(column)
    column, weight = column[found], weight[found]
    if not len(column):
        return 0.0, 0.0, 0.0, 0.0, 0.0
    low, high = column.min(), column.max()
    if scaling == "standard":
        median = _quantile(column, 0.5, weight)
        center = np.average(column, weights=weight)
        scale = np.sqrt(np.average((column - center) ** 2, weights=weight))
    else:
        lower, median, upper = _quantile(column, [0.25, 0.5, 0.75], weight)
        # A column that is mostly one value has no spread between quartiles: use its range instead.
        center, scale = median, upper - lower or (high - low) / 2
    # Below this spread a column is constant up to rounding, and dividing would blow up noise.
    if high - low <= 1e-10 * max(abs(low), abs(high)):
        scale = 0.0
    if scaling is None:
        center, scale = 0.0, 1.0
    return median, center, scale, low, high


def _quantile(column, q, weight):
    # This method alone takes weights, and treats an integer weight as so many rows.
    return np.quantile(column, q, weights=weight, method="inverted_cdf")


def _divide(numbers, scale):
    return np.divide(numbers, scale, out=np.zeros_like(numbers), where=scale > 0)
