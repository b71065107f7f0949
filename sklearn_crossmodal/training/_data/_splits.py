"""Which rows are held out: shares of all rows, of classes or whole groups, folds, or as given."""

from __future__ import annotations

import warnings
from collections.abc import Iterable

import numpy as np
from sklearn.model_selection import GroupKFold, KFold, StratifiedGroupKFold, StratifiedKFold

__all__ = [
    "are_in_order",
    "deal_folds",
    "pick_split",
    "split_groups",
    "split_rows",
    "warn_of_unused_rows",
]


def split_rows(
    n_rows: int, fraction: float, classes: np.ndarray | None, rng: np.random.RandomState
) -> tuple[np.ndarray, np.ndarray]:
    """Split row numbers into training and validation rows, in ascending order.

    Each class gives its share; one too rare for a row gives none, and validation may be empty.
    scikit-learn's `StratifiedShuffleSplit` refuses such classes, and draws other rows.
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
    """Split row numbers so that all rows of a group are on one side; of one group, all train.

    Groups are held out in random order, each if that brings the held-out rows of every class nearer
    to their share, and leaves some of the class to train on. scikit-learn's `GroupShuffleSplit`
    looks neither at the size of groups nor at classes.

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
    if not chosen and len(shares) > 1:  # all are too large: take the nearest
        chosen = [min(order, key=lambda group: _distance(shares[group], fraction))]
    found = np.isin(groups, chosen)
    return np.flatnonzero(~found), np.flatnonzero(found)


def _distance(shares: np.ndarray, fraction: float) -> float:
    return float(((shares - fraction) ** 2).sum())


def deal_folds(
    n_folds: int, y: np.ndarray, groups: np.ndarray | None, *, stratify: bool, seed: int
) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return rows to train on and rows to predict, so that each row is predicted once.

    There are at most as many folds as rows or groups, and none of less than two. With `stratify`,
    each fold has its share of each class of y; a class that is too rare is spread over as many
    folds as it has rows.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_crossmodal.training import deal_folds
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
            return folds  # with few groups a fold may be empty
    return _split(GroupKFold, n_folds, y, groups, seed)


def _split(kind, n_folds, y, groups, seed):
    with warnings.catch_warnings():  # of classes with fewer rows than folds
        warnings.filterwarnings("ignore", "The least populated class", UserWarning)
        return list(kind(n_folds, shuffle=True, random_state=seed).split(y, y, groups))


def are_in_order(training: np.ndarray, validation: np.ndarray) -> bool:
    """Return whether all training rows come before all validation rows, as if ordered by time."""
    return bool(len(training) and len(validation) and np.max(training) < np.min(validation))


def pick_split(
    splits: Iterable[tuple[np.ndarray, np.ndarray]],
) -> tuple[np.ndarray, np.ndarray] | None:
    """Return the split that holds rows out of a single training, None where there is none.

    It is the first; of splits that are all in order of the rows, as those of `TimeSeriesSplit`, the
    last, in which all earlier rows train: in the first only the oldest do. No more are read than
    needed.

    Examples
    --------
    >>> from sklearn.model_selection import KFold, TimeSeriesSplit
    >>> from sklearn_crossmodal.training import pick_split
    >>> [part.tolist() for part in pick_split(TimeSeriesSplit(3).split(range(8)))]
    [[0, 1, 2, 3, 4, 5], [6, 7]]
    >>> [part.tolist() for part in pick_split(KFold(4).split(range(8)))]
    [[2, 3, 4, 5, 6, 7], [0, 1]]
    """
    first = last = None
    for split in splits:
        first, last = first or split, split
        if not are_in_order(*split):
            return first
    return last


def warn_of_unused_rows(n_rows: int, training: np.ndarray, validation: np.ndarray, what: str):
    """Warn if a split uses less than half of the rows; `what` names the parameter at fault."""
    n_used = len(training) + len(validation)
    if n_used < n_rows / 2:
        warnings.warn(
            f"{what} trains on {len(training)} and holds out {len(validation)} of {n_rows} rows: "
            f"the other {n_rows - n_used} are not used. Take a splitter whose two parts are most "
            "of the rows.",
            UserWarning,
            stacklevel=2,
        )
