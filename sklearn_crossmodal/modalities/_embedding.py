"""Embedding: vectors that another model has computed."""

from __future__ import annotations

import copy

import numpy as np

from sklearn_crossmodal.data import (
    MIN_EMBEDDING_WIDTH,
    Block,
    BlockSpec,
    Columns,
    as_column,
    is_missing,
    object_array,
)
from sklearn_crossmodal.modalities._base import Modality, weights_or_ones
from sklearn_crossmodal.modalities._numeric_cells import stack_cells
from sklearn_crossmodal.preprocessing.tabular._smooth_clip import LARGEST
from sklearn_crossmodal.utils._moments import vector_moments
from sklearn_crossmodal.utils._row_numbers import row_number

__all__ = ["Embedding"]


class Embedding(Modality):
    """Vectors that another model has computed, one per sample.

    The mean vector is subtracted, and all dimensions are divided by one number, so that the mean
    squared length of a vector is its number of dimensions. Unlike the scaling of each dimension,
    this keeps angles and distances around the mean, which are what an embedding means, and does not
    blow up dimensions that hardly vary. A vector of NaN alone is absent.

    Parameters
    ----------
    normalize : bool, default=False
        Whether each vector is first divided by its length, where only its direction counts; a
        vector of zeros stays.
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
        What is subtracted.
    scale_ : float
        What is divided by; 0 if all vectors are the same.

    Raises
    ------
    ValueError
        If cells are no vectors, differ in their number of dimensions, or hold NaN beside numbers,
        or infinity.

    See Also
    --------
    Numeric : For columns of numbers that each mean something.

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
        """Learn the mean vector and the scale.

        Parameters
        ----------
        columns : Columns or array-like of shape (n, d), or of n vectors
            Vectors.
        sample_weight : ndarray of shape (n,), default=None
            Weights of the rows; a row of weight zero is not there.

        Returns
        -------
        Embedding
            Itself.
        """
        self._validate_params()
        vectors, present = self._read(columns)
        weight = weights_or_ones(sample_weight, len(vectors)) * present
        vectors, weight = vectors[weight > 0], weight[weight > 0]
        if not len(vectors):
            raise ValueError("all vectors are missing.")
        self.dtype_ = _stacked(columns).dtype
        self.mean_, self.scale_ = vector_moments(vectors, weight)
        self.spec_ = BlockSpec("vector", (vectors.shape[1],))
        return self

    def transform(self, columns):
        """Center and scale.

        Parameters
        ----------
        columns : Columns or array-like of shape (n, d), or of n vectors
            Vectors.

        Returns
        -------
        Block
            Kind ``"vector"``, float32 unless the vectors are float64; absent where all is NaN.
        """
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
        """Go on with vectors that `fit` did not see: if its own were all the same, scale these.

        Parameters
        ----------
        columns : Columns or array-like of shape (n, d), or of n vectors
            Vectors.
        sample_weight : ndarray of shape (n,), default=None
            Weights of the rows.

        Returns
        -------
        modality : Embedding
            Itself, or one that knows more.
        block : Block
            Of the vectors.
        lost : str
            Empty.
        """
        block = self.transform(columns)
        if self.scale_ or not block.present.any():
            return self, block, ""
        vectors, present = self._read(columns)
        weight = weights_or_ones(sample_weight, len(vectors)) * present
        longer = copy.copy(self)
        longer.mean_, longer.scale_ = vector_moments(vectors[weight > 0], weight[weight > 0])
        return longer, longer.transform(columns), ""

    def inverse_transform(self, values):
        """Undo the scaling; lengths that were normalised are not known any more.

        Parameters
        ----------
        values : ndarray of shape (n, d)
            As in a block.

        Returns
        -------
        ndarray of shape (n, d)
            Of the floating type that `fit` saw.
        """
        vectors = np.asarray(values, dtype=np.float64) * self.scale_ + self.mean_
        return vectors.astype(self.dtype_ if self.dtype_.kind == "f" else np.float64)

    @staticmethod
    def example(n, rng):
        """Make vectors of 32 dimensions.

        Parameters
        ----------
        n : int
            Number of rows.
        rng : numpy.random.Generator
            Source of randomness.

        Returns
        -------
        ndarray of shape (n,), object
        """
        return object_array([*rng.normal(0.5, 2.0, (n, MIN_EMBEDDING_WIDTH))])

    @classmethod
    def accepts(cls, values):
        """Return whether a column holds float arrays of one length, of 32 numbers at least.

        An array (n, d) looks like columns of numbers: name the modality.

        Parameters
        ----------
        values : array-like
            A raw column.

        Returns
        -------
        bool
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
        """Return the vectors, of length 1 if asked for, and which are there."""
        vectors = _stacked(columns)
        vectors = vectors.astype(np.float64 if vectors.dtype.itemsize == 8 else np.float32)
        missing = np.isnan(vectors)
        present = ~missing.all(axis=1)
        wrong = np.flatnonzero(present & ~np.isfinite(vectors).all(axis=1))
        if len(wrong):
            raise ValueError(
                f"{len(wrong)} vectors hold NaN or infinity, first rows {row_number(wrong[:5])}: a "
                "vector is there as a whole or not at all."
            )
        if (np.abs(vectors) > LARGEST).any():
            raise ValueError(f"vectors hold numbers beyond {LARGEST:.0e}: divide them first.")
        if self.normalize:
            length = np.linalg.norm(vectors, axis=1, keepdims=True)
            vectors = np.divide(vectors, length, out=np.zeros_like(vectors), where=length > 0)
        return vectors, present


def _stacked(columns) -> np.ndarray:
    """Return the vectors as one array (n, d) of numbers, NaN where a cell is missing."""
    cells = as_column(Columns.of(columns).values)
    cells = cells if isinstance(cells, np.ndarray) else np.asarray(cells)
    if cells.dtype.kind == "O" and cells.ndim == 1:
        cells = stack_cells(cells)
        if cells.ndim == 1:
            shapes = {np.shape(cell) for cell in cells if not is_missing(cell)}
            raise ValueError(f"vectors differ in shape, or are none: {sorted(shapes)[:3]}.")
    if cells.ndim != 2 or cells.dtype.kind not in "biufO":
        raise ValueError(f"expected vectors (n, d), got {cells.dtype} of shape {cells.shape}.")
    try:
        return cells.astype(np.float64) if cells.dtype.kind == "O" else cells
    except OverflowError as error:  # a Python integer beyond all floats
        raise ValueError(f"vectors hold too large a number: {error}.") from error
