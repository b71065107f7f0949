"""A joint Gaussian of the features of all modalities, conditioned on any subset of modalities."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
from scipy.linalg import cho_factor, cho_solve

from sklearn_crossmodal.linear._block_moments import (
    covariance_of_pairs,
    inverse,
    missingness_patterns,
    refine_by_em,
    stack_masked,
)

__all__ = ["CrossGaussian"]


class CrossGaussian:
    """A joint Gaussian of the features of all modalities.

    The conditional distribution of missing modalities follows from the covariance for each
    missingness pattern, without imputation beforehand. The precision matrix is computed once. Each
    pattern then inverts either its block of missing features or its block of observed features,
    whichever is smaller.

    Parameters
    ----------
    shrinkage : float, default=0.05
        Added to the diagonal of the covariance.

    Attributes
    ----------
    places_ : dict of str to slice
        Columns of each modality.
    covariance_, precision_ : ndarray of shape (D, D)
        The covariance of all features, and its inverse.

    References
    ----------
    C. M. Bishop (2006). "Pattern recognition and machine learning", section 2.3.1. For missing
    modalities: A. P. Dempster, N. M. Laird, D. B. Rubin (1977). "Maximum likelihood from incomplete
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
        """Estimate the covariance, by expectation-maximisation if modalities are missing.

        Parameters
        ----------
        features : mapping of str to ndarray of shape (n, D_m)
            Features of mean zero and similar scale.
        present : ndarray of shape (n, M), bool
            Which modalities each sample has.
        weight : ndarray of shape (n,), default=None
            Sample weights.

        Returns
        -------
        CrossGaussian
            Itself.
        """
        weight = np.ones(len(present)) if weight is None else weight
        widths = [values.shape[1] for values in features.values()]
        ends = np.cumsum([0, *widths])
        self.places_ = {name: slice(*ends[m : m + 2]) for m, name in enumerate(features)}
        parts = stack_masked(features, present), widths, present, weight, self.shrinkage
        covariance = covariance_of_pairs(*parts)
        self.covariance_ = covariance if present.all() else refine_by_em(covariance, *parts)
        self.precision_ = inverse(self.covariance_)
        return self

    def conditional_mean(
        self,
        features: Mapping[str, np.ndarray],
        present: np.ndarray,
        n_columns: Mapping[str, int],
        *,
        leave_one_out: bool = False,
    ) -> dict[str, np.ndarray]:
        """Return the conditional mean of missing modalities given the observed ones.

        Parameters
        ----------
        features : mapping of str to ndarray of shape (n, D_m)
            As in `fit`.
        present : ndarray of shape (n, M), bool
            Which modalities each sample has.
        n_columns : mapping of str to int
            The modalities to predict, and how many of their first features.
        leave_one_out : bool, default=False
            Whether to predict observed modalities too, each from the other observed ones.

        Returns
        -------
        dict of str to ndarray of shape (n, n_columns)
            NaN where no other modality is observed, and, without `leave_one_out`, where the
            modality itself is observed.
        """
        found = {name: np.full((len(present), n), np.nan) for name, n in n_columns.items()}
        joined = stack_masked(features, present)
        for pattern in self._patterns(joined, present):
            missing = set(n_columns) - set(pattern.names)
            if missing:
                values = pattern.mean_of_missing()
                for name in missing:
                    columns = values[:, pattern.places_of_missing(name)]
                    found[name][pattern.rows] = columns[:, : n_columns[name]]
            if leave_one_out and len(pattern.names) > 1:
                for name in set(n_columns) & set(pattern.names):
                    pull, _, residual = pattern.conditional(name)
                    observed = joined[pattern.rows, self.places_[name]]
                    found[name][pattern.rows] = (observed - pull @ residual)[:, : n_columns[name]]
        return found

    def contradictions(self, features: Mapping[str, np.ndarray], present: np.ndarray) -> np.ndarray:
        """Return the standardised negative pointwise mutual information of each modality.

        This is the information between a modality and the other observed modalities, up to a
        constant: ``log(p(x_m) / p(x_m | rest))``, divided by its standard deviation among samples
        of the joint distribution. It is high for a modality that contradicts the rest, and does
        not grow with how unusual the modality is by itself.

        Parameters
        ----------
        features : mapping of str to ndarray of shape (n, D_m)
            As in `fit`.
        present : ndarray of shape (n, M), bool
            Which modalities each sample has.

        Returns
        -------
        ndarray of shape (n, M)
            NaN where the modality is missing, or is the only one of its sample.
        """
        found = np.full(present.shape, np.nan)
        joined = stack_masked(features, present)
        marginal = {
            name: inverse(self.covariance_[place, place])
            for name, place in self.places_.items()
            if place.stop > place.start
        }
        for pattern in self._patterns(joined, present):
            if len(pattern.names) < 2:
                continue
            for name in pattern.names:
                observed = joined[pattern.rows, self.places_[name]]
                pull, size, residual = pattern.conditional(name)
                conditional = ((pull @ residual) * pull).sum(axis=1)
                excess = conditional - ((observed @ marginal[name]) * observed).sum(axis=1)
                # Sum over directions of the share of variance explained by the other modalities.
                explained = size - (marginal[name] * residual).sum()
                spread = 2 * np.sqrt(max(explained, np.finfo(float).tiny))
                found[pattern.rows, list(self.places_).index(name)] = excess / spread
        return found

    def _patterns(self, joined, present) -> Iterator[_Pattern]:
        """Yield the missingness patterns with at least one observed modality."""
        wide = {name: place for name, place in self.places_.items() if place.stop > place.start}
        pulled = joined @ self.precision_
        for rows, pattern in missingness_patterns(present):
            observed = {name for name, one in zip(self.places_, pattern, strict=True) if one}
            if observed & set(wide):
                yield _Pattern(self, wide, observed, rows, joined[rows], pulled[rows])


