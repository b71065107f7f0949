"""What is lost as modalities are absent."""

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
    """Score an estimator as more and more modalities are hidden from it.

    A number is drawn from [0, 1) for each modality of each sample that has it; at share s those go
    whose number is below s, but for the last one of a sample, which is the one of the largest
    number. So what is hidden at one share is hidden at each larger one, and at share 1 each sample
    has one modality left.

    Parameters
    ----------
    estimator : object
        Fitted; it need not be one of this package.
    X : {MultiModalFrame, dataframe, mapping, array-like} of shape (n_samples, n_features)
        The samples, which may lack modalities already.
    y : array-like of shape (n_samples,), default=None
        What the scorer compares with.
    shares : array-like of shape (n_shares,), default=(0, 0.2, 0.4, 0.6, 0.8)
        With which probabilities a modality goes, rising from 0 at least to 1 at most.
    scoring : str, callable or None, default=None
        A scorer by name, or ``(estimator, X, y) -> float``; None means the `score` of the
        estimator.
    modalities : mapping of str to columns, default=None
        The columns of each modality, as in `ColumnTransformer`. None means those of
        ``estimator.modalities_``; where it has none, each entry of a mapping or `MultiModalFrame`.
    n_repeats : int, default=5
        How often to draw what is hidden.
    random_state : int, RandomState instance or None, default=None
        Pass an int to hide the same in each call, such as from several estimators.

    Returns
    -------
    :class:`~sklearn.utils.Bunch`
        With the following attributes.

        shares : ndarray of shape (n_shares,)
            As given.
        absent : ndarray of shape (n_shares,)
            The share of all cells, sample by modality, that is absent, on average.
        scores : ndarray of shape (n_shares, n_repeats)
            The scores.
        mean : ndarray of shape (n_shares,)
            Their means.

    Raises
    ------
    ValueError
        If `shares` do not rise from 0 to 1, or there is one modality only.
    ModalityError
        If nothing says what the modalities of X are.

    See Also
    --------
    area_under_absence_curve : One number of it, a scorer.

    Notes
    -----
    In place of a hidden modality X has NaN, None or NA; a `MultiModalFrame` says it by `present`.
    The estimator must take that, by itself or by an imputer before it.

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
            f"{found.owner}: X has the modality {list(found)} alone, and each sample keeps one: "
            "there is nothing to hide."
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
                scores[place, repeat] = _score(scorer, estimator, found.hide(hidden), y)
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
    r"""Return the mean score over the shares of modalities that are hidden.

    It is the area under `absence_curve`, by the trapezoidal rule, over its width:

    .. math:: A = \frac{1}{s_K - s_1} \sum_{k=2}^{K} (s_k - s_{k-1}) \, \frac{a_k + a_{k-1}}{2}

    with :math:`a_k` the mean score at share :math:`s_k`; so it has the unit of the score.

    Parameters
    ----------
    estimator : object
        Fitted; it need not be one of this package.
    X : {MultiModalFrame, dataframe, mapping, array-like} of shape (n_samples, n_features)
        The samples, which may lack modalities already.
    y : array-like of shape (n_samples,), default=None
        What the scorer compares with.
    shares : array-like of shape (n_shares,), default=(0, 0.2, 0.4, 0.6, 0.8)
        With which probabilities a modality goes, rising; two at least.
    scoring : str, callable or None, default=None
        A scorer by name, or ``(estimator, X, y) -> float``; None means the `score` of the
        estimator.
    modalities : mapping of str to columns, default=None
        The columns of each modality; see `absence_curve`.
    n_repeats : int, default=5
        How often to draw what is hidden.
    random_state : int, RandomState instance or None, default=None
        Pass an int to hide the same in each call.

    Returns
    -------
    float

    Raises
    ------
    ValueError
        If `shares` are fewer than two or do not rise from 0 to 1, or there is one modality only.
    ModalityError
        If nothing says what the modalities of X are.

    See Also
    --------
    absence_curve : The scores at each share.

    Notes
    -----
    A scorer: ``scoring=partial(area_under_absence_curve, random_state=0)`` in `cross_validate` and
    `GridSearchCV`, which then chooses what stays good as modalities are absent.

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
        raise ValueError(f"shares must rise, from 0 at least to 1 at most, got {shares!r}.")
    return checked


def _draw_thresholds(rng, present: np.ndarray) -> np.ndarray:
    """Draw from which share on a modality goes: (n, M); one that is there never does."""
    thresholds = rng.uniform(size=present.shape)
    last = np.where(present, thresholds, -1).argmax(axis=1)
    thresholds[np.arange(len(last)), last] = np.inf
    return thresholds


def _score(scorer, estimator, X, y) -> float:
    return scorer(estimator, X) if y is None else scorer(estimator, X, y)
