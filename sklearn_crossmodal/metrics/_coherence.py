"""Coherence: whether generated modalities show the correct class, and all the same one."""

from __future__ import annotations

import math
from collections.abc import Mapping
from numbers import Integral

import numpy as np
from sklearn.metrics import accuracy_score

from sklearn_crossmodal.data import MultiModalFrame
from sklearn_crossmodal.exceptions import ModalityError
from sklearn_crossmodal.metrics._modalities import Modalities, subsets_of
from sklearn_crossmodal.utils import import_optional
from sklearn_crossmodal.utils._sklearn import Interval, _safe_indexing, validate_params
from sklearn_crossmodal.utils._validation import error_prefix

__all__ = ["cross_coherence", "joint_coherence"]


@validate_params(
    {"n_given": [Interval(Integral, 1, None, closed="left"), None]},
    prefer_skip_nested_validation=True,
)
def cross_coherence(estimator, X, y, classifiers, *, source=None, target=None, n_given=None):
    r"""Return how often a modality that is generated from others shows the correct class.

    The estimator translates a set S of modalities into another modality t. A classifier of t,
    trained on real samples, then predicts the class of the generated values [1]_, [2]_:

    .. math:: C(S, t) = \frac{1}{n} \sum_i
              \mathbb{1}\bigl[f_t(\mathrm{translate}(x_{i, S}, t)) = y_i\bigr]

    The result is the mean of C over the targets t and all sets S of k modalities without t. If k
    is not specified, it is also averaged over k = 1, ..., M - 1.

    Parameters
    ----------
    estimator : object
        Fitted, with a method ``translate(X, source=, target=)``, such as `MultiModalAutoencoder`.
    X : {MultiModalFrame, dataframe, mapping, array-like} of shape (n_samples, n_features)
        The samples. Each set S is evaluated on the samples that have all of its modalities.
    y : array-like of shape (n_samples,)
        Their classes.
    classifiers : dict of str to classifier, or classifier
        A fitted classifier for each target; a single classifier is that of `target`. Its input is
        the output of `translate`, flattened for a classifier that was fitted on flat rows, and a
        DataFrame for one that was fitted on named columns.
    source : str or list of str, default=None
        The source modalities; None means all.
    target : str or list of str, default=None
        The modalities to generate; None means all that have a classifier.
    n_given : int, default=None
        The number k of source modalities in a set. None means all of `source`; without `source`,
        each number from one to M - 1.

    Returns
    -------
    float
        Between 0 and 1. The baseline is the share of the most frequent class. A perfect generator
        reaches the accuracy of the classifiers on real samples.

    Raises
    ------
    ModalityError
        If a modality is unknown or has no classifier, or no sample has all modalities of any
        source set.

    See Also
    --------
    joint_coherence : Coherence of unconditionally generated samples.
    translation_score : Error of the generated values.

    Notes
    -----
    This is a scorer: pass ``scoring=partial(cross_coherence, classifiers=...)`` to
    `cross_validate` or `GridSearchCV`. Train the classifiers on other samples.

    References
    ----------
    .. [1] Y. Shi et al. (2019). "Variational mixture-of-experts autoencoders for multi-modal deep
       generative models". NeurIPS. arXiv:1911.03393
    .. [2] T. M. Sutter, I. Daunhawer, J. E. Vogt (2021). "Generalized multimodal ELBO". ICLR.
       arXiv:2105.02470, for sets of several modalities.

    Examples
    --------
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklearn_crossmodal import MultiModalAutoencoder
    >>> from sklearn_crossmodal.datasets import make_multimodal_classification
    >>> from sklearn_crossmodal.metrics import cross_coherence
    >>> X, y = make_multimodal_classification(900, unique=0, class_sep=4, random_state=0)
    >>> classifiers = {name: LogisticRegression().fit(X[name][:300], y[:300]) for name in X}
    >>> autoencoder = MultiModalAutoencoder(n_components=2, random_state=0).fit(X[300:600])
    >>> cross_coherence(autoencoder, X[600:], y[600:], classifiers) > 0.8
    True
    """
    modalities = Modalities.of(estimator, X)
    modalities.check_length(y)
    by_target = _by_target(modalities, classifiers, target)
    sources = modalities.check(list(modalities) if source is None else source)
    if n_given is not None:
        sizes = [n_given]
    else:
        sizes = range(1, max(len(sources), 2)) if source is None else [len(sources)]
    means = []
    for size in sizes:
        shares = [
            _accuracy(estimator, modalities, y, by_target[name], subset, name)
            for subset in subsets_of(sources, [size])
            for name in by_target
            if name not in subset and len(modalities.rows_with(subset))
        ]
        if not shares:
            raise ModalityError(
                f"{modalities.owner}: sets of {size} of the sources {sources} cannot generate one "
                f"of {list(by_target)}: no target is left, or no sample has that many of them."
            )
        means.append(np.mean(shares))
    return float(np.mean(means))


