"""Targets that are the modalities themselves."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations

import numpy as np

from sklearn_crossmodal.data import table_of
from sklearn_crossmodal.estimators._targets._auxiliary_labels import AuxiliaryLabels
from sklearn_crossmodal.estimators._targets._modality import decode_values
from sklearn_crossmodal.exceptions import ModalityError
from sklearn_crossmodal.nn import build_decoder, build_loss
from sklearn_crossmodal.nn._protocols import flag
from sklearn_crossmodal.nn.decoders._target_encoding import TargetEncoding, target_encoding
from sklearn_crossmodal.nn.losses import LOSSES
from sklearn_crossmodal.training import BlockDataset, reads_any_length, torch_dtype
from sklearn_crossmodal.utils._row_numbers import row_number
from sklearn_crossmodal.utils._validation import error_prefix

__all__ = [
    "Reconstruction",
    "as_dataset",
    "assemble",
    "check_restorable",
    "check_translation",
    "decode",
    "impute_scores",
]


class Reconstruction(AuxiliaryLabels):
    """Each modality is decoded from the shared latent; so are labels, with a `target_weight`.

    Parameters
    ----------
    owner : str
        Name of the estimator, for messages.
    target_weight : float
        Of the loss of y.
    is_variational : bool
        Whether each loss has to be that of a distribution.
    """

    def __init__(self, owner, *, target_weight, is_variational) -> None:
        super().__init__(owner, target_weight=target_weight)
        self.is_variational = is_variational
        self._encodings: dict[str, TargetEncoding] = {}

    def blocks(self, y, inputs):
        """Return the blocks of the modalities, and that of the labels."""
        found = {}
        for name, modality, _ in self.sources:
            with error_prefix(f"{self.owner}: target {name!r}"):
                # Else the same texts are cut for the encoder, which warns of it.
                block = inputs[name].cut(silent=not reads_any_length(modality.encoder))
            block = self.encoding(name, modality).encode(block)
            found[name] = _without_indicators(modality, block)
        return found | super().blocks(y, inputs)

    def encoding(self, name: str, modality) -> TargetEncoding:
        """Return how a modality is encoded as a target."""
        known = self._encodings.get(name)
        if known is None or known.modality is not modality:
            known = self._encodings[name] = target_encoding(modality)
        return known

    def pairs(self, inputs, targets):
        """Return the pairs of modalities, each of which is decoded from the other."""
        return list(combinations(inputs.items(), 2))

    def decoders(self, n_shared: int, n_private: int) -> tuple[dict, dict]:
        """Return the decoders and losses of all targets.

        Parameters
        ----------
        n_shared, n_private : int
            Width of the shared latent, and of what each modality has beside it.

        Returns
        -------
        decoders, losses : dict of str to nn.Module
        """
        decoders, losses = {}, {}
        for name, modality, _ in self.sources:
            with error_prefix(f"{self.owner}: modality {name!r}"):
                spec = self.encoding(name, modality).spec_
                losses[name] = loss = build_loss(modality.loss, spec)
                if self.is_variational:
                    _check_likelihood(modality.loss, loss, spec.kind)
                decoders[name] = build_decoder(modality.decoder, n_shared + n_private, spec, loss)
        of_labels, their_losses = self.decoder(n_shared)
        return decoders | of_labels, losses | their_losses

    def decode(self, batches, losses, names=None) -> dict[str, np.ndarray]:
        """Return the raw data of the modalities from batches of scores.

        Parameters
        ----------
        batches : iterable of dict of str to Tensor
            Scores of the decoders.
        losses : mapping of str to nn.Module
            Of the modalities.
        names : list of str, default=None
            Which modalities; None means all.

        Returns
        -------
        dict of str to ndarray
        """
        fitted = {
            name: self.encoding(name, modality)
            for name, modality, _ in self.sources
            if names is None or name in names
        }
        parts = [
            {name: decode_values(fitted[name], losses[name], scores[name]) for name in fitted}
            for scores in batches
        ]
        return {name: np.concatenate([part[name] for part in parts]) for name in fitted}


def as_dataset(estimator, blocks) -> BlockDataset:
    """Return blocks as the data set that the network of an autoencoder reads."""
    return BlockDataset.from_blocks(blocks, torch_dtype(estimator.net_.precision))


def impute_scores(estimator, blocks):
    """Yield decoder outputs, with missing numbers replaced by their conditional mean."""
    scores = estimator.net_.outputs(blocks)
    if estimator._relations is None:
        return scores
    dataset = as_dataset(estimator, blocks)
    return estimator._relations.corrected(estimator.net_, dataset, scores)


def decode(estimator, batches, names=None) -> dict[str, np.ndarray]:
    """Return the raw data of the modalities, {name: array}, from batches of scores."""
    return estimator._target.decode(batches, estimator.net_.criterion_.losses, names)


def assemble(estimator, batches, n_rows: int):
    """Return the raw data of the modalities in the form that `fit` saw."""
    columns = estimator._bank.columns_of(decode(estimator, batches))
    return table_of(columns, n_rows, estimator.n_features_in_)


def check_restorable(estimator, blocks) -> None:
    """Raise if a modality is absent that cannot be decoded into the form it had in `fit`."""
    for name, modality, _ in estimator.modalities_:
        if not (modality.restores or blocks[name].present.all()):
            rows = row_number(np.flatnonzero(~blocks[name].present)[:5])
            raise ModalityError(
                f"{type(estimator).__name__}: modality {name!r} is absent in some samples, and "
                f"{type(modality).__name__} cannot be decoded into the form it had in `fit` "
                f"(first rows {rows}): take what `reconstruct` gives, or drop the modality."
            )


def check_translation(estimator, source, target) -> list[str]:
    """Return the names of the sources; raise if one, or the target, is not a fitted modality."""
    owner = type(estimator).__name__
    if not isinstance(target, str) or not isinstance(source, str | list | tuple):
        raise TypeError(
            f"{owner}: translate takes source, a name or a list of names, and target, a name; got "
            f"{source!r} and {target!r}."
        )
    sources = [source] if isinstance(source, str) else list(source)
    names = [name for name, _, _ in estimator.modalities_]
    unknown = sorted({*sources, target} - set(names))
    if unknown or not sources:
        gone = [name for name in unknown if name in estimator._bank.left_out]
        why = f": {gone} are absent in all samples of `fit`" if gone else ""
        raise ModalityError(
            f"{owner}: {unknown or sources} are not among the modalities {names}{why}."
        )
    return sources


def _check_likelihood(part, loss, kind) -> None:
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
