"""Hand-crafted features of a block of any kind, as a table."""

from __future__ import annotations

import numpy as np
from scipy import sparse
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.decomposition import PCA, TruncatedSVD
from sklearn.feature_extraction.text import TfidfTransformer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from sklearn_crossmodal.data import END, PADDING, UNKNOWN, Block, LazyRows
from sklearn_crossmodal.utils._slices import slices_of

__all__ = ["block_features", "features_reducer"]

#: Maximum height and width that images are pooled to.
_GRID_SIZE = 16
#: Rows read at a time.
_ROWS = 1024


def block_features(block: Block):
    """Return a feature vector for each row of a block.

    Parameters
    ----------
    block : Block
        Of any kind. Vectors are used unchanged. Codes are one-hot encoded. Tokens become counts.
        Sequences become mean, standard deviation, minimum, maximum, first and last value of each
        variable. Grids are average-pooled to at most 16 by 16 cells.

    Returns
    -------
    ndarray or CSR array of shape (n, n_features)
        Sparse for codes and tokens, and for sparse vectors.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_crossmodal.data import Block, BlockSpec
    >>> from sklearn_crossmodal.preprocessing import block_features
    >>> codes = Block(np.array([[0], [2]]), np.ones(2, bool), BlockSpec("codes", (1,), (3,)))
    >>> block_features(codes).toarray()
    array([[1., 0., 0.],
           [0., 0., 1.]])
    """
    return _FEATURES[block.kind](block)


def features_reducer(
    kind: str, n_features: int, n_components: int | None, random_state, *, length: float = 1.0
):
    """Return an unfitted transformer that reduces the features of a kind of block.

    Parameters
    ----------
    kind : str
        Of the block, or "embedding" of the vectors of a pretrained model.
    n_features : int
        Number of features.
    n_components : int or None
        Number of components of tokens, sequences, grids and embeddings with more features; None
        keeps all.
    random_state : int, RandomState instance or None
        Of the randomised decompositions.
    length : float, default=1
        Root of the mean squared norm of a standardised embedding of which all numbers are kept.

    Returns
    -------
    transformer
        Of scikit-learn.

    Examples
    --------
    >>> from sklearn_crossmodal.preprocessing import features_reducer
    >>> features_reducer("grid", 100, 5, None)
    PCA(n_components=5)
    """
    reduces = n_components is not None and n_features > n_components
    if kind == "embedding":
        scaled = [StandardScaler()] if reduces else [StandardScaler(), _RowScaler(length)]
        reducer = [PCA(n_components, random_state=random_state)] if reduces else []
        return make_pipeline(*scaled, *reducer)
    if kind == "tokens":
        weighting = TfidfTransformer(sublinear_tf=True)
        if not reduces:
            return weighting
        reducer = TruncatedSVD(n_components, random_state=random_state)
        return make_pipeline(_OccurringColumns(n_components), weighting, reducer)
    if kind in {"vector", "codes"} or not reduces:
        return FunctionTransformer(accept_sparse=True)
    return PCA(n_components, random_state=random_state)


class _OccurringColumns(TransformerMixin, BaseEstimator):
    """Select the columns of a sparse table that are not all zero, at least `n_least`.

    A frozen encoder brings a vocabulary of which few texts have a tenth.
    """

    def __init__(self, n_least=1):
        self.n_least = n_least

    def fit(self, X, y=None):
        counts = X.count_nonzero(axis=0)
        occurring = np.sort(np.argsort(counts == 0, kind="stable")[: self.n_least])
        self.columns_ = np.union1d(occurring, np.flatnonzero(counts))
        return self

    def transform(self, X):
        return X[:, self.columns_]


class _RowScaler(TransformerMixin, BaseEstimator):
    """Scale standardised columns so that the mean squared norm of a row is `length` squared."""

    def __init__(self, length=1.0):
        self.length = length

    def fit(self, X, y=None):
        self.n_features_in_ = X.shape[1]
        return self

    def transform(self, X):
        return X * (self.length / np.sqrt(self.n_features_in_))


def _vector(block: Block):
    values = block.values
    return np.asarray(values[:]) if isinstance(values, LazyRows) else values


def _indicators(block: Block) -> sparse.csr_array:
    """Return one-hot encoded codes (n, sum of n_categories)."""
    starts = np.concatenate([[0], np.cumsum(block.spec.n_categories)])
    n_rows, n_columns = block.values.shape
    places = (block.values + starts[:-1]).ravel()
    rows = np.repeat(np.arange(n_rows), n_columns)
    ones = np.repeat(block.present.astype(np.float64), n_columns)
    return sparse.csr_array((ones, (rows, places)), shape=(n_rows, starts[-1]))


def _counts(block: Block) -> sparse.csr_array:
    """Return token counts (n, n_tokens), without special and unknown tokens."""
    counted = ~np.isin(block.values, [PADDING, UNKNOWN, END])
    if block.mask is not None:
        counted &= block.mask
    rows, _ = np.nonzero(counted)
    ones, shape = np.ones(len(rows)), (len(block), block.spec.n_categories)
    counts = sparse.csr_array((ones, (rows, block.values[counted])), shape=shape)
    counts.sum_duplicates()
    return counts


def _statistics(block: Block) -> np.ndarray:
    """Return statistics (n, 6 D) of each variable over the observed steps."""
    n_rows, n_steps, width = block.values.shape
    mask = np.ones((n_rows, n_steps), bool) if block.mask is None else block.mask
    features = np.zeros((n_rows, 6 * width))
    for row in np.flatnonzero(mask.any(axis=1)):
        steps = np.asarray(block.values[row])[mask[row]]
        parts = steps.mean(0), steps.std(0), steps.min(0), steps.max(0), steps[0], steps[-1]
        features[row] = np.concatenate(parts)
    return features


def _averaged(block: Block) -> np.ndarray:
    """Return average-pooled images (n, C h w), read in chunks of rows."""
    parts = [_cell_means(block.values[rows]) for rows in slices_of(len(block), _ROWS)]
    return np.concatenate(parts) if parts else np.zeros((0, block.spec.size))


def _cell_means(grids: np.ndarray) -> np.ndarray:
    for axis in (2, 3):
        size = grids.shape[axis]
        starts = np.unique(np.linspace(0, size, min(size, _GRID_SIZE), endpoint=False).astype(int))
        widths = np.diff([*starts, size])
        shape = [-1 if place == axis else 1 for place in range(4)]
        grids = np.add.reduceat(grids, starts, axis=axis) / widths.reshape(shape)
    return grids.reshape(len(grids), -1)


_FEATURES = {
    "vector": _vector,
    "codes": _indicators,
    "tokens": _counts,
    "sequence": _statistics,
    "grid": _averaged,
}
