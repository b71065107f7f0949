"""Retrieval between modalities: ranks and average precision, block by block."""

from __future__ import annotations

from collections.abc import Iterator
from numbers import Integral

import numpy as np
from sklearn.preprocessing import normalize
from sklearn.utils import check_array

from sklearn_crossmodal.utils._sklearn import Interval, StrOptions, validate_params

__all__ = ["first_ranks", "mean_average_precision", "median_rank", "recall_at_k"]

#: Most similarities that are held at a time.
_MOST = 2**24
_CONSTRAINTS = {
    "queries": ["array-like"],
    "gallery": ["array-like"],
    "y_queries": ["array-like", None],
    "y_gallery": ["array-like", None],
    "metric": [StrOptions({"cosine", "dot"})],
}


@validate_params(
    {**_CONSTRAINTS, "k": [Interval(Integral, 1, None, closed="left")]},
    prefer_skip_nested_validation=True,
)
def recall_at_k(queries, gallery, k=10, *, y_queries=None, y_gallery=None, metric="cosine"):
    r"""Return the share of queries with a relevant item among the k most similar ones.

    Parameters
    ----------
    queries : array-like of shape (n_queries, n_components)
        Embeddings of one modality.
    gallery : array-like of shape (n_items, n_components)
        Embeddings of another modality, in the same space.
    k : int, default=10
        How many items are looked at.
    y_queries, y_gallery : array-like of shape (n_queries,) and (n_items,), default=None
        Labels: an item is relevant for a query with the same label. None: only the item in the
        same row is.
    metric : {"cosine", "dot"}, default="cosine"
        Similarity of two embeddings.

    Returns
    -------
    float
        From 0 to 1; that of random embeddings is ``k / n_items`` without labels. Queries without
        a relevant item are left out.

    Raises
    ------
    ValueError
        If widths or numbers of rows do not fit, or no query has a relevant item.

    See Also
    --------
    median_rank : Rank of the first relevant item.
    mean_average_precision : Precision over the whole ranked list.

    Notes
    -----
    The rank of the first relevant item is one plus the number of more similar items, plus half of
    the irrelevant items that are exactly as similar. One direction is measured: for the other
    one exchange queries and gallery. Similarities are computed in blocks, of which no more than
    128 MB are held.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_crossmodal.metrics import recall_at_k
    >>> images = np.array([[1.0, 0.0], [0.0, 1.0], [0.6, 0.8]])
    >>> texts = np.array([[0.9, 0.1], [0.6, 0.8], [0.1, 0.9]])
    >>> round(recall_at_k(texts, images, k=1), 3)
    0.333
    >>> recall_at_k(texts, images, k=2)
    1.0
    """
    ranks = first_ranks(queries, gallery, y_queries, y_gallery, metric)
    return float(np.mean(ranks <= k))


@validate_params(_CONSTRAINTS, prefer_skip_nested_validation=True)
def median_rank(queries, gallery, *, y_queries=None, y_gallery=None, metric="cosine"):
    """Return the median over the queries of the rank of the first relevant item.

    Parameters
    ----------
    queries : array-like of shape (n_queries, n_components)
        Embeddings of one modality.
    gallery : array-like of shape (n_items, n_components)
        Embeddings of another modality, in the same space.
    y_queries, y_gallery : array-like of shape (n_queries,) and (n_items,), default=None
        Labels: an item is relevant for a query with the same label. None: only the item in the
        same row is.
    metric : {"cosine", "dot"}, default="cosine"
        Similarity of two embeddings.

    Returns
    -------
    float
        At least 1; half of the items for random embeddings without labels. See `recall_at_k`.

    Raises
    ------
    ValueError
        If widths or numbers of rows do not fit, or no query has a relevant item.

    See Also
    --------
    recall_at_k : Share of queries whose rank is at most k.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_crossmodal.metrics import median_rank
    >>> images = np.array([[1.0, 0.0], [0.0, 1.0], [0.6, 0.8]])
    >>> median_rank(images, images)
    1.0
    """
    return float(np.median(first_ranks(queries, gallery, y_queries, y_gallery, metric)))


