"""Rows dealt out to folds: of each class to all of them, and groups whole."""

from __future__ import annotations

import warnings

import numpy as np
from sklearn.model_selection import GroupKFold, KFold, StratifiedGroupKFold, StratifiedKFold

__all__ = ["deal_folds"]


def deal_folds(
    n_folds: int, y: np.ndarray, groups: np.ndarray | None, *, stratify: bool, seed: int
) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return rows to train on and rows to answer for, so that each row is answered for once.

    Parameters
    ----------
    n_folds : int
        At most this many; as many as rows or groups allow.
    y : ndarray of shape (n, ...)
        The target.
    groups : ndarray of shape (n,) or None
        Rows of a group are in one fold.
    stratify : bool
        Whether y are classes, which each fold is to have its share of. One that is too rare for
        that is spread over as many folds as it has rows.
    seed : int
        Of the order of the rows.

    Returns
    -------
    list of (ndarray, ndarray)
        Empty if there are not two rows, or not two groups.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_crossmodal.estimators._dealing import deal_folds
    >>> y = np.array([0, 0, 0, 1, 1, 1, 2])
    >>> folds = deal_folds(3, y, None, stratify=True, seed=0)
    >>> sorted(sorted(y[validation].tolist()) for _, validation in folds)
    [[0, 1], [0, 1], [0, 1, 2]]
    """
    units = len(y) if groups is None else len(np.unique(groups))
    n_folds = min(n_folds, units)
    if n_folds < 2:
        return []
    most = np.unique(y, return_counts=True)[1].max() if stratify else 0
    if groups is not None:
        return _of_groups(n_folds, y, groups, most >= n_folds, seed)
    if most < 2:
        return _split(KFold, n_folds, y, None, seed)
    return _split(StratifiedKFold, min(n_folds, most), y, None, seed)


def _of_groups(n_folds, y, groups, stratify, seed):
    if stratify:
        folds = _split(StratifiedGroupKFold, n_folds, y, groups, seed)
        if all(len(training) and len(validation) for training, validation in folds):
            return folds  # of few groups it may leave a fold empty
    return _split(GroupKFold, n_folds, y, groups, seed)


def _split(kind, n_folds, y, groups, seed):
    with warnings.catch_warnings():  # that a class has fewer rows than there are folds
        warnings.filterwarnings("ignore", "The least populated class", UserWarning)
        return list(kind(n_folds, shuffle=True, random_state=seed).split(y, y, groups))
