"""FusionRegressor: numbers from several modalities."""

from __future__ import annotations

from sklearn.base import MultiOutputMixin, RegressorMixin

from sklearn_crossmodal.estimators._base import BaseCrossmodal
from sklearn_crossmodal.estimators._fusion import BaseFusion
from sklearn_crossmodal.estimators._target import ModalityTarget
from sklearn_crossmodal.modalities import MODALITIES
from sklearn_crossmodal.training import NetRegressor
from sklearn_crossmodal.utils._sklearn import HasMethods, StrOptions

__all__ = ["FusionRegressor"]


class FusionRegressor(MultiOutputMixin, RegressorMixin, ModalityTarget, BaseFusion):
    """Predict numbers for samples that are seen in several modalities."""

    _parameter_constraints = {
        **BaseCrossmodal._parameter_constraints,
        "loss": [StrOptions({"squared_error", "absolute_error", "huber"}), HasMethods("build")],
    }
    _net_class = NetRegressor

    def __init__(
        self,
        modalities=None,
        *,
        loss="squared_error",
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
        self.loss = loss
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
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Finite numbers, in any units: they are standardised inside.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the samples; one of weight zero is not there.

        Returns
        -------
        FusionRegressor
            Itself.

        Raises
        ------
        ValueError
            If X, y or the weights are not what they must be; the message names the modality and
            the column.
        """
        return self._fit(X, y, sample_weight, max_epochs=self.max_epochs, resume=self.warm_start)

    def partial_fit(self, X, y, sample_weight=None):
        """Train for one epoch on these samples; modalities and scales are those of the first call.

        Parameters
        ----------
        X : {MultiModalFrame, dataframe, mapping, array-like} of shape (n_samples, n_features)
            The samples.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Finite numbers.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the samples.

        Returns
        -------
        FusionRegressor
            Itself.
        """
        return self._fit(X, y, sample_weight, max_epochs=1, resume=True, hold_out=False)

    def predict(self, X):
        """Return the predicted numbers, in the units of y.

        Parameters
        ----------
        X : {MultiModalFrame, dataframe, mapping, array-like} of shape (n_samples, n_features)
            The samples; a modality may be absent.

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_outputs), float64
        """
        return self._predict(X)

    def _target_modality(self, y):
        return MODALITIES["numeric"](scaling="standard")

    def _target_spec(self):
        return self.target_.spec_

    def _target_loss(self):
        return self.loss
