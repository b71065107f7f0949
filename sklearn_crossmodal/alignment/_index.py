"""Search for the most similar unit vectors: exact, or approximate by another library."""

from __future__ import annotations

import numpy as np

from sklearn_crossmodal.utils import import_optional
from sklearn_crossmodal.utils._slices import slices_of

__all__ = ["INDEXES", "ExactIndex", "FaissIndex", "HnswIndex"]

#: Most similarities that are held at a time, and most queries that they are of.
_MOST, _QUERIES = 2**25, 1024
#: Neighbours of a vector in the graph of an approximate search, and candidates while it is built
#: and searched: about .99 of the ten nearest of 100 000 vectors of 64 numbers are found.
_DEGREE, _CANDIDATES = 32, 200


class ExactIndex:
    """Exact search by products of blocks.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_crossmodal.alignment._index import ExactIndex
    >>> index = ExactIndex(2)
    >>> index.add(np.eye(2, dtype=np.float32))
    >>> index.search(np.array([[0.6, 0.8]], dtype=np.float32), 1)[1]
    array([[1]])
    """

    def __init__(self, width: int) -> None:
        self._parts = [np.zeros((0, width), np.float32)]

    def __len__(self) -> int:
        return sum(map(len, self._parts))

    def add(self, vectors: np.ndarray) -> None:
        """Add vectors (n, k), float32; they are not copied."""
        self._parts.append(vectors)

    def search(self, queries: np.ndarray, n_neighbors: int) -> tuple[np.ndarray, np.ndarray]:
        """Return the similarities (q, n_neighbors) of the most similar vectors, and their places.

        Equal similarities are in the order of places.
        """
        found = [
            self._search(queries[rows], n_neighbors) for rows in slices_of(len(queries), _QUERIES)
        ]
        return tuple(np.concatenate(parts) for parts in zip(*found, strict=True))

    def _search(self, queries, n_neighbors):
        best = np.full((len(queries), n_neighbors), -np.inf, np.float32)
        places = np.full((len(queries), n_neighbors), -1)
        n_rows, first = max(_MOST // max(len(queries), 1), n_neighbors), 0
        for part in self._parts:
            for rows in slices_of(len(part), n_rows):
                similarities = queries @ part[rows].T
                best, places = _merged(best, places, similarities, first + rows.start)
            first += len(part)
        order = np.lexsort((places, -best))
        return np.take_along_axis(best, order, 1), np.take_along_axis(places, order, 1)


class _GraphIndex:
    """Approximate search through a graph; queries for which it ends too early are exact."""

    def search(self, queries: np.ndarray, n_neighbors: int) -> tuple[np.ndarray, np.ndarray]:
        """Return the similarities (q, n_neighbors) of similar vectors, and their places."""
        similarities, places = self._search(np.ascontiguousarray(queries), n_neighbors)
        short = np.flatnonzero((places < 0).any(axis=1))
        if len(short):
            vectors = self._vectors()
            exact = ExactIndex(vectors.shape[1])
            exact.add(vectors)
            similarities[short], places[short] = exact.search(queries[short], n_neighbors)
        return similarities, places


class HnswIndex(_GraphIndex):
    """Approximate search through a graph, by hnswlib [1]_.

    References
    ----------
    .. [1] Y. A. Malkov, D. A. Yashunin (2018). "Efficient and robust approximate nearest neighbor
       search using hierarchical navigable small world graphs". arXiv:1603.09320
    """

    def __init__(self, width: int) -> None:
        hnswlib = import_optional("hnswlib", extra="hnswlib", purpose="algorithm='hnswlib'")
        self._index = hnswlib.Index(space="ip", dim=width)
        self._index.init_index(0, ef_construction=_CANDIDATES, M=_DEGREE, random_seed=0)

    def __len__(self) -> int:
        return self._index.get_current_count()

    def add(self, vectors: np.ndarray) -> None:
        """Add vectors (n, k), float32."""
        first = len(self)
        self._index.resize_index(first + len(vectors))
        # In one thread the graph, and so what is found, is the same each time.
        self._index.add_items(vectors, np.arange(first, first + len(vectors)), num_threads=1)

    def _search(self, queries, n_neighbors):
        self._index.set_ef(max(_CANDIDATES, 2 * n_neighbors))
        try:
            places, distances = self._index.knn_query(queries, n_neighbors)
        except RuntimeError:  # for some query it found fewer
            shape = len(queries), n_neighbors
            return np.zeros(shape, np.float32), np.full(shape, -1)
        return 1 - distances, places.astype(np.int64)

    def _vectors(self):
        return np.array(self._index.get_items(np.arange(len(self))), np.float32)


class FaissIndex(_GraphIndex):
    """Approximate search through a graph, by faiss [1]_.

    References
    ----------
    .. [1] M. Douze et al. (2024). "The Faiss library". arXiv:2401.08281
    """

    def __init__(self, width: int) -> None:
        faiss = _faiss()
        self._index = faiss.IndexHNSWFlat(width, _DEGREE, faiss.METRIC_INNER_PRODUCT)
        self._index.hnsw.efConstruction = _CANDIDATES

    def __len__(self) -> int:
        return self._index.ntotal

    def add(self, vectors: np.ndarray) -> None:
        """Add vectors (n, k), float32."""
        self._index.add(np.ascontiguousarray(vectors))

    def _search(self, queries, n_neighbors):
        self._index.hnsw.efSearch = max(_CANDIDATES, 2 * n_neighbors)
        return self._index.search(queries, n_neighbors)

    def _vectors(self):
        return self._index.reconstruct_n(0, len(self))

    def __getstate__(self):
        return {"bytes": _faiss().serialize_index(self._index)}

    def __setstate__(self, state):
        self._index = _faiss().deserialize_index(state["bytes"])


#: The registered searches.
INDEXES = {"exact": ExactIndex, "hnswlib": HnswIndex, "faiss": FaissIndex}


def _faiss():
    return import_optional("faiss", extra="search", purpose="algorithm='faiss'")


def _merged(best, places, similarities, first):
    """Return the best of those found before and of a block, in no order.

    Only what is above the least that was found so far is looked at: seldom much after some blocks.
    """
    n_kept = best.shape[1]
    least = best.min(axis=1)
    if np.isinf(least).any() or similarities.shape[1] <= n_kept:
        candidates = np.hstack([best, similarities])
        numbers = np.arange(first, first + similarities.shape[1])
        where = np.hstack([places, np.broadcast_to(numbers, similarities.shape)])
        return _largest(candidates, where, n_kept)
    rows, columns = np.nonzero(similarities > least[:, np.newaxis])
    counts = np.bincount(rows, minlength=len(best))
    width = counts.max(initial=0)
    if not width:
        return best, places
    # What each row has above its least, side by side, filled up with nothing.
    slots = np.arange(len(rows)) - np.repeat(np.cumsum(counts) - counts, counts)
    candidates = np.full((len(best), n_kept + width), -np.inf, np.float32)
    where = np.full((len(best), n_kept + width), -1)
    candidates[:, :n_kept], where[:, :n_kept] = best, places
    candidates[rows, n_kept + slots] = similarities[rows, columns]
    where[rows, n_kept + slots] = first + columns
    return _largest(candidates, where, n_kept)


def _largest(candidates, where, n_kept):
    """Return the largest of each row; of equal ones the first places."""
    if candidates.shape[1] <= n_kept:
        return candidates, where
    kept = np.argpartition(-candidates, n_kept - 1, axis=1)[:, :n_kept]
    least = np.take_along_axis(candidates, kept, 1).min(axis=1, keepdims=True)
    equal = ((candidates == least).sum(axis=1) > 1) & np.isfinite(least[:, 0])
    for row in np.flatnonzero(equal):  # which of several equal ones was kept is chance
        kept[row] = np.lexsort((where[row], -candidates[row]))[:n_kept]
    return np.take_along_axis(candidates, kept, 1), np.take_along_axis(where, kept, 1)