@validate_params(_CONSTRAINTS, prefer_skip_nested_validation=True)
def mean_average_precision(queries, gallery, y_queries=None, y_gallery=None, *, metric="cosine"):
    r"""Return the mean over the queries of the average precision of the whole ranked list.

    .. math:: \mathrm{AP} = \frac{1}{R} \sum_{i=1}^{m} P_i \, r_i

    with the relevance :math:`r_i \in \{0, 1\}` of the i-th most similar of m items, the share
    :math:`P_i` of relevant ones among the first i, and the number R of relevant ones. This is the
    protocol of cross-modal retrieval by class, mAP@all [1]_.

    Parameters
    ----------
    queries : array-like of shape (n_queries, n_components)
        Embeddings of one modality.
    gallery : array-like of shape (n_items, n_components)
        Embeddings of another modality, in the same space.
    y_queries, y_gallery : array-like of shape (n_queries,) and (n_items,), default=None
        Labels: an item is relevant for a query with the same label. None: only the item in the
        same row is, so that this is the mean reciprocal rank.
    metric : {"cosine", "dot"}, default="cosine"
        Similarity of two embeddings.

    Returns
    -------
    float
        From 0 to 1; about the share of the class of the query for random embeddings. Queries
        without a relevant item are left out.

    Raises
    ------
    ValueError
        If widths or numbers of rows do not fit, or no query has a relevant item.

    See Also
    --------
    sklearn.metrics.average_precision_score : The same for one query, ties included.
    recall_at_k : Share of queries with a relevant item among the first k.

    Notes
    -----
    One direction is measured: for the other one exchange queries and gallery. Items that are
    exactly as similar share the precision after the last of them, as in scikit-learn.

    References
    ----------
    .. [1] N. Rasiwasia et al. (2010). "A new approach to cross-modal multimedia retrieval".
       ACM Multimedia. doi:10.1145/1873951.1873987

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_crossmodal.metrics import mean_average_precision
    >>> images = np.array([[1.0, 0.0], [0.0, 1.0], [0.6, 0.8]])
    >>> round(mean_average_precision(images[:1], images, ["a"], ["a", "a", "b"]), 3)
    0.833
    """
    found = [
        _average_precisions(similarities, relevant)
        for similarities, relevant in _similarities(queries, gallery, y_queries, y_gallery, metric)
    ]
    return float(np.mean(np.concatenate(found)))


def first_ranks(queries, gallery, y_queries=None, y_gallery=None, metric="cosine") -> np.ndarray:
    """Return the rank of the first relevant item, of each query that has one."""
    found = []
    for similarities, relevant in _similarities(queries, gallery, y_queries, y_gallery, metric):
        best = np.where(relevant, similarities, -np.inf).max(axis=1, keepdims=True)
        others = np.where(relevant, -np.inf, similarities)
        found.append(1 + (others > best).sum(axis=1) + (others == best).sum(axis=1) / 2)
    return np.concatenate(found)


def _average_precisions(similarities, relevant) -> np.ndarray:
    """Return the average precision of each query; each has a relevant item."""
    order = np.argsort(-similarities, axis=1, kind="stable")
    similarities = np.take_along_axis(similarities, order, axis=1)
    relevant = np.take_along_axis(relevant, order, axis=1)
    n_items = similarities.shape[1]
    # The last place of those that are exactly as similar.
    ends = np.full(similarities.shape, n_items - 1)
    ends[:, :-1] = np.where(
        similarities[:, :-1] > similarities[:, 1:], np.arange(n_items - 1), n_items - 1
    )
    ends = np.minimum.accumulate(ends[:, ::-1], axis=1)[:, ::-1]
    precision = np.take_along_axis(np.cumsum(relevant, axis=1), ends, axis=1) / (ends + 1)
    return (precision * relevant).sum(axis=1) / relevant.sum(axis=1)


def _similarities(queries, gallery, y_queries, y_gallery, metric) -> Iterator[tuple]:
    """Yield similarities (b, m), and which are of relevant items, for queries that have any."""
    queries, gallery = (
        check_array(part, dtype=[np.float64, np.float32], input_name=name)
        for part, name in ((queries, "queries"), (gallery, "gallery"))
    )
    y_queries, y_gallery = _labels(queries, gallery, y_queries, y_gallery)
    if metric == "cosine":
        queries, gallery = normalize(queries), normalize(gallery)
    places = np.flatnonzero(np.isin(y_queries, y_gallery))
    if not len(places):
        raise ValueError("No query has a relevant item: y_queries and y_gallery share no label.")
    n_rows = max(_MOST // len(gallery), 1)
    for start in range(0, len(places), n_rows):
        rows = places[start : start + n_rows]
        yield queries[rows] @ gallery.T, y_queries[rows, np.newaxis] == y_gallery


def _labels(queries, gallery, y_queries, y_gallery):
    """Return the labels of queries and items: row numbers where there are none."""
    if queries.shape[1] != gallery.shape[1]:
        raise ValueError(
            f"queries have {queries.shape[1]} components, those of the gallery "
            f"{gallery.shape[1]}: embed both in one space."
        )
    if (y_queries is None) != (y_gallery is None):
        raise ValueError("y_queries and y_gallery are given both, or none of them.")
    if y_queries is None:
        if len(queries) != len(gallery):
            raise ValueError(
                f"{len(queries)} queries and {len(gallery)} items are no pairs, row by row: say "
                "by y_queries and y_gallery which items are relevant."
            )
        return np.arange(len(queries)), np.arange(len(gallery))
    found = []
    for part, labels, name in ((queries, y_queries, "queries"), (gallery, y_gallery, "gallery")):
        labels = np.asarray(labels)
        if labels.shape != (len(part),):
            raise ValueError(f"y_{name} has shape {labels.shape}, not ({len(part)},).")
        missing = [row for row, one in enumerate(labels.tolist()) if one is None or one != one]
        if missing:
            raise ValueError(f"y_{name} has no label in rows {missing[:5]}: leave them out.")
        found.append(labels)
    return found
