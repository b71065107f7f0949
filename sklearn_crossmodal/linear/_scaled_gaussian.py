"""A joint Gaussian of standardised features, with a low-rank basis if features are many."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from sklearn.utils.extmath import randomized_svd

from sklearn_crossmodal.linear._block_gaussian import CrossGaussian

__all__ = ["ScaledGaussian"]

#: Maximal number of directions of a modality, and of all modalities. Time grows with the cube.
#: Beyond that the first principal components are used.
_MAX_PER_MODALITY, _MAX_TOTAL = 1024, 2048
#: Up to this number of features no basis is computed.
_MAX_FULL_WIDTH = 512


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
        """Return the conditional mean of modalities, in the units of the features.

        Parameters
        ----------
        features : mapping of str to ndarray of shape (n, D_m)
            As in the constructor.
        present : ndarray of shape (n, M), bool
            Which modalities each sample has.
        n_columns : mapping of str to int
            The modalities to predict, and how many of their first features.
        leave_one_out : bool, default=False
            Whether to predict observed modalities too, each from the other observed ones.

        Returns
        -------
        dict of str to ndarray of shape (n, n_columns)
            NaN as in `CrossGaussian.conditional_mean`.
        """
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
        """Return the standardised negative pointwise mutual information of each modality.

        Parameters
        ----------
        features : mapping of str to ndarray of shape (n, D_m)
            As in the constructor.
        present : ndarray of shape (n, M), bool
            Which modalities each sample has.

        Returns
        -------
        ndarray of shape (n, M)
            See `CrossGaussian.contradictions`.
        """
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
