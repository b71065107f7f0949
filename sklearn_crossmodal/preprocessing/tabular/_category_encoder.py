"""Encode categorical columns as integer codes."""

from __future__ import annotations

import copy
import math
import reprlib
from collections import Counter
from collections.abc import Mapping
from numbers import Integral

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from sklearn_crossmodal.data import MISSING, Columns, is_missing
from sklearn_crossmodal.preprocessing._weighted_counts import count_rows
from sklearn_crossmodal.preprocessing.tabular._category_levels import HashedLevels, Levels, sort_key
from sklearn_crossmodal.utils._sklearn import Interval, StrOptions

__all__ = ["CategoryCoder", "has_categories"]

#: Minimum number of codes reserved for levels of later chunks.
_MIN_RESERVED = 16


# Not scikit-learn's OrdinalEncoder: it counts rows without sample weights, refuses columns of
# strings and numbers, decodes rare levels to no level, and neither hashes nor reserves codes.
class CategoryCoder(TransformerMixin, BaseEstimator):
    """Encode columns of categories, of any type, as integer codes.

    Code 0 is a missing cell, code 1 a level that is rare or was not seen in `fit`. Levels have
    codes from 2 on, in their order if they are ordinal, else sorted. Levels that are equal in
    Python are one: 1, 1.0 and True.

    Parameters
    ----------
    min_count : int, default=1
        Minimum number of rows of a level; levels with fewer are rare.
    max_categories : int or None, default=None
        Maximum number of levels of a column with a code of their own, the most frequent; the
        others are rare.
    hash_above : int or None, default=10000
        Columns with more levels than this are hashed to this many buckets, each with a code; then
        no level is rare. None disables hashing.
    ordered : "auto" or list of str or int, default="auto"
        Names or positions of the ordinal columns. "auto": those in `categories`, and those of an
        ordered categorical dtype. An ordinal column keeps all of its levels.
    categories : mapping of str or int to list, or None, default=None
        All levels of some columns, in order, by name or position; other cells have code 1. Other
        columns have the levels of their categorical dtype if this is ordered, else those seen in
        `fit`, sorted.

    Attributes
    ----------
    levels_ : list of list
        Of each column the levels with a code, from 2 on. Of a hashed column the most frequent
        level of each bucket, None for an empty one.
    n_categories_ : tuple of int
        Number of codes of each column, those of missing and rare cells included.
    ordered_ : tuple of bool
        Whether a column is ordinal.
    hashed_ : tuple of bool
        Whether a column is hashed.
    names_ : tuple of str
        Names of the columns, or their positions.
    labelled_ : ndarray of shape (n_columns, most codes), bool
        Whether a code of a column is a level seen in `fit`: not that of missing cells, of rare
        ones if there were none, or of an empty bucket.

    See Also
    --------
    sklearn_crossmodal.modalities.Categorical : The modality that uses it.

    Examples
    --------
    >>> from sklearn_crossmodal.preprocessing import CategoryCoder
    >>> coder = CategoryCoder(min_count=2).fit([["red"], ["blue"], ["red"], ["blue"], ["pink"]])
    >>> coder.transform([["blue"], ["red"], ["pink"], ["grey"], [None]]).ravel()
    array([2, 3, 1, 1, 0])
    >>> coder.inverse_transform([[3], [0], [1]]).ravel()
    array(['red', None, 'pink'], dtype=object)
    >>> coder.fit(["red", {"blue"}])
    Traceback (most recent call last):
    ...
    ValueError: column '0' holds {'blue'} (set), which is no category.
    """

    _parameter_constraints = {
        "min_count": [Interval(Integral, 1, None, closed="left")],
        "max_categories": [Interval(Integral, 1, None, closed="left"), None],
        "hash_above": [Interval(Integral, 1, None, closed="left"), None],
        "ordered": [StrOptions({"auto"}), list, tuple],
        "categories": [Mapping, None],
    }

    #: Whether `fit` reserves codes for later levels; set for incremental fits, see `extended`.
    reserves = False

    def __init__(
        self,
        *,
        min_count=1,
        max_categories=None,
        hash_above=10_000,
        ordered="auto",
        categories=None,
    ):
        self.min_count = min_count
        self.max_categories = max_categories
        self.hash_above = hash_above
        self.ordered = ordered
        self.categories = categories

    def fit(self, X, y=None, sample_weight=None):
        """Learn the levels of each column.

        Parameters
        ----------
        X : array-like of shape (n, c) or (n,)
            Hashable cells; None, NaN or NA where one is missing.
        y : None
            Ignored; pipelines pass it.
        sample_weight : array-like of shape (n,), default=None
            A row of weight 2 counts as two rows; rows of weight zero are ignored.

        Returns
        -------
        CategoryCoder
            Itself.

        Raises
        ------
        ValueError
            If a cell is not hashable, or a parameter names a column that is not in X.
        """
        self._validate_params()
        cells, self.names_ = _read(X)
        if sample_weight is not None:
            sample_weight = np.asarray(sample_weight)
            cells, sample_weight = cells[sample_weight > 0], sample_weight[sample_weight > 0]
        fixed = self._fixed_levels(X)
        counts = [
            _count(column, name, sample_weight, self.min_count)
            for column, name in zip(cells.T, self.names_, strict=True)
        ]
        ordered = fixed
        if self.ordered != "auto":
            ordered = self._by_position(dict.fromkeys(self.ordered))
        self._describe(
            [
                self._make_column(*count, fixed.get(place), ordered=place in ordered)
                for place, count in enumerate(counts)
            ]
        )
        return self

    def extended(self, X, sample_weight=None):
        """Return a coder that also encodes new levels, as far as codes are reserved.

        It is this coder where no level is new, or no code is left.
        """
        cells, names = _read(X)
        columns = list(self._columns)
        for place, column in enumerate(columns):
            if not getattr(column, "n_reserved_codes", 0):
                continue
            counts, enough = _count(cells[:, place], names[place], sample_weight, self.min_count)
            new = [level for level in enough if level not in column.codes]
            if new:
                new.sort(key=lambda level: (-counts[level], sort_key(level)))
                columns[place] = column.extended(new)
        if all(old is new for old, new in zip(self._columns, columns, strict=True)):
            return self
        updated = copy.copy(self)
        updated._describe(columns)
        return updated

    def _describe(self, columns: list) -> None:
        self._columns = columns
        self.levels_ = [column.levels for column in self._columns]
        self.n_categories_ = tuple(len(column.labels) for column in self._columns)
        self.ordered_ = tuple(column.ordered for column in self._columns)
        self.hashed_ = tuple(isinstance(column, HashedLevels) for column in self._columns)
        self.labelled_ = np.zeros(
            (len(self._columns), max(self.n_categories_, default=0)), dtype=bool
        )
        for row, column in zip(self.labelled_, self._columns, strict=True):
            row[: len(column.labels)] = [label is not None for label in column.labels]

    def transform(self, X):
        """Return the codes.

        Parameters
        ----------
        X : array-like of shape (n, c) or (n,)
            Cells.

        Returns
        -------
        ndarray of shape (n, c), int64
        """
        check_is_fitted(self)
        cells, names = _read(X)
        if cells.shape[1] != len(self._columns):
            raise ValueError(f"got {cells.shape[1]} columns, expected {len(self._columns)}.")
        codes = np.empty(cells.shape, dtype=np.int64)
        for place, column in enumerate(self._columns):
            code_of = {
                cell: MISSING if is_missing(cell) else column.code(cell)
                for cell in _distinct(cells[:, place], names[place])
            }
            codes[:, place] = [code_of[cell] for cell in cells[:, place].tolist()]
        return codes

    def inverse_transform(self, X):
        """Return the levels of codes.

        Parameters
        ----------
        X : array-like of shape (n, c), int
            Codes.

        Returns
        -------
        ndarray of shape (n, c), object
            A missing cell is None. The code of rare levels, or of a bucket, is decoded to the most
            frequent of its levels; None if there were none.
        """
        check_is_fitted(self)
        codes = np.asarray(X)
        cells = np.empty(codes.shape, dtype=object)
        for place, column in enumerate(self._columns):
            cells[:, place] = column.labels[codes[:, place]]
        return cells

    def _make_column(self, counts: Counter, enough: list, fixed, *, ordered: bool):
        if fixed is not None or ordered:
            levels = sorted(counts, key=sort_key) if fixed is None else fixed
            return Levels(levels, None, ordered=ordered)
        frequent = sorted(counts, key=lambda level: (-counts[level], sort_key(level)))
        n_enough = len(enough)
        n_kept = min(n_enough, self.max_categories or n_enough)
        if self.hash_above is not None and n_kept > self.hash_above:
            return HashedLevels(frequent, self.hash_above)
        rare = frequent[n_kept] if n_kept < len(frequent) else None
        n_reserved_codes = 0
        if self.reserves:
            most = self.max_categories
            n_reserved_codes = max(_MIN_RESERVED, n_kept) if most is None else most - n_kept
        levels = sorted(frequent[:n_kept], key=sort_key)
        return Levels(levels, rare, ordered=False, n_reserved_codes=n_reserved_codes)

    def _fixed_levels(self, X) -> dict[int, list]:
        """Return the levels fixed by an ordered dtype or by `categories`, by position."""
        declared = {
            place: list(dtype.categories)
            for place, dtype in enumerate(_dtypes(X))
            if getattr(dtype, "ordered", False)
        }
        return {**declared, **self._by_position(self.categories or {})}

    def _by_position(self, by_column: Mapping) -> dict:
        """Convert the keys of a mapping, names or positions, to positions."""
        found = {}
        for key, value in by_column.items():
            if key in self.names_:
                key = self.names_.index(key)
            if not isinstance(key, Integral) or not 0 <= key < len(self.names_):
                raise ValueError(f"column {key!r} is none of {list(self.names_)}.")
            found[int(key)] = value
        return found

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.string = True
        tags.input_tags.categorical = True
        tags.input_tags.allow_nan = True
        return tags


