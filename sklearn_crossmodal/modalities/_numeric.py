"""Numeric: numeric columns."""

from __future__ import annotations

import copy
from functools import partial

import numpy as np
from scipy import sparse

from sklearn_crossmodal.data import Block, BlockSpec, Columns, LazyRows, is_missing, preview
from sklearn_crossmodal.modalities._base import Modality, weights_or_ones
from sklearn_crossmodal.modalities._numeric_cells import (
    NumberReader,
    are_numeric,
    stack_cells,
)
from sklearn_crossmodal.preprocessing import NumericScaler
from sklearn_crossmodal.preprocessing.tabular._category_encoder import has_categories
from sklearn_crossmodal.preprocessing.tabular._column_statistics import (
    CACHE_SIZE,
    LEVELS,
    check_columns,
    row_slices,
)
from sklearn_crossmodal.utils._sklearn import StrOptions

__all__ = ["Numeric"]

#: Larger tables are scaled batch by batch, so that X is not copied.
_IN_MEMORY = 2**24
#: Most columns and fewest samples for which each number is embedded by default. Of fewer samples,
#: as of wine and breast cancer, logistic regression and networks close to it have less log-loss.
_MOST_COLUMNS, _LEAST_SAMPLES = 32, 500


class Numeric(Modality):
    """Numeric columns, scaled; missing values are imputed by the median and indicated.

    Dates are converted to days since 1970, durations to days, times to seconds of the day, decimals
    to floats. Texts are parsed as numbers or dates if 95 % of a column in `fit` can be; the others
    are missing, with a warning. Blank texts, ``NA``, ``null`` and the like are missing. Numbers
    have no thousands separator and a decimal point; dates have year, month and day in one of the
    usual orders.

    A column that is constant in `fit`, up to rounding, is dropped. In `partial_fit` it is kept, and
    scaled by the first chunk in which it varies. A sparse matrix stays sparse, and becomes dense
    batch by batch in training. A table of more than 16 million numbers is scaled batch by batch,
    so that it is not copied.

    Parameters
    ----------
    scaling : {"robust", "standard", "quantile", "mean"} or None, default="robust"
        - "robust": ``z = (x - median) / (q75 - q25)``, then the smooth clipping
          ``z / sqrt(1 + (z / 3)**2)`` of [1]_, which bounds outliers. Sparse columns are divided
          by their largest absolute value and clipped likewise.
        - "standard": mean 0, standard deviation 1; sparse columns are not centered.
        - "quantile": the quantile of the standard normal distribution at the level of x among the
          values seen in `fit`; not for sparse columns.
        - "mean": divided by the mean absolute value, so that zero and signs are kept, as the losses
          ``"poisson"`` and ``"gamma"`` of a target need; constant columns too.
        - None: unscaled; constant columns are kept.

        Statistics are weighted by `sample_weight`.
    log1p : bool, default=False
        Whether ``log(1 + x)`` is scaled instead of x, for counts and amounts.
    encoder : str, component or nn.Module factory, default="auto"
        Encoder of the vectors. "auto" is "periodic" for up to 32 dense columns of 500 samples or
        more, from which curves and steps can be learned, and else "mlp".
    decoder : str, component or nn.Module factory, default="mlp"
        Decoder when the modality is a target.
    loss : str or component, default="squared_error"
        Loss, on the scaled numbers, when the modality is a target.

    Attributes
    ----------
    spec_ : BlockSpec
        Kind ``"vector"`` of shape (n_kept + n_indicators,), with the quantiles of dense columns.
    scaler_ : NumericScaler
        The fitted scaler, with the columns that are kept.
    encoder_ : str, component or nn.Module factory
        What the parameter stands for.
    n_samples_ : int
        Number of samples in `fit` whose weight is not zero.
    indicators_ : ndarray of int
        Columns with some missing values in `fit`; each has a missing-value indicator.

    Raises
    ------
    ValueError
        If a column holds infinity, a number beyond 9e307, cells that are not numbers, too many
        texts that cannot be parsed, NaN stored in a sparse matrix, or negative numbers with
        `log1p`; the message names the column.

    See Also
    --------
    sklearn_crossmodal.preprocessing.NumericScaler : The scaling alone.

    References
    ----------
    .. [1] D. Holzmüller, L. Grinsztajn, I. Steinwart (2024). "Better by default: Strong pre-tuned
       MLPs and boosted trees on tabular data". arXiv:2407.04491, section 3.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_crossmodal.modalities import Numeric
    >>> X = np.array([[1.0, 5.0], [3.0, np.nan], [5.0, 7.0]])
    >>> Numeric(scaling=None).fit(X).transform(X).values
    array([[1., 5., 0.],
           [3., 5., 1.],
           [5., 7., 0.]])
    >>> Numeric().fit(np.array([[1.0, np.inf]]))
    Traceback (most recent call last):
    ...
    ValueError: column '1' holds infinity: replace it by NaN or a finite number.
    """

    kind = "vector"
    takes_strings = False
    joins_columns = True
    takes_sparse = True
    masked = True
    _parameter_constraints = {
        "scaling": [StrOptions({"robust", "standard", "quantile", "mean"}), None],
        "log1p": ["boolean"],
    }

    def __init__(
        self,
        *,
        scaling="robust",
        log1p=False,
        encoder="auto",
        decoder="mlp",
        loss="squared_error",
    ):
        self.scaling = scaling
        self.log1p = log1p
        self.encoder = encoder
        self.decoder = decoder
        self.loss = loss

    def fit(self, columns, sample_weight=None):
        self._validate_params()
        self.reader_ = NumberReader(inferred=self.inferred)
        numbers, gaps = self._read(columns, fitting=True)
        weight = weights_or_ones(sample_weight, numbers.shape[0])
        if not weight.all():
            numbers, weight = numbers[weight > 0], weight[weight > 0]
        values = Columns.of(columns).values
        self.n_samples_ = numbers.shape[0]
        self.single_column_ = np.ndim(values) == 1 and stack_cells(np.asarray(values)).ndim == 1
        self.scaler_ = NumericScaler(scaling=self.scaling, log1p=self.log1p)
        self.scaler_.learn(numbers, weight, gaps, keeps_all=self.in_chunks)
        missing = np.isnan(numbers) if gaps else np.zeros((numbers.shape[0], 0), bool)
        self.indicators_ = np.flatnonzero(missing.any(axis=0) & ~missing.all(axis=0))
        size = len(self.scaler_.kept_) + len(self.indicators_)
        quantiles = self._quantiles(missing[:, self.indicators_], weight)
        self.spec_ = BlockSpec("vector", (size,), quantiles=quantiles)
        return self

    @property
    def encoder_(self):
        if not isinstance(self.encoder, str) or self.encoder != "auto":
            return self.encoder
        is_narrow = self.spec_.quantiles is not None and self.spec_.size <= _MOST_COLUMNS
        return "periodic" if is_narrow and self.n_samples_ >= _LEAST_SAMPLES else "mlp"

    def fit_transform(self, columns, sample_weight=None):
        self.fit(columns, sample_weight)
        with self.reader_.silenced():
            return self, self.transform(columns)

    def transform(self, columns):
        numbers, gaps = self._read(columns)
        n_rows, n_columns = numbers.shape
        if n_columns != self.scaler_.n_features_in_:
            raise ValueError(f"got {n_columns} columns, expected {self.scaler_.n_features_in_}.")
        if sparse.issparse(numbers):
            return Block(self._transform_sparse(numbers), np.ones(n_rows, dtype=bool), self.spec_)
        present, mask = np.ones(n_rows, dtype=bool), None
        if gaps or len(self.indicators_):
            missing = np.isnan(numbers) if gaps else np.zeros(numbers.shape, bool)
            indicators = np.zeros((n_rows, len(self.indicators_)), bool)  # not part of the loss
            mask = np.hstack([~missing[:, self.scaler_.kept_], indicators])
        if numbers.size > _IN_MEMORY:
            read = partial(self._writable_rows, numbers, gaps)
            rows = LazyRows(read, n_rows, self.spec_.shape, numbers.dtype, in_memory=True)
            return Block(rows, present, self.spec_, mask)
        if numbers.size <= CACHE_SIZE:
            return Block(self._writable_rows(numbers, gaps, slice(None)), present, self.spec_, mask)
        values = np.empty((n_rows, self.spec_.size), numbers.dtype)
        for rows in row_slices(numbers):
            values[rows] = self._read_rows(numbers, gaps, rows)
        return Block(values, present, self.spec_, mask)

    def extended(self, columns, sample_weight=None):
        """Update with a later chunk: formerly constant columns get a scale.

        After `fit`, which drops them, the columns that vary now are described.
        """
        if not (self.in_chunks or len(self.scaler_.constant_)):
            return self, self.transform(columns), ""
        columns = Columns.of(columns)
        with self.reader_.silenced():  # `transform` warns
            numbers, _ = self._read(columns)
        if not self.in_chunks:
            lost, names = "", columns.names_of(numbers.shape[1])
            left_out = np.setdiff1d(self.scaler_.moving(numbers), self.scaler_.kept_)
            if len(left_out):
                lost = (
                    f"columns {preview([names[place] for place in left_out], 5)} did not vary in "
                    "the first `fit`, and stay left out though they do now: fit on all samples, or "
                    "go on from a first `partial_fit`, which keeps them"
                )
            return self, self.transform(columns), lost
        weight = weights_or_ones(sample_weight, numbers.shape[0])
        updated = copy.copy(self)
        updated.scaler_ = self.scaler_.extended(numbers, weight)
        return updated, updated.transform(columns), ""

    def inverse_transform(self, values):
        """Return numbers (n, d) or (n,), as in `fit`, in the units of the columns.

        Smoothly clipped numbers are within the range seen in `fit`. A dropped column is its median.
        """
        values = np.asarray(values)[:, : len(self.scaler_.kept_)]
        numbers = self.scaler_.inverse_transform(values)
        return numbers[:, 0] if self.single_column_ else numbers

    @staticmethod
    def example(n, rng):
        numbers = rng.normal(size=(n, 3)) * [1, 10, 100]
        numbers[::5, 1] = np.nan
        return numbers

    @classmethod
    def accepts(cls, values):
        """Return whether a column holds numbers, one or several per sample.

        Booleans and categorical dtypes are not accepted; texts are, if nearly all can be parsed as
        numbers or dates.
        """
        if sparse.issparse(values):
            return values.dtype.kind in "biuf"
        if np.ndim(values) > 2 or has_categories(values):
            return False
        cells = stack_cells(np.asarray(values))
        if cells.dtype.kind != "O":
            if cells.dtype.kind not in "UT":
                return cells.dtype.kind in "iuf" or (cells.dtype.kind == "b" and cells.ndim == 2)
            cells = cells.astype(object)
        found = [cell for cell in cells.ravel() if not is_missing(cell)]
        truth = cells.ndim == 1 and all(isinstance(cell, bool | np.bool_) for cell in found)
        if found and truth:
            return False
        return all(map(are_numeric, cells.reshape(len(cells), -1).T))

    def warn_of_texts(self, columns):
        """Warn of texts that are parsed as numbers, as `fit` does; no fit is needed."""
        columns = Columns.of(columns)
        if not sparse.issparse(columns.values) and np.asarray(columns.values).dtype.kind in "OUT":
            reader = NumberReader(inferred=self.inferred)
            reader.fit_read(np.asarray(columns.values), columns.names_of)

    def numbers(self, columns):
        """Convert columns to floats (n, d) or (n,), as `inverse_transform` returns them.

        Dates are days since 1970; NaN where a value is missing.
        """
        numbers, _ = self._read(columns)
        numbers = numbers.toarray() if sparse.issparse(numbers) else numbers
        return numbers[:, 0] if self.single_column_ else numbers

    def _read(self, columns, *, fitting=False):
        """Return floats (n, d) or CSR, and whether there is NaN; raise for other cells."""
        columns = Columns.of(columns)
        values = columns.values
        if sparse.issparse(values):
            numbers = values.reshape(values.shape[0], -1).tocsr().astype(np.float64)
        else:
            read = self.reader_.fit_read if fitting else self.reader_.read
            numbers = read(np.asarray(values), columns.names_of)
        names = columns.names_of(numbers.shape[1])
        return numbers, check_columns(numbers, names, log1p=self.log1p)

    def _transform_sparse(self, numbers):
        if self.scaler_.quantiles_ is None or self.scaling is None:
            observed = sparse.csr_array((numbers.shape[0], len(self.indicators_)))
            return sparse.hstack([self.scaler_.transform(numbers), observed], format="csr")
        # The columns were dense in `fit`, and are centered: zeros do not stay zeros.
        read = partial(self._read_rows, numbers, False)
        n_rows = numbers.shape[0]
        return LazyRows(read, n_rows, self.spec_.shape, np.float64, in_memory=True)

    def _read_rows(self, numbers, gaps, rows):
        """Impute, scale and indicate some rows."""
        part = numbers[rows]
        part = part.toarray() if sparse.issparse(part) else part
        indicated = np.zeros((len(part), len(self.indicators_)), bool)
        if gaps:
            missing = np.isnan(part)
            part = np.where(missing, self.scaler_.median_.astype(part.dtype), part)
            indicated = missing[:, self.indicators_]
        values = self.scaler_.scale(part)
        return np.hstack([values, indicated]) if len(self.indicators_) else values

    def _writable_rows(self, numbers, gaps, rows):
        """Return the values of some rows as a copy, which in-place modules may modify."""
        values = self._read_rows(numbers, gaps, rows)
        return values.copy() if np.may_share_memory(values, numbers) else values

    def _quantiles(self, missing, weight):
        """Return the quantiles of the columns of a block, None if they are sparse."""
        if self.scaler_.quantiles_ is None:
            return None
        quantiles = self.scaler_.quantiles_
        if self.in_chunks:  # not known yet: a typical range
            quantiles = quantiles.copy()
            quantiles[:, self.scaler_.constant_] = np.linspace(-2, 2, len(LEVELS))[:, np.newaxis]
        shares = np.average(missing, axis=0, weights=weight)
        indicated = LEVELS[:, np.newaxis] > 1 - shares
        return np.hstack([quantiles, indicated])
