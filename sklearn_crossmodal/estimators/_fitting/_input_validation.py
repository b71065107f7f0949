"""Check what users hand to an estimator: X in any form, and sample weights."""

from __future__ import annotations

from collections.abc import Mapping
from os import PathLike

import narwhals as nw
import numpy as np
from scipy import sparse
from sklearn.utils import assert_all_finite
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import column_or_1d, validate_data

from sklearn_crossmodal.data import (
    Columns,
    MultiModalFrame,
    as_column,
    as_rows,
    as_table,
    column_labels,
    find_order,
    is_missing,
    is_named,
    preview,
    refuse_foreign,
    take_rows,
    unmask,
)
from sklearn_crossmodal.exceptions import ModalityError
from sklearn_crossmodal.utils._row_numbers import row_number
from sklearn_crossmodal.utils._sklearn import (
    _check_feature_names,
    _check_n_features,
    _check_sample_weight,
    _num_samples,
)
from sklearn_crossmodal.utils._validation import error_prefix

__all__ = [
    "check_X",
    "check_labels",
    "check_none_missing",
    "check_same_length",
    "check_weight",
    "cut_by_row",
    "in_fitted_order",
    "name_of",
    "order_columns",
]


def cut_by_row(X):
    """Return X as what scikit-learn can cut by row: of a plain mapping the length is its keys."""
    return as_table(X) if isinstance(X, Mapping) else X


def check_X(estimator, X, *, reset):
    """Return X as a table: a `MultiModalFrame` if it has names, else a 2-D or sparse array.

    Parameters
    ----------
    estimator : object
        Gets, or is compared with, `n_features_in_` and `feature_names_in_`.
    X : {MultiModalFrame, dataframe, mapping, array-like, sparse} of shape (n_samples, n_features)
        The samples.
    reset : bool
        Whether X is what the estimator is fitted on.

    Returns
    -------
    MultiModalFrame, ndarray or CSR array of shape (n_samples, n_features)

    Raises
    ------
    TypeError
        If X is a container of another library that is no table; the message names the remedy.
    ValueError
        If X is no table, is empty, or is not like what was fitted.
    """
    if not reset and _is_known(estimator, X):
        return X
    if not isinstance(X, MultiModalFrame):
        with error_prefix(type(estimator).__name__):
            refuse_foreign(X)
    if not is_named(X):
        X = as_rows(X)
        _refuse_nameless(estimator, X)
        # Infinity and NaN are the modalities' to judge: they know the names of the columns.
        checked = validate_data(
            estimator, X, reset=reset, accept_sparse="csr", dtype=None, ensure_all_finite=False
        )
        return as_rows(checked)
    with error_prefix(type(estimator).__name__):
        table = as_table(X)
        n_rows, n_columns = table.shape
        if not n_rows or not n_columns:
            raise ValueError(
                f"Found array with {n_rows} sample(s) and {n_columns} feature(s) (shape="
                f"{table.shape}) while a minimum of 1 is required."
            )
        if reset:
            _remember_columns(estimator, X, table)
        else:
            _compare_columns(estimator, table)
    return table


def _refuse_nameless(estimator, X):
    """Raise if X is the column of one modality, such as a list of texts, and has no name for it."""
    if sparse.issparse(X) or not hasattr(X, "__len__"):
        return
    kind, cells = None, as_column(X)
    if np.ndim(cells) > 2:
        kind, what = "image", f"Found array with dim {np.ndim(cells)}, while dim <= 2 is required"
    elif np.ndim(cells) == 1:
        kind, what = _kind_of(list(cells))
    if kind is not None:
        raise ValueError(
            f"{type(estimator).__name__}: {what}. Name the modality: "
            f"MultiModalFrame({{{kind!r}: X}})."
        )


def _kind_of(cells: list) -> tuple:
    """Return what to call a plain column, and what it holds; None if its cells are numbers."""
    first = next((cell for cell in cells if not is_missing(cell)), None)
    if isinstance(first, str):
        return "text", "X is a plain column of texts"
    if isinstance(first, bytes | PathLike) or np.ndim(first) > 1:
        return "image", f"X is a plain column of {type(first).__name__}"
    if np.ndim(first) == 1 and len({np.shape(cell) for cell in cells}) > 1:
        return "series", "X is a plain column of rows that differ in length"
    return None, None


def _is_known(estimator, X):
    """Tell whether X is an array in which nothing is left to check, which spares time a row."""
    return (
        type(X) is np.ndarray
        and X.ndim == 2
        and X.dtype.kind in "biuf"
        and len(X) > 0
        and X.shape[1] == estimator.n_features_in_
        and not hasattr(estimator, "feature_names_in_")
    )


def _remember_columns(estimator, X, table):
    _check_n_features(estimator, table, reset=True)
    if isinstance(X, MultiModalFrame) or not hasattr(X, "columns"):
        estimator.feature_names_in_ = table.columns
    else:  # a data frame, whose names may be numbers: then they are not remembered
        _check_feature_names(estimator, X, reset=True)


def _compare_columns(estimator, table):
    fitted = getattr(estimator, "feature_names_in_", None)
    if fitted is None:
        _check_n_features(estimator, table, reset=False)
    elif fitted.tolist() != list(table) and not set(fitted) & set(table):
        raise ModalityError(
            f"X has none of the columns that were fitted, {preview(list(fitted))}; it has "
            f"{preview(list(table))}."
        )


def name_of(estimator) -> str:
    """Return the name of an estimator for messages; a name stays as it is."""
    return estimator if isinstance(estimator, str) else type(estimator).__name__


