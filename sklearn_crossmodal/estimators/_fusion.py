"""What the two fusion estimators share: a fused latent, and one target under a linear head."""

from __future__ import annotations

from sklearn.base import ClassNamePrefixFeaturesOutMixin, TransformerMixin
from torch import nn

from sklearn_crossmodal.estimators._base import BaseCrossmodal
from sklearn_crossmodal.nn import build_decoder, build_loss
from sklearn_crossmodal.nn.decoders import CodesDecoder, MLPDecoder

__all__ = ["BaseFusion"]


class BaseFusion(ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseCrossmodal):
    """An encoder per modality, a fusion, a linear head."""

    def _build_decoders(self, width):
        spec = self._target_spec()
        loss = build_loss(self._target_loss(), spec)
        several = spec.kind == "codes" and spec.size > 1
        head = (CodesDecoder if several else MLPDecoder)(hidden_widths=())
        return nn.Identity(), {"y": build_decoder(head, width, spec, loss)}, {"y": loss}

    def transform(self, X):
        """Return the fused latent of each sample, the input of the linear head.

        Parameters
        ----------
        X : {MultiModalFrame, dataframe, mapping, array-like} of shape (n_samples, n_features)
            The samples, as in `fit`; a modality may be absent.

        Returns
        -------
        ndarray of shape (n_samples, n_latents), float64
            Named by `get_feature_names_out`; a data frame after `set_output`.
        """
        return self._encode(X)

    @property
    def _n_features_out(self):
        return self.network_.fusion.out_features
