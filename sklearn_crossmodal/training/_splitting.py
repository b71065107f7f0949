"""Which rows are held out: shares of all rows, of each class, or of whole groups."""

from __future__ import annotations

import numpy as np
from sklearn.model_selection import GroupKFold, KFold, StratifiedGroupKFold, StratifiedKFold

__all__ = ["split_folds", "split_groups", "split_rows"]


def split_rows(
    n_rows: int, fraction: float, classes: np.ndarray | None, rng: np.random.RandomState
) -> tuple[np.ndarray, np.ndarray]:
    """Split row numbers into training and validation rows.

    Parameters
    ----------
    n_rows : int
        Number of rows.
    fraction : float
        Share of validation rows.
    classes : ndarray of shape (n_rows,), int, or None
        Class of each row: each gives its share. A class too rare to give a row gives none.
    rng : numpy.random.RandomState
        Source of randomness.

    Returns
    -------
    training, validation : ndarray of int
        In ascending order; validation may be empty.
    """
    if classes is None:
        classes = np.zeros(n_rows, dtype=int)
    held_out = np.zeros(n_rows, dtype=bool)
    for one in np.unique(classes):
        members = rng.permutation(np.flatnonzero(classes == one))
        held_out[members[: min(round(fraction * len(members)), len(members) - 1)]] = True
    return np.flatnonzero(~held_out), np.flatnonzero(held_out)


def split_groups(
    groups: np.ndarray, fraction: float, classes: np.ndarray | None, rng: np.random.RandomState
) -> tuple[np.ndarray, np.ndarray]:
    """Split row numbers so that all rows of a group are on one side.

    Groups are held out in random order, each if that brings the rows that are held out of every
    class nearer to their share, and leaves some of the class to train on.

    Parameters
    ----------
    groups : ndarray of shape (n_rows,)
        Group of each row.
    fraction : float
        Share of validation rows.
    classes : ndarray of shape (n_rows,), int, or None
        Class of each row.
    rng : numpy.random.RandomState
        Source of randomness.

    Returns
    -------
    training, validation : ndarray of int
        In ascending order; validation is empty where there is but one group.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_crossmodal.training import split_groups
    >>> groups = np.array(["a", "b", "b", "c", "c", "c", "d", "d", "d", "d"])
    >>> split_groups(groups, 0.2, None, np.random.RandomState(0))
    (array([0, 1, 2, 6, 7, 8, 9]), array([3, 4, 5]))
    """
    _, groups = np.unique(groups, return_inverse=True)
    if classes is None:
        classes = np.zeros(len(groups), dtype=int)
    _, classes = np.unique(classes, return_inverse=True)
    counts = np.zeros((groups.max() + 1, classes.max() + 1))
    np.add.at(counts, (groups, classes), 1)
    shares = counts / counts.sum(axis=0)  # (G, K), of all rows of the class
    chosen, held_out = [], np.zeros(shares.shape[1])
    order = rng.permutation(len(shares))
    for group in order:
        if (held_out >= fraction).all():
            break
        after = held_out + shares[group]
        spares = (after < 1)[shares[group] > 0].all()
        if spares and _distance(after, fraction) < _distance(held_out, fraction):
            chosen.append(group)
            held_out = after
    if not chosen and len(shares) > 1:  # all are too large: the one that is least so
        chosen = [min(order, key=lambda group: _distance(shares[group], fraction))]
    found = np.isin(groups, chosen)
    return np.flatnonzero(~found), np.flatnonzero(found)


def split_folds(
    n_rows: int,
    n_folds: int,
    classes: np.ndarray | None,
    groups: np.ndarray | None,
    seed: int,
) -> list[tuple[np.ndarray, np.ndarray]]:
    """Split row numbers into training and validation rows, so that each row validates once.

    Parameters
    ----------
    n_rows : int
        Number of rows.
    n_folds : int
        Number of splits.
    classes : ndarray of shape (n_rows,), int, or None
        Class of each row: each gives its share, unless one has less rows than there are folds.
    groups : ndarray of shape (n_rows,) or None
        Rows of a group are on one side.
    seed : int
        Of the order of the rows.

    Returns
    -------
    list of (ndarray, ndarray) of int
        In ascending order.
    """
    if classes is not None:
        classes = _without_rare(classes, n_folds)
    if groups is None:
        kind = KFold if classes is None else StratifiedKFold
    else:
        kind = GroupKFold if classes is None else StratifiedGroupKFold
    folds = kind(n_folds, shuffle=True, random_state=seed)
    return list(folds.split(np.zeros(n_rows), classes, groups))


def _without_rare(classes: np.ndarray, n_least: int) -> np.ndarray | None:
    """Count classes of too few rows as the most frequent one; None if none has enough."""
    found, places, counts = np.unique(classes, return_inverse=True, return_counts=True)
    if counts.max() < n_least:
        return None
    merged = np.where(counts < n_least, counts.argmax(), np.arange(len(found)))
    return merged[places]


def _distance(shares: np.ndarray, fraction: float) -> float:
    return float(((shares - fraction) ** 2).sum())
