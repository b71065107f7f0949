"""Mean vector and common standard deviation of vectors."""

from __future__ import annotations

import numpy as np

__all__ = ["vector_moments"]


def vector_moments(
    vectors: np.ndarray, weight: np.ndarray | None = None, *, tolerance: float = 1e-7
) -> tuple[np.ndarray, float]:
    """Return the mean vector of vectors (n, d), and one standard deviation for all dimensions.

    Dividing by a single number keeps the relative scale of the dimensions. A standard deviation up
    to `tolerance`, relative to the largest mean, is rounding error and returned as 0.
    """
    vectors = vectors.astype(np.float64)
    mean = np.average(vectors, axis=0, weights=weight)
    spread = np.average((vectors - mean) ** 2, axis=0, weights=weight)
    spread = float(np.sqrt(spread.mean()))
    return mean, 0.0 if spread <= tolerance * np.abs(mean).max() else spread
