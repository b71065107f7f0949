"""MultiModalAutoencoder: a shared representation of several modalities."""

from __future__ import annotations

from numbers import Integral

import numpy as np
from sklearn.base import ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.utils.validation import check_array, check_is_fitted
from torch import nn

from sklearn_crossmodal.data import fill_missing, table_of
from sklearn_crossmodal.estimators._base import BaseCrossmodal
from sklearn_crossmodal.estimators._input import check_weight
from sklearn_crossmodal.estimators._target import decode_values
from sklearn_crossmodal.exceptions import ModalityError
from sklearn_crossmodal.nn import build_decoder, build_loss
from sklearn_crossmodal.utils._sklearn import Interval
from sklearn_crossmodal.utils._validation import said_by

__all__ = ["MultiModalAutoencoder"]


class MultiModalAutoencoder(ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseCrossmodal):
    """Find a shared representation of several modalities, and give them back from it."""

    _parameter_constraints = {
        **BaseCrossmodal._parameter_constraints,
        "n_components": [Interval(Integral, 1, None, closed="left")],
    }

    def __init__(
        self,
        modalities=None,
        *,
        n_components=16,
        fusion="mean",
        max_epochs=100,
        batch_size="auto",
        learning_rate=2e-3,
        weight_decay=3e-4,
        optimizer="adamw",
        early_stopping="auto",
        validation_fraction=0.1,
        n_iter_no_change=16,
        tol=1e-4,
        modality_dropout=0.3,
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
        self.n_components = n_components
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

    def fit(self, X, y=None, sample_weight=None):
        """Train the network.

        Parameters
        ----------
        X : {MultiModalFrame, dataframe, mapping, array-like} of shape (n_samples, n_features)
            The samples. Where a modality is absent it is neither read nor asked for.
        y : None
            Ignored; pipelines pass it.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the samples; one of weight zero is not there.

        Returns
        -------
        MultiModalAutoencoder
            Itself.

        Raises
        ------
        ValueError
            If X or the weights are not what they must be; the message names the modality and the
            column.
        """
        return self._fit(X, None, sample_weight, max_epochs=self.max_epochs, resume=self.warm_start)

    def partial_fit(self, X, y=None, sample_weight=None):
        """Train for one epoch on these samples; the modalities are those of the first call.

        Parameters
        ----------
        X : {MultiModalFrame, dataframe, mapping, array-like} of shape (n_samples, n_features)
            The samples.
        y : None
            Ignored; pipelines pass it.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the samples.

        Returns
        -------
        MultiModalAutoencoder
            Itself.
        """
        return self._fit(X, None, sample_weight, max_epochs=1, resume=True, hold_out=False)

    def transform(self, X):
        """Return the shared representation of what is present of each sample.

        Parameters
        ----------
        X : {MultiModalFrame, dataframe, mapping, array-like} of shape (n_samples, n_features)
            The samples; a modality may be absent.

        Returns
        -------
        ndarray of shape (n_samples, n_components), float64
        """
        return self._encode(X)

    def inverse_transform(self, X):
        """Return the modalities that a shared representation stands for.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_components)
            As `transform` returns it.

        Returns
        -------
        MultiModalFrame, or ndarray of shape (n_samples, n_features)
            An array if the estimator was fitted on one. Columns of no modality are NaN there.
        """
        check_is_fitted(self)
        latent = check_array(X, estimator=self)
        if latent.shape[1] != self._n_features_out:
            raise ValueError(
                f"{type(self).__name__}: X has {latent.shape[1]} components, expected "
                f"{self._n_features_out}."
            )
        return self._assemble(self._decode(self.net_.decoded(latent)), len(latent))

    def reconstruct(self, X):
        """Return all modalities as they are decoded from what is present.

        Parameters
        ----------
        X : {MultiModalFrame, dataframe, mapping, array-like} of shape (n_samples, n_features)
            The samples; a modality may be absent.

        Returns
        -------
        MultiModalFrame, or ndarray of shape (n_samples, n_features)
            As `inverse_transform` of `transform`.
        """
        blocks = self._blocks(X)
        return self._assemble(self._decode(self.net_.outputs(blocks)), _n_rows(blocks))

    def impute(self, X):
        """Return X with what is absent filled in; what is there stays as it is.

        Parameters
        ----------
        X : {MultiModalFrame, dataframe, array-like} of shape (n_samples, n_features)
            The samples.

        Returns
        -------
        object of the type of X
            Absent modalities of a sample are decoded from those that are present, and so are
            missing numbers of a present one.
        """
        blocks = self._blocks(X)
        raw = self._decode(self.net_.outputs(blocks))
        return fill_missing(X, self._bank.columns_of(raw))

    def translate(self, X, *, source, target):
        """Return one modality decoded from others alone.

        Parameters
        ----------
        X : {MultiModalFrame, dataframe, mapping, array-like} of shape (n_samples, n_features)
            The samples. Only the source modalities are looked at; others need not be there.
        source : str or list of str
            Names of the modalities to encode.
        target : str
            Name of the modality to decode.

        Returns
        -------
        ndarray with n_samples rows
            The target modality in the form it had in `fit`.

        Raises
        ------
        ModalityError
            If a name is unknown, or a sample lacks all sources.
        """
        sources = [source] if isinstance(source, str) else list(source)
        check_is_fitted(self)
        names = [name for name, _, _ in self.modalities_]
        unknown = sorted({*sources, target} - set(names))
        if unknown or not sources:
            raise ModalityError(
                f"{type(self).__name__}: {unknown or sources} are not among the modalities {names}."
            )
        blocks = self._blocks(X, only=sources)
        return self._decode(self.net_.outputs(blocks), [target])[target]

    def score_samples(self, X):
        """Return the negative reconstruction loss of each sample; an outlier has a low one.

        Parameters
        ----------
        X : {MultiModalFrame, dataframe, mapping, array-like} of shape (n_samples, n_features)
            The samples; a modality may be absent.

        Returns
        -------
        ndarray of shape (n_samples,), float64
            Minus the mean, over the modalities that are present, of the loss per entry.
        """
        blocks = self._blocks(X)
        losses = self.net_.sample_losses(blocks, blocks)
        present = np.column_stack([block.present for block in blocks.values()])
        return -(losses * present).sum(axis=1) / present.sum(axis=1)

    def score(self, X, y=None, sample_weight=None):
        """Return the negative reconstruction loss, averaged over the samples; higher is better.

        Parameters
        ----------
        X : {MultiModalFrame, dataframe, mapping, array-like} of shape (n_samples, n_features)
            The samples.
        y : None
            Ignored; scikit-learn's tools pass it.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the samples.

        Returns
        -------
        float
        """
        losses = self.score_samples(X)
        return float(np.average(losses, weights=check_weight(self, sample_weight, losses)))

    # The targets ------------------------------------------------------------------------------

    def _fit_target(self, y, sample_weight):
        """Nothing to learn: the targets are the modalities, which are fitted already."""

    def _target_blocks(self, y, blocks):
        return blocks

    def _build_decoders(self, width):
        decoders, losses = {}, {}
        for name, modality, _ in self.modalities_:
            with said_by(f"{type(self).__name__}: modality {name!r}"):
                spec = modality.spec_
                decoders[name] = build_decoder(modality.decoder, self.n_components, spec)
                losses[name] = build_loss(modality.loss, spec)
        return nn.Linear(width, self.n_components), decoders, losses

    def _decode(self, batches, names=None):
        """Return the raw data of the modalities, {name: array}, from batches of scores."""
        losses = self.net_.criterion_.losses
        fitted = {
            name: modality
            for name, modality, _ in self.modalities_
            if names is None or name in names
        }
        parts = [
            {name: decode_values(fitted[name], losses[name], scores[name]) for name in fitted}
            for scores in batches
        ]
        return {name: np.concatenate([part[name] for part in parts]) for name in fitted}

    def _assemble(self, raw, n_rows):
        return table_of(self._bank.columns_of(raw), n_rows, self.n_features_in_)

    @property
    def _n_features_out(self):
        return self.network_.bottleneck.out_features


def _n_rows(blocks):
    return len(next(iter(blocks.values())))
