"""The covariance of features of modalities, of which samples lack some."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
from scipy.linalg import cho_factor, eigh, get_lapack_funcs

__all__ = ["completed", "covariance_of_pairs", "inverse", "masked", "patterns_of"]

#: Turns of completing what is absent, at most, and how many products they may take: beyond that the
#: covariance is left as pairs of modalities tell it.
_N_TURNS, _MOST_PRODUCTS = 10, 2e10


def covariance_of_pairs(
    joined: np.ndarray,
    widths: list[int],
    present: np.ndarray,
    weight: np.ndarray,
    shrinkage: float,
) -> np.ndarray:
    """Return the covariance, each part of it of the samples that have both modalities.

    Parameters
    ----------
    joined : ndarray of shape (n, D)
        Features of all modalities, of mean zero; zeros where a sample lacks the modality.
    widths : list of int
        How many of them are of each modality.
    present : ndarray of shape (n, M), bool
        Which modalities each sample has.
    weight : ndarray of shape (n,)
        Of the samples.
    shrinkage : float
        What is added to the diagonal, and the least eigenvalue.

    Returns
    -------
    ndarray of shape (D, D)
        Positive definite.
    """
    counts = present.T.astype(float) @ (present * weight[:, np.newaxis])
    products = joined.T @ (joined * weight[:, np.newaxis])
    spread = np.repeat(np.repeat(counts, widths, axis=0), widths, axis=1)
    found = products / np.maximum(spread, 1e-300)
    if not np.ptp(counts):  # all of the same samples, and so of one Gaussian
        return found + shrinkage * np.eye(len(found))
    values, vectors = eigh(found, overwrite_a=False, check_finite=False)
    above = values > 0
    kept = (vectors[:, above] * values[above]) @ vectors[:, above].T
    ratio = np.sqrt(np.maximum(np.diag(found), 0) / np.maximum(np.diag(kept), 1e-300))
    return kept * np.outer(ratio, ratio) + shrinkage * np.eye(len(found))


def completed(
    covariance: np.ndarray,
    joined: np.ndarray,
    widths: list[int],
    present: np.ndarray,
    weight: np.ndarray,
    shrinkage: float,
) -> np.ndarray:
    """Improve a covariance by what it says of absent modalities itself, in some turns.

    Parameters
    ----------
    covariance : ndarray of shape (D, D)
        To begin with.
    joined, widths, present, weight, shrinkage
        As in `covariance_of_pairs`.

    Returns
    -------
    ndarray of shape (D, D)
        As it came where the patterns of absence are too many for that.
    """
    patterns = list(patterns_of(present))
    turns = int(min(_N_TURNS, _MOST_PRODUCTS / (len(patterns) * len(covariance) ** 3)))
    for _ in range(turns):
        precision, filled = inverse(covariance), joined.copy()
        rest = np.zeros_like(covariance)
        for rows, pattern in patterns:
            hidden = np.flatnonzero(~np.repeat(pattern, widths))
            if len(hidden):
                left = inverse(precision[np.ix_(hidden, hidden)])
                # Where they lack features, these are zeros: all others are what is known.
                filled[np.ix_(rows, hidden)] = -(joined[rows] @ precision[:, hidden]) @ left
                rest[np.ix_(hidden, hidden)] += weight[rows].sum() * left
        total = filled.T @ (filled * weight[:, np.newaxis]) + rest
        covariance = total / weight.sum() + shrinkage * np.eye(len(total))
    return covariance


def masked(features: Mapping[str, np.ndarray], present: np.ndarray) -> np.ndarray:
    """Return features side by side, zeros where a sample lacks the modality.

    Parameters
    ----------
    features : mapping of str to ndarray of shape (n, D_m)
        Of each modality.
    present : ndarray of shape (n, M), bool
        Which modalities each sample has.

    Returns
    -------
    ndarray of shape (n, D)
    """
    parts = zip(features.values(), present.T, strict=True)
    return np.hstack([np.where(there[:, np.newaxis], part, 0.0) for part, there in parts])


def patterns_of(present: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield rows that have the same modalities, and which these are.

    Parameters
    ----------
    present : ndarray of shape (n, M), bool
        Which modalities each sample has.

    Yields
    ------
    rows : ndarray of int
    pattern : ndarray of shape (M,), bool
    """
    patterns, which = np.unique(present, axis=0, return_inverse=True)
    order = np.argsort(which.ravel(), kind="stable")
    ends = np.cumsum(np.bincount(which.ravel(), minlength=len(patterns)))
    yield from zip(np.split(order, ends[:-1]), patterns, strict=True)


def inverse(matrix: np.ndarray) -> np.ndarray:
    """Return the inverse of a positive definite matrix.

    Parameters
    ----------
    matrix : ndarray of shape (D, D)
        To be inverted.

    Returns
    -------
    ndarray of shape (D, D)
    """
    factor, _ = cho_factor(matrix, lower=True, check_finite=False)
    (invert,) = get_lapack_funcs(("potri",), (factor,))
    half = np.tril(invert(factor, lower=True)[0])  # a third of the time of solving for the unit
    return half + np.tril(half, -1).T
