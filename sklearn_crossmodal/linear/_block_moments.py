"""The covariance of the features of modalities, estimated from samples with missing modalities."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
from scipy.linalg import cho_factor, eigh, get_lapack_funcs

__all__ = ["block_covariance", "inverse", "missingness_patterns", "stack_masked"]

#: Maximal number of iterations of expectation-maximisation, and of the multiplications in all of
#: them: beyond that the pairwise covariance is used as it is.
_MAX_ITERATIONS, _MAX_PRODUCTS = 10, 2e10


def block_covariance(
    joined: np.ndarray,
    widths: list[int],
    present: np.ndarray,
    weight: np.ndarray,
    shrinkage: float,
) -> np.ndarray:
    """Return the covariance (D, D) of the features of all modalities, positive definite.

    If modalities are missing, the pairwise covariance is refined by a few iterations of
    expectation-maximisation, unless there are too many missingness patterns.

    Parameters
    ----------
    joined : ndarray of shape (n, D)
        Features of mean zero; zeros where the modality is missing.
    widths : list of int
        Number of features of each modality.
    present : ndarray of shape (n, M), bool
        Which modalities each sample has.
    weight : ndarray of shape (n,)
        Sample weights.
    shrinkage : float
        Added to the diagonal, and the minimal eigenvalue.
    """
    covariance = _pairwise_covariance(joined, widths, present, weight)
    covariance += shrinkage * np.eye(len(covariance))
    if present.all():
        return covariance
    patterns = list(missingness_patterns(present))
    cost = len(patterns) * len(covariance) ** 3
    for _ in range(int(min(_MAX_ITERATIONS, _MAX_PRODUCTS / cost))):
        precision, filled = inverse(covariance), joined.copy()
        rest = np.zeros_like(covariance)
        for rows, pattern in patterns:
            hidden = np.flatnonzero(~np.repeat(pattern, widths))
            if len(hidden):
                left = inverse(precision[np.ix_(hidden, hidden)])
                # Missing features are zeros in `joined`, so the product is over observed ones.
                filled[np.ix_(rows, hidden)] = -(joined[rows] @ precision[:, hidden]) @ left
                rest[np.ix_(hidden, hidden)] += weight[rows].sum() * left
        total = filled.T @ (filled * weight[:, np.newaxis]) + rest
        covariance = total / weight.sum() + shrinkage * np.eye(len(total))
    return covariance


def _pairwise_covariance(joined, widths, present, weight) -> np.ndarray:
    """Return the covariance whose blocks use the samples that have both modalities."""
    counts = present.T.astype(float) @ (present * weight[:, np.newaxis])
    products = joined.T @ (joined * weight[:, np.newaxis])
    spread = np.repeat(np.repeat(counts, widths, axis=0), widths, axis=1)
    found = products / np.maximum(spread, 1e-300)
    if not np.ptp(counts):  # all blocks use the same samples: positive semidefinite already
        return found
    values, vectors = eigh(found, overwrite_a=False, check_finite=False)
    above = values > 0
    kept = (vectors[:, above] * values[above]) @ vectors[:, above].T
    ratio = np.sqrt(np.maximum(np.diag(found), 0) / np.maximum(np.diag(kept), 1e-300))
    return kept * np.outer(ratio, ratio)


def stack_masked(features: Mapping[str, np.ndarray], present: np.ndarray) -> np.ndarray:
    """Return all features side by side, (n, D), zeros where the modality is missing."""
    parts = zip(features.values(), present.T, strict=True)
    return np.hstack([np.where(there[:, np.newaxis], part, 0.0) for part, there in parts])


def missingness_patterns(present: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield the row numbers and the presence (M,) of each missingness pattern."""
    patterns, which = np.unique(present, axis=0, return_inverse=True)
    order = np.argsort(which.ravel(), kind="stable")
    ends = np.cumsum(np.bincount(which.ravel(), minlength=len(patterns)))
    yield from zip(np.split(order, ends[:-1]), patterns, strict=True)


def inverse(matrix: np.ndarray) -> np.ndarray:
    """Return the inverse of a positive definite matrix."""
    factor, _ = cho_factor(matrix, lower=True, check_finite=False)
    (invert,) = get_lapack_funcs(("potri",), (factor,))
    half = np.tril(invert(factor, lower=True)[0])  # a third of the time of solving for identity
    return half + np.tril(half, -1).T
