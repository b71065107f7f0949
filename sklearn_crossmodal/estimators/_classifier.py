"""FusionClassifier: a class from several modalities."""

from __future__ import annotations

import numpy as np
from sklearn.base import ClassifierMixin
from sklearn.utils import assert_all_finite
from sklearn.utils.class_weight import compute_class_weight
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import column_or_1d

from sklearn_crossmodal.data import Block, BlockSpec
from sklearn_crossmodal.estimators._base import BaseCrossmodal
from sklearn_crossmodal.estimators._fusion import BaseFusion
from sklearn_crossmodal.estimators._input import check_same_length
from sklearn_crossmodal.training import NetClassifier
from sklearn_crossmodal.utils._sklearn import StrOptions

__all__ = ["FusionClassifier"]


class FusionClassifier(ClassifierMixin, BaseFusion):
    """Classify samples that are seen in several modalities."""

    _parameter_constraints = {
        **BaseCrossmodal._parameter_constraints,
        "class_weight": [dict, StrOptions({"balanced"}), None],
    }
    _net_class = NetClassifier

    def __init__(
        self,
        modalities=None,
        *,
        fusion="concat",
        max_epochs=100,
        batch_size="auto",
        learning_rate=2e-3,
        weight_decay=3e-4,
        optimizer="adamw",
        early_stopping="auto",
        validation_fraction=0.1,
        n_iter_no_change=16,
        tol=1e-4,
        modality_dropout=0.0,
        class_weight=None,
        warm_start=False,
        device="auto",
        dtype="auto",
        memory=None,
        random_state=None,
        verbose=0,
        callbacks=None,
        net_params=None,
    ):
        self.modalities = modalities
        self.fusion = fusion
        self.max_epochs = max_epochs
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.weight_decay = weight_decay
        self.optimizer = optimizer
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.tol = tol
        self.modality_dropout = modality_dropout
        self.class_weight = class_weight
        self.warm_start = warm_start
        self.device = device
        self.dtype = dtype
        self.memory = memory
        self.random_state = random_state
        self.verbose = verbose
        self.callbacks = callbacks
        self.net_params = net_params

    def fit(self, X, y, sample_weight=None):
        """Train the network.

        Parameters
        ----------
        X : {MultiModalFrame, dataframe, mapping, array-like} of shape (n_samples, n_features)
            The samples.
        y : array-like of shape (n_samples,)
            Class labels: numbers or strings.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the samples; one of weight zero is not there.

        Returns
        -------
        FusionClassifier
            Itself.

        Raises
        ------
        ValueError
            If X, y or the weights are not what they must be; the message names the modality and
            the column.
        """
        return self._fit(X, y, sample_weight, max_epochs=self.max_epochs, resume=self.warm_start)

    def partial_fit(self, X, y, classes=None, sample_weight=None):
        """Train for one epoch on these samples; modalities and classes are those of the first call.

        Parameters
        ----------
        X : {MultiModalFrame, dataframe, mapping, array-like} of shape (n_samples, n_features)
            The samples.
        y : array-like of shape (n_samples,)
            Class labels.
        classes : array-like of shape (n_classes,), default=None
            All classes, needed in the first call if `y` lacks some.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the samples.

        Returns
        -------
        FusionClassifier
            Itself.
        """
        self._first_classes = classes
        try:
            return self._fit(X, y, sample_weight, max_epochs=1, resume=True, hold_out=False)
        finally:
            del self._first_classes

    def predict(self, X):
        """Return the most probable class of each sample.

        Parameters
        ----------
        X : {MultiModalFrame, dataframe, mapping, array-like} of shape (n_samples, n_features)
            The samples; a modality may be absent.

        Returns
        -------
        ndarray of shape (n_samples,)
            Class labels.
        """
        probabilities = self.predict_proba(X)  # raises if not fitted, before `classes_` is read
        return self.classes_[probabilities.argmax(axis=1)]

    def predict_proba(self, X):
        """Return the probability of each class.

        Parameters
        ----------
        X : {MultiModalFrame, dataframe, mapping, array-like} of shape (n_samples, n_features)
            The samples; a modality may be absent.

        Returns
        -------
        ndarray of shape (n_samples, n_classes), float64
            In the order of `classes_`.
        """
        return np.concatenate([_probabilities(scores) for scores in self._scores(X)])

    def predict_log_proba(self, X):
        """Return the logarithm of the probability of each class.

        Parameters
        ----------
        X : {MultiModalFrame, dataframe, mapping, array-like} of shape (n_samples, n_features)
            The samples; a modality may be absent.

        Returns
        -------
        ndarray of shape (n_samples, n_classes), float64
            In the order of `classes_`.
        """
        return np.concatenate(
            [scores.double().log_softmax(dim=-1).cpu().numpy() for scores in self._scores(X)]
        )

    def decision_function(self, X):
        """Return the scores of the classes before the softmax.

        Parameters
        ----------
        X : {MultiModalFrame, dataframe, mapping, array-like} of shape (n_samples, n_features)
            The samples; a modality may be absent.

        Returns
        -------
        ndarray of shape (n_samples, n_classes), or (n_samples,) for two classes, float64
            For two classes the score of the second minus that of the first.
        """
        scores = np.concatenate([part.double().cpu().numpy() for part in self._scores(X)])
        return scores[:, 1] - scores[:, 0] if len(self.classes_) == 2 else scores

    # The target -----------------------------------------------------------------------------

    def _check_y(self, X, y, *, reset):
        if y is None:
            raise ValueError(
                f"This {type(self).__name__} estimator requires y to be passed, but the target y "
                "is None."
            )
        y = column_or_1d(y, warn=True)
        assert_all_finite(y, input_name="y", estimator_name=type(self).__name__)
        check_same_length(self, X, y)
        check_classification_targets(y)
        if reset:
            first = getattr(self, "_first_classes", None)
            self.classes_ = np.unique(y if first is None else first)
        unseen = set(np.unique(y)) - set(self.classes_)
        if unseen:
            raise ValueError(
                f"{type(self).__name__}: y has classes {sorted(unseen)}, which are not among those "
                f"of the first call, {self.classes_.tolist()}: name all in `classes`."
            )
        return y

    def _class_weights(self, y, sample_weight):
        if self.class_weight is None:
            return sample_weight
        present = np.unique(y)
        factors = compute_class_weight(
            self.class_weight, classes=present, y=y, sample_weight=sample_weight
        )
        factors = factors[np.searchsorted(present, y)]
        return factors if sample_weight is None else factors * sample_weight

    def _fit_target(self, y, sample_weight):
        """Nothing to learn beyond the classes, which `_check_y` found."""

    def _target_blocks(self, y, blocks):
        codes = np.searchsorted(self.classes_, y)[:, np.newaxis]
        return {"y": Block(codes, np.ones(len(y), dtype=bool), self._target_spec())}

    def _target_spec(self):
        return BlockSpec("codes", (1,), n_categories=(len(self.classes_),))

    def _target_loss(self):
        return "cross_entropy"

    def _strata(self, y):
        return np.searchsorted(self.classes_, y)

    def _answers(self, losses):
        return {"answer": _probabilities, "classes": self.classes_}


def _probabilities(scores):
    return scores.double().softmax(dim=-1).cpu().numpy()