def has_categories(values) -> bool:
    """Return whether values, or a column of them, have a categorical dtype."""
    return any(hasattr(dtype, "categories") for dtype in _dtypes(values))


def _dtypes(X) -> list:
    """Return the dtype of each column."""
    values = X.values if isinstance(X, Columns) else X
    if hasattr(values, "dtypes") and hasattr(values, "columns"):
        return list(values.dtypes)
    return [getattr(values, "dtype", None)]


def _read(X) -> tuple[np.ndarray, tuple[str, ...]]:
    """Return the cells (n, c) as objects, and the column names."""
    columns = Columns.of(X)
    cells = np.asarray(columns.values, dtype=object)
    if cells.ndim > 2:
        raise ValueError(f"expected categories of shape (n,) or (n, c), got shape {cells.shape}.")
    cells = cells.reshape(len(cells), math.prod(cells.shape[1:]))  # there may be no rows
    return cells, tuple(columns.names_of(cells.shape[1]))


def _count(column: np.ndarray, name: str, sample_weight, min_count: int) -> tuple[Counter, list]:
    """Count the levels of a column, without missing cells; return also the frequent ones."""
    found = _distinct(column, name)
    cells = column.tolist()
    counts, enough = count_rows(zip(cells, strict=True), sample_weight, min_count)
    known = {level for level in found if not is_missing(level)}
    counts = Counter({level: counts[level] for level in known})
    return counts, [level for level in enough if level in known]


def _distinct(column: np.ndarray, name: str) -> set:
    try:
        return set(column.tolist())
    except TypeError as error:
        cell = next(cell for cell in column if not _is_hashable(cell))
        example = f"{reprlib.repr(cell)} ({type(cell).__name__})"
        raise ValueError(f"column {name!r} holds {example}, which is no category.") from error


def _is_hashable(cell) -> bool:
    try:
        hash(cell)
    except TypeError:
        return False
    return True
