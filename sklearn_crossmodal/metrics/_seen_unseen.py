"""Generalised zero-shot classification: classes that were seen beside new ones."""

from __future__ import annotations

import numpy as np
from sklearn.utils import check_consistent_length, column_or_1d

from sklearn_crossmodal.utils._sklearn import validate_params

__all__ = ["seen_unseen_harmonic_mean"]


@validate_params(
    {"y_true": ["array-like"], "y_pred": ["array-like"], "seen": ["array-like", set, frozenset]},
    prefer_skip_nested_validation=True,
)
def seen_unseen_harmonic_mean(y_true, y_pred, *, seen):
    r"""Return the harmonic mean of the accuracies on classes that were seen, and on new ones.

    .. math:: H = \frac{2 S U}{S + U}

    where S and U are mean recalls of the classes, each class counted alike [1]_. A classifier that
    overlooks all new classes has 0.

    Parameters
    ----------
    y_true, y_pred : array-like of shape (n_samples,)
        Classes as they are, and as they were predicted, among all classes.
    seen : array-like or set
        The classes that were seen in training.

    Returns
    -------
    float
        From 0 to 1.

    Raises
    ------
    ValueError
        If `y_true` has no class that was seen, or no other, so that there is no mean of both.

    See Also
    --------
    ZeroShotClassifier : Its `seen_penalty` balances both.

    References
    ----------
    .. [1] Y. Xian, C. H. Lampert, B. Schiele, Z. Akata (2017). "Zero-shot learning - a
       comprehensive evaluation of the good, the bad and the ugly". arXiv:1707.00600

    Examples
    --------
    >>> from sklearn_crossmodal.metrics import seen_unseen_harmonic_mean
    >>> y_true = ["cat", "cat", "dog", "yak"]
    >>> seen_unseen_harmonic_mean(y_true, ["cat", "dog", "dog", "yak"], seen=["cat", "dog"])
    0.857...
    >>> seen_unseen_harmonic_mean(y_true, ["cat", "dog", "dog", "cat"], seen=["cat", "dog"])
    0.0
    """
    y_true, y_pred = column_or_1d(y_true), column_or_1d(y_pred)
    check_consistent_length(y_true, y_pred)
    labels = np.unique(y_true)
    recalls = np.array([np.mean(y_pred[y_true == label] == label) for label in labels])
    known = np.isin(labels, list(seen))
    if known.all() or not known.any():
        share = "all" if known.all() else "none"
        raise ValueError(
            f"seen={sorted(seen, key=str)!r} holds {share} of the classes of y_true, "
            f"{labels.tolist()}: there is nothing to take the mean of."
        )
    first, second = recalls[known].mean(), recalls[~known].mean()
    return float(2 * first * second / (first + second)) if first + second else 0.0
