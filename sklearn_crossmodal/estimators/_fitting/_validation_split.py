"""Which rows an estimator holds out of training, to find the best epoch on."""

from __future__ import annotations

from inspect import isclass

import numpy as np
from sklearn.utils import check_random_state
from sklearn.utils.validation import column_or_1d

from sklearn_crossmodal.data import is_missing
from sklearn_crossmodal.training import pick_split, split_groups, split_rows, warn_of_unused_rows
from sklearn_crossmodal.training._data._cv_folds import row_numbers
from sklearn_crossmodal.utils._row_numbers import row_number
from sklearn_crossmodal.utils._validation import error_prefix

__all__ = [
    "check_groups",
    "check_one_split",
    "has_own_split",
    "has_splitter",
    "held_out_rows",
    "n_folds_of",
]


def check_groups(estimator, groups, table):
    """Return groups as an array with the rows of X, None if there are none.

    Parameters
    ----------
    estimator : object
        For the message.
    groups : array-like of shape (n_samples,), or None
        Group of each sample: numbers or strings.
    table : MultiModalFrame or ndarray
        The samples.

    Returns
    -------
    ndarray of shape (n_samples,) or None

    Raises
    ------
    ValueError
        If groups are missing, or not one a sample.
    """
    if groups is None:
        return None
    with error_prefix(f"{type(estimator).__name__}: groups"):
        groups = column_or_1d(groups, input_name="it")
        if len(groups) != table.shape[0]:
            raise ValueError(
                f"X has {table.shape[0]} rows, but there are {len(groups)} groups: give one for "
                "each row."
            )
        missing = [place for place, group in enumerate(groups.tolist()) if is_missing(group)]
        if missing:
            raise ValueError(
                f"{len(missing)} samples have no group, first rows {row_number(missing[:5])}: give "
                "each a group of its own, or leave them out."
            )
    return groups


def n_folds_of(estimator) -> int | str | None:
    """Return the parameter `n_folds`; None of an estimator that has none.

    Parameters
    ----------
    estimator : BaseMultimodal
        Whose parameter is looked at.

    Returns
    -------
    int, "auto" or None
    """
    return estimator.get_params(deep=False).get("n_folds")


def has_own_split(estimator) -> bool:
    """Tell whether `net_params` has a `train_split`, which then says which rows are held out.

    Parameters
    ----------
    estimator : BaseMultimodal
        Whose `net_params` are looked at.

    Returns
    -------
    bool
    """
    return bool((estimator.net_params or {}).get("train_split"))


def has_splitter(estimator) -> bool:
    """Tell whether `validation_fraction` is a splitter, which wants rows to be held out.

    Parameters
    ----------
    estimator : BaseMultimodal
        Whose parameter is looked at.

    Returns
    -------
    bool
    """
    return hasattr(estimator.validation_fraction, "split")


def check_one_split(estimator, other) -> None:
    """Raise if another parameter holds rows out beside a `train_split` or a splitter.

    Parameters
    ----------
    estimator : BaseMultimodal
        Whose `net_params` and `validation_fraction` are looked at.
    other : str
        The other parameter, as in a call.

    Raises
    ------
    ValueError
        If there are two that say it.
    """
    given_by = {other: True, "net_params['train_split']": has_own_split(estimator)}
    if has_splitter(estimator):
        given_by[f"validation_fraction={type(estimator.validation_fraction).__name__}(...)"] = True
    several = [name for name, is_set in given_by.items() if is_set]
    if len(several) > 1:
        raise ValueError(
            f"{type(estimator).__name__}: {several[0]} and {several[1]} both say which rows are "
            "held out: leave one of them out."
        )


def held_out_rows(estimator, data, strata, seed):
    """Split row numbers into those to train on and those held out.

    Parameters
    ----------
    estimator : BaseMultimodal
        Whose `validation_fraction` is a share, or a splitter of scikit-learn.
    data : FitData
        With the target and the groups.
    strata : ndarray of shape (n_rows,), int, or None
        Class of each row.
    seed : int
        Of the split, where it is no splitter's.

    Returns
    -------
    tuple of (training rows, validation rows), or None
        None where no row can be spared.
    """
    fraction, n_rows = estimator.validation_fraction, len(data)
    if isclass(fraction):
        name = fraction.__name__
        raise TypeError(
            f"{type(estimator).__name__}: validation_fraction is the class {name}: pass an "
            f"instance, {name}()."
        )
    if has_splitter(estimator):
        splitter = f"validation_fraction={type(fraction).__name__}(...)"
        check_one_split(estimator, splitter)
        owner = f"{type(estimator).__name__}: {splitter}"
        with error_prefix(owner):
            return _split_of(fraction, data, n_rows, owner)
    rng = check_random_state(seed)
    if data.groups is None:
        training, validation = split_rows(n_rows, fraction, strata, rng)
    else:
        training, validation = split_groups(data.groups, fraction, strata, rng)
    return (training, validation) if len(validation) else None


def _split_of(splitter, data, n_rows, owner):
    # X only gives the number of rows: the splitters of scikit-learn look at nothing else.
    splits = splitter.split(np.zeros((n_rows, 1)), data.y, data.groups)
    splits = (tuple(_parted(part, n_rows) for part in split) for split in splits)
    training, validation = pick_split(splits) or ((), ())
    if not (len(training) and len(validation)):
        raise ValueError("its split leaves no rows to train on, or none to hold out.")
    _parted(np.concatenate([training, validation]), n_rows)
    warn_of_unused_rows(n_rows, training, validation, owner)
    return training, validation


def _parted(rows, n_rows):
    """Return row numbers, of which each is there, and once."""
    wrong = f"its split does not part {n_rows} rows, those of weight zero left out"
    try:
        rows = row_numbers(rows, n_rows)
    except ValueError as error:
        raise ValueError(f"{wrong}: {error}") from error
    if len(np.unique(rows)) < len(rows):
        raise ValueError(f"{wrong}: it names one twice.")
    return rows
