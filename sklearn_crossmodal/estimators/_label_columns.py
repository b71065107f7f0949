"""Read what a user gives as the labels of a classifier: of one column or of several."""

from __future__ import annotations

import numpy as np
from scipy import sparse
from sklearn.utils.multiclass import check_classification_targets

from sklearn_crossmodal.estimators._input import check_labels, check_none_missing, check_same_length
from sklearn_crossmodal.utils._validation import said_by

__all__ = [
    "check_label_columns",
    "check_n_columns",
    "columns_of",
    "combinations",
    "shape_of",
    "typed",
]

#: Rows of one combination of labels below which it is no stratum of its own.
_RARE = 10


def check_label_columns(estimator, table, y):
    """Return labels as an array with the rows of X, of one column or several.

    Parameters
    ----------
    estimator : object
        For the message.
    table : MultiModalFrame or ndarray
        The samples.
    y : {array-like, sparse} of shape (n_samples,) or (n_samples, n_outputs)
        Numbers or strings.

    Returns
    -------
    ndarray of shape (n_samples,) or (n_samples, n_outputs)

    Raises
    ------
    ValueError
        If y is None, holds no labels, or has not the rows of X; the message names the column.
    """
    y = y.toarray() if sparse.issparse(y) else y
    if len(shape := shape_of(y)) != 2 or shape[1] < 2:
        return check_labels(estimator, table, y)
    owner = type(estimator).__name__
    names, y = getattr(y, "columns", None), np.asarray(y)
    check_same_length(estimator, table, y)
    columns = []
    for place, column in enumerate(y.T):
        name = place if names is None else repr(names[place])
        with said_by(f"{owner}: column {name} of y"):
            check_none_missing(column)
            columns.append(typed(column))
            check_classification_targets(columns[-1])
    if all(column.dtype.kind in "biuf" for column in columns):
        return np.column_stack(columns)
    return y


def shape_of(y) -> tuple[int, ...]:
    """Return the shape of labels in any form; of rows of unequal length their number alone."""
    try:
        return tuple(y.shape) if hasattr(y, "shape") else np.asarray(y).shape
    except ValueError:  # `check_labels` refuses them
        return (len(y),)


def typed(column):
    """Return the labels of a column with the type of what it holds."""
    if column.dtype.kind != "O":
        return column
    if len({isinstance(label, str) for label in column}) > 1:
        raise ValueError("it holds both strings and numbers: make them of one type.")
    return np.asarray(column.tolist())


def columns_of(y):
    """Return the columns of y, each with the type of what it holds."""
    return [typed(column) for column in y.T]


def check_n_columns(y, n_columns):
    """Raise if y has not as many columns as in the first call."""
    found = 1 if y.ndim == 1 else y.shape[1]
    if found != n_columns:
        raise ValueError(f"y has {found} columns, that of the first call had {n_columns}.")


def combinations(codes):
    """Return the combination of codes of each row, (n,) int; -1 for all that are rare."""
    _, found, counts = np.unique(codes, axis=0, return_inverse=True, return_counts=True)
    found = found.reshape(-1)
    return np.where(counts[found] < _RARE, -1, found)
