"""Second moments of features of modalities, of which samples lack some."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from scipy.linalg import cho_factor, cho_solve, eigh

__all__ = ["CrossMoments", "completed"]

#: Turns of completing what is absent, at most, and how many products they may take: beyond that the
#: covariance is left as pairs of modalities tell it.
_N_TURNS, _MOST_PRODUCTS = 10, 2e10


class CrossMoments:
    """Sums over samples of what pairs of features have in common.

    Parameters
    ----------
    places : mapping of str to list of int
        Columns of each modality.
    counts : ndarray of shape (M, M)
        Weights of the samples that have both modalities.
    sums : ndarray of shape (D,)
        Of the features.
    products : ndarray of shape (D, D)
        Of pairs of features, over the samples that have both.
    """

    def __init__(self, places, counts, sums, products) -> None:
        self.places = dict(places)
        self.counts = counts
        self.sums = sums
        self.products = products

    @classmethod
    def of(
        cls,
        features: Mapping[str, np.ndarray],
        present: np.ndarray,
        weight: np.ndarray | None = None,
    ) -> CrossMoments:
        """Return the moments of samples.

        Parameters
        ----------
        features : mapping of str to ndarray of shape (n, D_m)
            Zeros where a sample lacks the modality.
        present : ndarray of shape (n, M), bool
            Which modalities each sample has.
        weight : ndarray of shape (n,), default=None
            Of the samples.

        Returns
        -------
        CrossMoments
        """
        weight = np.ones(len(present)) if weight is None else weight
        ends = np.cumsum([0, *(values.shape[1] for values in features.values())])
        places = {name: [*range(*ends[m : m + 2])] for m, name in enumerate(features)}
        joined = np.hstack([*features.values()])
        weighed = joined * weight[:, np.newaxis]
        counts = present.T.astype(float) @ (present * weight[:, np.newaxis])
        return cls(places, counts, weighed.sum(axis=0), joined.T @ weighed)

    @classmethod
    def of_covariance(cls, places, counts, covariance) -> CrossMoments:
        """Return the moments that samples of mean zero must have had.

        Parameters
        ----------
        places : mapping of str to list of int
            Columns of each modality.
        counts : ndarray of shape (M, M)
            Weights of the samples that have both modalities.
        covariance : ndarray of shape (D, D)
            Of the features.

        Returns
        -------
        CrossMoments
        """
        found = cls(places, counts, np.zeros(len(covariance)), covariance)
        found.products = covariance * found._spread_counts()
        return found

    def joined(self, later: CrossMoments, most: float) -> CrossMoments:
        """Return moments with those of later samples; of more than `most` the earlier count less.

        Parameters
        ----------
        later : CrossMoments
            Of the same features.
        most : float
            Sum of weights that is remembered.

        Returns
        -------
        CrossMoments
        """
        before = max(self.counts.max(), np.finfo(float).tiny)
        kept = min(1.0, max(most - later.counts.max(), 0.0) / before)
        parts = ("counts", "sums", "products")
        both = (kept * getattr(self, part) + getattr(later, part) for part in parts)
        return CrossMoments(self.places, *both)

    def mean_and_scale(self) -> tuple[np.ndarray, np.ndarray]:
        """Return mean and standard deviation of each feature, (D,)."""
        counts = np.maximum(np.repeat(np.diag(self.counts), self._widths()), 1e-300)
        mean = self.sums / counts
        variance = np.diag(self.products) / counts - mean**2
        return mean, np.sqrt(np.where(variance > 1e-18, variance, 1.0))

    def moved(self, mean: np.ndarray, scale: np.ndarray) -> CrossMoments:
        """Return the moments of the features minus their mean, over a scale, each of shape (D,)."""
        centered = self.products - self._spread_counts() * np.outer(mean, mean)
        return CrossMoments(
            self.places, self.counts, np.zeros_like(mean), centered / np.outer(scale, scale)
        )

    def covariance(self, shrinkage: float) -> np.ndarray:
        """Return the covariance with `shrinkage` on its diagonal, positive definite.

        Parameters
        ----------
        shrinkage : float
            What is added, and the least eigenvalue.

        Returns
        -------
        ndarray of shape (D, D)
        """
        found = self.products / np.maximum(self._spread_counts(), 1e-300)
        if not np.ptp(self.counts):  # all of the same samples, and so of one Gaussian
            return found + shrinkage * np.eye(len(found))
        values, vectors = eigh(found)
        kept = (vectors * np.maximum(values, 0.0)) @ vectors.T
        ratio = np.sqrt(np.maximum(np.diag(found), 0) / np.maximum(np.diag(kept), 1e-300))
        return kept * np.outer(ratio, ratio) + shrinkage * np.eye(len(found))

    def _widths(self):
        return [len(place) for place in self.places.values()]

    def _spread_counts(self):
        widths = self._widths()
        return np.repeat(np.repeat(self.counts, widths, axis=0), widths, axis=1)


def completed(
    covariance: np.ndarray,
    features: Mapping[str, np.ndarray],
    present: np.ndarray,
    weight: np.ndarray | None,
    shrinkage: float,
) -> np.ndarray:
    """Improve a covariance by what it says of absent modalities itself, in some turns.

    Parameters
    ----------
    covariance : ndarray of shape (D, D)
        To begin with.
    features : mapping of str to ndarray of shape (n, D_m)
        Of mean zero; zeros where a sample lacks the modality.
    present : ndarray of shape (n, M), bool
        Which modalities each sample has.
    weight : ndarray of shape (n,), or None
        Of the samples.
    shrinkage : float
        What is added to the diagonal each time.

    Returns
    -------
    ndarray of shape (D, D)
        As it came where the patterns of absence are too many for that.
    """
    weight = np.ones(len(present)) if weight is None else weight
    joined = np.hstack([*features.values()])
    widths = [values.shape[1] for values in features.values()]
    patterns, which = np.unique(present, axis=0, return_inverse=True)
    turns = int(min(_N_TURNS, _MOST_PRODUCTS / (len(patterns) * len(covariance) ** 3)))
    for _ in range(turns):
        total = np.zeros_like(covariance)
        for place, pattern in enumerate(patterns):
            rows = which.ravel() == place
            total += _products(covariance, np.repeat(pattern, widths), joined[rows], weight[rows])
        covariance = total / weight.sum() + shrinkage * np.eye(len(total))
    return covariance


def _products(covariance, there, values, weight) -> np.ndarray:
    """Return the products that samples have with what is expected of their absent features."""
    found = np.zeros_like(covariance)
    products = values[:, there].T @ (values[:, there] * weight[:, np.newaxis])
    found[np.ix_(there, there)] = products
    if there.all():
        return found
    known = covariance[np.ix_(there, there)]
    between = covariance[np.ix_(there, ~there)]
    maps = cho_solve(cho_factor(known), between) if there.any() else between
    cross = products @ maps
    found[np.ix_(there, ~there)], found[np.ix_(~there, there)] = cross, cross.T
    rest = covariance[np.ix_(~there, ~there)] - between.T @ maps
    found[np.ix_(~there, ~there)] = maps.T @ cross + weight.sum() * rest
    return found
