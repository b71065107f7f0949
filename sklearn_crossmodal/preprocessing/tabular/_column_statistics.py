"""Weighted statistics of numeric columns: quantiles, moments and quantile transformation."""

from __future__ import annotations

import numpy as np
from scipy import sparse, special

from sklearn_crossmodal.utils._slices import slices_of

__all__ = [
    "CACHE_SIZE",
    "LEVELS",
    "check_columns",
    "column_range",
    "describe_columns",
    "find_moments",
    "find_quantiles",
    "from_normal",
    "has_gaps",
    "row_slices",
    "sampled_rows",
    "to_normal",
]

#: Levels of the quantiles that are stored for each column; they include the quartiles.
LEVELS = np.linspace(0, 1, 65)
#: Maximum number of knots of quantile scaling, frequent values excepted.
_N_KNOTS = 1000
#: Clips the levels of quantile scaling, so that results are within -5.2 and 5.2.
_END = 1e-7
#: Numbers processed at a time, to fit the CPU cache.
CACHE_SIZE = 2**17
#: Numbers copied at a time, to be sorted.
_COPIED = 2**19
#: Size of the row sample for the quantiles of longer columns.
_SAMPLED = 2**13
#: The difference of two numbers up to this does not overflow.
_LARGEST = np.finfo(np.float64).max / 2


def check_columns(X, names, *, log1p: bool) -> bool:
    """Return whether X holds NaN; raise if a column holds values that cannot be scaled.

    These are infinity, NaN in a sparse X, which is not imputed, and, if logarithms are taken,
    negative numbers. The error names the column.
    """
    stored = X.data if sparse.issparse(X) else X
    lowest, highest, gaps = _bounds(stored)
    fits = lowest >= (0 if log1p else -_LARGEST) and highest <= _LARGEST
    if fits and not (gaps and sparse.issparse(X)):
        return gaps
    if sparse.issparse(X):
        problem = "NaN, which is not imputed in a sparse X: leave it out, or pass X.toarray()"
        _refuse(np.isnan(stored), X, names, problem)
    problem = "infinity: replace it by NaN or a finite number"
    _refuse(np.isinf(stored), X, names, problem)
    problem = f"numbers beyond {_LARGEST:.0e}, whose differences overflow: divide them first"
    _refuse(np.abs(stored) > _LARGEST, X, names, problem)
    if log1p:
        problem = "negative numbers, but log1p=True is for counts and amounts: set it to False here"
        _refuse(stored < 0, X, names, problem)
    return gaps


def _bounds(numbers) -> tuple[float, float, bool]:
    """Return minimum and maximum, including 0, and whether there is NaN."""
    lowest, highest, gaps = 0.0, 0.0, False
    for part in (numbers[rows] for rows in row_slices(numbers)):  # one pass over memory
        low, high = part.min(), part.max()
        if low != low:  # NaN
            gaps, known = True, part[~np.isnan(part)]
            low, high = (known.min(), known.max()) if len(known) else (0.0, 0.0)
        lowest, highest = min(lowest, low), max(highest, high)
    return lowest, highest, gaps


def has_gaps(numbers) -> bool:
    """Return whether an array holds NaN, without copying it."""
    with np.errstate(over="ignore", invalid="ignore"):
        return bool(np.isnan(numbers.sum())) and bool(np.isnan(numbers).any())


