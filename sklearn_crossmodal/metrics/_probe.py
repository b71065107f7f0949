"""Linear probing: how well the class is predicted from the latent of each modality subset."""

from __future__ import annotations

import numpy as np
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score
from sklearn.model_selection import check_cv
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.validation import column_or_1d

from sklearn_crossmodal.exceptions import ModalityError
from sklearn_crossmodal.metrics._modalities import Modalities, as_list, subsets_of
from sklearn_crossmodal.utils._sklearn import StrOptions, _safe_indexing, validate_params
from sklearn_crossmodal.utils._validation import error_prefix

__all__ = ["latent_probe", "latent_probe_score"]

_CONSTRAINTS = {"fit_on": [StrOptions({"all", "subset"})], "cv": ["cv_object"]}


@validate_params(_CONSTRAINTS, prefer_skip_nested_validation=True)
def latent_probe(estimator, X, y, *, subsets=None, probe=None, cv=5, fit_on="all"):
    """Return the accuracy of a linear probe of the representation of each subset of modalities.

    The probe is a linear classifier. It is fitted on ``estimator.transform`` of some samples and
    tested on others, of which only the modalities of one subset are passed to the estimator [1]_.

    Parameters
    ----------
    estimator : object
        Fitted, with a method `transform`, such as `MultiModalAutoencoder`. It is not fitted again:
        X should not contain its training samples.
    X : {MultiModalFrame, dataframe, mapping, array-like} of shape (n_samples, n_features)
        The samples. Each subset is tested on the samples that have all of its modalities.
    y : array-like of shape (n_samples,)
        Their classes.
    subsets : str, tuple of str, or list of them, default=None
        The subsets; None means all 2^M - 1 subsets of M modalities.
    probe : classifier, default=None
        A classifier, which is cloned. None means logistic regression on standardised features.
    cv : int, splitter or iterable of (train, test), default=5
        The cross-validation of the probe. ``[(train, test)]`` is a single split by row indices.
    fit_on : {"all", "subset"}, default="all"
        "all" fits one probe on the representations of all modalities of each sample, and tests it
        on those of each subset: modalities are missing after deployment only. "subset" fits a
        probe for each subset, as published for MoPoE [1]_.

    Returns
    -------
    dict of tuple of str to float
        Mean accuracy over the splits, for each subset.

    Raises
    ------
    ModalityError
        If a modality is unknown, or no test sample has all modalities of a subset.

    See Also
    --------
    latent_probe_score : The mean over subsets, as a scorer.
    absence_curve : Scores of a whole pipeline with modalities masked at random.

    References
    ----------
    .. [1] T. M. Sutter, I. Daunhawer, J. E. Vogt (2021). "Generalized multimodal ELBO". ICLR.
       arXiv:2105.02470

    Examples
    --------
    >>> from sklearn_crossmodal import MultiModalAutoencoder
    >>> from sklearn_crossmodal.datasets import make_multimodal_classification
    >>> from sklearn_crossmodal.metrics import latent_probe
    >>> X, y = make_multimodal_classification(600, random_state=0)
    >>> autoencoder = MultiModalAutoencoder(n_components=4, random_state=0).fit(X[:300])
    >>> accuracy = latent_probe(autoencoder, X[300:], y[300:])
    >>> list(accuracy)
    [('m0',), ('m1',), ('m0', 'm1')]
    >>> accuracy["m0", "m1"] > accuracy["m0",] > 0.6
    True
    """
    modalities, y = Modalities.of(estimator, X), column_or_1d(y)
    modalities.check_length(y)
    subsets = list(subsets_of(modalities)) if subsets is None else as_list(subsets)
    if not subsets:
        raise ModalityError(f"{modalities.owner}: subsets is empty: name one, or None for all.")
    if probe is None:
        probe = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))
    rows = np.arange(len(y))
    splits = [
        (rows[train], rows[test]) for train, test in check_cv(cv, y, classifier=True).split(rows, y)
    ]
    probes = _fit_probes(probe, estimator.transform(X), y, splits) if fit_on == "all" else None
    accuracy = {}
    for subset in subsets:
        subset = tuple(modalities.check(subset))
        having = modalities.rows_with(subset)
        latents = estimator.transform(_mask_to_subset(modalities, subset, having))
        shared = [[np.intersect1d(part, having) for part in split] for split in splits]
        if probes is None:  # a probe of the subset needs training samples that have it
            shared = [split for split in shared if all(map(len, split))]
        with error_prefix(f"{modalities.owner}: probe of {subset}"):
            fitted = probes or _fit_probes(probe, latents, y, shared)
        scores = []
        for classifier, (_, test) in zip(fitted, shared):
            if len(test):
                predicted = classifier.predict(_safe_indexing(latents, test))
                scores.append(accuracy_score(y[test], predicted))
        if not scores:
            raise ModalityError(
                f"{modalities.owner}: no test sample has all of {subset}, or no training sample of "
                "the probe."
            )
        accuracy[subset] = float(np.mean(scores))
    return accuracy


