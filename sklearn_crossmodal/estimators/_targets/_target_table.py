"""What `CrossModalRegressor` predicts: one modality, or several by name."""

from __future__ import annotations

import warnings
from abc import abstractmethod
from collections.abc import Mapping
from itertools import product

import numpy as np
from sklearn.exceptions import UndefinedMetricWarning
from torch import nn

from sklearn_crossmodal.data import MultiModalFrame, as_table, is_named
from sklearn_crossmodal.estimators._fitting._incremental import GROWING_TARGETS
from sklearn_crossmodal.estimators._fitting._input_validation import check_same_length
from sklearn_crossmodal.estimators._fitting._warm_start import check_same_loss, describe_loss
from sklearn_crossmodal.estimators._targets._base import Target
from sklearn_crossmodal.estimators._targets._date_targets import (
    keep_dates,
    refuse_date_texts,
    refuse_dates,
    restore_dates,
)
from sklearn_crossmodal.estimators._targets._modality import ModalityTarget, decode_values
from sklearn_crossmodal.estimators._targets._target_entries import (
    entries_of,
    is_several,
    modality_of,
    widen,
)
from sklearn_crossmodal.exceptions import ModalityError
from sklearn_crossmodal.modalities import ModalityBank, Numeric
from sklearn_crossmodal.nn import build_decoder, build_loss, check_range, check_target
from sklearn_crossmodal.utils._cache import open_memory
from sklearn_crossmodal.utils._validation import error_prefix

__all__ = ["CrossTarget", "SingleTarget", "TargetTable", "find_cross_target"]

#: Kinds whose score is a mean over cells; R² of one sample is not defined.
_COUNTED = ("codes", "tokens")


def find_cross_target(owner: str, y, *, target, loss, memory, before=None) -> CrossTarget:
    """Return what y is: one modality, or a table of several.

    Parameters
    ----------
    owner : str
        Name of the estimator, for messages.
    y : object
        In the form the user gave it.
    target, loss, memory : object
        Parameters of `CrossModalRegressor`.
    before : CrossTarget, default=None
        Of an earlier call, whose kind it has.

    Returns
    -------
    SingleTarget or TargetTable
    """
    if before is not None:
        return type(before)(owner, target=target, loss=loss, memory=memory)
    several = isinstance(target, list | dict) or isinstance(y, Mapping)
    with error_prefix(f"{owner}: target"):
        several = several or (target is None and is_several(y))
    kind = TargetTable if y is not None and several else SingleTarget
    return kind(owner, target=target, loss=loss, memory=memory)


class CrossTarget(Target):
    """What a single target and a table of targets have in common.

    Parameters
    ----------
    owner : str
        Name of the estimator, for messages.
    target, loss, memory : object
        Parameters of `CrossModalRegressor`.
    """

    def __init__(self, owner, *, target, loss, memory=None) -> None:
        super().__init__(owner)
        self.target = target
        self.loss = loss
        self.memory = memory
        self.first_loss = describe_loss(owner, loss)

    def resume(self, before):
        """Go on from the modalities of another target, with the same loss."""
        super().resume(before)
        check_same_loss(self.owner, self.first_loss, self.loss)

    @property
    @abstractmethod
    def modalities(self) -> dict:
        """The fitted modalities of y: {name: Modality}; a single one is called ``"y"``."""

    @abstractmethod
    def prefix(self, name: str):
        """Name a target in errors."""

    @abstractmethod
    def raw(self, y) -> dict:
        """Return the values of each target as they came; None where y lacks one."""

    @abstractmethod
    def assemble(self, predicted: dict):
        """Return predictions {name: array} in the form of y."""

    def known(self, targets, raw, weight) -> dict:
        """Return the blocks of the targets of which enough is known for a score."""
        return targets

    def decoders(self, width: int) -> tuple[nn.Module, dict, dict]:
        """Return bottleneck, decoders and losses for a latent of a width."""
        decoders, losses = {}, {}
        for name, modality in self.modalities.items():
            with self.prefix(name):
                losses[name] = loss = build_loss(modality.loss, modality.spec_)
                decoders[name] = build_decoder(modality.decoder, width, modality.spec_, loss)
        return nn.Identity(), decoders, losses

    def pairs(self, inputs, targets):
        """Return the pairs of a source and a target."""
        named = {"the target" if name == "y" else name: block for name, block in targets.items()}
        return list(product(inputs.items(), named.items()))

    def check(self, losses, blocks):
        """Raise if a loss does not suit its target, in the units of y."""
        for name, loss in losses.items():
            modality, block = self.modalities[name], blocks[name]
            with self.prefix(name):
                if _keeps_zero(modality):
                    numbers = modality.inverse_transform(block.values[:])
                    numbers = numbers[block.present]
                    check_range(loss, numbers, "take another loss, or leave out these samples")
                check_target(loss, block)


