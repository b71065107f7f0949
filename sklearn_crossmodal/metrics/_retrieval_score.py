"""Retrieval metrics as a scorer of an aligner."""

from __future__ import annotations

from numbers import Integral

import numpy as np
from sklearn.utils import check_consistent_length, column_or_1d

from sklearn_crossmodal.metrics._retrieval import mean_average_precision, median_rank, recall_at_k
from sklearn_crossmodal.utils._sklearn import HasMethods, Interval, StrOptions, validate_params

__all__ = ["retrieval_score"]


@validate_params(
    {
        "estimator": [HasMethods("embed")],
        "source": [str],
        "target": [str],
        "metric": [StrOptions({"recall", "median_rank", "mean_average_precision"})],
        "k": [Interval(Integral, 1, None, closed="left")],
    },
    prefer_skip_nested_validation=True,
)
def retrieval_score(estimator, X, y=None, *, source, target, metric="recall", k=10):
    """Return how well samples are found in one modality by another; higher is better.

    Parameters
    ----------
    estimator : CrossModalAligner
        Fitted, or any estimator with ``embed(X, modality=)``.
    X : {MultiModalFrame, dataframe, mapping, array-like} of shape (n_samples, n_features)
        The samples; those that lack one of the two modalities are left out.
    y : array-like of shape (n_samples,), default=None
        Classes: an item of the same class is relevant. None: the same sample is.
    source, target : str
        Modalities of the queries and of the gallery.
    metric : {"recall", "median_rank", "mean_average_precision"}, default="recall"
        "recall" at k; the median rank is negated.
    k : int, default=10
        How many items are looked at.

    Returns
    -------
    float
        The score.

    Raises
    ------
    ValueError
        If no sample has both modalities, or y has another length or lacks labels.

    See Also
    --------
    recall_at_k : The metric by itself, of two arrays.

    Examples
    --------
    >>> from functools import partial
    >>> import numpy as np
    >>> from sklearn.model_selection import cross_val_score
    >>> from sklearn_crossmodal import CrossModalAligner, MultiModalFrame
    >>> from sklearn_crossmodal.metrics import retrieval_score
    >>> rng = np.random.default_rng(0)
    >>> factors = rng.normal(size=(90, 3))
    >>> X = MultiModalFrame({"a": factors @ rng.normal(size=(3, 8)), "b": np.tanh(factors)})
    >>> found = partial(retrieval_score, source="a", target="b", k=3)
    >>> scores = cross_val_score(CrossModalAligner(random_state=0), X, scoring=found, cv=3)
    >>> bool(scores.mean() > 0.5)
    True
    """
    queries, gallery = (estimator.embed(X, modality=name) for name in (source, target))
    rows = np.flatnonzero(~np.isnan(queries).any(axis=1) & ~np.isnan(gallery).any(axis=1))
    if not len(rows):
        raise ValueError(f"no sample has both {source!r} and {target!r}.")
    pair = queries[rows], gallery[rows]
    if y is not None:
        check_consistent_length(queries, y)
    labels = None if y is None else column_or_1d(y)[rows]
    relevant = {"y_queries": labels, "y_gallery": labels}
    if metric == "recall":
        return recall_at_k(*pair, k, **relevant)
    if metric == "median_rank":
        return -median_rank(*pair, **relevant)
    return mean_average_precision(*pair, **relevant)
