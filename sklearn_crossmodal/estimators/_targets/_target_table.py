"""What `CrossModalRegressor` learns to give: one modality, or several by name."""

from __future__ import annotations

import warnings
from collections.abc import Mapping

import numpy as np
from sklearn.exceptions import UndefinedMetricWarning
from torch import nn

from sklearn_crossmodal.data import MultiModalFrame, as_table, is_named
from sklearn_crossmodal.estimators._fitting._incremental import GROWING_TARGETS
from sklearn_crossmodal.estimators._fitting._input_validation import check_same_length, check_weight
from sklearn_crossmodal.estimators._fitting._unpaired_data import pairs_across
from sklearn_crossmodal.estimators._fitting._warm_start import keep_loss
from sklearn_crossmodal.estimators._targets._date_targets import (
    keep_dates,
    refuse_date_texts,
    refuse_dates,
    restore_dates,
)
from sklearn_crossmodal.estimators._targets._modality import (
    ModalityTarget,
    decode_all,
    decode_values,
)
from sklearn_crossmodal.estimators._targets._scoring import score_tokens, score_values, truth_of
from sklearn_crossmodal.estimators._targets._target_entries import (
    entries_of,
    is_several,
    modality_of,
    widen,
)
from sklearn_crossmodal.exceptions import ModalityError
from sklearn_crossmodal.modalities import ModalityBank, Numeric
from sklearn_crossmodal.nn import build_decoder, build_loss, check_range, check_target
from sklearn_crossmodal.nn._protocols import flag
from sklearn_crossmodal.utils._cache import open_memory
from sklearn_crossmodal.utils._validation import error_prefix

__all__ = ["CrossTarget"]

#: Kinds whose score is a mean over cells; R² of one sample is not defined.
_COUNTED = ("codes", "tokens")


