"""Modalities as one table of numbers, by scikit-learn alone: what classical models are given."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy import sparse
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler

__all__ = ["Table", "kind_of"]

#: Length of the row of a text or grid: that of about a hundred standardised numbers, so that one
#: penalty suits all side by side, and thousands of pixels do not drown the words.
_LENGTH = 10.0
#: About the standard deviation of a pixel of one byte.
_PIXEL_SCALE = 76.5
#: Components of a text in a dense table.
_N_COMPONENTS = 100
#: From this number of texts on, words and pairs that occur once are left out.
_MANY_TEXTS = 5000


def kind_of(values) -> str:
    """Return what a modality holds: "text", "category", "grid" or "number"."""
    if isinstance(values, pd.DataFrame):
        return "category"
    if values.ndim > 2:
        return "grid"
    return "text" if values.dtype.kind in "OUT" else "number"


class Table(TransformerMixin, BaseEstimator):
    """The features of some modalities side by side.

    Numbers are standardised, grids flattened and centred, texts TF-IDF of words and pairs, and
    categories indicators. Where a sample lacks a modality, all of these are zero, which is the mean
    of numbers and grids.

    Parameters
    ----------
    names : list of str
        The modalities.
    dense : bool
        Whether texts are brought to some components, for models that take no sparse table.
    """

    def __init__(self, names, dense=False):
        self.names = names
        self.dense = dense

    def fit(self, X, y=None):
        self.blocks_, self.widths_ = {}, {}
        for name in self.names:
            there = X[[name]][X.presence(name)]
            self.blocks_[name] = _block(there[name], self.dense).fit(there[name])
            self.widths_[name] = self.blocks_[name].transform(there[:1][name]).shape[1]
        return self

    def transform(self, X):
        parts = [self._part(name, block, X) for name, block in self.blocks_.items()]
        if any(map(sparse.issparse, parts)):
            return sparse.hstack(parts, format="csr")
        return np.hstack(parts)

    def _part(self, name, block, X):
        """Return the features of a modality, zero in the rows that lack it."""
        present = X.presence(name)
        if present.all():
            return block.transform(X[name])
        if not present.any():
            return np.zeros((len(X), self.widths_[name]))
        some, rows = block.transform(X[[name]][present][name]), np.flatnonzero(present)
        ones = np.ones(len(rows)), (rows, np.arange(len(rows)))
        return sparse.csr_array(ones, shape=(len(X), len(rows))) @ some

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.input_tags.string = True
        return tags


def _block(values, dense):
    """Return the transformer of a modality."""
    kind = kind_of(values)
    if kind == "category":
        return make_pipeline(OneHotEncoder(handle_unknown="ignore", sparse_output=not dense))
    if kind == "grid":
        return make_pipeline(FunctionTransformer(_flat), StandardScaler(with_std=False))
    if kind == "number":
        return make_pipeline(FunctionTransformer(_numbers), StandardScaler())
    words = TfidfVectorizer(
        ngram_range=(1, 2), min_df=2 if len(values) >= _MANY_TEXTS else 1, sublinear_tf=True
    )
    length = FunctionTransformer(_longer, accept_sparse=True)
    steps = [TruncatedSVD(_N_COMPONENTS, random_state=0)] if dense else []
    return make_pipeline(words, length, *steps)


def _flat(values):
    rows = values.reshape(len(values), -1)
    return rows * (_LENGTH / _PIXEL_SCALE / np.sqrt(rows.shape[1]))


def _numbers(values):
    return np.asarray(values, dtype=np.float64)


def _longer(rows):
    return rows * _LENGTH
