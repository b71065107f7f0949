"""Mean vector and common standard deviation of vectors."""

from __future__ import annotations

import numpy as np

__all__ = ["vector_moments"]


def vector_moments(
    vectors: np.ndarray, weight: np.ndarray | None = None, *, tolerance: float = 1e-7
) -> tuple[np.ndarray, float]:
    """Return the mean vector, and one standard deviation for all dimensions.

    Dividing by a single number keeps the relative scale of the dimensions.

    Parameters
    ----------
    vectors : ndarray of shape (n, d)
        At least one.
    weight : ndarray of shape (n,), default=None
        Of the vectors.
    tolerance : float, default=1e-7
        A standard deviation up to this, relative to the largest mean, is rounding error and
        returned as 0.

    Returns
    -------
    mean : ndarray of shape (d,)
        The mean vector.
    spread : float
        Root mean squared deviation from it, over all entries.

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
