"""How far predictions out of fold were off, for intervals and sets that hold what they promise."""

from __future__ import annotations

import numpy as np

__all__ = ["Calibration", "check_confidence"]

#: Rows that a pattern of modalities needs to be calibrated by itself; others are pooled.
_ENOUGH = 200


class Calibration:
    """Scores of how unlike what was predicted a row was, for each pattern of modalities.

    Where rows are enough that have just the modalities of a pattern, these alone are its scores:
    that a modality is absent may tell of the target. Else they are joined by the rows from which
    other modalities were taken away.

    Parameters
    ----------
    scores : dict of tuple of str to ndarray of shape (n, ...)
        For each pattern, of the rows that were predicted from its modalities alone.
    exact : dict of tuple of str to ndarray of shape (n,), bool
        Which of these rows have no other modality.

    References
    ----------
    A. N. Angelopoulos, S. Bates (2021). "A gentle introduction to conformal prediction and
    distribution-free uncertainty quantification". arXiv:2107.07511, section 1.1; by the predictions
    of models of a cross-validation as in R. F. Barber et al. (2021), doi:10.1214/20-AOS1965.
    """

    def __init__(self, scores: dict[tuple, np.ndarray], exact: dict[tuple, np.ndarray]) -> None:
        chosen = {
            key: some[exact[key]] if exact[key].sum() >= _ENOUGH else some
            for key, some in scores.items()
        }
        self._own = {key: some for key, some in chosen.items() if len(some) >= _ENOUGH}
        self._pooled = np.concatenate(list(scores.values()))

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
        scores = self._own.get(pattern, self._pooled)
        rank = int(np.ceil((len(scores) + 1) * confidence))
        if rank > len(scores):
            return np.full(scores.shape[1:], np.inf)
        return np.sort(scores, axis=0)[rank - 1]


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
    if not 0 < confidence < 1:
        raise ValueError(f"{owner}: confidence={confidence!r} must lie between 0 and 1.")
