"""How features of modalities go together, as a Gaussian: closed forms for any that are absent."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
from scipy.linalg import cho_factor, cho_solve

from sklearn_crossmodal.linear._block_moments import (
    completed,
    covariance_of_pairs,
    inverse,
    masked,
    patterns_of,
)

__all__ = ["CrossGaussian"]


class CrossGaussian:
    """A joint Gaussian of the features of all modalities.

    What some of them tell of another is a conditional distribution, which the covariance gives
    for any of them: there is nothing to be imputed first. The inverse of the covariance is found
    once; a pattern of absence takes the inverse of what is absent alone, or of what is there,
    whichever is smaller.

    Parameters
    ----------
    shrinkage : float, default=0.05
        What is added to the diagonal of the covariance.

    Attributes
    ----------
    places_ : dict of str to slice
        Columns of each modality.
    covariance_, precision_ : ndarray of shape (D, D)
        Of all features, and its inverse.

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
            Of mean zero, and of like scale.
        present : ndarray of shape (n, M), bool
            Which modalities each sample has.
        weight : ndarray of shape (n,), default=None
            Of the samples.

        Returns
        -------
        CrossGaussian
            Itself.
        """
        weight = np.ones(len(present)) if weight is None else weight
        widths = [values.shape[1] for values in features.values()]
        ends = np.cumsum([0, *widths])
        self.places_ = {name: slice(*ends[m : m + 2]) for m, name in enumerate(features)}
        parts = masked(features, present), widths, present, weight, self.shrinkage
        covariance = covariance_of_pairs(*parts)
        self.covariance_ = covariance if present.all() else completed(covariance, *parts)
        self.precision_ = inverse(self.covariance_)
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
        joined = masked(features, present)
        for pattern in self._patterns(joined, present):
            hidden = set(wanted) - set(pattern.names)
            if hidden:
                values = pattern.expected()
                for name in hidden:
                    columns = values[:, pattern.places_hidden(name)]
                    found[name][pattern.rows] = columns[:, : wanted[name]]
            if left_out and len(pattern.names) > 1:
                for name in set(wanted) & set(pattern.names):
                    pull, _, left = pattern.against_others(name)
                    own = joined[pattern.rows, self.places_[name]]
                    found[name][pattern.rows] = (own - pull @ left)[:, : wanted[name]]
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
        joined = masked(features, present)
        alone = {
            name: inverse(self.covariance_[place, place])
            for name, place in self.places_.items()
            if place.stop > place.start
        }
        for pattern in self._patterns(joined, present):
            if len(pattern.names) < 2:
                continue
            for name in pattern.names:
                own = joined[pattern.rows, self.places_[name]]
                pull, size, left = pattern.against_others(name)
                excess = ((pull @ left) * pull).sum(axis=1) - ((own @ alone[name]) * own).sum(
                    axis=1
                )
                # What the others explain, of each direction of its own.
                explained = size - (alone[name] * left).sum()
                spread = 2 * np.sqrt(max(explained, np.finfo(float).tiny))
                found[pattern.rows, list(self.places_).index(name)] = excess / spread
        return found

    def _patterns(self, joined, present) -> Iterator[_Pattern]:
        """Yield the patterns in which something is there."""
        wide = {name: place for name, place in self.places_.items() if place.stop > place.start}
        pulled = joined @ self.precision_
        for rows, pattern in patterns_of(present):
            there = {name for name, one in zip(self.places_, pattern, strict=True) if one}
            if there & set(wide):
                yield _Pattern(self, wide, there, rows, joined[rows], pulled[rows])


class _Pattern:
    """Rows that have the same modalities, and the Gaussian of these alone.

    With K what is there and H what is not, ``inv(C_KK) = P_KK - P_KH inv(P_HH) P_HK``, where P is
    the inverse of C; and what is expected of H is ``-inv(P_HH) P_HK x_K``.
    """

    def __init__(self, gaussian, places, there, rows, values, pulled) -> None:
        self.names = [name for name in places if name in there]
        self.rows = rows
        self._places = places
        self._precision, self._pulled = gaussian.precision_, pulled
        self._known = _columns(places, self.names)
        self._hidden = _columns(places, [name for name in places if name not in there])
        self._covariance, self._values = gaussian.covariance_, values
        self._inner = None

    def expected(self) -> np.ndarray:
        """Return what is expected of all that is not there, (n, H)."""
        if len(self._hidden) <= len(self._known):
            factor = cho_factor(self._part(self._precision, self._hidden), check_finite=False)
            return -cho_solve(factor, self._pulled[:, self._hidden].T, check_finite=False).T
        factor = cho_factor(self._part(self._covariance, self._known), check_finite=False)
        weights = cho_solve(factor, self._values[:, self._known].T, check_finite=False)
        return weights.T @ self._covariance[np.ix_(self._known, self._hidden)]

    def places_hidden(self, name: str) -> np.ndarray:
        """Return the places of a modality among all that is not there."""
        return np.searchsorted(self._hidden, _columns(self._places, [name]))

    def against_others(self, name: str) -> tuple[np.ndarray, int, np.ndarray]:
        """Return ``x_K inv(C_KK)`` of a modality, its width, and covariance given the others."""
        if self._inner is None:
            self._inner = self._given_hidden() if self._by_precision() else self._given_known()
        pulled, within = self._inner
        place = self._places[name]
        return pulled[:, place], place.stop - place.start, inverse(within(place))

    def _by_precision(self):
        return len(self._hidden) <= len(self._known)

    def _given_hidden(self):
        if not len(self._hidden):
            return self._pulled, lambda place: self._precision[place, place]
        known, hidden = self._known, self._hidden
        across = self._precision[hidden][:, known]
        # Times the inverse: a product is several times as fast as a triangular system.
        reach = inverse(self._part(self._precision, hidden)) @ across
        pulled = self._pulled.copy()
        pulled[:, known] -= self._pulled[:, hidden] @ reach

        def within(place):
            start = np.searchsorted(known, place.start)
            part = slice(start, start + place.stop - place.start)
            return self._precision[place, place] - across[:, part].T @ reach[:, part]

        return pulled, within

    def _given_known(self):
        known = self._known
        whole = np.zeros_like(self._precision)
        whole[np.ix_(known, known)] = inverse(self._part(self._covariance, known))
        return self._values @ whole, lambda place: whole[place, place]

    def _part(self, matrix, columns):
        return matrix[columns][:, columns]


def _columns(places, names) -> np.ndarray:
    """Return the columns of modalities, in order."""
    parts = [np.arange(places[name].start, places[name].stop) for name in names]
    return np.concatenate(parts) if parts else np.empty(0, dtype=int)
