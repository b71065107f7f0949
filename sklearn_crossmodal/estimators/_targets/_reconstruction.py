"""Targets that are the modalities themselves."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from torch import nn

from sklearn_crossmodal.data import table_of
from sklearn_crossmodal.estimators._fitting._unpaired_data import pairs_within
from sklearn_crossmodal.estimators._fitting._validation_split import has_splitter
from sklearn_crossmodal.estimators._targets._auxiliary_labels import LatentLabels
from sklearn_crossmodal.estimators._targets._modality import decode_values
from sklearn_crossmodal.exceptions import ModalityError
from sklearn_crossmodal.nn import (
    MultiModalNetwork,
    PrivateNetwork,
    build_decoder,
    build_fusion,
    build_loss,
    resolve,
)
from sklearn_crossmodal.nn._protocols import flag
from sklearn_crossmodal.nn.losses import LOSSES
from sklearn_crossmodal.nn.variational import POSTERIORS, VariationalNetwork
from sklearn_crossmodal.training import BlockDataset, baselines, reads_any_length, torch_dtype
from sklearn_crossmodal.training._post_fit._gaussian_imputation import Relations
from sklearn_crossmodal.utils._validation import error_prefix

__all__ = ["OwnTarget"]

#: Kinds of blocks that are tables.
_TABLES = {"vector", "codes"}


class OwnTarget(LatentLabels):
    """Mixin: each modality is decoded from the shared latent, of `n_components` numbers."""

    _mapped_pairs = staticmethod(pairs_within)

    def _target_blocks(self, y, blocks):
        own = {}
        for name, modality, _ in self.modalities_:
            with error_prefix(f"{type(self).__name__}: target {name!r}"):
                # Else the same texts are cut for the encoder, which warns of it.
                block = blocks[name].cut(silent=not reads_any_length(modality.encoder))
            own[name] = _without_indicators(modality, block)
        return own | self._label_blocks(y)

    def _build_network(self, blocks):
        encoders = self._build_encoders(blocks)
        joined = self._build_joined([encoder.out_features for encoder in encoders.values()])
        decoders, losses = self._build_decoders()
        n_private = self.n_private_components
        if self.variational is not None:
            return VariationalNetwork(encoders, joined, decoders, n_private), losses
        bottleneck = nn.Linear(joined.out_features, self.n_components)
        if n_private:
            return PrivateNetwork(encoders, joined, bottleneck, decoders, n_private), losses
        return MultiModalNetwork(encoders, joined, bottleneck, decoders), losses

    def _build_joined(self, widths):
        """Return what joins latents of these widths: a fusion, or a posterior."""
        with error_prefix(type(self).__name__):
            if self.variational is None:
                return build_fusion(self.fusion, widths)
            return resolve(self.variational, POSTERIORS, "posterior").build(
                widths, self.n_components
            )

    def _build_decoders(self):
        decoders, losses = {}, {}
        width = self.n_components + self.n_private_components
        for name, modality, _ in self.modalities_:
            with error_prefix(f"{type(self).__name__}: modality {name!r}"):
                spec = modality.spec_
                losses[name] = loss = build_loss(modality.loss, spec)
                if self.variational is not None:
                    _check_likelihood(modality.loss, loss, spec.kind)
                decoders[name] = build_decoder(modality.decoder, width, spec, loss)
        of_labels, their_losses = self._label_decoder()
        return decoders | of_labels, losses | their_losses

    def _plan(self, data, max_epochs, resume=False, hold_out=True, splits=None):
        self._adds_rows = resume and not hold_out  # as `partial_fit` does
        return super()._plan(data, max_epochs, resume, hold_out, splits)

    def _plan_one(self, data, max_epochs, resume, seed, split, tasks):
        training = super()._plan_one(data, max_epochs, resume, seed, split, tasks)
        # Likelihoods are in one unit already.
        if not isinstance(self.network_, VariationalNetwork):
            self.net_.criterion_.baselines = baselines(self.net_, training.dataset)
        return training

    def _splits(self, data, seed, *, wanted=False):
        tables = all(block.kind in _TABLES for block in data.inputs.values())
        if self.early_stopping == "auto" and not (tables or wanted or has_splitter(self)):
            return [None]
        return super()._splits(data, seed, wanted=wanted)

    def _finish(self, trainings):
        super()._finish(trainings)
        training = trainings[0]
        if self._adds_rows and getattr(self, "_relations", None) is not None:
            self._relations = self._relations.with_rows(self.net_, training.dataset)
            return
        held_out = None if training.split is None else training.split[1]
        self._relations = None
        if len(self.modalities_) > 1:
            self._relations = Relations(self.net_, training.dataset, held_out)

    def _carried(self, blocks, targets=None):
        """Return blocks as the data set that the network reads."""
        return BlockDataset.from_blocks(blocks, torch_dtype(self.net_.precision), targets)

    def _told(self, blocks):
        """Yield batches of scores in which absent numbers are what all that is there tells."""
        scores = self.net_.outputs(blocks)
        if self._relations is None:
            return scores
        return self._relations.corrected(self.net_, self._carried(blocks), scores)

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


def _check_likelihood(part, loss, kind):
    """Raise if a loss is that of no distribution, and so has no part in an evidence bound."""
    if flag(loss, "nll") is None:
        fitting = [name for name, made in LOSSES.items() if kind in made.kinds]
        fitting = sorted(name for name in fitting if LOSSES[name]().build().nll is not None)
        raise ModalityError(
            f"loss {part!r} is that of no distribution, which variational=... needs: take one of "
            f"{fitting}."
        )


def _without_indicators(modality, block):
    """Return a block whose columns of 0 and 1, which say what is missing, are no target.

    That is, under a loss of amounts above zero, which they are not.
    """
    n_columns = len(modality.indicators_)
    if not n_columns or not flag(build_loss(modality.loss, block.spec), "above"):
        return block
    mask = (
        np.ones((len(block), block.spec.size), dtype=bool)
        if block.mask is None
        else block.mask.copy()
    )
    mask[:, -n_columns:] = False
    return replace(block, mask=mask)