def row_slices(numbers):
    """Yield slices of rows that fit the CPU cache."""
    width = numbers.shape[1] if numbers.ndim > 1 else 1
    return slices_of(len(numbers) if width else 0, max(1, CACHE_SIZE // max(width, 1)))


def _refuse(wrong, X, names, problem) -> None:
    if wrong.any():
        columns = X.indices[wrong] if sparse.issparse(X) else np.flatnonzero(wrong.any(axis=0))
        raise ValueError(f"column {names[columns.min()]!r} holds {problem}.")


def column_range(X) -> np.ndarray:
    """Return minimum and maximum (2, d) of the columns; NaN is ignored in a dense X."""
    if sparse.issparse(X):
        return np.stack([X.min(axis=0).toarray().ravel(), X.max(axis=0).toarray().ravel()])
    return np.stack([np.fmin.reduce(X, axis=0), np.fmax.reduce(X, axis=0)])


def describe_columns(X, weight, scaling, *, log1p: bool) -> list[tuple]:
    """Return the quantiles of each dense column, and the statistics that its scaling needs."""
    found_by = {"standard": find_moments, "quantile": find_curve, "mean": find_size}
    more = found_by.get(scaling, lambda *_: None)
    described = []
    for places in slices_of(X.shape[1], max(1, _COPIED // len(X))):  # copied in chunks
        numbers = np.log1p(X[:, places].astype(np.float64)) if log1p else X[:, places]
        for column in np.ascontiguousarray(numbers.T):
            known = column, weight
            if has_gaps(column):
                found = ~np.isnan(column)
                known = column[found], weight[found]
            described.append((find_quantiles(*known), more(*known)))
    return described


def find_quantiles(column, weight):
    """Return the quantiles of a column without NaN; zeros for an empty one.

    Quantiles of a long column are those of a sample of its rows, the same for all columns, with an
    error of less than .02 in level; minimum and maximum are exact.
    """
    if not len(column):
        return np.zeros(len(LEVELS))
    rows = sampled_rows(weight)
    if rows is not None:
        quantiles = find_quantiles(column[rows], np.ones(len(rows)))
        quantiles[[0, -1]] = column.min(), column.max()
        return quantiles
    if weight.min() == weight.max():
        # Sorting takes a fifth of the time of `np.quantile`. LEVELS are binary fractions, so that
        # positions are exact, and results equal to those with equal weights.
        places = np.ceil(LEVELS * len(column)).astype(int) - 1
        return np.sort(column)[places.clip(min=0)]
    # The only method that takes weights; an integer weight counts as so many rows.
    return np.quantile(column, LEVELS, weights=weight, method="inverted_cdf")


def sampled_rows(weight):
    """Return the row sample for quantiles, drawn by weight; None stands for all rows.

    It is deterministic for given weights.
    """
    if len(weight) <= _SAMPLED:
        return None
    draws = np.random.RandomState(0).random_sample(_SAMPLED)
    if weight.min() == weight.max():
        return (draws * len(weight)).astype(np.intp)
    shares = np.cumsum(weight)
    return np.searchsorted(shares, draws * shares[-1], side="right").clip(max=len(weight) - 1)


def find_moments(column, weight):
    """Return mean and standard deviation, without overflow; zeros for an empty column."""
    if not len(column):
        return 0.0, 0.0
    column = column.astype(np.float64)
    _, exponent = np.frexp(np.abs(column).max())  # a power of two, which does not round
    column = np.ldexp(column, -exponent)
    mean = np.average(column, weights=weight)
    spread = np.sqrt(np.average((column - mean) ** 2, weights=weight))
    return np.ldexp(mean, exponent), np.ldexp(spread, exponent)


def find_size(column, weight):
    """Return the mean absolute value, without overflow; one where it is zero."""
    largest = np.abs(column).max() if len(column) else 0.0
    if not largest:
        return 1.0
    return largest * np.average(np.abs(column.astype(np.float64)) / largest, weights=weight)


def find_curve(column, weight):
    """Return the knots of quantile scaling: sorted values of a column, and their levels.

    The level of a value is the share of rows below it plus half the share of rows equal to it.
    """
    if not len(column):
        return np.zeros(1), np.full(1, 0.5)
    values, places = np.unique(column.astype(np.float64), return_inverse=True)
    shares = np.bincount(places, weights=weight) / weight.sum()
    levels = np.cumsum(shares) - shares / 2
    if len(values) > _N_KNOTS:
        evenly = np.searchsorted(levels, np.linspace(levels[0], levels[-1], _N_KNOTS))
        knots = np.union1d(evenly.clip(max=len(values) - 1), np.flatnonzero(shares > 1 / _N_KNOTS))
        values, levels = values[knots], levels[knots]
    return values, np.clip(levels, _END, 1 - _END)


def to_normal(column, curve):
    """Map a column to quantiles of the standard normal distribution."""
    return special.ndtri(np.interp(column, *curve))


def from_normal(column, curve):
    """Invert `to_normal`."""
    values, levels = curve
    return np.interp(special.ndtr(column), levels, values)
