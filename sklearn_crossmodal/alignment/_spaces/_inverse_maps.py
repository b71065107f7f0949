"""From canonical coordinates back to the values of a modality."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from sklearn_crossmodal.data import Block

__all__ = ["InverseMaps"]

#: Kinds of blocks that hold as many numbers a row each, and how many at most.
_INVERTED, _MOST = frozenset({"vector", "grid"}), 2**14
#: Penalty on the coordinates, whose variance is about one, relative to the number of rows.
_PENALTY = 1e-3


class InverseMaps:
    """Linear maps from canonical coordinates of each modality back to its values.

    A sample's expected coordinate in another modality is its own times the canonical correlation.
    """

    def __init__(self) -> None:
        self._maps: dict[str, tuple[np.ndarray, np.ndarray]] = {}

    def fit(
        self,
        coordinates: Mapping[str, np.ndarray],
        blocks: Mapping[str, Block],
        sample_weight: np.ndarray | None = None,
    ) -> InverseMaps:
        """Regress the values of each modality on the coordinates of the rows that have it.

        Parameters
        ----------
        coordinates : mapping of str to ndarray of shape (n_m, k)
            Of these rows.
        blocks : mapping of str to Block
            Of all rows.
        sample_weight : ndarray of shape (n,), default=None
            Weights of all rows.
        """
        for name, known in coordinates.items():
            block = blocks[name]
            dense = isinstance(block.values, np.ndarray)
            if block.kind in _INVERTED and dense and block.spec.size <= _MOST:
                values = block.values[block.present].reshape(len(known), -1).astype(float)
                weight = np.ones(len(block)) if sample_weight is None else sample_weight
                weight = weight[block.present] / weight[block.present].sum()
                mean = weight @ values
                weighted = known * weight[:, np.newaxis]
                gram = weighted.T @ known + _PENALTY * np.eye(known.shape[1])
                self._maps[name] = mean, np.linalg.solve(gram, weighted.T @ (values - mean))
        return self

    def __contains__(self, name: str) -> bool:
        return name in self._maps

    def values(self, name: str, coordinates: np.ndarray) -> np.ndarray:
        """Return the values (n, D) of a modality at some coordinates (n, k)."""
        mean, weights = self._maps[name]
        return mean + coordinates @ weights
