"""Canonical correlations of several sets of features, regularised, with rows that lack some."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations, pairwise
from typing import NamedTuple

import numpy as np
from scipy.linalg import eigh, svd

__all__ = ["CanonicalCorrelation"]

#: Directions of less variance than this share of the mean are left out.
_NOTHING = 1e-10
#: Where there are this many times as many directions as are kept, all of them are not computed,
#: but those of the squared matrix, in which smaller correlations than the second number are lost.
_SHARE_OF_SVD, _ROUNDING = 3, 1e-6


class CanonicalCorrelation:
    r"""Regularised canonical correlation analysis of two or more sets of features.

    With the covariances :math:`C_{ij}` of the sets, directions w maximise

    .. math:: \sum_{i \neq j} w_i^\top C_{ij} w_j
              \quad \text{subject to} \quad
              \sum_i w_i^\top \tilde C_i w_i = M, \qquad
              \tilde C_i = (1 - \lambda) C_{ii} + \lambda \frac{\mathrm{tr}\, C_{ii}}{d_i} I,

    the sum of correlations of [1]_ with the ridge of [2]_. A set with more features than rows is
    projected onto the span of its rows, which is exact. Each covariance is that of the rows that
    have both sets; of more than two sets it counts in proportion to their number, as that of few
    rows is mostly chance.

    Parameters
    ----------
    n_components : int, default=100
        Most directions.
    shrinkage : float, default=0.1
        The share :math:`\lambda` of a multiple of the identity in the covariance of a set.

    Attributes
    ----------
    means_ : dict of str to ndarray of shape (d,)
        Of each set.
    weights_ : dict of str to ndarray of shape (d, k)
        The directions; two sets have projections of variance one under :math:`\tilde C`.
    correlations_ : ndarray of shape (k,)
        The mean correlation of two sets in each direction, weighted by how many rows have both,
        relative to the pair of sets that most have; descending, none is negative.

    References
    ----------
    .. [1] J. R. Kettenring (1971). "Canonical analysis of several sets of variables". Biometrika
       58(3), 433-451. doi:10.1093/biomet/58.3.433
    .. [2] H. D. Vinod (1976). "Canonical ridge and econometrics of joint production". Journal of
       Econometrics 4(2), 147-166. doi:10.1016/0304-4076(76)90010-5
    """

    def __init__(self, n_components: int = 100, shrinkage: float = 0.1) -> None:
        self.n_components = n_components
        self.shrinkage = shrinkage

    def fit(
        self,
        features: Mapping[str, np.ndarray],
        present: np.ndarray,
        weight: np.ndarray | None = None,
    ) -> CanonicalCorrelation:
        """Find the directions.

        Parameters
        ----------
        features : mapping of str to ndarray of shape (n, d)
            The sets.
        present : ndarray of shape (n, M), bool
            Which rows have each set.
        weight : ndarray of shape (n,), default=None
            Weights of the rows.
        """
        return self.decompose(features, present, weight).solve(self.shrinkage)

    def decompose(self, features, present, weight=None) -> CanonicalCorrelation:
        """Find means, principal axes and covariances, which no shrinkage changes; see `fit`."""
        weight = np.ones(len(present)) if weight is None else np.asarray(weight, float)
        row_weights = present * weight[:, np.newaxis]
        self.means_, self._axes, self._n_pairs, rotated = {}, {}, {}, {}
        for (name, values), row_weight in zip(features.items(), row_weights.T, strict=True):
            there = row_weight > 0
            self.means_[name] = mean = np.average(values[there], axis=0, weights=row_weight[there])
            centered = np.where(there[:, np.newaxis], values - mean, 0.0)
            self._axes[name] = axes = _principal_axes(centered[there], row_weight[there])
            rotated[name] = centered @ axes.basis
        names, self._across = list(rotated), {}
        for i, j in combinations(range(len(names)), 2):
            both = np.sqrt(row_weights[:, i] * row_weights[:, j])
            if both.any():
                pair = names[i], names[j]
                self._across[pair] = _covariance(*(rotated[name] for name in pair), both)
                self._n_pairs[pair] = both.sum()
        return self

    def solve(self, shrinkage: float) -> CanonicalCorrelation:
        """Find the directions under a shrinkage, after `decompose`."""
        scales = {
            name: 1 / np.sqrt((1 - shrinkage) * axes.variances + shrinkage * axes.mean_variance)
            for name, axes in self._axes.items()
        }
        vectors, values = self._directions(scales)
        self.correlations_ = np.minimum(values, 1.0)
        weights = {
            name: (axes.basis * scales[name]) @ vectors[name] for name, axes in self._axes.items()
        }
        self.weights_ = _signed(weights, list(weights))
        return self

    def forget(self) -> CanonicalCorrelation:
        """Drop what only `solve` needs."""
        self._axes, self._across = {}, {}
        return self

    def project(self, name: str, values: np.ndarray) -> np.ndarray:
        """Return the projections (n, k) of rows of a set onto its directions."""
        return (values - self.means_[name]) @ self.weights_[name]

    def _directions(self, scales: dict) -> tuple[dict, np.ndarray]:
        """Return directions {name: (r, k)} in whitened axes, and their mean correlations (k,)."""
        names, widths = list(scales), [len(scale) for scale in scales.values()]
        # Of several sets one may be narrow: the others have more directions in common.
        n_kept = min(self.n_components, sorted(widths)[-2:][0])
        if not n_kept:
            return {n: np.zeros((r, 0)) for n, r in zip(names, widths, strict=True)}, np.zeros(0)
        if len(names) == 1:
            return {names[0]: np.eye(widths[0], n_kept)}, np.ones(n_kept)
        ends = np.cumsum([0, *widths])
        places = {n: slice(*pair) for n, pair in zip(names, pairwise(ends), strict=True)}
        cross = np.zeros((ends[-1], ends[-1]))
        for (a, b), block in self._across.items():
            share = self._n_pairs[a, b] / max(self._n_pairs.values())
            cross[places[a], places[b]] = share * scales[a][:, np.newaxis] * block * scales[b]
        if len(names) == 2:  # a quarter of the time
            left, values, right = _leading_svd(cross[: ends[1], ends[1] :], n_kept)
            parts = [left, right]
        else:
            cross += cross.T
            values, vectors = eigh(cross, subset_by_index=[ends[-1] - n_kept, ends[-1] - 1])
            values, vectors = values[::-1] / (len(names) - 1), vectors[:, ::-1]
            parts = [np.sqrt(len(names)) * vectors[places[name]] for name in names]
        kept = values > _NOTHING
        return {n: part[:, kept] for n, part in zip(names, parts, strict=True)}, values[kept]


class _Axes(NamedTuple):
    """Principal axes (d, r) of a set, their variances (r,), and the mean of all d variances."""

    basis: np.ndarray
    variances: np.ndarray
    mean_variance: float


def _principal_axes(centered: np.ndarray, weight: np.ndarray) -> _Axes:
    """Return the axes of the rows of a set, largest variance first."""
    scaled = centered * np.sqrt(weight / weight.sum())[:, np.newaxis]
    n_rows, width = scaled.shape
    if width > n_rows:
        _, roots, rows = svd(scaled, full_matrices=False)
        variances, basis = roots**2, rows.T
    else:
        variances, basis = eigh(scaled.T @ scaled)
        variances, basis = variances[::-1], basis[:, ::-1]
    mean = float(variances.sum() / width)
    kept = variances > _NOTHING * max(mean, np.finfo(float).tiny)
    return _Axes(basis[:, kept], variances[kept], mean)


def _covariance(left: np.ndarray, right: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Return the covariance (r, s) of two sets in the rows that have both."""
    rows = weight > 0
    share = weight[rows, np.newaxis] / weight[rows].sum()
    return (left[rows] * share).T @ right[rows]


def _leading_svd(matrix: np.ndarray, n_kept: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return left vectors (r, k), the k largest singular values, and right vectors (s, k)."""
    if min(matrix.shape) <= _SHARE_OF_SVD * n_kept:
        left, values, right = svd(matrix, full_matrices=False)
        return left[:, :n_kept], values[:n_kept], right[:n_kept].T
    if matrix.shape[0] > matrix.shape[1]:
        right, values, left = _leading_svd(matrix.T, n_kept)
        return left, values, right
    last = matrix.shape[0] - 1
    squares, left = eigh(matrix @ matrix.T, subset_by_index=[last - n_kept + 1, last])
    values, left = np.sqrt(np.maximum(squares[::-1], 0)), left[:, ::-1]
    right = matrix.T @ left / np.maximum(values, np.finfo(float).tiny)
    return left, np.where(values > _ROUNDING, values, 0.0), right


def _signed(weights: dict, names: list) -> dict:
    """Return directions whose largest weight in the first set is positive."""
    first = weights[names[0]]
    largest = np.abs(first).argmax(axis=0) if len(first) else np.zeros(0, int)
    signs = np.where(first[largest, np.arange(first.shape[1])] < 0, -1.0, 1.0)
    return {name: part * signs for name, part in weights.items()}
