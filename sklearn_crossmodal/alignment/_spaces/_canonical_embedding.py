"""Alignment in closed form: features, canonical correlations, unit vectors."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from sklearn.preprocessing import normalize

from sklearn_crossmodal.alignment._spaces._feature_map import FeatureMap
from sklearn_crossmodal.linear._canonical_correlation import CanonicalCorrelation

__all__ = ["CanonicalEmbedding"]


class CanonicalEmbedding:
    """Unit vectors of each modality: projections on canonical directions times their correlation.

    Parameters
    ----------
    kernel : {"linear", "rbf"}
        Of the features of each modality.
    n_components : int
        Most directions.
    seed : int
        Of the rows that the kernel is made of.
    """

    def __init__(self, kernel: str, n_components: int, seed: int) -> None:
        self.kernel = kernel
        self.n_components = n_components
        self.seed = seed

    def map(
        self,
        parts: Mapping[str, list],
        kinds: Mapping[str, list],
        present: np.ndarray,
        sample_weight: np.ndarray | None = None,
    ) -> CanonicalEmbedding:
        """Fit the features of each modality.

        Parameters
        ----------
        parts, kinds : mapping of str to list
            Features of each modality, and the kinds of their blocks.
        present : ndarray of shape (n, M), bool
            Which rows have each.
        sample_weight : ndarray of shape (n,), default=None
            Weights of the rows.
        """
        self._maps, features = {}, {}
        for (name, values), there in zip(parts.items(), present.T, strict=True):
            rows = np.flatnonzero(there)
            some = [part[rows] for part in values]
            weight = None if sample_weight is None else sample_weight[rows]
            feature_map = FeatureMap(self.kernel, self.seed).fit(some, kinds[name], weight)
            made = feature_map.transform(some)
            self._maps[name] = feature_map
            features[name] = np.zeros((len(there), made.shape[1]))
            features[name][rows] = made
        self.directions = CanonicalCorrelation(self.n_components)
        self.directions.decompose(features, present, sample_weight)
        return self

    def fit(self, shrinkage: float) -> CanonicalEmbedding:
        """Find the directions of the features that `map` has made."""
        self.directions.solve(shrinkage)
        return self

    def embed(self, parts: Mapping[str, list]) -> dict[str, np.ndarray]:
        """Return the unit vectors (n, k) of rows of some modalities."""
        return self.vectors(self.features(parts))

    def coordinates(self, name: str, values: list) -> np.ndarray:
        """Return the coordinates (n, k) of rows of one modality, of variance one at most."""
        return self.directions.project(name, self._maps[name].transform(values))

    def features(self, parts: Mapping[str, list]) -> dict[str, np.ndarray]:
        """Return the features of rows of some modalities."""
        return {name: self._maps[name].transform(values) for name, values in parts.items()}

    def vectors(self, features: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Return the unit vectors (n, k) of features, as `features` returns them."""
        scale = self.directions.correlations_
        return {
            name: normalize(self.directions.project(name, values) * scale)
            for name, values in features.items()
        }
