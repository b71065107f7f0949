"""CrossModalRetriever: the most similar items of a gallery, whatever modality they are of."""

from __future__ import annotations

from collections.abc import Mapping
from functools import reduce
from numbers import Integral
from operator import add
from typing import NamedTuple

import numpy as np
from scipy.stats import norm
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from sklearn_crossmodal.alignment._fitted_aligner import (
    ALIGNER_CONSTRAINTS,
    adopt_aligner,
    aligner_input_tags,
)
from sklearn_crossmodal.alignment._index import INDEXES
from sklearn_crossmodal.alignment._translation import check_count
from sklearn_crossmodal.data import MultiModalFrame
from sklearn_crossmodal.data.frame._row_labels import row_labels
from sklearn_crossmodal.exceptions import ModalityError
from sklearn_crossmodal.utils._sklearn import Interval, StrOptions, _fit_context
from sklearn_crossmodal.utils._validation import restored_on_error

__all__ = ["CrossModalRetriever"]

#: Items of the whole gallery that count among those of a modality where similarities are
#: standardised: one item alone has no standard deviation.
_N_POOLED = 10


class CrossModalRetriever(BaseEstimator):
    """Find the items of a gallery that are most similar to queries of the same or another modality.

    Parameters
    ----------
    aligner : CrossModalAligner, FrozenEstimator or None, default=None
        Fitted, and never changed. What clones the retriever, such as a search, needs
        ``FrozenEstimator(aligner)``. None fits a `CrossModalAligner` to the gallery.
    n_neighbors : int, default=5
        How many items are returned by default.
    algorithm : {"exact", "hnswlib", "faiss"}, default="exact"
        "exact" compares a query with all items, in blocks. The others search a graph, and miss few
        of the nearest items; they need ``pip install "sklearn_crossmodal[search]"``, and
        "[hnswlib]" in place of "[search]" for that one.

    Attributes
    ----------
    aligner_ : CrossModalAligner
        The aligner.
    n_samples_fit_ : int
        Number of samples in the gallery.
    counts_ : dict of str to int
        How many of them have each modality.
    n_features_in_ : int
        Number of columns of the modalities of the aligner.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Their names, if they have any.

    See Also
    --------
    CrossModalAligner : Finds the space.
    sklearn.neighbors.NearestNeighbors : The same in one space of numbers.

    Notes
    -----
    A gallery may hold several modalities, such as pictures and texts. Similarities of two
    modalities are not comparable as they are: texts are more similar to a text than pictures are.
    So each is standardised by mean and standard deviation of the similarities of the query with all
    items of the modality, and ten drawn from all, and a sample ranks by its best modality.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_crossmodal import CrossModalAligner, CrossModalRetriever, MultiModalFrame
    >>> rng = np.random.default_rng(0)
    >>> factors = rng.normal(size=(300, 3))
    >>> X = MultiModalFrame({"a": factors @ rng.normal(size=(3, 8)), "b": np.tanh(factors)})
    >>> aligner = CrossModalAligner(random_state=0).fit(X[:200])
    >>> retriever = CrossModalRetriever(aligner).fit(X[200:][["b"]])
    >>> retriever.kneighbors(X[200:203][["a"]], n_neighbors=1, return_distance=False).ravel()
    array([0, 1, 2])
    """

    _parameter_constraints = {
        **ALIGNER_CONSTRAINTS,
        "n_neighbors": [Interval(Integral, 1, None, closed="left")],
        "algorithm": [StrOptions(set(INDEXES))],
    }

    def __init__(self, aligner=None, *, n_neighbors=5, algorithm="exact"):
        self.aligner = aligner
        self.n_neighbors = n_neighbors
        self.algorithm = algorithm

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y=None):
        """Index a gallery.

        Parameters
        ----------
        X : {MultiModalFrame, dataframe, mapping, array-like} of shape (n_samples, n_features)
            The gallery: samples of one modality or of several. scikit-learn's searches and splits
            need ``MultiModalFrame(X)`` in place of a plain dict, whose rows they cannot count.
        y : None
            Ignored; scikit-learn's tools pass it.

        Returns
        -------
        CrossModalRetriever
            Itself.

        Raises
        ------
        NotFittedError
            If the aligner is not fitted.
        ValueError
            If X or a parameter is not what it must be.
        """
        with restored_on_error(self):
            self.aligner_, self._index_kind = adopt_aligner(self, X), INDEXES[self.algorithm]
            self._parts, self._labels, self.n_samples_fit_, self.counts_ = {}, None, 0, {}
            self._add(X)
        return self

    @_fit_context(prefer_skip_nested_validation=True)
    def partial_fit(self, X, y=None):
        """Add samples to the gallery; their positions follow those of the others.

        Aligner and algorithm are those of the first call.

        Parameters
        ----------
        X : {MultiModalFrame, dataframe, mapping, array-like} of shape (n_samples, n_features)
            Further samples.
        y : None
            Ignored.

        Returns
        -------
        CrossModalRetriever
            Itself.
        """
        if not hasattr(self, "n_samples_fit_"):
            return self.fit(X)
        self._add(X)
        return self

    def kneighbors(
        self,
        X,
        n_neighbors=None,
        return_distance=True,
        *,
        source=None,
        target=None,
        return_labels=False,
    ):
        """Return the items that are most similar to queries, the most similar one first.

        Parameters
        ----------
        X : {MultiModalFrame, dataframe, mapping, array-like} of shape (n_queries, n_features)
            The queries.
        n_neighbors : int, default=None
            How many items; None takes that of the constructor.
        return_distance : bool, default=True
            Whether distances are returned.
        source : str, default=None
            Modality of the queries that is looked at; None takes the mean of what each has.
        target : str, default=None
            Modality of the gallery that is searched; None searches all that it has.
        return_labels : bool, default=False
            Whether the index labels of a gallery of data frames are returned in place of positions.

        Returns
        -------
        distances : ndarray of shape (n_queries, n_neighbors)
            One minus the cosine, if `return_distance`. Where several modalities are searched, the
            share of the items of a modality that are expected to be more similar.
        neighbors : ndarray of shape (n_queries, n_neighbors)
            Positions in the gallery, or labels.

        Raises
        ------
        ValueError
            If `n_neighbors` is more than there are items, a query lacks the source, or the gallery
            has no such modality or no labels.
        """
        check_is_fitted(self, "n_samples_fit_")
        n_neighbors = self.n_neighbors if n_neighbors is None else n_neighbors
        parts = self._searched(target)
        self._check_count(n_neighbors, parts)
        queries = self._queries(X, source)
        if len(parts) == 1:
            (part,) = parts
            similarities, places = part.index.search(queries, n_neighbors)
            distances, found = 1 - similarities, part.rows[places]
        else:
            distances, found = _best_of(parts, queries, n_neighbors)
        if return_labels:
            found = self._labelled(found)
        return (distances, found) if return_distance else found

    def _add(self, X):
        # All that may fail comes before anything is added.
        vectors, present = self.aligner_._embed(X, dtype=np.float32)
        self._labels = self._joined_labels(_labels_of(X))
        for (name, values), there in zip(vectors.items(), present.T, strict=True):
            rows = np.flatnonzero(there)
            if len(rows):
                if name not in self._parts:
                    self._parts[name] = _Part(self._index_kind, values.shape[1])
                values = values if there.all() else values[rows]
                self._parts[name].add(values, rows + self.n_samples_fit_)
        self.n_samples_fit_ += len(present)
        self.counts_ = {name: len(part.rows) for name, part in self._parts.items()}

    def _joined_labels(self, labels):
        """Return the labels of all samples; None if some have none."""
        if not self.n_samples_fit_:
            return labels
        lacking = labels is None or self._labels is None
        return None if lacking else self._labels.append(labels)

    def _searched(self, target):
        """Return the parts of the gallery that are searched."""
        if target is None:
            return list(self._parts.values())
        if target not in self._parts:
            raise ModalityError(
                f"{type(self).__name__}: no sample of the gallery has modality {target!r}; it has "
                f"{self.counts_}."
            )
        return [self._parts[target]]

    def _check_count(self, n_neighbors, parts):
        check_count(type(self).__name__, n_neighbors)
        rows = (
            parts[0].rows if len(parts) == 1 else np.unique(np.concatenate([p.rows for p in parts]))
        )
        if n_neighbors > len(rows):
            raise ValueError(
                f"{type(self).__name__}: n_neighbors={n_neighbors} is more than the {len(rows)} "
                "samples that can be found."
            )

    def _queries(self, X, source):
        """Return the unit vectors of queries, float32."""
        if source is None:
            return self.aligner_.transform(X).astype(np.float32)
        vectors = self.aligner_.embed(X, modality=source)
        lacking = np.flatnonzero(np.isnan(vectors).any(axis=1))
        if len(lacking):
            raise ValueError(
                f"{type(self).__name__}: queries {lacking[:5].tolist()} lack {source!r}: leave "
                "them out, or pass source=None."
            )
        return vectors.astype(np.float32)

    def _labelled(self, found):
        if self._labels is None:
            raise ValueError(
                f"{type(self).__name__}: the gallery has no index labels, or a part of it that was "
                "added has none: pass data frames, or return_labels=False."
            )
        return np.asarray(self._labels)[found]

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags = aligner_input_tags(self)
        return tags


