"""Targets that are dates, durations or times of day: refused, or one unit throughout."""

from __future__ import annotations

import numpy as np

from sklearn_crossmodal.data import as_column, date_kind, is_missing, to_quantities
from sklearn_crossmodal.data.cells._text_parsing import NUMBERS, infer_text_format
from sklearn_crossmodal.exceptions import ModalityError

__all__ = ["keep_dates", "refuse_date_texts", "refuse_dates", "restore_dates"]

#: How to make numbers of each kind, in a unit that is known.
_REMEDIES = {
    "texts that are dates": "days = (d - d.min()) / numpy.timedelta64(1, 'D') of "
    "d = pandas.to_datetime(y)",
    "dates": "days = (y - y.min()) / numpy.timedelta64(1, 'D')",
    "durations": "days = y / numpy.timedelta64(1, 'D')",
    "times of day": "the seconds since midnight",
}


def refuse_dates(owner: str, y, names=None, *, otherwise: str = "", in_texts: bool = True) -> None:
    """Raise if y holds dates, durations or times of day, whose numbers depend on their unit.

    So do columns of texts that would be read as dates, in days since 1970.

    scikit-learn's scorers read a date in the unit that it is stored in, from days to nanoseconds,
    or not at all, whatever unit an estimator predicts.

    Parameters
    ----------
    owner : str
        Name of the estimator, for the message.
    y : array-like
        The target.
    names : sequence of str, default=None
        Of its columns, for the message.
    otherwise : str, default=""
        What else can be done, for the message.
    in_texts : bool, default=True
        Whether texts are looked at; not where they are predicted as texts.

    Raises
    ------
    ModalityError
        If it does.
    """
    _refuse(
        owner,
        np.asarray(as_column(y)),
        _kind_with_texts if in_texts else date_kind,
        names,
        otherwise,
    )


def refuse_date_texts(owner: str, y: np.ndarray, names=None) -> None:
    """Raise if y holds texts that are dates, where dates are predicted as such.

    Parameters
    ----------
    owner : str
        Name of the estimator, for the message.
    y : ndarray
        The target.
    names : sequence of str, default=None
        Of its columns, for the message.

    Raises
    ------
    ModalityError
        If it does.
    """
    if date_kind(y) is None:
        otherwise = ", or pandas.to_datetime(y) itself, to have dates predicted"
        _refuse(owner, y, _kind_with_texts, names, otherwise)


def _refuse(owner: str, y: np.ndarray, find, names, otherwise: str) -> None:
    kind = find(y)
    if kind is None:
        return
    where = ""
    if y.ndim == 2 and names is not None and len(names) == y.shape[1]:
        named = [name for name, column in zip(names, y.T, strict=True) if find(column)]
        where = f" in the columns {named}"
    raise ModalityError(
        f"{owner}: y holds {kind}{where}, which are numbers in no certain unit: scikit-learn's "
        f"scores would not be in that of the predictions. Pass numbers, as {_REMEDIES[kind]}"
        f"{otherwise}."
    )


def _kind_with_texts(y: np.ndarray) -> str | None:
    """Return what `date_kind` does, or that a column holds texts that are dates."""
    kind = date_kind(y)
    if kind is not None or y.dtype.kind not in "OUT":
        return kind
    columns = y.T if y.ndim == 2 else [y]
    return "texts that are dates" if any(map(_are_dates, columns)) else None


def _are_dates(cells: np.ndarray) -> bool:
    texts = cells.tolist()
    if not all(isinstance(text, str) for text in texts):
        texts = [text for text in texts if not is_missing(text)]
    if not texts or not all(isinstance(text, str) for text in texts):
        return False
    return infer_text_format(texts) not in (None, NUMBERS)


def keep_dates(target, y: np.ndarray) -> None:
    """Remember whether y holds dates, so that they are predicted; raise if a later y differs.

    Parameters
    ----------
    target : Target
        Gets, in the first call, the attributes `dates_kind` and `dates_like`: None, or cells of
        the kind of y.
    y : ndarray with n rows
        The target.

    Raises
    ------
    ModalityError
        If y holds dates where that of the first call held none, or the other way round.
    """
    kind = date_kind(y)
    if target.is_first:
        every = kind is not None and (y.dtype.kind in "mM" or all(map(_is_kind(kind), y.flat)))
        target.dates_kind, target.dates_like = kind, y[:1].copy() if every else None
    elif kind != target.dates_kind:
        raise ModalityError(
            f"{target.owner}: y holds {kind or 'no dates'}, that in `fit` held "
            f"{target.dates_kind or 'none'}: pass y in the units of `fit`."
        )


def _is_kind(kind: str):
    return lambda cell: date_kind(np.array([cell, None], dtype=object)[:1]) == kind


def restore_dates(target, numbers: np.ndarray) -> np.ndarray:
    """Return predicted numbers as dates of the type of y in `fit`, if it held dates alone.

    Parameters
    ----------
    target : Target
        That `keep_dates` was called with.
    numbers : ndarray
        As the estimator predicts them.

    Returns
    -------
    ndarray of the same shape
    """
    return numbers if target.dates_like is None else to_quantities(numbers, target.dates_like)
