"""Cross-conformal calibration: quantiles of out-of-fold nonconformity scores."""

from __future__ import annotations

from numbers import Real

import numpy as np

from sklearn_crossmodal.uncertainty._modality_subsets import PatternDict

__all__ = ["Calibration", "check_confidence"]

#: Number of rows from which a missingness pattern has its own scores; below, scores are pooled.
_MIN_ROWS = 200
#: Relative rounding error of the sum of weights.
_ROUNDING = 1e-9


class Calibration:
    """Nonconformity scores of calibration rows, for each missingness pattern.

    A pattern uses only rows with exactly its modalities if there are enough of them, since
    missingness may depend on the target. Otherwise it also uses rows with further modalities, which
    were masked for the prediction.

    Parameters
    ----------
    scores : dict of tuple of str to ndarray of shape (n, ...)
        For each pattern, the scores of rows that were predicted from its modalities only. Unknown
        scores are NaN, and ignored.
    exact : dict of tuple of str to ndarray of shape (n,), bool
        Which of these rows have no other modality.
    weights : dict of tuple of str to ndarray of shape (n,), default=None
        Weights of the rows; None means equal weights.

    References
    ----------
    A. N. Angelopoulos, S. Bates (2021). "A gentle introduction to conformal prediction and
    distribution-free uncertainty quantification". arXiv:2107.07511, section 1.1. For predictions
    by cross-validation: R. F. Barber et al. (2021), doi:10.1214/20-AOS1965. For weights:
    R. J. Tibshirani et al. (2019), arXiv:1904.06019.
    """

    def __init__(
        self,
        scores: dict[tuple, np.ndarray],
        exact: dict[tuple, np.ndarray],
        weights: dict[tuple, np.ndarray] | None = None,
    ) -> None:
        weights = weights or {key: np.ones(len(some)) for key, some in scores.items()}
        rows = {key: exact[key] if exact[key].sum() >= _MIN_ROWS else slice(None) for key in scores}
        chosen = {key: (scores[key][rows[key]], weights[key][rows[key]]) for key in scores}
        enough = {key: pair for key, pair in chosen.items() if len(pair[1]) >= _MIN_ROWS}
        self._by_pattern = PatternDict(enough)
        self._pooled = tuple(np.concatenate([*part.values()]) for part in (scores, weights))

    def bound(self, pattern: tuple, confidence: float) -> np.ndarray:
        """Return the conformal quantile of the scores of a pattern, of the shape of a score.

        A new row of this pattern exceeds it with a probability of at most 1 - `confidence`. It is
        infinite where there are too few rows for this confidence.
        """
        scores, weights = self._by_pattern.get(pattern, self._pooled)
        flat = scores.reshape(len(scores), -1)
        counts = np.where(np.isnan(flat), 0.0, weights[:, np.newaxis])
        n_rows = (counts > 0).sum(axis=0)
        counts *= n_rows / np.maximum(counts.sum(axis=0), np.finfo(float).tiny)  # mean 1
        order = np.argsort(flat, axis=0)
        below = np.take_along_axis(counts, order, axis=0).cumsum(axis=0)
        reached = below >= confidence * (n_rows + 1) - _ROUNDING * n_rows  # + 1: the new row
        first = np.take_along_axis(flat, order, axis=0)[reached.argmax(axis=0), range(len(n_rows))]
        return np.where(reached.any(axis=0), first, np.inf).reshape(scores.shape[1:])


def check_confidence(owner: str, confidence: float) -> None:
    """Raise if a confidence is not a number between 0 and 1; the owner is an estimator's name."""
    if not (isinstance(confidence, Real) and 0 < confidence < 1):
        raise ValueError(
            f"{owner}: confidence={confidence!r} must lie between 0 and 1, one number a call."
        )
