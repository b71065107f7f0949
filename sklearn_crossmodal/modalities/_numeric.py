"""Numeric: columns of numbers."""

from __future__ import annotations

import copy
from functools import partial

import numpy as np
from scipy import sparse

from sklearn_crossmodal.data import (
    Block,
    BlockSpec,
    Columns,
    LazyRows,
    is_missing,
)
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

#: From so many numbers on they are scaled batch by batch, so that X is not copied.
_IN_MEMORY = 2**24


class Numeric(Modality):
    """Columns of numbers, scaled; a missing value is imputed by the median and indicated.

    Dates count as days since 1970, durations as days, times as seconds of the day, decimals as the
    numbers they are. Texts are read as numbers or dates if 95 % of those of a column in `fit` can
    be, and the others are missing, with a warning. Blank texts, ``NA``, ``null`` and the like are
    missing; thousands have no separators, a decimal point is a point, and dates are written with
    the year, month and day in one of the usual orders.

    A column that does not vary in `fit`, but for rounding, is left out; in `partial_fit` it is
    kept, and gets its scale from the first chunk in which it varies. A sparse matrix stays sparse,
    and is made dense batch by batch in training; a table of more than 16 million numbers is
    scaled batch by batch, so that it is not copied.

    Parameters
    ----------
    scaling : {"robust", "standard", "quantile", "mean"} or None, default="robust"
        - "robust": ``z = (x - median) / (q75 - q25)``, then the smooth clipping
          ``z / sqrt(1 + (z / 3)**2)`` of [1]_, so that an outlier cannot reach far. Sparse columns
          are divided by their largest absolute value and clipped likewise.
        - "standard": mean 0, standard deviation 1; sparse columns are only divided.
        - "quantile": the quantile of the standard normal distribution at the level of x among the
          values seen in `fit`; not for sparse columns.
        - "mean": divided by the mean of the absolute values, columns that do not vary too. Zero
          stays zero and signs stay, as the losses ``"poisson"`` and ``"gamma"`` of a target ask.
        - None: as given, columns that do not vary too.

        Statistics are weighted by `sample_weight`.
    log1p : bool, default=False
        Whether ``log(1 + x)`` is scaled instead of x, for counts and amounts.
    encoder : str, component or nn.Module factory, default="mlp"
        Encoder of the vectors.
    decoder : str, component or nn.Module factory, default="mlp"
        Decoder when the modality is a target.
    loss : str or component, default="squared_error"
        Loss, on the scaled numbers, when the modality is a target.

    Attributes
    ----------
    spec_ : BlockSpec
        Kind ``"vector"`` of shape (n_kept + n_indicators,), with the quantiles of dense columns.
    scaler_ : NumericScaler
        The fitted scaler, which knows the columns that are kept.
    indicators_ : ndarray of int
        Columns that had some missing values in `fit`; each has a column that is 1 where it is
        missing.

    Raises
    ------
    ValueError
        If a column holds infinity, a number beyond 9e307, something that is no number, texts of
        which too many are none, NaN stored in a sparse matrix, or negative numbers where logarithms
        are taken; the message names the column.

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
        encoder="mlp",
        decoder="mlp",
        loss="squared_error",
    ):
        self.scaling = scaling
        self.log1p = log1p
        self.encoder = encoder
        self.decoder = decoder
        self.loss = loss

    def fit(self, columns, sample_weight=None):
        """Learn median, center and scale of each column.

        Parameters
        ----------
        columns : Columns, array-like of shape (n, d) or (n,), or sparse
            Numbers; NaN where a value is missing.
        sample_weight : ndarray of shape (n,), default=None
            Weights of the rows; a row of weight zero is not there.

        Returns
        -------
        Numeric
            Itself.
        """
        self._validate_params()
        self.reader_ = NumberReader(inferred=self.inferred)
        numbers, gaps = self._read(columns, fitting=True)
        weight = weights_or_ones(sample_weight, numbers.shape[0])
        if not weight.all():
            numbers, weight = numbers[weight > 0], weight[weight > 0]
        self.single_column_ = _is_single(Columns.of(columns).values)
        self.scaler_ = NumericScaler(scaling=self.scaling, log1p=self.log1p)
        self.scaler_.learn(numbers, weight, gaps, keeps_all=self.in_chunks)
        missing = _find_gaps(numbers, gaps)
        self.indicators_ = np.flatnonzero(missing.any(axis=0) & ~missing.all(axis=0))
        size = len(self.scaler_.kept_) + len(self.indicators_)
        quantiles = self._quantiles(missing[:, self.indicators_], weight)
        self.spec_ = BlockSpec("vector", (size,), quantiles=quantiles)
        return self

    def fit_transform(self, columns, sample_weight=None):
        """Fit, and return the modality with the block of the same columns; texts are named once.

        Parameters
        ----------
        columns : Columns or array-like
            Numbers, as in `fit`.
        sample_weight : ndarray of shape (n,), default=None
            Weights of the rows.

        Returns
        -------
        modality : Numeric
            Itself.
        block : Block
            With as many rows as `columns`.
        """
        self.fit(columns, sample_weight)
        with self.reader_.silenced():
            return self, self.transform(columns)

    def transform(self, columns):
        """Impute, scale and indicate.

        Parameters
        ----------
        columns : Columns, array-like of shape (n, d) or (n,), or sparse
            Numbers; NaN where a value is missing.

        Returns
        -------
        Block
            Kind ``"vector"``; its mask is False where a number was imputed, and for the indicators
            of that. Values of a sparse matrix are sparse, or lazy where `fit` saw a dense one.
        """
        numbers, gaps = self._read(columns)
        n_rows, n_columns = numbers.shape
        if n_columns != self.scaler_.n_features_in_:
            raise ValueError(f"got {n_columns} columns, expected {self.scaler_.n_features_in_}.")
        if sparse.issparse(numbers):
            return Block(self._transform_sparse(numbers), np.ones(n_rows, dtype=bool), self.spec_)
        present, mask = np.ones(n_rows, dtype=bool), None
        if gaps or len(self.indicators_):
            missing = np.isnan(numbers) if gaps else np.zeros(numbers.shape, bool)
            indicators = np.zeros((n_rows, len(self.indicators_)), bool)  # no loss counts them
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
        """Go on with rows that `fit` did not see: columns that begin to vary get a scale.

        Parameters
        ----------
        columns : Columns, array-like of shape (n, d) or (n,), or sparse
            Numbers; NaN where a value is missing.
        sample_weight : ndarray of shape (n,), default=None
            Weights of the rows.

        Returns
        -------
        modality : Numeric
            Itself, or one that knows more.
        block : Block
            Of the columns.
        lost : str
            The columns that vary now, but were left out since they did not in `fit`.
        """
        if not (self.in_chunks or len(self.scaler_.constant_)):
            return self, self.transform(columns), ""
        columns = Columns.of(columns)
        with self.reader_.silenced():  # `transform` says it
            numbers, _ = self._read(columns)
        if not self.in_chunks:
            left_out = np.setdiff1d(self.scaler_.moving(numbers), self.scaler_.kept_)
            names = columns.names_of(numbers.shape[1])
            lost = _describe_left_out([names[place] for place in left_out])
            return self, self.transform(columns), lost
        weight = weights_or_ones(sample_weight, numbers.shape[0])
        longer = copy.copy(self)
        longer.scaler_ = self.scaler_.extended(numbers, weight)
        return longer, longer.transform(columns), ""

    def inverse_transform(self, values):
        """Undo the scaling; smoothly clipped numbers stay within the range seen in `fit`.

        Parameters
        ----------
        values : ndarray of shape (n, `spec_.size`)
            As in a block.

        Returns
        -------
        ndarray of shape (n, d) or (n,), float64
            In the units of the columns, of the rank that `fit` saw. A column that was left out is
            its median.
        """
        values = np.asarray(values)[:, : len(self.scaler_.kept_)]
        numbers = self.scaler_.inverse_transform(values)
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
        """Return whether a column holds numbers, one or a row of them per sample.

        Parameters
        ----------
        values : array-like or sparse
            A raw column. One of truth values, or of a type of categories, is `Categorical`; one of
            texts that are nearly all numbers or dates holds these.

        Returns
        -------
        bool
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
        """Warn of texts that `fit` reads as numbers, as it does.

        Parameters
        ----------
        columns : Columns, array-like of shape (n, d) or (n,), or sparse
            As in `fit`, which need not have come before.
        """
        columns = Columns.of(columns)
        if not sparse.issparse(columns.values) and np.asarray(columns.values).dtype.kind in "OUT":
            reader = NumberReader(inferred=self.inferred)
            reader.fit_read(np.asarray(columns.values), columns.names_of)

    def numbers(self, columns):
        """Return columns as numbers, as `inverse_transform` gives them back.

        Parameters
        ----------
        columns : Columns, array-like of shape (n, d) or (n,), or sparse
            As in `fit`.

        Returns
        -------
        ndarray of shape (n, d) or (n,), float
            Dates are days since 1970; NaN where a value is missing.
        """
        numbers, _ = self._read(columns)
        numbers = numbers.toarray() if sparse.issparse(numbers) else numbers
        return numbers[:, 0] if self.single_column_ else numbers

    def _read(self, columns, *, fitting=False):
        """Return float (n, d) or CSR, and whether there is NaN; refuse what is no number."""
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
        # The columns were dense in `fit`, and are moved: zeros do not stay zeros.
        read = partial(self._read_rows, numbers, False)
        n_rows = numbers.shape[0]
        return LazyRows(read, n_rows, self.spec_.shape, np.float64, in_memory=True)

    def _read_rows(self, numbers, gaps, rows):
        """Return the values of some rows: imputed where there may be gaps, scaled, indicated."""
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
        """Return the values of some rows, which a module that works in place may write to."""
        values = self._read_rows(numbers, gaps, rows)
        return values.copy() if np.may_share_memory(values, numbers) else values

    def _quantiles(self, missing, weight):
        """Return the quantiles of the columns of a block, None of sparse ones."""
        if self.scaler_.quantiles_ is None:
            return None
        quantiles = self.scaler_.quantiles_
        if self.in_chunks:  # what they will be is not known: about those of other columns
            quantiles = quantiles.copy()
            quantiles[:, self.scaler_.constant_] = np.linspace(-2, 2, len(LEVELS))[:, np.newaxis]
        shares = np.average(missing, axis=0, weights=weight)
        indicated = LEVELS[:, np.newaxis] > 1 - shares
        return np.hstack([quantiles, indicated])


def _describe_left_out(names: list) -> str:
    """Say which columns stay left out, if any."""
    if not names:
        return ""
    shown = ", ".join(map(repr, names[:5])) + (f" and {len(names) - 5} others" * (len(names) > 5))
    return (
        f"columns {shown} did not vary in the first `fit`, and stay left out though they do now: "
        "fit on all samples, or go on from a first `partial_fit`, which keeps them"
    )


def _is_single(values) -> bool:
    """Return whether a column is one number a sample, and no array of them."""
    return np.ndim(values) == 1 and stack_cells(np.asarray(values)).ndim == 1


def _find_gaps(numbers, gaps) -> np.ndarray:
    """Return where NaN is; of no columns where there is none."""
    return np.isnan(numbers) if gaps else np.zeros((numbers.shape[0], 0), bool)
