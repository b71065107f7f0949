"""How far predictions out of fold were off, for intervals and sets that hold what they promise."""

from __future__ import annotations

from numbers import Real

import numpy as np

from sklearn_crossmodal.uncertainty._modality_subsets import PatternDict

__all__ = ["Calibration", "check_confidence"]

#: Rows that a pattern of modalities needs to be calibrated by itself; others are pooled.
_ENOUGH = 200
#: Of the sum of weights.
_ROUNDING = 1e-9


class Calibration:
    """Scores of how unlike what was predicted a row was, for each pattern of modalities.

    Where rows are enough that have just the modalities of a pattern, these alone are its scores:
    that a modality is absent may tell of the target. Else they are joined by the rows from which
    other modalities were taken away.

    Parameters
    ----------
    scores : dict of tuple of str to ndarray of shape (n, ...)
        For each pattern, of the rows that were predicted from its modalities alone.
        A number that is not known is NaN, and does not count.
    exact : dict of tuple of str to ndarray of shape (n,), bool
        Which of these rows have no other modality.
    weights : dict of tuple of str to ndarray of shape (n,), default=None
        How much each row counts; None means all alike.

    References
    ----------
    A. N. Angelopoulos, S. Bates (2021). "A gentle introduction to conformal prediction and
    distribution-free uncertainty quantification". arXiv:2107.07511, section 1.1; by the predictions
    of models of a cross-validation as in R. F. Barber et al. (2021), doi:10.1214/20-AOS1965; by
    weights as in R. J. Tibshirani et al. (2019), arXiv:1904.06019.
    """

    def __init__(
        self,
        scores: dict[tuple, np.ndarray],
        exact: dict[tuple, np.ndarray],
        weights: dict[tuple, np.ndarray] | None = None,
    ) -> None:
        weights = weights or {key: np.ones(len(some)) for key, some in scores.items()}
        rows = {key: exact[key] if exact[key].sum() >= _ENOUGH else slice(None) for key in scores}
        chosen = {key: (scores[key][rows[key]], weights[key][rows[key]]) for key in scores}
        enough = {key: pair for key, pair in chosen.items() if len(pair[1]) >= _ENOUGH}
        self._own = PatternDict(enough)
        self._pooled = tuple(np.concatenate([*part.values()]) for part in (scores, weights))

    def bound(self, pattern: tuple, confidence: float) -> np.ndarray:
        """Return the score that a new row of a pattern exceeds with 1 - `confidence`.

        Parameters
        ----------
        pattern : tuple of str
            The modalities that are there.
        confidence : float
            Between 0 and 1.

        Returns
        -------
        ndarray of shape (...)
            Infinite where the rows are too few to promise it.
        """
        scores, weights = self._own.get(pattern, self._pooled)
        flat = scores.reshape(len(scores), -1)
        counts = np.where(np.isnan(flat), 0.0, weights[:, np.newaxis])
        n_rows = (counts > 0).sum(axis=0)
        counts *= n_rows / np.maximum(counts.sum(axis=0), np.finfo(float).tiny)  # of mean one
        order = np.argsort(flat, axis=0)
        below = np.take_along_axis(counts, order, axis=0).cumsum(axis=0)
        reached = below >= confidence * (n_rows + 1) - _ROUNDING * n_rows  # the new row is one more
        first = np.take_along_axis(flat, order, axis=0)[reached.argmax(axis=0), range(len(n_rows))]
        return np.where(reached.any(axis=0), first, np.inf).reshape(scores.shape[1:])


def check_confidence(owner: str, confidence: float) -> None:
    """Raise if a confidence is none.

    Parameters
    ----------
    owner : str
        Name of the estimator, for the message.
    confidence : float
        To be between 0 and 1.

    Raises
    ------
    ValueError
        If it is not.
    """
    if not (isinstance(confidence, Real) and 0 < confidence < 1):
        raise ValueError(
            f"{owner}: confidence={confidence!r} must lie between 0 and 1, one number a call."
        )
