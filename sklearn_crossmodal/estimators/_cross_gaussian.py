"""How features of modalities go together, as a Gaussian: closed forms for any that are absent."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
from scipy.linalg import cho_factor, cho_solve

from sklearn_crossmodal.estimators._cross_moments import CrossMoments, completed

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
    C. M. Bishop (2006). "Pattern recognition and machine learning", section 2.3.1; where modalities
    are absent, A. P. Dempster, N. M. Laird, D. B. Rubin (1977). "Maximum likelihood from incomplete
    data via the EM algorithm". doi:10.1111/j.2517-6161.1977.tb01600.x
    """

    def __init__(self, shrinkage: float = 0.05) -> None:
        self.shrinkage = shrinkage

    def fit(
        self,
        features: Mapping[str, np.ndarray],
        present: np.ndarray,
        weight: np.ndarray | None = None,
    ) -> CrossGaussian:
        """Estimate the covariance; that of absent modalities is completed in turns.

        Parameters
        ----------
        features : mapping of str to ndarray of shape (n, D_m)
            Of mean zero, and of like scale; zeros where a sample lacks the modality.
        present : ndarray of shape (n, M), bool
            Which modalities each sample has.
        weight : ndarray of shape (n,), default=None
            Of the samples.

        Returns
        -------
        CrossGaussian
            Itself.
        """
        self.fit_moments(CrossMoments.of(features, present, weight))
        if not present.all():
            self.covariance_ = completed(
                self.covariance_, features, present, weight, self.shrinkage
            )
        return self

    def fit_moments(self, moments: CrossMoments) -> CrossGaussian:
        """Take the covariance from moments, each part of it of the samples that have both.

        Parameters
        ----------
        moments : CrossMoments
            Of features of mean zero, and of like scale.

        Returns
        -------
        CrossGaussian
            Itself.
        """
        self.places_, self.counts_ = moments.places, moments.counts
        self.covariance_ = moments.covariance(self.shrinkage)
        return self

    def expected(
        self,
        features: Mapping[str, np.ndarray],
        present: np.ndarray,
        wanted: Mapping[str, int],
        *,
        left_out: bool = False,
    ) -> dict[str, np.ndarray]:
        """Return what the modalities of each sample let one expect of those that it lacks.

        Parameters
        ----------
        features : mapping of str to ndarray of shape (n, D_m)
            As in `fit`.
        present : ndarray of shape (n, M), bool
            Which modalities each sample has.
        wanted : mapping of str to int
            Of which modalities, and how many of their first features.
        left_out : bool, default=False
            Whether those that a sample has are told too, each from the others.

        Returns
        -------
        dict of str to ndarray of shape (n, n_columns)
            NaN where there is nothing to tell from, or nothing to tell.
        """
        found = {name: np.full((len(present), n), np.nan) for name, n in wanted.items()}
        for rows, names in self._patterns(present):
            columns, factor = self._factor(names)
            values = np.hstack([features[name][rows] for name in names])
            for name in set(wanted) - set(names):
                asked = self.covariance_[np.ix_(columns, self.places_[name][: wanted[name]])]
                found[name][rows] = values @ cho_solve(factor, asked)
            if left_out and len(names) > 1:
                precision = cho_solve(factor, np.eye(len(columns)))
                for name in set(wanted) & set(names):
                    inner, pull = self._inner(name, columns, precision, values)
                    found[name][rows] = (values[:, inner] - pull)[:, : wanted[name]]
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
        alone = {
            name: cho_factor(self.covariance_[np.ix_(place, place)])
            for name, place in self.places_.items()
            if place
        }
        for rows, names in self._patterns(present):
            if len(names) < 2:
                continue
            columns, factor = self._factor(names)
            precision = cho_solve(factor, np.eye(len(columns)))
            values = np.hstack([features[name][rows] for name in names])
            for name in names:
                inner, pull = self._inner(name, columns, precision, values)
                own, within = values[:, inner], precision[np.ix_(inner, inner)]
                excess = ((pull @ within) * pull).sum(axis=1)
                excess -= (cho_solve(alone[name], own.T).T * own).sum(axis=1)
                # What the others explain, of each direction of its own.
                left = np.trace(cho_solve(alone[name], np.linalg.inv(within)))
                spread = 2 * np.sqrt(max(len(inner) - left, np.finfo(float).tiny))
                found[rows, list(self.places_).index(name)] = excess / spread
        return found

    def _patterns(self, present) -> Iterator[tuple[np.ndarray, list[str]]]:
        """Yield rows that have the same modalities, and the names of these."""
        names = list(self.places_)
        patterns, which = np.unique(present, axis=0, return_inverse=True)
        for place, pattern in enumerate(patterns):
            there = [names[m] for m in np.flatnonzero(pattern) if self.places_[names[m]]]
            if there:
                yield np.flatnonzero(which.ravel() == place), there

    def _factor(self, names):
        """Return the columns of modalities, and the Cholesky factor of their covariance."""
        columns = [column for name in names for column in self.places_[name]]
        return columns, cho_factor(self.covariance_[np.ix_(columns, columns)])

    def _inner(self, name, columns, precision, values):
        """Return places of a modality among columns, and how far it is from what others tell."""
        first = columns.index(self.places_[name][0])
        inner = np.arange(first, first + len(self.places_[name]))
        pulled = values @ precision[:, inner]
        return inner, np.linalg.solve(precision[np.ix_(inner, inner)], pulled.T).T
