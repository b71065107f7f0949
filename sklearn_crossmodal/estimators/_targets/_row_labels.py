"""The columns of a target that is a data frame: known by name, as those of X are."""

from __future__ import annotations

import narwhals as nw

from sklearn_crossmodal.data import Columns, column_labels, find_order, unmask
from sklearn_crossmodal.utils._validation import error_prefix

__all__ = ["in_fitted_order"]


def in_fitted_order(estimator, y, *, reset: bool):
    """Return y with its columns in the order they had in `fit`.

    Parameters
    ----------
    estimator : object
        Remembers the names of the columns.
    y : object
        As the user gave it: a data frame has names, and so have cells that are data frames. What
        has none is taken by position, as predictions are; so is a single column.
    reset : bool
        Whether this is the y that the estimator is fitted on.

    Returns
    -------
    object
        Of the type of y; a masked array as one with NaN.

    Raises
    ------
    ModalityError
        If the names are not those of `fit`; the message lists those missing and new.
    """
    y = unmask(y)
    found = column_labels(y)
    if reset:
        estimator._target_labels = found
        return y
    fitted = getattr(estimator, "_target_labels", None)
    if found is None or fitted is None or (len(found) == len(fitted) == 1):
        return y
    with error_prefix(f"{type(estimator).__name__}: y"):
        if not nw.dependencies.is_into_dataframe(y):
            return Columns.of(y).ordered_like(fitted).values
        order = find_order(found, fitted)
    return y if order is None else nw.from_native(y, eager_only=True)[:, order].to_native()
