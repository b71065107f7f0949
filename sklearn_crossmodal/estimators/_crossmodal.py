"""CrossModalRegressor: one modality from others."""

from __future__ import annotations

import numpy as np
from sklearn.base import (
    ClassNamePrefixFeaturesOutMixin,
    MultiOutputMixin,
    RegressorMixin,
    TransformerMixin,
)
from sklearn.metrics import r2_score
from torch import nn

from sklearn_crossmodal.estimators._base import BaseCrossmodal
from sklearn_crossmodal.estimators._input import check_weight
from sklearn_crossmodal.estimators._target import ModalityTarget
from sklearn_crossmodal.modalities import MODALITIES, Modality, modality_for
from sklearn_crossmodal.nn import build_decoder, build_loss
from sklearn_crossmodal.training import NetRegressor
from sklearn_crossmodal.utils._sklearn import StrOptions

__all__ = ["CrossModalRegressor"]


class CrossModalRegressor(
    MultiOutputMixin,
    RegressorMixin,
    ClassNamePrefixFeaturesOutMixin,
    TransformerMixin,
    ModalityTarget,
    BaseCrossmodal,
):
    """Predict one modality from others."""

    _parameter_constraints = {
        **BaseCrossmodal._parameter_constraints,
        "target": [StrOptions(set(MODALITIES)), Modality, None],
    }
    _net_class = NetRegressor

    def __init__(
        self,
        modalities=None,
        *,
        target=None,
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
        self.target = target
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
            The samples in the source modalities.
        y : array-like with n_samples rows
            The target modality: numbers (n,) or (n, d), images (n, h, w) or (n, h, w, c), or
            strings (n,).
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the samples; one of weight zero is not there.

        Returns
        -------
        CrossModalRegressor
            Itself.

        Raises
        ------
        ValueError
            If X, y or the weights are not what they must be; the message names the modality and
            the column.
        """
        return self._fit(X, y, sample_weight, max_epochs=self.max_epochs, resume=self.warm_start)

    def partial_fit(self, X, y, sample_weight=None):
        """Train for one epoch on these samples; modalities and target are those of the first call.

        Parameters
        ----------
        X : {MultiModalFrame, dataframe, mapping, array-like} of shape (n_samples, n_features)
            The samples.
        y : array-like with n_samples rows
            The target modality.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the samples.

        Returns
        -------
        CrossModalRegressor
            Itself.
        """
        return self._fit(X, y, sample_weight, max_epochs=1, resume=True, hold_out=False)

    def predict(self, X):
        """Return the predicted modality, in the form of y.

        Parameters
        ----------
        X : {MultiModalFrame, dataframe, mapping, array-like} of shape (n_samples, n_features)
            The samples; a modality may be absent.

        Returns
        -------
        ndarray with n_samples rows
            Numbers in the units of y, images of the dtype of y, or strings.
        """
        return self._predict(X)

    def transform(self, X):
        """Return the fused latent of each sample, which the target is decoded from.

        Parameters
        ----------
        X : {MultiModalFrame, dataframe, mapping, array-like} of shape (n_samples, n_features)
            The samples; a modality may be absent.

        Returns
        -------
        ndarray of shape (n_samples, n_latents), float64
        """
        return self._encode(X)

    def score(self, X, y, sample_weight=None):
        """Return how well the target is predicted; higher is better.

        Parameters
        ----------
        X : {MultiModalFrame, dataframe, mapping, array-like} of shape (n_samples, n_features)
            The samples.
        y : array-like with n_samples rows
            The target modality.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the samples.

        Returns
        -------
        float
            R², uniform average over all numbers or pixels of a sample; the mean log-likelihood
            per token, in nats, for a text.
        """
        blocks = self._blocks(X)
        y = self._check_y(next(iter(blocks.values())), y, reset=False)
        if self.target_.kind == "tokens":
            return self._log_likelihood(blocks, y, sample_weight)
        predicted = self._predict(X)
        flat = [np.asarray(part, dtype=float).reshape(len(y), -1) for part in (y, predicted)]
        return r2_score(*flat, sample_weight=sample_weight)

    def _log_likelihood(self, blocks, y, sample_weight):
        target = self._target_blocks(y, blocks)
        losses = self.net_.sample_losses(blocks, target)[:, 0]
        n_tokens = target["y"].mask.sum(axis=1)
        weight = check_weight(self, sample_weight, y)
        weight = n_tokens if weight is None else n_tokens * weight
        return -float(np.average(losses, weights=weight))

    def _target_modality(self, y):
        if isinstance(self.target, Modality):
            return self.target
        if self.target is not None:
            return MODALITIES[self.target]()
        modality = modality_for(y, "y")
        # Numbers are predicted in the whole of their range: nothing may be clipped.
        return modality(scaling="standard") if modality is MODALITIES["numeric"] else modality()

    def _build_decoders(self, width):
        spec = self.target_.spec_
        decoders = {"y": build_decoder(self.target_.decoder, width, spec)}
        return nn.Identity(), decoders, {"y": build_loss(self.target_.loss, spec)}

    @property
    def _n_features_out(self):
        return self.network_.fusion.out_features