class _Pattern:
    """Rows with the same observed modalities, and the Gaussian conditioned on these.

    K are the observed (known) features and H the missing (hidden) ones. With P the inverse of C,
    ``inv(C_KK) = P_KK - P_KH inv(P_HH) P_HK``, and the conditional mean of H is
    ``-inv(P_HH) P_HK x_K``.
    """

    def __init__(self, gaussian, places, observed, rows, values, pulled) -> None:
        self.names = [name for name in places if name in observed]
        self.rows = rows
        self._places = places
        self._precision, self._pulled = gaussian.precision_, pulled
        self._known = _columns(places, self.names)
        self._hidden = _columns(places, [name for name in places if name not in observed])
        self._covariance, self._values = gaussian.covariance_, values
        self._inner = None

    def mean_of_missing(self) -> np.ndarray:
        """Return the conditional mean of all missing features, (n, H)."""
        if len(self._hidden) <= len(self._known):
            factor = cho_factor(self._part(self._precision, self._hidden), check_finite=False)
            return -cho_solve(factor, self._pulled[:, self._hidden].T, check_finite=False).T
        factor = cho_factor(self._part(self._covariance, self._known), check_finite=False)
        weights = cho_solve(factor, self._values[:, self._known].T, check_finite=False)
        return weights.T @ self._covariance[np.ix_(self._known, self._hidden)]

    def places_of_missing(self, name: str) -> np.ndarray:
        """Return the columns of a modality among the missing features."""
        return np.searchsorted(self._hidden, _columns(self._places, [name]))

    def conditional(self, name: str) -> tuple[np.ndarray, int, np.ndarray]:
        """Return ``x_K inv(C_KK)`` of a modality, its width, and conditional covariance."""
        if self._inner is None:
            by_precision = len(self._hidden) <= len(self._known)
            self._inner = self._from_precision() if by_precision else self._from_covariance()
        pulled, within = self._inner
        place = self._places[name]
        return pulled[:, place], place.stop - place.start, inverse(within(place))

    def _from_precision(self):
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

    def _from_covariance(self):
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
