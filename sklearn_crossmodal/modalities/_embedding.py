"""Embedding: precomputed vectors of another model."""

from __future__ import annotations

import copy

import numpy as np

from sklearn_crossmodal.data import (
    MIN_EMBEDDING_WIDTH,
    Block,
    BlockSpec,
    is_missing,
    object_array,
)
from sklearn_crossmodal.modalities._base import Modality, raw_cells, weights_or_ones
from sklearn_crossmodal.modalities._numeric_cells import stack_cells
from sklearn_crossmodal.preprocessing.tabular._smooth_clip import LARGEST
from sklearn_crossmodal.utils._moments import vector_moments
from sklearn_crossmodal.utils._row_numbers import row_number

__all__ = ["Embedding"]


class Embedding(Modality):
    """Precomputed vectors of another model, one per sample.

    The mean vector is subtracted, and all dimensions are divided by one number, so that the mean
    squared norm of a vector is its number of dimensions. Unlike scaling each dimension, this keeps
    angles and distances around the mean, and does not amplify dimensions that hardly vary. A
    vector of NaN only is absent. Values are float32, unless the vectors are float64.

    Parameters
    ----------
    normalize : bool, default=False
        Whether each vector is first divided by its Euclidean norm; a vector of zeros is kept.
    encoder : str, component or nn.Module factory, default="mlp"
        Encoder of the vectors.
    decoder : str, component or nn.Module factory, default="mlp"
        Decoder when the modality is a target.
    loss : str or component, default="squared_error"
        Loss, on the scaled vectors, when the modality is a target.

    Attributes
    ----------
    spec_ : BlockSpec
        Kind ``"vector"`` of shape (d,).
    mean_ : ndarray of shape (d,)
        The mean vector, which is subtracted.
    scale_ : float
        The divisor; 0 if all vectors are equal.

    Raises
    ------
    ValueError
        If cells are not vectors, differ in their number of dimensions, or hold NaN beside numbers,
        or infinity.

    See Also
    --------
    Numeric : For numeric columns with a meaning each.

    References
    ----------
    J. Mu, P. Viswanath (2018). "All-but-the-top: Simple and effective postprocessing for word
    representations". arXiv:1702.01417, for the mean, which embeddings often share.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_crossmodal.modalities import Embedding
    >>> vectors = np.array([[3.0, 0.0], [-3.0, 0.0], [0.0, 1.0], [0.0, -1.0]])
    >>> values = Embedding().fit(vectors).transform(vectors).values
    >>> float(np.mean(np.sum(values**2, axis=1))), float(values[0, 0] / values[2, 1])
    (2.0, 3.0)
    """

    kind = "vector"
    takes_strings = False
    _parameter_constraints = {"normalize": ["boolean"]}

    def __init__(self, *, normalize=False, encoder="mlp", decoder="mlp", loss="squared_error"):
        self.normalize = normalize
        self.encoder = encoder
        self.decoder = decoder
        self.loss = loss

    def fit(self, columns, sample_weight=None):
        self._validate_params()
        vectors, present = self._read(columns)
        self._learn(vectors, weights_or_ones(sample_weight, len(vectors)) * present)
        self.dtype_ = _stacked(columns).dtype
        self.spec_ = BlockSpec("vector", (vectors.shape[1],))
        return self

    def _learn(self, vectors, weight) -> None:
        vectors, weight = vectors[weight > 0], weight[weight > 0]
        if not len(vectors):
            raise ValueError("all vectors are missing.")
        self.mean_, self.scale_ = vector_moments(vectors, weight)

    def transform(self, columns):
        vectors, present = self._read(columns)
        if vectors.shape[1] != len(self.mean_):
            raise ValueError(
                f"vectors have {vectors.shape[1]} dimensions, those in `fit` had {len(self.mean_)}."
            )
        values = (vectors - self.mean_.astype(vectors.dtype)) * np.asarray(
            self.scale_ and 1 / self.scale_, vectors.dtype
        )
        values[~present] = 0
        return Block(values, present, self.spec_)

    def extended(self, columns, sample_weight=None):
        """Update with a later chunk: learn the scale if all vectors so far were equal."""
        block = self.transform(columns)
        if self.scale_ or not block.present.any():
            return self, block, ""
        vectors, present = self._read(columns)
        updated = copy.copy(self)
        updated._learn(vectors, weights_or_ones(sample_weight, len(vectors)) * present)
        return updated, updated.transform(columns), ""

    def inverse_transform(self, values):
        """Invert the scaling, in the floating dtype of `fit`; `normalize` cannot be inverted."""
        vectors = np.asarray(values, dtype=np.float64) * self.scale_ + self.mean_
        return vectors.astype(self.dtype_ if self.dtype_.kind == "f" else np.float64)

    @staticmethod
    def example(n, rng):
        return object_array([*rng.normal(0.5, 2.0, (n, MIN_EMBEDDING_WIDTH))])

    @classmethod
    def accepts(cls, values):
        """Return whether a column holds float arrays of equal length, at least 32.

        An array (n, d) cannot be distinguished from numeric columns: name the modality.
        """
        cells = np.asarray(values)
        if cells.dtype.kind != "O" or cells.ndim != 1:
            return False
        found = [cell for cell in cells if not is_missing(cell)]
        if not all(isinstance(cell, np.ndarray) and cell.dtype.kind == "f" for cell in found):
            return False
        shapes = {cell.shape for cell in found}
        return len(shapes) == 1 and all(len(s) == 1 and s[0] >= MIN_EMBEDDING_WIDTH for s in shapes)

    def _read(self, columns) -> tuple[np.ndarray, np.ndarray]:
        """Return the vectors, normalised if `normalize`, and which are present."""
        vectors = _stacked(columns)
        vectors = vectors.astype(np.float64 if vectors.dtype.itemsize == 8 else np.float32)
        missing = np.isnan(vectors)
        present = ~missing.all(axis=1)
        wrong = np.flatnonzero(present & ~np.isfinite(vectors).all(axis=1))
        if len(wrong):
            raise ValueError(
                f"{len(wrong)} vectors hold NaN or infinity, first rows {row_number(wrong[:5])}: a "
                "vector is either complete or all NaN."
            )
        if (np.abs(vectors) > LARGEST).any():
            raise ValueError(f"vectors hold numbers beyond {LARGEST:.0e}: divide them first.")
        if self.normalize:
            length = np.linalg.norm(vectors, axis=1, keepdims=True)
            vectors = np.divide(vectors, length, out=np.zeros_like(vectors), where=length > 0)
        return vectors, present


def _stacked(columns) -> np.ndarray:
    """Stack the vectors to one numeric array (n, d), NaN where a cell is missing."""
    cells = raw_cells(columns)
    if cells.dtype.kind == "O" and cells.ndim == 1:
        cells = stack_cells(cells)
        if cells.ndim == 1:
            shapes = {np.shape(cell) for cell in cells if not is_missing(cell)}
            raise ValueError(f"cells are not vectors of equal length: {sorted(shapes)[:3]}.")
    if cells.ndim != 2 or cells.dtype.kind not in "biufO":
        raise ValueError(f"expected vectors (n, d), got {cells.dtype} of shape {cells.shape}.")
    try:
        return cells.astype(np.float64) if cells.dtype.kind == "O" else cells
    except OverflowError as error:  # a Python integer out of the range of floats
        raise ValueError(f"vectors hold too large a number: {error}.") from error
