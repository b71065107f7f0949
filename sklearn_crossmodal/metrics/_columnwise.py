"""Metrics averaged over columns, with missing cells ignored."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from sklearn.metrics import r2_score, roc_auc_score

from sklearn_crossmodal.data import is_missing

__all__ = ["METRICS", "as_array"]


def as_array(values) -> np.ndarray:
    """Return raw values as an array; cells that are arrays of one shape are stacked."""
    values = values.toarray() if hasattr(values, "toarray") else np.asarray(values)
    if values.dtype != object or values.ndim != 1 or not len(values):
        return values
    shapes = {np.shape(cell) for cell in values}
    return np.stack([*values]) if len(shapes) == 1 and shapes != {()} else values


def r2(true: np.ndarray, predicted: np.ndarray) -> float:
    """Return the uniform average of R² over the columns of (n, d)."""
    true, predicted = true.astype(float), predicted.astype(float)
    if not np.isnan(true).any():
        return r2_score(true, predicted)
    return _by_column(r2_score, true, predicted)


def roc_auc(true: np.ndarray, predicted: np.ndarray) -> float:
    """Return the uniform average of the area under the ROC curve, over columns of two classes."""
    return _by_column(roc_auc_score, true, predicted, at_least=2)


def accuracy(true: np.ndarray, predicted: np.ndarray) -> float:
    """Return the share of observed cells that are predicted correctly."""
    observed = _observed(true)
    return float(np.mean(true[observed] == predicted[observed]))


#: (true, predicted) of shape (n, d) -> score.
METRICS: dict[str, Callable[[np.ndarray, np.ndarray], float]] = {
    "r2": r2,
    "roc_auc": roc_auc,
    "accuracy": accuracy,
}


def _by_column(metric, true: np.ndarray, predicted: np.ndarray, at_least: int = 1) -> float:
    """Average a metric over the columns, without missing cells.

    Columns with fewer than `at_least` different values are ignored.
    """
    scores = []
    for column, guess, there in zip(true.T, predicted.T, _observed(true).T, strict=True):
        if there.sum() > 1 and len(set(column[there].tolist())) >= at_least:
            scores.append(metric(column[there], guess[there]))
    return float(np.mean(scores)) if scores else np.nan


def _observed(true: np.ndarray) -> np.ndarray:
    if true.dtype.kind == "f":
        return ~np.isnan(true)
    if true.dtype.kind != "O":
        return np.ones(true.shape, dtype=bool)
    return np.array([not is_missing(cell) for cell in true.flat], dtype=bool).reshape(true.shape)
