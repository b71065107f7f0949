"""The folds of the parameter `cv`, checked: rows to train on and rows to predict."""

from __future__ import annotations

from numbers import Integral

import numpy as np
from sklearn.model_selection import check_cv

from sklearn_crossmodal.training._data._splits import are_in_order, deal_folds, warn_of_unused_rows
from sklearn_crossmodal.utils._validation import error_prefix

__all__ = ["cv_folds", "row_numbers"]

#: Below this number of samples "auto" is eight folds, so that models see more of them; else five.
_SMALL = 200
#: From this number on it is one fold of a fifth of the rows: these are enough to judge by.
_LARGE = 10_000


def cv_folds(owner: str, cv, y, counted, groups, *, stratify: bool, seed: int) -> list[tuple]:
    """Return rows to train on and rows to predict in each fold, of the rows `counted`.

    Parameters
    ----------
    owner : str
        Name of the estimator, for messages.
    cv : "auto", int, cross-validation generator or iterable
        As a user gives it.
    y : ndarray of shape (n, ...)
        The target.
    counted : ndarray of int
        Rows whose weight is not zero.
    groups : ndarray of shape (n,) or None
        Rows of a group are in one fold, if `cv` is "auto" or an int.
    stratify : bool
        Whether y are classes.
    seed : int
        Of the folds.

    Raises
    ------
    ValueError
        If groups are too few, or `cv` does not yield a partition of the rows.
    """
    if isinstance(cv, str | Integral):
        return _dealt(cv, y, counted, groups, stratify, seed)
    with error_prefix(f"cv={_name(cv)}"):
        folds = check_cv(cv, y, classifier=stratify).split(np.zeros(len(y)), y, groups)
        folds = [tuple(row_numbers(rows, len(y)) for rows in fold) for fold in folds]
        folds = [tuple(rows[np.isin(rows, counted)] for rows in fold) for fold in folds]
        if not folds or not all(
            len(training) and len(validation) for training, validation in folds
        ):
            raise ValueError(
                "it gives no fold, or one without rows to train on or to predict, those of "
                "weight zero left out: give others."
            )
    # Of folds in order of time, the last model is used: the earlier ones may be small.
    last = folds[-1:] if all(are_in_order(*fold) for fold in folds) else folds
    smallest = min(last, key=lambda fold: sum(map(len, fold)))
    warn_of_unused_rows(len(counted), *smallest, f"{owner}: cv={_name(cv)}")
    return folds


def _dealt(cv, y, counted, groups, stratify, seed):
    some = None if groups is None else groups[counted]
    if some is not None and len(np.unique(some)) < (2 if isinstance(cv, str) else cv):
        raise ValueError(
            f"cv={cv!r} needs as many groups at least as folds, and two: there are "
            f"{len(np.unique(some))}. Take fewer folds, or leave groups out."
        )
    if isinstance(cv, str):
        is_large, cv = len(counted) >= _LARGE, 8 if len(counted) < _SMALL else 5
        folds = deal_folds(cv, y[counted], some, stratify=stratify, seed=seed)
        folds = folds[:1] if is_large else folds
    else:
        folds = deal_folds(cv, y[counted], some, stratify=stratify, seed=seed)
    return [(counted[training], counted[validation]) for training, validation in folds]


def row_numbers(rows, n_rows: int) -> np.ndarray:
    """Return the row numbers that a splitter gives by number, or by a mask of shape (n_rows,)."""
    rows = np.asarray(rows)
    if rows.dtype.kind == "b" and rows.shape == (n_rows,):
        return np.flatnonzero(rows)
    if rows.ndim != 1 or (rows.size and rows.dtype.kind not in "iu"):
        raise ValueError(
            "a fold is a pair of arrays of row numbers, or of masks with one entry for each of "
            f"{n_rows} rows, got {rows.dtype} of shape {rows.shape}."
        )
    if rows.size and not -n_rows <= rows.min() <= rows.max() < n_rows:
        raise ValueError(
            f"it names rows from {rows.min()} to {rows.max()}, but X has {n_rows} rows."
        )
    return rows.astype(int) % n_rows


def _name(cv) -> str:
    return f"{type(cv).__name__}(...)" if hasattr(cv, "split") else type(cv).__name__
