"""A joint Gaussian of features in units of their own, in no more directions than there are rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from sklearn.utils.extmath import randomized_svd

from sklearn_crossmodal.linear._block_gaussian import CrossGaussian

__all__ = ["ScaledGaussian"]

#: Directions that a modality, and all of them together, have at most: what is found of them takes
#: time that grows with their cube. Of more, the principal components are taken.
_MOST_OF_ONE, _MOST_TOGETHER = 1024, 2048
#: Features up to which they are left as they are.
_FEW = 512


class ScaledGaussian:
    """A `CrossGaussian` of features that are standardised, each times a factor.

    Where features are many, and a modality has more of them than there are rows, it is turned to
    the directions that the rows span: on all others it is independent of what any other modality
    is, and nothing is lost.

    Parameters
    ----------
    features : mapping of str to ndarray of shape (n, D_m)
        Of each modality; whatever stands where a sample lacks it is not looked at.
    present : ndarray of shape (n, M), bool
        Which modalities each sample has.
    weight : ndarray of shape (n,)
        Of the samples.
    factors : mapping of str to ndarray of shape (D_m,)
        Of the features: one with a small factor is shrunk more.
    """

    def __init__(self, features, present, weight, factors: Mapping[str, np.ndarray]) -> None:
        self.factors = dict(factors)
        self.scales = {
            name: _mean_and_scale(values[present[:, m]], weight[present[:, m]])
            for m, (name, values) in enumerate(features.items())
        }
        self.bases: dict[str, np.ndarray | None] = dict.fromkeys(features)
        scaled = self._scaled(features, present)
        if sum(part.shape[1] for part in scaled.values()) > _FEW:
            scaled = self._reduced(scaled, present)
        self.gaussian = CrossGaussian().fit(scaled, present, weight)

    def expected(self, features, present, wanted: Mapping[str, int], *, left_out=False):
        """Return what the modalities of each sample let one expect, in the units of the features.

        Parameters
        ----------
        features : mapping of str to ndarray of shape (n, D_m)
            As at first.
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
        scaled = self._scaled(features, present)
        bases = {name: self.bases[name] for name in wanted}
        directions = {
            name: n if bases[name] is None else bases[name].shape[1] for name, n in wanted.items()
        }
        found = self.gaussian.expected(scaled, present, directions, left_out=left_out)
        for name, n_columns in wanted.items():
            values = found[name] if bases[name] is None else found[name] @ bases[name][:n_columns].T
            mean, scale = (part[:n_columns] for part in self.scales[name])
            found[name] = values / self.factors[name][:n_columns] * scale + mean
        return found

    def contradictions(self, features, present) -> np.ndarray:
        """Return how far each modality lies from what the others let one expect, (n, M).

        Parameters
        ----------
        features : mapping of str to ndarray of shape (n, D_m)
            As at first.
        present : ndarray of shape (n, M), bool
            Which modalities each sample has.

        Returns
        -------
        ndarray of shape (n, M)
            See `CrossGaussian.contradictions`.
        """
        return self.gaussian.contradictions(self._scaled(features, present), present)

    def _reduced(self, scaled, present):
        """Find the directions of each modality; return the features along them."""
        counts = zip(scaled.values(), present.sum(axis=0), strict=True)
        sizes = [min(part.shape[1], int(n_rows)) for part, n_rows in counts]
        most = min(_MOST_OF_ONE, _level(sizes, _MOST_TOGETHER))
        for m, (name, part) in enumerate(scaled.items()):
            self.bases[name] = _basis(part[present[:, m]], most)
        return {name: self._turned(name, part) for name, part in scaled.items()}

    def _scaled(self, features, present):
        found = {}
        for m, (name, values) in enumerate(features.items()):
            mean, scale = self.scales[name]
            part = np.where(present[:, [m]], values - mean, 0.0) / scale * self.factors[name]
            found[name] = self._turned(name, part)
        return found

    def _turned(self, name, part):
        return part if self.bases[name] is None else part @ self.bases[name]


def _mean_and_scale(values, weight):
    """Return mean and standard deviation of each feature; one of those that do not vary."""
    if not weight.sum():
        return np.zeros(values.shape[1]), np.ones(values.shape[1])
    mean = np.average(values, axis=0, weights=weight)
    scale = np.sqrt(np.average((values - mean) ** 2, axis=0, weights=weight))
    return mean, np.where(scale > 1e-9, scale, 1.0)


def _level(sizes: Sequence[int], most: int) -> int:
    """Return what sizes are cut at so that they are `most` together."""
    for place, size in enumerate(sorted(sizes)):
        level = (most - sum(sorted(sizes)[:place])) // (len(sizes) - place)
        if size > level:
            return max(level, 1)
    return max(sizes)


def _basis(values: np.ndarray, most: int) -> np.ndarray | None:
    """Return orthonormal directions that hold the rows, (D, r); None for all as they are.

    Of the directions that they span at most the `most` first principal ones.
    """
    n_rows, width = values.shape
    if width <= min(n_rows, most) or not n_rows:
        return None
    if min(n_rows, width) > most:
        return randomized_svd(values, most, n_iter=2, random_state=0)[2].T
    squares, left = np.linalg.eigh(values @ values.T)
    kept = squares > 1e-10 * squares[-1]  # others are rounding
    kept[-1] = True
    return values.T @ (left[:, kept] / np.sqrt(np.maximum(squares[kept], 1e-300)))
