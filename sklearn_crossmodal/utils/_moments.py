"""Mean and spread of vectors."""

from __future__ import annotations

import numpy as np

__all__ = ["vector_moments"]


def vector_moments(
    vectors: np.ndarray, weight: np.ndarray | None = None, *, tolerance: float = 1e-7
) -> tuple[np.ndarray, float]:
    """Return the mean of each number, and one spread for all: the directions keep their sizes.

    Parameters
    ----------
    vectors : ndarray of shape (n, d)
        One at least.
    weight : ndarray of shape (n,), default=None
        Of the vectors.
    tolerance : float, default=1e-7
        A spread up to this, relative to the largest mean, is rounding alone, and 0.

    Returns
    -------
    mean : ndarray of shape (d,)
        The mean vector.
    spread : float
        Root of the mean squared distance from it, by number.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_crossmodal.utils._moments import vector_moments
    >>> vector_moments(np.array([[1.0, 5.0], [3.0, 5.0]]))[1] ** 2
    0.5000000000000001
    """
    vectors = vectors.astype(np.float64)
    mean = np.average(vectors, axis=0, weights=weight)
    spread = np.average((vectors - mean) ** 2, axis=0, weights=weight)
    spread = float(np.sqrt(spread.mean()))
    return mean, 0.0 if spread <= tolerance * np.abs(mean).max() else spread
