"""Columns of categories to integer codes."""

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

#: Codes that are kept for later levels at least.
_LEAST_LATER = 16


class CategoryCoder(TransformerMixin, BaseEstimator):
    """Turn columns of categories, of any type, into integer codes.

    Code 0 is a missing cell, 1 a level that is rare or that `fit` did not see; levels have codes
    from 2 on, in their order where they have one, else sorted. Levels that Python takes for equal
    are one: 1, 1.0 and True.

    Parameters
    ----------
    min_count : int, default=1
        In how many rows a level must be; those in fewer are rare.
    max_categories : int or None, default=None
        How many levels of a column have a code of their own at most, the most frequent; the others
        are rare.
    hash_above : int or None, default=10000
        A column that has more levels than this left is hashed: each level has the code of one of
        so many buckets, and no level is rare. None hashes nothing.
    ordered : "auto" or list of str or int, default="auto"
        Names or positions of the columns whose levels have an order. "auto" are those of
        `categories` and those of an ordered type of categories. An ordered column keeps all of its
        levels.
    categories : mapping of str or int to list, or None, default=None
        All levels of some columns, in their order, by name or position; a cell that is none of
        them has code 1. Other columns have the levels of their type of categories if this is
        ordered, and else those seen in `fit`, sorted.

    Attributes
    ----------
    levels_ : list of list
        Of each column the levels that have a code, from 2 on. Of a hashed column the most frequent
        level of each bucket, None for an empty one.
    n_categories_ : tuple of int
        Number of codes of each column, with those for missing and rare cells.
    ordered_ : tuple of bool
        Whether the codes of a column are in order.
    hashed_ : tuple of bool
        Whether a column is hashed.
    names_ : tuple of str
        Names of the columns, or their positions.
    labelled_ : ndarray of shape (n_columns, most codes), bool
        Whether a code of a column stands for a level that `fit` knows: not that of missing cells,
        of rare ones where there were none, or of an empty bucket.

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

    #: Whether `fit` keeps codes for levels that come later; set by those who go on with `extended`.
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
            Cells that can be hashed; None, NaN or NA where one is missing.
        y : None
            Ignored; pipelines pass it.
        sample_weight : array-like of shape (n,), default=None
            A row of weight 2 counts as two rows, one of weight zero is not there.

        Returns
        -------
        CategoryCoder
            Itself.

        Raises
        ------
        ValueError
            If a cell cannot be hashed, or a column that a parameter names is not in X.
        """
        self._validate_params()
        cells, self.names_ = _read(X)
        if sample_weight is not None:
            sample_weight = np.asarray(sample_weight)
            cells, sample_weight = cells[sample_weight > 0], sample_weight[sample_weight > 0]
        given = self._given(X)
        counts = [
            _count(column, name, sample_weight, self.min_count)
            for column, name in zip(cells.T, self.names_, strict=True)
        ]
        asked = None if self.ordered == "auto" else self._by_position(dict.fromkeys(self.ordered))
        ordered = given if asked is None else asked
        self._describe(
            [
                self._make_column(*count, given.get(place), ordered=place in ordered)
                for place, count in enumerate(counts)
            ]
        )
        return self

    def extended(self, X, sample_weight=None):
        """Return a coder that also knows new levels, as far as codes were kept for them.

        Parameters
        ----------
        X : array-like of shape (n, c) or (n,)
            Cells, as in `fit`.
        sample_weight : array-like of shape (n,), default=None
            Weights of the rows.

        Returns
        -------
        CategoryCoder
            Itself where no level is new, or no code is left.
        """
        cells, names = _read(X)
        columns = list(self._columns)
        for place, column in enumerate(columns):
            if not getattr(column, "n_later", 0):
                continue
            counts, enough = _count(cells[:, place], names[place], sample_weight, self.min_count)
            new = [level for level in enough if level not in column.codes]
            if new:
                new.sort(key=lambda level: (-counts[level], sort_key(level)))
                columns[place] = column.extended(new)
        if all(old is new for old, new in zip(self._columns, columns, strict=True)):
            return self
        longer = copy.copy(self)
        longer._describe(columns)
        return longer

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
            codes[:, place] = _encode(cells[:, place], column.code, names[place])
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
            A missing cell is None. Where a code stands for several levels it is the most frequent
            of them: the rare ones, or those in one bucket; None if there were none.
        """
        check_is_fitted(self)
        codes = np.asarray(X)
        cells = np.empty(codes.shape, dtype=object)
        for place, column in enumerate(self._columns):
            cells[:, place] = column.labels[codes[:, place]]
        return cells

    def _make_column(self, counts: Counter, enough: list, given, *, ordered: bool):
        if given is not None or ordered:
            levels = sorted(counts, key=sort_key) if given is None else given
            return Levels(levels, None, ordered=ordered)
        frequent = sorted(counts, key=lambda level: (-counts[level], sort_key(level)))
        n_enough = len(enough)
        n_kept = min(n_enough, self.max_categories or n_enough)
        if self.hash_above is not None and n_kept > self.hash_above:
            return HashedLevels(frequent, self.hash_above)
        rare = frequent[n_kept] if n_kept < len(frequent) else None
        n_later = self._n_later(n_kept) if self.reserves else 0
        levels = sorted(frequent[:n_kept], key=sort_key)
        return Levels(levels, rare, ordered=False, n_later=n_later)

    def _n_later(self, n_kept: int) -> int:
        """Return how many codes are kept for levels that come later."""
        if self.max_categories is None:
            return max(_LEAST_LATER, n_kept)
        return max(0, self.max_categories - n_kept)

    def _given(self, X) -> dict[int, list]:
        """Return the levels of the columns that have given ones, in order, by position."""
        declared = dict(enumerate(_dtypes(X)))
        given = {
            place: list(dtype.categories)
            for place, dtype in declared.items()
            if getattr(dtype, "ordered", False)
        }
        return {**given, **self._by_position(self.categories or {})}

    def _by_position(self, by_column: Mapping) -> dict:
        """Return a mapping of names or positions as one of positions."""
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
    """Return whether values, or a column of them, have a type of categories, as pandas has.

    Parameters
    ----------
    values : array-like or dataframe
        A raw column, or several.

    Returns
    -------
    bool
    """
    return any(hasattr(dtype, "categories") for dtype in _dtypes(values))


def _dtypes(X) -> list:
    """Return the type of each column."""
    values = X.values if isinstance(X, Columns) else X
    if hasattr(values, "dtypes") and hasattr(values, "columns"):
        return list(values.dtypes)
    return [getattr(values, "dtype", None)]


def _read(X) -> tuple[np.ndarray, tuple[str, ...]]:
    """Return the cells (n, c) as objects, and the names of their columns."""
    columns = Columns.of(X)
    cells = np.asarray(columns.values, dtype=object)
    if cells.ndim > 2:
        raise ValueError(f"expected categories of shape (n,) or (n, c), got shape {cells.shape}.")
    cells = cells.reshape(len(cells), math.prod(cells.shape[1:]))  # there may be no rows
    return cells, tuple(columns.names_of(cells.shape[1]))


def _count(column: np.ndarray, name: str, sample_weight, min_count: int) -> tuple[Counter, list]:
    """Count the levels of a column, without missing cells; return those in enough rows, too."""
    found = _distinct(column, name)
    cells = column.tolist()
    counts, enough = count_rows(zip(cells, strict=True), sample_weight, min_count)
    known = {level for level in found if not is_missing(level)}
    counts = Counter({level: counts[level] for level in known})
    return counts, [level for level in enough if level in known]


def _encode(column: np.ndarray, code, name: str) -> list[int]:
    distinct = _distinct(column, name)
    codes = {cell: MISSING if is_missing(cell) else code(cell) for cell in distinct}
    return [codes[cell] for cell in column.tolist()]


def _distinct(column: np.ndarray, name: str) -> set:
    try:
        return set(column.tolist())
    except TypeError as error:
        cell = next(cell for cell in column if not _can_be_hashed(cell))
        shown = f"{reprlib.repr(cell)} ({type(cell).__name__})"
        raise ValueError(f"column {name!r} holds {shown}, which is no category.") from error


def _can_be_hashed(cell) -> bool:
    try:
        hash(cell)
    except TypeError:
        return False
    return True
