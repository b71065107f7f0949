"""Read what a user gives as the labels of a classifier: of one column or of several."""

from __future__ import annotations

import numpy as np
from scipy import sparse
from sklearn.metrics import accuracy_score
from sklearn.utils.class_weight import compute_class_weight
from sklearn.utils.multiclass import check_classification_targets

from sklearn_crossmodal.estimators._fitting._input_validation import (
    check_labels,
    check_none_missing,
    check_same_length,
    check_weight,
    name_of,
)
from sklearn_crossmodal.utils._validation import error_prefix, plain

__all__ = [
    "check_label_columns",
    "check_n_columns",
    "columns_of",
    "combinations",
    "label_weights",
    "product_of_weights",
    "shape_of",
    "subset_accuracy",
    "typed",
]

#: Rows of one combination of labels below which it is no stratum of its own.
_RARE = 10


def check_label_columns(estimator, table, y):
    """Return labels as an array with the rows of X, of one column or several.

    Parameters
    ----------
    estimator : object or str
        It, or its name, for the message.
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
    owner = name_of(estimator)
    names, y = getattr(y, "columns", None), np.asarray(y)
    check_same_length(estimator, table, y)
    columns = []
    for place, column in enumerate(y.T):
        name = place if names is None else repr(names[place])
        with error_prefix(f"{owner}: column {name} of y"):
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


def subset_accuracy(estimator, y, predicted, sample_weight) -> float:
    """Return the share of samples whose labels are all right."""
    y = check_label_columns(estimator, predicted, y)
    if predicted.ndim == 1 and y.ndim == 1:
        return accuracy_score(y, predicted, sample_weight=sample_weight)
    with error_prefix(name_of(estimator)):
        check_n_columns(y, 1 if predicted.ndim == 1 else predicted.shape[1])
    right = (predicted == y).all(axis=1)  # of columns of classes scikit-learn takes none
    return float(np.average(right, weights=check_weight(estimator, sample_weight, predicted)))


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


def product_of_weights(class_weight, classes, y, sample_weight):
    """Return the product over the columns, as `compute_sample_weight` does."""
    if class_weight == "balanced":
        class_weight = ["balanced"] * len(classes)
    if not isinstance(class_weight, list) or len(class_weight) != len(classes):
        raise ValueError(
            f"class_weight={plain(class_weight)!r} does not suit a y of {len(classes)} columns: "
            "pass 'balanced', or a list of one dict a column."
        )
    parts = zip(class_weight, classes, columns_of(y), strict=True)
    return np.prod([label_weights(one, *rest, sample_weight) for one, *rest in parts], axis=0)


def label_weights(class_weight, classes, y, sample_weight):
    """Return the weight of each sample by its class, (n,)."""
    present = np.unique(y)
    if isinstance(class_weight, dict):
        unknown = sorted(set(class_weight) - set(classes.tolist()), key=str)
        if unknown:
            raise ValueError(
                f"class_weight names {plain(unknown)}, which are not among the classes "
                f"{classes.tolist()}."
            )
        negative = {key: value for key, value in class_weight.items() if value < 0}
        if negative:
            raise ValueError(f"class_weight must not be negative, got {plain(negative)}.")
        factors = np.array([class_weight.get(one, 1.0) for one in present.tolist()])
    else:
        factors = _balanced(class_weight, present, y, sample_weight)
    return factors[np.searchsorted(present, y)]


def _balanced(class_weight, present, y, sample_weight):
    """Return the factor of each class that is present; 1 of those that have no weight at all."""
    counted = np.ones(len(y), dtype=bool) if sample_weight is None else sample_weight > 0
    some = np.unique(y[counted])
    factors = np.ones(len(present))
    factors[np.searchsorted(present, some)] = compute_class_weight(
        class_weight,
        classes=some,
        y=y[counted],
        sample_weight=None if sample_weight is None else sample_weight[counted],
    )
    return factors