class CrossTarget(ModalityTarget):
    """Mixin: y is one modality, known as ``"y"`` inside, or a table of several."""

    _mapped_pairs = staticmethod(pairs_across)

    #: Whether y is a table of several modalities, and these with their columns.
    _is_table, _target_bank = False, None

    @property
    def _targets(self):
        """The fitted modalities of y: {name: Modality}."""
        if not self._is_table:
            return {"y": self.target_}
        return {name: modality for name, modality, _ in self.target_}

    def _speaking_of(self, name):
        return error_prefix(
            f"{type(self).__name__}: target {name!r}" if self._is_table else self._owner
        )

    @property
    def _owner(self):
        return f"{type(self).__name__}: target"

    # Reading y ------------------------------------------------------------------------------

    def _check_y(self, X, y, *, reset):
        keep_loss(self, reset=reset)
        is_mapping = isinstance(y, Mapping)
        if reset:
            several = isinstance(self.target, list | dict) or is_mapping
            with error_prefix(self._owner):
                several = several or (self.target is None and is_several(y))
            self._is_table = y is not None and several
        if self._is_table:
            return self._check_table(X, y, reset=reset)
        if is_mapping:
            raise ValueError(
                f"{type(self).__name__}: y is a mapping of {list(y)}, but was one modality in "
                "`fit`: pass its values alone."
            )
        return super()._check_y(X, y, reset=reset)

    def _check_dates(self, y, *, reset):
        if self.target is None:
            otherwise = ", or name the modality, target='numeric', to have them predicted"
            refuse_dates(type(self).__name__, y, self._target_names, otherwise=otherwise)
        elif self.target == "numeric" or isinstance(self.target, Numeric):
            refuse_date_texts(type(self).__name__, y, self._target_names)
        keep_dates(self, y, reset=reset)

    def _check_table(self, X, y, *, reset):
        """Return y as a table, as X is read, and find the columns of each modality in it."""
        if y is None or not (is_named(y) or np.ndim(y) == 2):
            raise ValueError(
                f"{self._owner}: y holds several modalities: pass a mapping, MultiModalFrame, data "
                f"frame or array (n, d), got {type(y).__name__}."
            )
        with error_prefix(self._owner):
            table = as_table(y) if is_named(y) else np.asarray(y)
            check_same_length(self, X, table)
            if reset:
                entries = entries_of(self.target, self.loss, table, y)
        if reset:
            self._target_bank = ModalityBank(self._owner, entries)
            self._target_bank.bind(y, table)
        return table

    def _fit_target(self, y, sample_weight):
        if self._is_table:
            in_chunks = GROWING_TARGETS if self._in_chunks else ()
            memory = open_memory(self.memory)
            self._target_bank.fit_transform(y, sample_weight, memory, in_chunks=in_chunks)
            self.target_ = self._target_bank.fitted
        else:
            super()._fit_target(y, sample_weight)
        for name, modality in self._targets.items():
            widen(modality, self.target, name)

    def _extend_target(self, y, sample_weight):
        if not self._is_table:
            super()._extend_target(y, sample_weight)
            return
        self._target_bank, _ = self._target_bank.extended(y, sample_weight)
        self.target_ = self._target_bank.fitted

    def _target_blocks(self, y, blocks):
        if self._is_table:
            blocks = self._target_bank.transform(y)
            for name, block in blocks.items():
                with self._speaking_of(name):
                    blocks[name] = block.cut()
            return blocks
        return super()._target_blocks(y, blocks)

    def _target_modality(self, y):
        known = "categorical" if self._has_categories else None
        return modality_of(known if self.target is None else self.target, self.loss, y)

    def _check_targets(self, targets):
        for name, loss in self.net_.criterion_.losses.items():
            modality, block = self._targets[name], targets[name]
            with self._speaking_of(name):
                if _keeps_zero(modality):  # say it in the units of y
                    numbers = modality.inverse_transform(block.values[:])
                    numbers = numbers[block.present]
                    check_range(loss, numbers, "take another loss, or leave out these samples")
                check_target(loss, block)

    # Of the network -------------------------------------------------------------------------

    def _build_decoders(self, width):
        decoders, losses = {}, {}
        for name, modality in self._targets.items():
            with self._speaking_of(name):
                losses[name] = loss = build_loss(modality.loss, modality.spec_)
                decoders[name] = build_decoder(modality.decoder, width, modality.spec_, loss)
        return nn.Identity(), decoders, losses

    def _answers(self, losses):
        if not self._is_table:
            return super()._answers(losses)
        return {"answer": _Answers(self._targets, losses)}

    # Answering ------------------------------------------------------------------------------

    def _predicted(self, blocks, names, all_of=decode_all):
        """Return the predictions of targets, {name: array}: of quantiles what `all_of` makes."""
        losses, found = self.net_.criterion_.losses, {name: [] for name in names}
        for scores in self.net_.outputs(blocks):
            for name, parts in found.items():
                modality, loss = self._targets[name], losses[name]
                has_quantiles = flag(loss, "point") is not None
                decode = all_of if has_quantiles else decode_values
                parts.append(decode(modality, loss, scores[name]))
        return {name: np.concatenate(parts) for name, parts in found.items()}

    def _predict(self, X):
        found = self._predicted(self._blocks(X), list(self._targets))
        return MultiModalFrame(found) if self._is_table else self._in_units_of_y(found["y"])

    def _in_units_of_y(self, predicted):
        """Return predictions of a single target as dates, if these are what it was given as."""
        return restore_dates(self, predicted) if isinstance(self.target_, Numeric) else predicted

    def _score(self, X, y, sample_weight):
        """Return the mean of the scores of all targets, each over the samples that have it."""
        blocks = self._blocks(X)
        y = self._check_y(next(iter(blocks.values())), y, reset=False)
        weight = check_weight(self, sample_weight, y)
        weight = np.ones(len(y)) if weight is None else weight
        targets, raw = self._target_blocks(y, blocks), self._raw_targets(y)
        texts = [name for name, block in targets.items() if block.kind == "tokens"]
        predicted = self._predicted(blocks, [n for n in targets if n not in texts], decode_values)
        losses = dict(zip(targets, self.net_.sample_losses(blocks, targets).T)) if texts else {}
        found = []
        for name, block in self._known(targets, raw, weight).items():
            rows = np.flatnonzero(block.present)
            block = block.take(rows)
            if name in texts:
                found.append(score_tokens(losses[name][rows], block, weight[rows]))
            else:
                truth = truth_of(self._targets[name], raw[name], block.values[:], rows)
                found.append(score_values(predicted[name][rows], truth, block, weight[rows]))
        return float(np.mean(found)) if found else np.nan

    def _known(self, targets, raw, weight):
        """Return the targets of which enough is known for a score; warn of others."""
        if not self._is_table:
            return targets
        if gone := [name for name, cells in raw.items() if cells is None]:
            raise ModalityError(
                f"{self._owner}: y has no column of {gone}: pass all targets of `fit`, missing "
                "where they are not known."
            )
        counts = {name: (one.present & (weight > 0)).sum() for name, one in targets.items()}
        kept = {n: one for n, one in targets.items() if counts[n] > (one.kind not in _COUNTED)}
        left_out = sorted(set(targets) - set(kept))
        if left_out:
            rest = "the score is that of the others" if kept else "there is nothing to score"
            warnings.warn(
                f"{self._owner}: {left_out} are absent in all samples of y, or in all but one: "
                f"{rest}.",
                UndefinedMetricWarning,
                stacklevel=3,
            )
        return kept

    def _raw_targets(self, y):
        """Return the values of each target as they came."""
        if not self._is_table:
            return {"y": y}
        parts = self._target_bank.parts(y)
        return {name: columns and columns.values for name, (columns, _) in parts.items()}


class _Answers:
    """From the scores of all targets to their units; a class of its own, to be pickled."""

    takes_all = True

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
