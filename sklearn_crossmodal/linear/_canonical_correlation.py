"""Canonical correlations of several sets of features, regularised, with rows that lack some."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations, pairwise

import numpy as np
from scipy.linalg import eigh, svd

__all__ = ["CanonicalCorrelation"]

#: Directions of less variance than this share of the mean are left out.
_NOTHING = 1e-10


class CanonicalCorrelation:
    r"""Regularised canonical correlation analysis of two or more sets of features.

    With the covariances :math:`C_{ij}` of the sets, directions w maximise

    .. math:: \sum_{i \neq j} w_i^\top C_{ij} w_j
              \quad \text{subject to} \quad
              \sum_i w_i^\top \tilde C_i w_i = M, \qquad
              \tilde C_i = (1 - \lambda) C_{ii} + \lambda \frac{\mathrm{tr}\, C_{ii}}{d_i} I,

    the sum of correlations of [1]_ with the ridge of [2]_. A set with more features than rows is
    projected onto the span of its rows, which is exact. Each covariance is that of the rows that
    have both sets.

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
        The mean correlation of two sets in each direction, descending; none is negative.

    References
    ----------
    .. [1] J. R. Kettenring (1971). "Canonical analysis of several sets of variables". Biometrika
       58(3), 433-451. :doi:`10.1093/biomet/58.3.433`
    .. [2] H. D. Vinod (1976). "Canonical ridge and econometrics of joint production". Journal of
       Econometrics 4(2), 147-166. :doi:`10.1016/0304-4076(76)90010-5`
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
        row_weights = present * (
            1.0 if weight is None else np.asarray(weight, float)[:, np.newaxis]
        )
        self.means_, whitened, back = {}, {}, {}
        for (name, values), row_weight in zip(features.items(), row_weights.T, strict=True):
            there = row_weight > 0
            self.means_[name] = mean = np.average(values[there], axis=0, weights=row_weight[there])
            centered = np.where(there[:, np.newaxis], values - mean, 0.0)
            back[name] = self._whitening(centered[there], row_weight[there])
            whitened[name] = centered @ back[name]
        vectors, values = self._directions(whitened, row_weights)
        self.correlations_ = np.minimum(values, 1.0)
        weights = {name: back[name] @ vectors[name] for name in features}
        self.weights_ = _signed(weights, list(features))
        return self

    def project(self, name: str, values: np.ndarray) -> np.ndarray:
        """Return the projections (n, k) of rows of a set onto its directions."""
        return (values - self.means_[name]) @ self.weights_[name]

    def _whitening(self, centered: np.ndarray, weight: np.ndarray) -> np.ndarray:
        """Return a map (d, r) to coordinates whose shrunk covariance is the identity."""
        scaled = centered * np.sqrt(weight / weight.sum())[:, np.newaxis]
        n_rows, width = scaled.shape
        if width > n_rows:
            _, roots, basis = svd(scaled, full_matrices=False)
            variances, basis = roots[::-1] ** 2, basis[::-1].T
        else:
            variances, basis = eigh(scaled.T @ scaled)
        mean = variances.sum() / width
        kept = variances > _NOTHING * max(mean, np.finfo(float).tiny)
        variances, basis = variances[kept][::-1], basis[:, kept][:, ::-1]  # largest first
        return basis / np.sqrt((1 - self.shrinkage) * variances + self.shrinkage * mean)

    def _directions(self, whitened: dict, weights: np.ndarray) -> tuple[dict, np.ndarray]:
        """Return directions {name: (r, k)}, and their mean correlations (k,)."""
        if len(whitened) == 1:
            return _leading(whitened, self.n_components)
        names, ends = list(whitened), np.cumsum([0, *(x.shape[1] for x in whitened.values())])
        cross = np.zeros((ends[-1], ends[-1]))
        for i, j in combinations(range(len(names)), 2):
            both = np.sqrt(weights[:, i] * weights[:, j])
            rows = both > 0
            if rows.any():
                left, right = (whitened[names[place]][rows] for place in (i, j))
                share = both[rows, np.newaxis] / both[rows].sum()
                block = (left * share).T @ right
                cross[ends[i] : ends[i + 1], ends[j] : ends[j + 1]] = block
        n_kept = min(self.n_components, int(np.diff(ends).min()))
        if not n_kept:
            return {name: np.zeros((x.shape[1], 0)) for name, x in whitened.items()}, np.zeros(0)
        if len(names) == 2:  # a quarter of the time
            left, values, right = svd(cross[: ends[1], ends[1] :], full_matrices=False)
            parts = [left[:, :n_kept], right[:n_kept].T]
            values = values[:n_kept]
        else:
            cross += cross.T
            values, vectors = eigh(cross, subset_by_index=[ends[-1] - n_kept, ends[-1] - 1])
            values, vectors = values[::-1] / (len(names) - 1), vectors[:, ::-1]
            vectors = vectors * np.sqrt(len(names))
            parts = [vectors[start:end] for start, end in pairwise(ends)]
        kept = values > 0
        return {n: part[:, kept] for n, part in zip(names, parts, strict=True)}, values[kept]


def _leading(whitened: dict, n_components: int) -> tuple[dict, np.ndarray]:
    """Return the directions of most variance of a single set, with correlations of one."""
    ((name, values),) = whitened.items()
    width = values.shape[1]
    return {name: np.eye(width, min(n_components, width))}, np.ones(min(n_components, width))


def _signed(weights: dict, names: list) -> dict:
    """Return directions whose largest weight in the first set is positive."""
    first = weights[names[0]]
    largest = np.abs(first).argmax(axis=0) if len(first) else np.zeros(0, int)
    signs = np.where(first[largest, np.arange(first.shape[1])] < 0, -1.0, 1.0)
    return {name: part * signs for name, part in weights.items()}
