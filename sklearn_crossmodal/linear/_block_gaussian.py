"""A joint Gaussian of the features of all modalities, conditioned on any subset of modalities."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from scipy.linalg import cho_factor, cho_solve
from sklearn.utils.extmath import randomized_svd

from sklearn_crossmodal.linear._block_moments import (
    block_covariance,
    inverse,
    missingness_patterns,
    stack_masked,
)
from sklearn_crossmodal.utils._threads import one_thread

__all__ = ["CrossGaussian", "ScaledGaussian"]

#: Maximal number of directions of a modality, and of all modalities. Time grows with the cube.
#: Beyond that the first principal components are used.
_MAX_PER_MODALITY, _MAX_TOTAL = 1024, 2048
#: Up to this number of features no basis is computed.
_MAX_FULL_WIDTH = 512


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
        """
        weight = np.ones(len(present)) if weight is None else weight
        widths = [values.shape[1] for values in features.values()]
        ends = np.cumsum([0, *widths])
        self.places_ = {name: slice(*ends[m : m + 2]) for m, name in enumerate(features)}
        joined = stack_masked(features, present)
        self.covariance_ = block_covariance(joined, widths, present, weight, self.shrinkage)
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
        """Return the standardised negative pointwise mutual information of each modality, (n, M).

        This is the information between a modality and the other observed modalities, up to a
        constant: ``log(p(x_m) / p(x_m | rest))``, divided by its standard deviation among samples
        of the joint distribution. It is high for a modality that contradicts the rest, and does
        not grow with how unusual the modality is by itself. It is NaN where the modality is
        missing, or is the only one of its sample.
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
        with one_thread("blas"):  # many short calls of NumPy and SciPy
            for rows, pattern in missingness_patterns(present):
                observed = {name for name, one in zip(self.places_, pattern, strict=True) if one}
                if observed & set(wide):
                    yield _Pattern(self, wide, observed, rows, joined[rows], pulled[rows])


class ScaledGaussian:
    """A `CrossGaussian` of features that are standardised and multiplied by a factor.

    A modality with more features than rows is projected onto the span of its rows. This is exact:
    orthogonal directions are uncorrelated with the other modalities.

    Parameters
    ----------
    features : mapping of str to ndarray of shape (n, D_m)
        Features of each modality; rows where it is missing are ignored.
    present : ndarray of shape (n, M), bool
        Which modalities each sample has.
    weight : ndarray of shape (n,)
        Sample weights.
    factors : mapping of str to ndarray of shape (D_m,)
        Factors of the features: a smaller factor means stronger shrinkage.
    """

    def __init__(self, features, present, weight, factors: Mapping[str, np.ndarray]) -> None:
        self.factors = dict(factors)
        self.scales = {
            name: _mean_and_scale(values[present[:, m]], weight[present[:, m]])
            for m, (name, values) in enumerate(features.items())
        }
        self.bases: dict[str, np.ndarray | None] = dict.fromkeys(features)
        scaled = self._scaled(features, present)
        if sum(part.shape[1] for part in scaled.values()) > _MAX_FULL_WIDTH:
            scaled = self._reduced(scaled, present)
        self.gaussian = CrossGaussian().fit(scaled, present, weight)

    def conditional_mean(
        self, features, present, n_columns: Mapping[str, int], *, leave_one_out=False
    ):
        """Return the conditional mean in the units of the features; see `CrossGaussian`."""
        scaled = self._scaled(features, present)
        bases = {name: self.bases[name] for name in n_columns}
        directions = {
            name: n if bases[name] is None else bases[name].shape[1]
            for name, n in n_columns.items()
        }
        found = self.gaussian.conditional_mean(
            scaled, present, directions, leave_one_out=leave_one_out
        )
        for name, n in n_columns.items():
            values = found[name] if bases[name] is None else found[name] @ bases[name][:n].T
            mean, scale = (part[:n] for part in self.scales[name])
            found[name] = values / self.factors[name][:n] * scale + mean
        return found

    def contradictions(self, features, present) -> np.ndarray:
        """Return how much each modality contradicts the others, (n, M); see `CrossGaussian`."""
        return self.gaussian.contradictions(self._scaled(features, present), present)

    def _reduced(self, scaled, present):
        """Compute the basis of each modality; return the features in these bases."""
        counts = zip(scaled.values(), present.sum(axis=0), strict=True)
        sizes = [min(part.shape[1], int(n_rows)) for part, n_rows in counts]
        most = min(_MAX_PER_MODALITY, _level(sizes, _MAX_TOTAL))
        for m, (name, part) in enumerate(scaled.items()):
            self.bases[name] = _basis(part[present[:, m]], most)
        return {name: self._project(name, part) for name, part in scaled.items()}

    def _scaled(self, features, present):
        found = {}
        for m, (name, values) in enumerate(features.items()):
            mean, scale = self.scales[name]
            part = np.where(present[:, [m]], values - mean, 0.0) / scale * self.factors[name]
            found[name] = self._project(name, part)
        return found

    def _project(self, name, part):
        return part if self.bases[name] is None else part @ self.bases[name]


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


def _mean_and_scale(values, weight):
    """Return mean and standard deviation of each feature, 1 for constant features."""
    if not weight.sum():
        return np.zeros(values.shape[1]), np.ones(values.shape[1])
    mean = np.average(values, axis=0, weights=weight)
    scale = np.sqrt(np.average((values - mean) ** 2, axis=0, weights=weight))
    return mean, np.where(scale > 1e-9, scale, 1.0)


def _level(sizes: Sequence[int], most: int) -> int:
    """Return the cap of sizes for which their sum is `most`."""
    for place, size in enumerate(sorted(sizes)):
        level = (most - sum(sorted(sizes)[:place])) // (len(sizes) - place)
        if size > level:
            return max(level, 1)
    return max(sizes)


def _basis(values: np.ndarray, most: int) -> np.ndarray | None:
    """Return an orthonormal basis of the span of the rows, (D, r); None for no projection.

    Above `most` directions it holds the first `most` principal ones.
    """
    n_rows, width = values.shape
    if width <= min(n_rows, most) or not n_rows:
        return None
    if min(n_rows, width) > most:
        return randomized_svd(values, most, n_iter=2, random_state=0)[2].T
    squares, left = np.linalg.eigh(values @ values.T)
    kept = squares > 1e-10 * squares[-1]  # smaller ones are rounding errors
    kept[-1] = True
    return values.T @ (left[:, kept] / np.sqrt(np.maximum(squares[kept], 1e-300)))
