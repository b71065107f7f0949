"""Targets that are the modalities themselves."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from torch import nn

from sklearn_crossmodal.data import table_of
from sklearn_crossmodal.estimators._target import decode_values
from sklearn_crossmodal.nn import build_decoder, build_loss
from sklearn_crossmodal.utils._validation import said_by

__all__ = ["OwnTarget"]


class OwnTarget:
    """Mixin: each modality is decoded from the shared latent, of `n_components` numbers."""

    def _fit_target(self, y, sample_weight):
        """Nothing to learn: the targets are the modalities, which are fitted already."""

    def _target_blocks(self, y, blocks):
        return {
            name: _without_indicators(modality, blocks[name])
            for name, modality, _ in self.modalities_
        }

    def _build_decoders(self, width):
        decoders, losses = {}, {}
        for name, modality, _ in self.modalities_:
            with said_by(f"{type(self).__name__}: modality {name!r}"):
                spec = modality.spec_
                losses[name] = loss = build_loss(modality.loss, spec)
                decoders[name] = build_decoder(modality.decoder, self.n_components, spec, loss)
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


def _without_indicators(modality, block):
    """Return a block whose columns of 0 and 1, which say what is missing, are no target.

    That is, under a loss of amounts above zero, which they are not.
    """
    n_columns = len(getattr(modality, "indicators_", ()))
    if not n_columns or not getattr(build_loss(modality.loss, block.spec), "above", False):
        return block
    mask = (
        np.ones((len(block), block.spec.size), dtype=bool)
        if block.mask is None
        else block.mask.copy()
    )
    mask[:, -n_columns:] = False
    return replace(block, mask=mask)
