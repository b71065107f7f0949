"""Robustness to missing modalities: the score as a growing share of them is masked."""

from __future__ import annotations

from numbers import Integral

import numpy as np
from sklearn.metrics import auc, check_scoring
from sklearn.utils import Bunch

from sklearn_crossmodal.metrics._modalities import Modalities
from sklearn_crossmodal.utils._sklearn import Interval, validate_params
from sklearn_crossmodal.utils._validation import draw_seed

__all__ = ["absence_curve", "area_under_absence_curve"]

_CONSTRAINTS = {
    "n_repeats": [Interval(Integral, 1, None, closed="left")],
    "random_state": ["random_state"],
}
_SHARES = (0.0, 0.2, 0.4, 0.6, 0.8)


@validate_params(_CONSTRAINTS, prefer_skip_nested_validation=True)
def absence_curve(
    estimator,
    X,
    y=None,
    *,
    shares=_SHARES,
    scoring=None,
    modalities=None,
    n_repeats=5,
    random_state=None,
):
    """Score an estimator with a growing share of the modalities masked at random.

    A uniform number in [0, 1) is drawn for each modality of each sample that has it. At share s
    the modalities with a number below s are masked. Each sample keeps the modality with its
    largest number. So the masks are nested: a modality that is masked at one share is masked at
    each larger share. At share 1 each sample has one modality left.

    Parameters
    ----------
    estimator : object
        A fitted estimator, of this package or of another.
    X : {MultiModalFrame, dataframe, mapping, array-like} of shape (n_samples, n_features)
        The samples. Some of their modalities may be missing already.
    y : array-like of shape (n_samples,), default=None
        The true targets, for the scorer.
    shares : array-like of shape (n_shares,), default=(0, 0.2, 0.4, 0.6, 0.8)
        Probabilities that a modality is masked: strictly increasing, within [0, 1].
    scoring : str, callable or None, default=None
        A scorer by name, or ``(estimator, X, y) -> float``; None means the `score` of the
        estimator.
    modalities : mapping of str to columns, default=None
        The columns of each modality, as in `ColumnTransformer`. None means those of
        ``estimator.modalities_``; where it has none, each entry of a mapping or `MultiModalFrame`.
    n_repeats : int, default=5
        Number of random masks.
    random_state : int, RandomState instance or None, default=None
        Pass an int for the same masks in each call, for example to compare estimators.

    Returns
    -------
    :class:`~sklearn.utils.Bunch`
        With the following attributes.

        shares : ndarray of shape (n_shares,)
            The parameter `shares`, as an array.
        absent : ndarray of shape (n_shares,)
            Mean share of the pairs (sample, modality) that are missing.
        scores : ndarray of shape (n_shares, n_repeats)
            The scores.
        mean : ndarray of shape (n_shares,)
            Mean score of each share.

    Raises
    ------
    ValueError
        If `shares` do not increase within [0, 1], or there is only one modality.
    ModalityError
        If the modalities of X are neither known from the estimator nor passed.

    See Also
    --------
    area_under_absence_curve : The mean of the curve, as a scorer.

    Notes
    -----
    Masked cells of X are NaN, None or NA; in a `MultiModalFrame` the modality is not `present`.
    The estimator must support missing values, by itself or with an imputer before it.

    Examples
    --------
    >>> from sklearn_crossmodal import FusionClassifier
    >>> from sklearn_crossmodal.datasets import make_multimodal_classification
    >>> from sklearn_crossmodal.metrics import absence_curve
    >>> X, y = make_multimodal_classification(300, n_modalities=3, random_state=0)
    >>> clf = FusionClassifier(n_folds=None, max_epochs=20, random_state=0).fit(X[:90], y[:90])
    >>> curve = absence_curve(clf, X[90:], y[90:], shares=(0, 0.5, 1), random_state=0)
    >>> curve.scores.shape
    (3, 5)
    >>> bool(curve.mean[0] > curve.mean[1] > curve.mean[2] > 0.6)
    True
    """
    shares = _check_shares(shares)
    found = Modalities.of(estimator, X, modalities)
    if len(found) < 2:
        raise ValueError(
            f"{found.owner}: X has only the modality {list(found)}, and each sample keeps one: "
            "there is nothing to mask."
        )
    if y is not None:
        found.check_length(y)
    scorer = check_scoring(estimator, scoring)
    rng = np.random.default_rng(draw_seed(random_state))
    absent, scores = np.empty((2, len(shares), n_repeats))
    for repeat in range(n_repeats):
        thresholds = _draw_thresholds(rng, found.present)
        for place, share in enumerate(shares):
            hidden = found.present & (thresholds < share)
            absent[place, repeat] = np.mean(hidden | ~found.present)
            if repeat and not hidden.any():
                scores[place, repeat] = scores[place, 0]
            else:
                targets = () if y is None else (y,)
                scores[place, repeat] = scorer(estimator, found.hide(hidden), *targets)
    return Bunch(shares=shares, absent=absent.mean(axis=1), scores=scores, mean=scores.mean(axis=1))