class SingleTarget(CrossTarget, ModalityTarget):
    """One modality, known as ``"y"``."""

    _learned = (*ModalityTarget._learned, "first_loss", "dates_kind", "dates_like")
    #: What kind of dates y holds, and cells of them; None where it holds none.
    dates_kind, dates_like = None, None

    @property
    def modalities(self):
        """The fitted modality: {"y": Modality}."""
        return {"y": self.modality}

    def prefix(self, name):
        """Name the target in errors."""
        return error_prefix(f"{self.owner}: target")

    def validate(self, X, y):
        """Return y as an array with the rows of X."""
        if isinstance(y, Mapping):
            raise ValueError(
                f"{self.owner}: y is a mapping of {list(y)}, but was one modality in "
                "`fit`: pass its values alone."
            )
        return super().validate(X, y)

    def check_dates(self, y):
        """Raise if y holds dates that nobody named as numbers, or other dates than in `fit`."""
        if self.target is None:
            otherwise = ", or name the modality, target='numeric', to have them predicted"
            refuse_dates(self.owner, y, self.names, otherwise=otherwise)
        elif self.target == "numeric" or isinstance(self.target, Numeric):
            refuse_date_texts(self.owner, y, self.names)
        keep_dates(self, y)

    def make_modality(self, y):
        """Return the modality that was named, or that y looks like."""
        known = "categorical" if self.has_categories else None
        return modality_of(known if self.target is None else self.target, self.loss, y)

    def fit(self, y, sample_weight, *, in_chunks):
        """Fit the modality."""
        super().fit(y, sample_weight, in_chunks=in_chunks)
        widen(self.modality, self.target)

    def raw(self, y):
        """Return y itself."""
        return {"y": y}

    def assemble(self, predicted):
        """Return the predictions; dates, where y holds them."""
        found = predicted["y"]
        return restore_dates(self, found) if isinstance(self.modality, Numeric) else found


class TargetTable(CrossTarget):
    """Several modalities by name, each of which a sample may lack."""

    _learned = (*Target._learned, "first_loss", "bank")
    #: The modalities of y with their columns.
    bank: ModalityBank

    @property
    def modalities(self):
        """The fitted modalities: {name: Modality}."""
        return {name: modality for name, modality, _ in self.bank.fitted}

    def prefix(self, name):
        """Name a target in errors."""
        return error_prefix(f"{self.owner}: target {name!r}")

    def validate(self, X, y):
        """Return y as a table, as X is read, and find the columns of each modality in it."""
        owner = f"{self.owner}: target"
        if y is None or not (is_named(y) or np.ndim(y) == 2):
            raise ValueError(
                f"{owner}: y holds several modalities: pass a mapping, MultiModalFrame, data "
                f"frame or array (n, d), got {type(y).__name__}."
            )
        with error_prefix(owner):
            table = as_table(y) if is_named(y) else np.asarray(y)
            check_same_length(self.owner, X, table)
            if self.is_first:
                entries = entries_of(self.target, self.loss, table, y)
        if self.is_first:
            self.bank = ModalityBank(owner, entries)
            self.bank.bind(y, table)
        return table

    def fit(self, y, sample_weight, *, in_chunks):
        """Fit the modalities."""
        chunked = GROWING_TARGETS if in_chunks else ()
        memory = open_memory(self.memory)
        self.bank.fit_transform(y, sample_weight, memory, in_chunks=chunked)
        for name, modality in self.modalities.items():
            widen(modality, self.target, name)

    def extend(self, y, sample_weight):
        """Let the modalities go on."""
        self.bank, _ = self.bank.extended(y, sample_weight)

    def blocks(self, y, inputs):
        """Return a block for each target."""
        blocks = self.bank.transform(y)
        for name, block in blocks.items():
            with self.prefix(name):
                blocks[name] = block.cut()
        return blocks

    def net_settings(self, losses):
        """Return what makes a frame of all targets of scores."""
        return {"decode_scores": _TableDecoding(self.modalities, losses), "decodes_all": True}

    def fitted_attributes(self):
        """Return the fitted modalities, (name, modality, columns)."""
        return {"target_": self.bank.fitted}

    def raw(self, y):
        """Return the values of each target as they came; None where y lacks one."""
        parts = self.bank.parts(y)
        return {name: columns and columns.values for name, (columns, _) in parts.items()}

    def assemble(self, predicted):
        """Return a frame of the predictions."""
        return MultiModalFrame(predicted)

    def known(self, targets, raw, weight):
        """Return the targets of which enough is known for a score; warn of others."""
        if gone := [name for name, cells in raw.items() if cells is None]:
            raise ModalityError(
                f"{self.owner}: target: y has no column of {gone}: pass all targets of `fit`, "
                "missing where they are not known."
            )
        counts = {name: (one.present & (weight > 0)).sum() for name, one in targets.items()}
        kept = {n: one for n, one in targets.items() if counts[n] > (one.kind not in _COUNTED)}
        left_out = sorted(set(targets) - set(kept))
        if left_out:
            rest = "the score is that of the others" if kept else "there is nothing to score"
            warnings.warn(
                f"{self.owner}: target: {left_out} are absent in all samples of y, or in all but "
                f"one: {rest}.",
                UndefinedMetricWarning,
                stacklevel=3,
            )
        return kept


class _TableDecoding:
    """From the scores of all targets to their units; a class, so that nets can be pickled."""

    def __init__(self, modalities, losses):
        self.modalities = modalities
        self.losses = losses

    def __call__(self, scores):
        return MultiModalFrame(
            {
                name: decode_values(modality, self.losses[name], scores[name])
                for name, modality in self.modalities.items()
            }
        )


def _keeps_zero(modality):
    """Tell whether scaled numbers have the signs of the numbers themselves."""
    scaling = modality.get_params(deep=False).get("scaling", "robust")
    return modality.kind == "vector" and scaling in ("mean", None)
