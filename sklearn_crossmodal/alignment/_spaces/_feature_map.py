"""Features of a modality before alignment: scaled, clipped, and in a Gaussian kernel."""

from __future__ import annotations

import numpy as np
from scipy import sparse
from scipy.spatial.distance import pdist
from sklearn.decomposition import KernelPCA
from sklearn.utils import check_random_state

from sklearn_crossmodal.utils._slices import slices_of

__all__ = ["FeatureMap"]

#: Standardised numbers beyond this are outliers, whose directions would be theirs alone.
_CLIPPED = 5.0
#: Components of the kernel, and rows that they are made of (Nyström approximation).
_N_COMPONENTS, _N_LANDMARKS = 400, 2000
#: Rows whose kernel is computed at a time.
_ROWS = 8192
#: Rows of which the median distance is taken.
_N_DISTANCES = 1000
#: Relative spread of numbers that differ by rounding alone.
_CONSTANT = 1e-12
#: Kinds of blocks whose features are in units of their own.
_IN_UNITS = frozenset({"vector", "codes", "sequence"})


class FeatureMap:
    """Turns the features of a modality into those that are aligned.

    Numbers are standardised and clipped. Each part is then brought to a total variance of one. The
    Gaussian kernel has the width at which the exponent of the median distance is one half; its
    principal components are those of at most 2 000 rows.

    Parameters
    ----------
    kernel : {"linear", "rbf"}
        Which features.
    random_state : int
        Seed of the draw of the rows that the kernel is made of.
    """

    def __init__(self, kernel: str, random_state) -> None:
        self.kernel = kernel
        self.random_state = random_state

    def fit(self, parts: list, kinds: list[str], weight=None) -> FeatureMap:
        """Learn scales, and the components of the kernel.

        Parameters
        ----------
        parts : list of array of shape (n, d)
            Of the rows that have the modality.
        kinds : list of str
            What blocks they are of.
        weight : ndarray of shape (n,), default=None
            Weights of the rows, for scales.
        """
        self._scales = [
            _scales(part, kind in _IN_UNITS, weight)
            for part, kind in zip(parts, kinds, strict=True)
        ]
        self._kernel = None
        if self.kernel == "rbf" and parts[0].shape[0] > 1:
            rows = self._scaled(parts)
            drawn = check_random_state(self.random_state).permutation(len(rows))
            few = rows[drawn[:_N_DISTANCES]]
            distance = np.median(pdist(few, "sqeuclidean"))
            landmarks = rows[np.sort(drawn[:_N_LANDMARKS])]
            if distance > 0:
                self._kernel = KernelPCA(
                    min(_N_COMPONENTS, len(landmarks) - 1),
                    kernel="rbf",
                    gamma=0.5 / distance,
                    random_state=0,
                    remove_zero_eig=True,
                ).fit(landmarks)
        return self

    def transform(self, parts: list) -> np.ndarray:
        """Return the features (n, D)."""
        rows = self._scaled(parts)
        if self._kernel is None:
            return rows
        chunks = slices_of(len(rows), _ROWS)  # of the kernel, which has a column a landmark
        return np.vstack([self._kernel.transform(rows[chunk]) for chunk in chunks])

    def _scaled(self, parts: list) -> np.ndarray:
        found = []
        for part, (mean, scale, limit) in zip(parts, self._scales, strict=True):
            part = part.toarray() if sparse.issparse(part) else part
            found.append(np.clip((part - mean) / scale, -limit, limit))
        return np.hstack(found)


def _scales(part, in_units: bool, weight) -> tuple:
    """Return what is subtracted from a part, by what it is divided, and where it is clipped."""
    part = part.toarray() if sparse.issparse(part) else np.asarray(part)
    mean = np.average(part, axis=0, weights=weight)
    spread = np.sqrt(np.average((part - mean) ** 2, axis=0, weights=weight))
    spread[spread < _CONSTANT * np.abs(mean)] = 0.0
    total = np.sqrt((spread**2).sum()) or 1.0
    if not in_units:
        return mean, total, np.inf
    width = np.sqrt(max((spread > 0).sum(), 1))
    return mean, np.where(spread > 0, spread, 1.0) * width, _CLIPPED / width