@validate_params(_CONSTRAINTS, prefer_skip_nested_validation=True)
def area_under_absence_curve(
    estimator,
    X,
    y=None,
    *,
    shares=_SHARES,
    scoring=None,
    modalities=None,
    n_repeats=5,
    random_state=None,
):
    r"""Return the mean score over the shares of masked modalities.

    This is the area under `absence_curve`, by the trapezoidal rule, divided by its width:

    .. math:: A = \frac{1}{s_K - s_1} \sum_{k=2}^{K} (s_k - s_{k-1}) \, \frac{a_k + a_{k-1}}{2}

    with :math:`a_k` the mean score at share :math:`s_k`. It has the unit of the score.

    Parameters
    ----------
    estimator : object
        A fitted estimator, of this package or of another.
    X : {MultiModalFrame, dataframe, mapping, array-like} of shape (n_samples, n_features)
        The samples. Some of their modalities may be missing already.
    y : array-like of shape (n_samples,), default=None
        The true targets, for the scorer.
    shares : array-like of shape (n_shares,), default=(0, 0.2, 0.4, 0.6, 0.8)
        Probabilities that a modality is masked: at least two, strictly increasing.
    scoring : str, callable or None, default=None
        A scorer by name, or ``(estimator, X, y) -> float``; None means the `score` of the
        estimator.
    modalities : mapping of str to columns, default=None
        The columns of each modality; see `absence_curve`.
    n_repeats : int, default=5
        Number of random masks.
    random_state : int, RandomState instance or None, default=None
        Pass an int for the same masks in each call.

    Returns
    -------
    float

    Raises
    ------
    ValueError
        If there are fewer than two `shares`, they do not increase within [0, 1], or there is only
        one modality.
    ModalityError
        If the modalities of X are neither known from the estimator nor passed.

    See Also
    --------
    absence_curve : The scores at each share.

    Notes
    -----
    This is a scorer: pass ``scoring=partial(area_under_absence_curve, random_state=0)`` to
    `cross_validate` or `GridSearchCV`. The search then selects for robustness to missing
    modalities.

    Examples
    --------
    >>> from functools import partial
    >>> from sklearn.model_selection import cross_val_score
    >>> from sklearn_crossmodal import FusionClassifier
    >>> from sklearn_crossmodal.datasets import make_multimodal_classification
    >>> from sklearn_crossmodal.metrics import area_under_absence_curve
    >>> X, y = make_multimodal_classification(200, n_modalities=3, random_state=0)
    >>> clf = FusionClassifier(n_folds=None, max_epochs=20, random_state=0)
    >>> scoring = partial(area_under_absence_curve, shares=(0, 0.5), random_state=0)
    >>> bool(cross_val_score(clf, X, y, scoring=scoring, cv=2).min() > 0.6)
    True
    """
    if np.size(shares) < 2:
        raise ValueError(f"an area needs two shares at least, got {shares!r}.")
    curve = absence_curve(
        estimator,
        X,
        y,
        shares=shares,
        scoring=scoring,
        modalities=modalities,
        n_repeats=n_repeats,
        random_state=random_state,
    )
    return float(auc(curve.shares, curve.mean) / np.ptp(curve.shares))


def _check_shares(shares) -> np.ndarray:
    checked = np.asarray(shares, dtype=float)
    inside = checked.ndim == 1 and checked.size and checked[0] >= 0 and checked[-1] <= 1
    if not inside or not (np.diff(checked) > 0).all():
        raise ValueError(f"shares must increase strictly, within [0, 1], got {shares!r}.")
    return checked


def _draw_thresholds(rng, present: np.ndarray) -> np.ndarray:
    """Draw the share above which each modality is masked, (n, M); inf for the one that is kept."""
    thresholds = rng.uniform(size=present.shape)
    last = np.where(present, thresholds, -1).argmax(axis=1)
    thresholds[np.arange(len(last)), last] = np.inf
    return thresholds
