"""Warn when rows longer than the longest in `fit` are truncated."""

from __future__ import annotations

import numpy as np

from sklearn_crossmodal.utils._validation import warn

__all__ = ["warn_if_truncated"]

#: Share of truncated rows above which there is a warning: a random split always has a few.
_SHARE = 0.05


def warn_if_truncated(
    lengths, limit: int, *, what: str, unit: str, remedy: str, slack: float = 0.0
) -> None:
    """Warn, once, if more than a twentieth of the rows are longer than the longest in `fit`.

    Parameters
    ----------
    lengths : array-like of shape (n,), int
        Of the rows; 0 for an empty row.
    limit : int
        The length that rows are truncated to.
    what, unit : str
        Nouns of the message: the rows and their steps, such as "texts" of "tokens".
    remedy : str
        Advice at the end of the message.
    slack : float, default=0.0
        Relative excess over the limit up to which a row is not counted.
    """
    lengths = np.asarray(lengths)
    n_rows, n_long = np.count_nonzero(lengths > 0), np.count_nonzero(lengths > (1 + slack) * limit)
    if n_long > _SHARE * n_rows:
        warn(
            f"{n_long} of {n_rows} {what} ({n_long / n_rows:.0%}) are longer than the longest in "
            f"fit, and are cut to {limit} {unit} (the longest has {lengths.max()}): {remedy}.",
            stacklevel=3,
        )