@validate_params(
    {"n_samples": [Interval(Integral, 1, None, closed="left")], "random_state": ["random_state"]},
    prefer_skip_nested_validation=True,
)
def joint_coherence(estimator, X=None, y=None, *, classifiers, n_samples=1000, random_state=None):
    r"""Return how often all modalities of a generated sample show the same class.

    Samples are drawn from the estimator. The class of each modality is predicted by a classifier
    that was trained on real samples [1]_. The share of samples with one class in all modalities is

    .. math:: J = \frac{1}{n} \sum_i \mathbb{1}\bigl[f_1(x_{i1}) = \dots = f_M(x_{iM})\bigr]

    Parameters
    ----------
    estimator : object
        Fitted, with a method ``sample(n_samples=, random_state=)`` that returns samples in the
        format of the training data.
    X : None
        Ignored; scikit-learn's tools pass it.
    y : None
        Ignored; scikit-learn's tools pass it.
    classifiers : dict of str to classifier
        A fitted classifier for each modality that is evaluated, at least two; see
        `cross_coherence`.
    n_samples : int, default=1000
        Number of samples to draw.
    random_state : int, RandomState instance or None, default=None
        Passed to `sample`.

    Returns
    -------
    float
        Between 0 and 1. A generator that always shows one class also reaches 1.

    Raises
    ------
    ModalityError
        If a modality is unknown.
    ValueError
        If there are fewer than two classifiers.

    See Also
    --------
    cross_coherence : Coherence of modalities that are generated from others.

    Notes
    -----
    This is a scorer: ``scoring=partial(joint_coherence, classifiers=..., random_state=0)``.

    References
    ----------
    .. [1] Y. Shi et al. (2019). "Variational mixture-of-experts autoencoders for multi-modal deep
       generative models". NeurIPS. arXiv:1911.03393

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklearn_crossmodal import MultiModalFrame
    >>> from sklearn_crossmodal.metrics import joint_coherence
    >>> class Prior:
    ...     def sample(self, n_samples=1, random_state=None):
    ...         z = np.random.RandomState(random_state).normal(size=(n_samples, 1))
    ...         return MultiModalFrame({"a": z, "b": -z})
    >>> z = np.linspace(-1, 1, 40)[:, np.newaxis]
    >>> positive = LogisticRegression().fit(z, z[:, 0] > 0)
    >>> negative = LogisticRegression().fit(z, z[:, 0] < 0)
    >>> joint_coherence(Prior(), classifiers={"a": positive, "b": negative}, random_state=0)
    1.0
    """
    owner = type(estimator).__name__
    if not isinstance(classifiers, Mapping) or len(classifiers) < 2:
        raise ValueError(
            f"joint_coherence of {owner} takes classifiers of two modalities or more, by name, got "
            f"{classifiers!r}."
        )
    samples = estimator.sample(n_samples=n_samples, random_state=random_state)
    modalities = Modalities.of(estimator, samples)
    classes = [
        _classify(classifiers[name], name, modalities.read(name)[0].values)
        for name in modalities.check(list(classifiers))
    ]
    return float(np.all([predicted == classes[0] for predicted in classes[1:]], axis=0).mean())


def _by_target(modalities: Modalities, classifiers, target) -> dict:
    """Return a classifier for each target."""
    if not isinstance(classifiers, Mapping):
        if not isinstance(target, str):
            raise ModalityError(
                f"{modalities.owner}: one classifier classifies one modality: name it in target=, "
                f"or pass a dict of classifiers for {list(modalities)}."
            )
        classifiers = {target: classifiers}
    names = modalities.check(list(classifiers) if target is None else target)
    missing = [name for name in names if name not in classifiers]
    if missing:
        raise ModalityError(
            f"{modalities.owner}: there is no classifier for {missing} among those for "
            f"{list(classifiers)}."
        )
    return {name: classifiers[name] for name in names}


def _accuracy(estimator, modalities: Modalities, y, classifier, subset, target) -> float:
    rows = modalities.rows_with(subset)
    generated = estimator.translate(modalities.take(rows), source=[*subset], target=target)
    return accuracy_score(_safe_indexing(y, rows), _classify(classifier, target, generated))


def _classify(classifier, name: str, values) -> np.ndarray:
    """Return the classes that a classifier of one modality predicts."""
    with error_prefix(f"{type(classifier).__name__}, the classifier of modality {name!r}"):
        return np.asarray(classifier.predict(_as_fitted(classifier, name, values)))


def _as_fitted(classifier, name: str, values):
    """Return the values of a modality in the format that a classifier was fitted on."""
    names = getattr(classifier, "feature_names_in_", None)
    shape = np.shape(values)
    if names is None:
        flat = len(shape) != 2 and getattr(classifier, "n_features_in_", 0) == math.prod(shape[1:])
        return np.reshape(values, (shape[0], -1)) if flat else values
    if list(names) == [name]:
        return MultiModalFrame({name: values})
    if len(shape) == 2 and len(names) == shape[1]:
        pandas = import_optional("pandas", extra="dataframes", purpose="a classifier of columns")
        return pandas.DataFrame(values, columns=names)
    raise ValueError(f"it was fitted on the columns {list(names)}, rows here are {shape[1:]}.")
