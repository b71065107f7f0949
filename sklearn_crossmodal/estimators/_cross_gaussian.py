"""How features of modalities go together, as a Gaussian: closed forms for any that are absent."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
from scipy.linalg import solve

__all__ = ["CrossGaussian"]


class CrossGaussian:
    """A joint Gaussian of the features of all modalities.

    What some of them tell of another is a conditional distribution, which the covariance gives
    for any of them: there is nothing to be imputed first.

    Parameters
    ----------
    shrinkage : float, default=0.05
        What is added to the diagonal of the covariance.

    References
    ----------
    C. M. Bishop (2006). "Pattern recognition and machine learning", section 2.3.1.
    """

    def __init__(self, shrinkage: float = 0.05) -> None:
        self.shrinkage = shrinkage

    def fit(self, features: Mapping[str, np.ndarray], present: np.ndarray) -> CrossGaussian:
        """Estimate the covariance, each part of it from the samples that have both modalities.

        Parameters
        ----------
        features : mapping of str to ndarray of shape (n, D_m)
            Of mean zero, and of like scale; zeros where a sample lacks the modality.
        present : ndarray of shape (n, M), bool
            Which modalities each sample has.

        Returns
        -------
        CrossGaussian
            Itself.
        """
        ends = np.cumsum([0, *(values.shape[1] for values in features.values())])
        self.places_ = {name: range(*ends[m : m + 2]) for m, name in enumerate(features)}
        joined = np.hstack([*features.values()])
        counts = present.T.astype(float) @ present
        widths = np.diff(ends)
        counts = np.repeat(np.repeat(counts, widths, axis=0), widths, axis=1)
        self.covariance_ = joined.T @ joined / np.maximum(counts, 1)
        self.covariance_[np.diag_indices_from(self.covariance_)] += self.shrinkage
        return self

    def expected(
        self,
        features: Mapping[str, np.ndarray],
        present: np.ndarray,
        name: str,
        n_columns: int | None = None,
    ) -> np.ndarray:
        """Return what the other modalities let one expect.

        Parameters
        ----------
        features : mapping of str to ndarray of shape (n, D_m)
            As in `fit`.
        present : ndarray of shape (n, M), bool
            Which modalities each sample has.
        name : str
            The modality.
        n_columns : int, default=None
            How many of its first features are asked for; None means all.

        Returns
        -------
        ndarray of shape (n, n_columns)
            NaN where a sample has no other modality.
        """
        own = list(self.places_[name])[:n_columns]
        found = np.full((len(present), len(own)), np.nan)
        for rows, sources in self._patterns(present, name):
            known = np.hstack([features[source][rows] for source in sources])
            found[rows] = known @ self._coefficients(own, sources)
        return found

    def contradictions(self, features: Mapping[str, np.ndarray], present: np.ndarray) -> np.ndarray:
        """Return how far each modality lies from what the others let one expect.

        It is the logarithm of ``p(x_m) / p(x_m | others)``, but for a constant: minus the pointwise
        mutual information, divided by its standard deviation among samples that are of one piece.
        That a modality is unusual by itself does not count.

        Parameters
        ----------
        features : mapping of str to ndarray of shape (n, D_m)
            As in `fit`.
        present : ndarray of shape (n, M), bool
            Which modalities each sample has.

        Returns
        -------
        ndarray of shape (n, M)
            NaN where a sample lacks the modality, or has no other.
        """
        found = np.full(present.shape, np.nan)
        for m, (name, place) in enumerate(self.places_.items()):
            own = list(place)
            alone = self.covariance_[np.ix_(own, own)]
            for rows, sources in self._patterns(present, name):
                rows = rows[present[rows, m]]
                known = np.hstack([features[source][rows] for source in sources])
                coefficients = self._coefficients(own, sources)
                explained = self._between(own, sources) @ coefficients
                rest = features[name][rows] - known @ coefficients
                excess = _distances(rest, alone - explained)
                excess -= _distances(features[name][rows], alone)
                spread = 2 * np.sqrt(np.trace(solve(alone, explained, assume_a="pos")))
                found[rows, m] = excess / max(spread, np.finfo(float).tiny)
        return found

    def _patterns(self, present, name) -> Iterator[tuple[np.ndarray, list[str]]]:
        """Yield rows that have the same other modalities, and the names of these."""
        names = list(self.places_)
        others = present.copy()
        others[:, names.index(name)] = False
        patterns, places = np.unique(others, axis=0, return_inverse=True)
        for place, pattern in enumerate(patterns):
            if pattern.any():
                sources = [names[m] for m in np.flatnonzero(pattern)]
                yield np.flatnonzero(places == place), sources

    def _between(self, own, sources):
        return self.covariance_[np.ix_(own, self._columns(sources))]

    def _coefficients(self, own, sources):
        """Return the linear map from sources to the features `own`, a ridge regression."""
        known = self._columns(sources)
        within = self.covariance_[np.ix_(known, known)]
        return solve(within, self._between(own, sources).T, assume_a="sym")

    def _columns(self, sources):
        return [column for source in sources for column in self.places_[source]]


def _distances(rows, covariance):
    """Return the squared Mahalanobis distance of each row from zero."""
    return (rows * solve(covariance, rows.T, assume_a="sym").T).sum(axis=1)
