"""ZeroShotClassifier: classes by their description in another modality."""

from __future__ import annotations

from collections.abc import Mapping
from numbers import Number, Real

import numpy as np
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax, softmax
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.preprocessing import normalize
from sklearn.utils.validation import check_is_fitted

from sklearn_crossmodal.alignment._fitted_aligner import (
    ALIGNER_CONSTRAINTS,
    adopt_aligner,
    aligner_input_tags,
)
from sklearn_crossmodal.estimators._fitting._input_validation import check_labels, check_X
from sklearn_crossmodal.exceptions import ModalityError
from sklearn_crossmodal.utils._sklearn import Interval, StrOptions, _fit_context
from sklearn_crossmodal.utils._validation import restored_on_error

__all__ = ["ZeroShotClassifier"]

#: Temperature where there are no labels to calibrate it by, and bounds of the logarithm of its
#: inverse.
_TEMPERATURE, _SHARPNESS = 0.1, (-1.0, 6.0)


class ZeroShotClassifier(ClassifierMixin, BaseEstimator):
    r"""Tell classes, of which no sample need have been seen, by descriptions in another modality.

    A sample is of the class whose description is most similar to it in the space of an aligner.

    Parameters
    ----------
    aligner : CrossModalAligner, FrozenEstimator or None, default=None
        Fitted, and never changed. What clones the classifier, such as a search, needs
        ``FrozenEstimator(aligner)``. None fits a `CrossModalAligner` to the X of `fit`.
    prototypes : mapping, list or None, default=None
        From a class to its description in `modality`, or to a list of several, whose mean counts.
        A list of classes stands for their names. None, and classes of y that a mapping lacks: the
        mean of the samples of the class in `fit`.
    modality : str or None, default=None
        Modality of the descriptions; None takes the only text of the aligner.
    templates : list of str, default=("{}",)
        Texts in which ``{}`` stands for a description; of several the mean counts.
    temperature : "auto" or float, default="auto"
        By which cosines are divided for probabilities. "auto" is the one of the least log-loss on
        the samples of `fit`, 0.1 without.
    seen_penalty : float, default=0.0
        What is subtracted from the cosine of the classes of y, so that new classes are not
        overlooked beside those that the aligner was trained on: calibrated stacking [1]_. A search
        finds it by `seen_unseen_harmonic_mean`.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        The classes, those of y included.
    aligner_ : CrossModalAligner
        The aligner.
    prototypes_ : ndarray of shape (n_classes, k)
        Unit vectors of the classes.
    temperature_ : float
        The temperature.
    n_features_in_ : int
        Number of columns of X, or of the modalities of the aligner.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Their names, if they have any.

    See Also
    --------
    CrossModalAligner : Finds the space.
    sklearn_crossmodal.metrics.seen_unseen_harmonic_mean : Score beside new classes.

    References
    ----------
    .. [1] W.-L. Chao, S. Changpinyo, B. Gong, F. Sha (2016). "An empirical study and analysis of
       generalized zero-shot learning for object recognition in the wild". arXiv:1605.04253

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_crossmodal import CrossModalAligner, MultiModalFrame, ZeroShotClassifier
    >>> rng = np.random.default_rng(0)
    >>> kinds = rng.integers(0, 6, (400, 2))
    >>> colours = np.array(["red", "green", "blue", "black", "white", "grey"])
    >>> numbers = np.eye(6)[kinds[:, 0]] + 0.1 * rng.normal(size=(400, 6))
    >>> texts = np.array([f"a {colours[i]} car" for i, _ in kinds], dtype=object)
    >>> X = MultiModalFrame({"numbers": numbers, "text": texts})
    >>> aligner = CrossModalAligner(random_state=0).fit(X)
    >>> classifier = ZeroShotClassifier(aligner, ["red", "blue"], templates=["a {} car"]).fit()
    >>> classifier.predict(MultiModalFrame({"numbers": np.eye(6)[[0, 2]]}))
    array(['red', 'blue'], dtype='<U4')
    """

    _parameter_constraints = {
        **ALIGNER_CONSTRAINTS,
        "prototypes": [Mapping, list, tuple, np.ndarray, None],
        "modality": [str, None],
        "templates": [list, tuple],
        "temperature": [StrOptions({"auto"}), Interval(Real, 0, None, closed="neither")],
        "seen_penalty": [Interval(Real, -2, 2, closed="both")],
    }

    def __init__(
        self,
        aligner=None,
        prototypes=None,
        *,
        modality=None,
        templates=("{}",),
        temperature="auto",
        seen_penalty=0.0,
    ):
        self.aligner = aligner
        self.prototypes = prototypes
        self.modality = modality
        self.templates = templates
        self.temperature = temperature
        self.seen_penalty = seen_penalty

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X=None, y=None):
        """Embed the descriptions; with samples, calibrate the temperature too.

        Parameters
        ----------
        X : {MultiModalFrame, dataframe, mapping, array-like} of shape (n_samples, n_features)
            Samples of classes that are seen; None where there are none. scikit-learn's searches and
            splits need ``MultiModalFrame(X)`` in place of a plain dict, whose rows they cannot
            count.
        y : array-like of shape (n_samples,), default=None
            Their classes.

        Returns
        -------
        ZeroShotClassifier
            Itself.

        Raises
        ------
        NotFittedError
            If the aligner is not fitted.
        ValueError
            If X, y or a parameter is not what it must be, or there is neither description nor
            sample of a class.
        """
        with restored_on_error(self):
            self._fit(X, y)
        return self

    def predict(self, X):
        """Return the class of each sample.

        Parameters
        ----------
        X : {MultiModalFrame, dataframe, mapping, array-like} of shape (n_samples, n_features)
            The samples, in any modalities of the aligner.

        Returns
        -------
        ndarray of shape (n_samples,)
        """
        scores = self._scores(X)
        return self.classes_[scores.argmax(axis=1)]

    def predict_proba(self, X):
        """Return the probability of each class.

        Parameters
        ----------
        X : {MultiModalFrame, dataframe, mapping, array-like} of shape (n_samples, n_features)
            The samples.

        Returns
        -------
        ndarray of shape (n_samples, n_classes)
        """
        return softmax(self._scores(X) / self.temperature_, axis=1)

    def _fit(self, X, y):
        if X is None and y is not None:
            raise ValueError(f"{type(self).__name__}: y is given without X.")
        if X is not None:  # of a wrong X, and of a missing y, first
            table = check_X(self, X, reset=True)
            y = check_labels(self, table, y)
        if self.aligner is None and X is None:
            raise ValueError(f"{type(self).__name__}: pass an aligner, or samples to fit one.")
        self.aligner_ = adopt_aligner(self, X)
        found = self._described()
        vectors = None if X is None else self.aligner_.transform(X)
        self._seen = [] if X is None else np.unique(y).tolist()
        if self.seen_penalty and not self._seen:
            raise ValueError(
                f"{type(self).__name__}: seen_penalty={self.seen_penalty} is for the classes of y: "
                "pass X and y, samples of what was seen."
            )
        for label in self._seen:
            if label not in found:
                found[label] = vectors[y == label].mean(axis=0)
        if not found:
            raise ValueError(
                f"{type(self).__name__}: there are no classes: pass prototypes, or X and y."
            )
        self._check_labels(found)
        self.classes_ = np.unique(np.array(list(found)))
        self.prototypes_ = normalize([found[label] for label in self.classes_.tolist()])
        self.temperature_ = self._calibrated(vectors, y)

    def _check_labels(self, labels):
        """Raise if classes are not all strings or all numbers, which alone have an order."""
        kinds = {isinstance(label, str) for label in labels}
        if len(kinds) > 1 or not all(isinstance(one, str | Number) for one in labels):
            raise ValueError(
                f"{type(self).__name__}: classes are all strings or all numbers, those of "
                f"prototypes and y together; got {list(labels)[:6]}."
            )

    def _described(self) -> dict:
        """Return the mean vector of the descriptions of each class."""
        if self.prototypes is None or not len(self.prototypes):
            return {}
        if isinstance(self.prototypes, Mapping):
            given = {_plain(label): _listed(some) for label, some in self.prototypes.items()}
        else:
            given = {label: [str(label)] for label in map(_plain, self.prototypes)}
        self._check_labels(given)
        given = {label: self._in_templates(label, some) for label, some in given.items()}
        every = [one for some in given.values() for one in some]
        vectors = self.aligner_._embed_values(self._modality(), every)
        ends = np.cumsum([len(some) for some in given.values()])[:-1]
        return {
            label: normalize(part).mean(axis=0)
            for label, part in zip(given, np.split(vectors, ends), strict=True)
        }

    def _in_templates(self, label, some: list) -> list:
        """Return the descriptions of a class, texts in all templates."""
        if not len(some) or any(one is None for one in some):
            raise ValueError(f"{type(self).__name__}: class {label!r} has no description.")
        if not self.templates or any("{}" not in template for template in self.templates):
            raise ValueError(
                f"{type(self).__name__}: templates={self.templates!r} must be texts with {{}}, "
                "where the description stands."
            )
        texts = [isinstance(one, str) for one in some]
        if all(texts):
            return [template.replace("{}", one) for template in self.templates for one in some]
        if tuple(self.templates) != ("{}",):
            raise ValueError(
                f"{type(self).__name__}: templates are for texts, and a description of class "
                f"{label!r} is none."
            )
        return some

    def _modality(self) -> str:
        kinds = {name: type(one).__name__ for name, one, _ in self.aligner_.modalities_}
        if self.modality is not None:
            return self.modality
        texts = [name for name, kind in kinds.items() if kind == "Text"]
        if len(texts) != 1:
            raise ModalityError(
                f"{type(self).__name__}: modality=None takes the only text of the aligner, which "
                f"has {kinds}: pass the name of the modality of the prototypes."
            )
        return texts[0]

    def _calibrated(self, vectors, y) -> float:
        """Return the temperature of the least log-loss, of one more sample spread evenly too."""
        if self.temperature != "auto":
            return float(self.temperature)
        if vectors is None or len(self.classes_) < 2:
            return _TEMPERATURE
        cosines = vectors @ self.prototypes_.T - self.seen_penalty * self._is_seen()
        truth = self.classes_ == np.asarray(y)[:, np.newaxis]
        truth = (len(y) * truth + 1 / len(self.classes_)) / (len(y) + 1)

        def loss(logarithm):
            return -(log_softmax(np.exp(logarithm) * cosines, axis=1) * truth).sum(axis=1).mean()

        found = minimize_scalar(loss, bounds=_SHARPNESS, method="bounded")
        return float(np.exp(-found.x))

    def _scores(self, X) -> np.ndarray:
        check_is_fitted(self, "prototypes_")
        cosines = self.aligner_.transform(X) @ self.prototypes_.T
        return cosines - self.seen_penalty * self._is_seen()

    def _is_seen(self) -> np.ndarray:
        return np.array([label in self._seen for label in self.classes_.tolist()], dtype=float)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags = aligner_input_tags(self)
        tags.classifier_tags.poor_score = True  # a mean is not all that a class is
        return tags


def _plain(label):
    """Return a label as Python has it, so that those of y are found among others."""
    return label.item() if isinstance(label, np.generic) else label


def _listed(some) -> list:
    return list(some) if isinstance(some, list | tuple) else [some]