@validate_params(_CONSTRAINTS, prefer_skip_nested_validation=True)
def latent_probe_score(estimator, X, y, *, subsets=None, probe=None, cv=5, fit_on="all"):
    """Return the mean accuracy of a probe of the representation over subsets of modalities.

    Parameters
    ----------
    estimator : object
        Fitted, with a method `transform`, such as `MultiModalAutoencoder`.
    X : {MultiModalFrame, dataframe, mapping, array-like} of shape (n_samples, n_features)
        The samples.
    y : array-like of shape (n_samples,)
        Their classes.
    subsets : str, tuple of str, or list of them, default=None
        The subsets; None means all 2^M - 1 subsets of M modalities.
    probe : classifier, default=None
        A classifier, which is cloned. None means logistic regression on standardised features.
    cv : int, splitter or iterable of (train, test), default=5
        The cross-validation of the probe.
    fit_on : {"all", "subset"}, default="all"
        The representations that the probe is fitted on; see `latent_probe`.

    Returns
    -------
    float
        Mean of `latent_probe` over the subsets.

    Raises
    ------
    ModalityError
        If a modality is unknown, or no test sample has all modalities of a subset.

    See Also
    --------
    latent_probe : The accuracy of each subset.

    Notes
    -----
    This is a scorer: pass ``scoring=partial(latent_probe_score, subsets="image")`` to
    `cross_validate` or `GridSearchCV`. The probe is cross-validated within the test samples of
    each fold.

    Examples
    --------
    >>> from sklearn.model_selection import cross_val_score
    >>> from sklearn_crossmodal import MultiModalAutoencoder
    >>> from sklearn_crossmodal.datasets import make_multimodal_classification
    >>> from sklearn_crossmodal.metrics import latent_probe_score
    >>> X, y = make_multimodal_classification(300, random_state=0)
    >>> autoencoder = MultiModalAutoencoder(n_components=4, random_state=0)
    >>> scores = cross_val_score(autoencoder, X, y, scoring=latent_probe_score, cv=2)
    >>> bool(scores.min() > 0.6)
    True
    """
    accuracies = latent_probe(estimator, X, y, subsets=subsets, probe=probe, cv=cv, fit_on=fit_on)
    return float(np.mean(list(accuracies.values())))


def _mask_to_subset(modalities: Modalities, subset, rows: np.ndarray):
    """Return X with all modalities outside the subset masked, in these rows."""
    hidden = np.zeros_like(modalities.present)
    hidden[rows] = [name not in subset for name in modalities]
    return modalities.hide(hidden & modalities.present)


def _fit_probes(probe, latents, y, splits) -> list:
    return [clone(probe).fit(_safe_indexing(latents, train), y[train]) for train, _ in splits]
