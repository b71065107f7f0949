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

__all__ = ["check_groups", "held_out_rows"]


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


def held_out_rows(validation, data, strata, seed, owner):
    """Split row numbers into those to train on and those held out.

    Parameters
    ----------
    validation : float or splitter
        A share, or a splitter of scikit-learn.
    data : FitData
        With the target and the groups.
    strata : ndarray of shape (n_rows,), int, or None
        Class of each row.
    seed : int
        Of the split, where it is no splitter's.
    owner : str
        Name of the estimator.

    Returns
    -------
    tuple of (training rows, validation rows), or None
        None where no row can be spared.
    """
    if isclass(validation):
        name = validation.__name__
        raise TypeError(f"{owner}: validation is the class {name}: pass an instance, {name}().")
    if hasattr(validation, "split"):
        owner = f"{owner}: validation={type(validation).__name__}(...)"
        with error_prefix(owner):
            return _split_of(validation, data, len(data), owner)
    rng = check_random_state(seed)
    if data.groups is None:
        training, validation = split_rows(len(data), validation, strata, rng)
    else:
        training, validation = split_groups(data.groups, validation, strata, rng)
    return (training, validation) if len(validation) else None


def _split_of(splitter, data, n_rows, owner):
    # X only gives the number of rows: the splitters of scikit-learn look at nothing else.
    splits = splitter.split(np.zeros((n_rows, 1)), data.y, data.groups)
    splits = (tuple(_check_rows(part, n_rows) for part in split) for split in splits)
    training, validation = pick_split(splits) or ((), ())
    if not (len(training) and len(validation)):
        raise ValueError(
            "its split leaves no rows to train on, or none to hold out: take a splitter with both "
            "parts non-empty."
        )
    _check_rows(np.concatenate([training, validation]), n_rows)
    warn_of_unused_rows(n_rows, training, validation, owner)
    return training, validation


def _check_rows(rows, n_rows):
    """Return row numbers; raise if one is out of range, or occurs twice."""
    wrong = f"its split is no partition of the {n_rows} rows with non-zero weight"
    try:
        rows = row_numbers(rows, n_rows)
    except ValueError as error:
        raise ValueError(f"{wrong}: {error}") from error
    found, counts = np.unique(rows, return_counts=True)
    if (counts > 1).any():
        raise ValueError(f"{wrong}: row {found[counts > 1][0]} occurs twice.")
    return rows