class _Moments(NamedTuple):
    """Number, sum and sum of squares of vectors."""

    count: float
    total: np.ndarray
    squares: np.ndarray

    def __add__(self, other):
        return _Moments(*(mine + theirs for mine, theirs in zip(self, other, strict=True)))

    def drawn_to(self, pooled: _Moments) -> _Moments:
        """Return moments with some items of the pooled ones added."""
        share = _N_POOLED / pooled.count
        return self + _Moments(*(share * part for part in pooled))

    def of(self, queries: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return mean and standard deviation (q, 1) of the products with queries (q, k)."""
        mean = queries @ (self.total / self.count)
        square = np.einsum("qi,ij,qj->q", queries, self.squares / self.count, queries)
        spread = np.sqrt(np.maximum(square - mean**2, 1e-8))
        return mean[:, np.newaxis], spread[:, np.newaxis]


class _Part:
    """The items of one modality: their index, their rows, and the moments of their vectors."""

    def __init__(self, kind, width: int) -> None:
        self.index = kind(width)
        self.rows = np.zeros(0, dtype=np.int64)
        self.own = _Moments(0, np.zeros(width), np.zeros((width, width)))

    def add(self, vectors: np.ndarray, rows: np.ndarray) -> None:
        """Add vectors of some rows of the gallery."""
        self.index.add(vectors)
        self.rows = np.concatenate([self.rows, rows])
        self.own += _Moments(len(rows), vectors.sum(axis=0, dtype=float), vectors.T @ vectors)


def _best_of(parts: list[_Part], queries, n_neighbors):
    """Return distances and rows of the best samples by their most similar modality."""
    # The best samples are among the best of each modality, as many as are looked for.
    pooled = reduce(add, (part.own for part in parts))
    found = [_standardized(part, queries, n_neighbors, pooled) for part in parts]
    scores, rows = (np.hstack(columns) for columns in zip(*found, strict=True))
    order = np.argsort(-scores, axis=1, kind="stable")
    scores, rows = np.take_along_axis(scores, order, 1), np.take_along_axis(rows, order, 1)
    # A sample that is found by two modalities counts by the better one.
    firsts = [np.sort(np.unique(row, return_index=True)[1])[:n_neighbors] for row in rows]
    kept = np.stack(firsts)
    return norm.sf(np.take_along_axis(scores, kept, 1)), np.take_along_axis(rows, kept, 1)


def _standardized(part: _Part, queries, n_neighbors, pooled: _Moments):
    """Return standardised similarities of the best items of a modality, and their rows."""
    similarities, places = part.index.search(queries, min(n_neighbors, len(part.rows)))
    mean, spread = part.own.drawn_to(pooled).of(queries.astype(float))
    return (similarities - mean) / spread, part.rows[places]


def _labels_of(X):
    """Return the index labels of the rows, as data frames in a mapping are aligned by them."""
    if not isinstance(X, Mapping):
        return row_labels(X)
    frame = MultiModalFrame(X)
    return next((found for name in frame if (found := row_labels(frame[name])) is not None), None)