def check_weight(estimator, sample_weight, table):
    """Return sample weights as float64 (n_samples,), None if there are none.

    Parameters
    ----------
    estimator : object or str
        It, or its name, for the message.
    sample_weight : array-like of shape (n_samples,), number, or None
        Weights, none negative, not all zero.
    table : MultiModalFrame or ndarray
        The samples.

    Returns
    -------
    ndarray of shape (n_samples,) or None

    Raises
    ------
    ValueError
        If the weights are negative, all zero, or of another length.
    """
    if sample_weight is None:
        return None
    numbers = np.empty((table.shape[0], 1))  # X only gives the number of rows
    weight = _check_sample_weight(
        unmask(sample_weight), numbers, dtype=np.float64, ensure_non_negative=True
    )
    if not weight.any():
        raise ValueError(f"{name_of(estimator)}: all sample weights are zero.")
    return weight


def rows_that_count(estimator, table, y, weight, groups):
    """Return the rows whose weight is not zero, and what they hold.

    Parameters
    ----------
    estimator : object or str
        It, or its name, for the message.
    table : MultiModalFrame or ndarray
        The samples.
    y, weight, groups : ndarray of shape (n_samples, ...), or None
        Target, weights and groups.

    Returns
    -------
    rows : ndarray of int, or None
        None where all count.
    table, y, weight, groups : object
        Of these rows.

    Raises
    ------
    ValueError
        If all weights are zero.
    """
    if weight is None or weight.all():
        return None, table, y, weight, groups
    if not weight.any():
        raise ValueError(f"{name_of(estimator)}: all weights are zero, those of classes too.")
    rows = np.flatnonzero(weight)
    y, groups = (None if part is None else part[rows] for part in (y, groups))
    return rows, take_rows(table, rows), y, weight[rows], groups


def check_labels(estimator, table, y):
    """Return class labels as an array with the rows of X.

    Parameters
    ----------
    estimator : object or str
        It, or its name, for the message.
    table : MultiModalFrame or ndarray
        The samples.
    y : array-like of shape (n_samples,)
        Numbers or strings.

    Returns
    -------
    ndarray of shape (n_samples,)

    Raises
    ------
    ValueError
        If y is None, no column of labels, or has not the rows of X.
    """
    owner = name_of(estimator)
    if y is None:
        raise ValueError(
            f"This {owner} estimator requires y to be passed, but the target y is None."
        )
    with error_prefix(owner):
        y = column_or_1d(unmask(y), warn=True)
        check_none_missing(y)
        check_same_length(estimator, table, y)
        check_classification_targets(y)
    return y


def check_none_missing(labels):
    """Raise if a label is missing, or infinite.

    Parameters
    ----------
    labels : ndarray of shape (n_samples,)
        Numbers, strings or objects.

    Raises
    ------
    ValueError
        If one is; of objects the message names the rows.
    """
    if labels.dtype.kind != "O":
        assert_all_finite(labels, input_name="y")
        return
    missing = [row for row, label in enumerate(labels) if is_missing(label)]
    if missing:
        raise ValueError(
            f"{len(missing)} samples have no label, first rows {row_number(missing[:5])}: leave "
            "them out, or give them a label of their own."
        )


def check_same_length(estimator, table, y):
    """Raise if the target has not the rows of X.

    Parameters
    ----------
    estimator : object or str
        It, or its name, for the message.
    table : MultiModalFrame or ndarray
        The samples.
    y : array-like
        The target.

    Raises
    ------
    ValueError
        If the numbers of rows differ.
    """
    if _num_samples(y) != _num_samples(table):
        raise ValueError(
            f"{name_of(estimator)}: Found input variables with inconsistent numbers of "
            f"samples: X has {_num_samples(table)} rows, y has {_num_samples(y)}."
        )


def order_columns(owner: str, y, fitted: tuple[str, ...] | None):
    """Return y with its columns in the order they had in `fit`.

    Parameters
    ----------
    owner : str
        Name of the estimator, for the message.
    y : object
        As the user gave it: a data frame has names, and so have cells that are data frames. What
        has none is taken by position, as predictions are; so is a single column.
    fitted : tuple of str, or None
        The names in `fit`.

    Returns
    -------
    object
        Of the type of y.

    Raises
    ------
    ModalityError
        If the names are not those of `fit`; the message lists those missing and new.
    """
    found = column_labels(y)
    if found is None or fitted is None or (len(found) == len(fitted) == 1):
        return y
    with error_prefix(f"{owner}: y"):
        if not nw.dependencies.is_into_dataframe(y):
            return Columns.of(y).ordered_like(fitted).values
        order = find_order(found, fitted)
    return y if order is None else nw.from_native(y, eager_only=True)[:, order].to_native()


def in_fitted_order(estimator, y, *, reset: bool):
    """Return y with its columns in the order they had in `fit`, which the estimator remembers.

    Parameters
    ----------
    estimator : object
        Remembers the names of the columns.
    y : object
        As of `order_columns`; a masked array becomes one with NaN.
    reset : bool
        Whether this is the y that the estimator is fitted on.

    Returns
    -------
    object
        Of the type of y; a masked array as one with NaN.

    Raises
    ------
    ModalityError
        If the names are not those of `fit`.
    """
    y = unmask(y)
    if reset:
        estimator._target_labels = column_labels(y)
        return y
    return order_columns(type(estimator).__name__, y, getattr(estimator, "_target_labels", None))
