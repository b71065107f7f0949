"""Labels, where there are any, that a shared representation is also to tell."""

from __future__ import annotations

import numpy as np
from sklearn.base import clone
from sklearn.utils.multiclass import type_of_target

from sklearn_crossmodal.data import Columns, as_column, is_missing
from sklearn_crossmodal.estimators._fitting._input_validation import check_same_length
from sklearn_crossmodal.estimators._targets._row_labels import in_fitted_order
from sklearn_crossmodal.modalities import MODALITIES
from sklearn_crossmodal.nn import build_decoder, build_loss
from sklearn_crossmodal.nn.decoders import CodesDecoder, MLPDecoder
from sklearn_crossmodal.nn.networks._unimodal_heads import LABELS
from sklearn_crossmodal.utils._validation import error_prefix

__all__ = ["LatentLabels"]


class LatentLabels:
    """Mixin: y is told from the latent by a linear map, with a loss that counts `target_weight`.

    Where `target_weight` is zero y is not looked at. Rows without a y teach nothing but their
    modalities.
    """

    def _check_y(self, X, y, *, reset):
        owner = type(self).__name__
        if not reset and (LABELS in self.net_.criterion_.losses) != bool(self.target_weight):
            with_or_without = "without" if self.target_weight else "with"
            raise ValueError(
                f"{owner}: target_weight={self.target_weight}, but the first call of `fit`, from "
                f"which this one goes on, was {with_or_without} labels: set warm_start=False, or "
                "take the old one."
            )
        if not self.target_weight:
            return None
        if y is None:
            raise ValueError(
                f"This {owner} estimator requires y to be passed, but the target y is None: "
                f"target_weight={self.target_weight} asks for one. With target_weight=0 none is "
                "needed."
            )
        y = np.asarray(as_column(in_fitted_order(self, y, reset=reset)))
        check_same_length(self, X, y)
        known = _known(y)
        if reset and not known.any():
            raise ValueError(f"{owner}: y is absent in all samples.")
        if y.dtype.kind == "f" and np.isinf(y).any():
            raise ValueError(f"{owner}: Input y contains infinity.")
        return y

    def _fit_target(self, y, sample_weight):
        if y is None:
            return
        known = _known(y)
        labels, weight = _as_numbers(y[known]), sample_weight
        if not known.any():
            raise ValueError(
                f"{type(self).__name__}: y is absent in all samples whose weight is not zero."
            )
        numbers = type_of_target(labels).startswith("continuous")
        with error_prefix(f"{type(self).__name__}: target"):
            made = MODALITIES["numeric" if numbers else "categorical"]
            self.target_ = clone(made(scaling="standard") if numbers else made())
            self.target_.in_chunks = numbers and self._in_chunks  # new classes are refused
            self.target_.fit(Columns.of(labels), None if weight is None else weight[known])

    def _extend_target(self, y, sample_weight):
        if y is None or not self.target_.in_chunks:
            return
        known = _known(y)
        weight = None if sample_weight is None else sample_weight[known]
        with error_prefix(f"{type(self).__name__}: target"):
            columns = Columns.of(_as_numbers(y[known]))
            self.target_ = self.target_.extended(columns, weight)[0]

    def _label_blocks(self, y):
        if y is None:
            return {}
        known = _known(y)
        labels = _as_numbers(y[known])
        with error_prefix(f"{type(self).__name__}: target"):
            block = self.target_.transform(Columns.of(labels))
        if block.kind == "codes" and known.any():
            self._check_classes(labels, block)
        return {LABELS: block.scatter(known)}

    def _check_classes(self, labels, block):
        """Raise if there are classes that the first call did not have: the network has none."""
        unseen = self.target_.inverse_transform(block.values[:]) != labels
        if np.any(unseen):
            classes = sorted(set(labels[unseen].tolist()), key=str)
            raise ValueError(
                f"{type(self).__name__}: y has classes {classes}, which are not among those of the "
                "first call: leave them out, or fit anew."
            )

    def _label_decoder(self):
        """Return decoder and loss of the labels, {} of each where there are none."""
        if not self.target_weight:
            return {}, {}
        spec = self.target_.spec_
        loss = build_loss(self.target_.loss, spec)
        # What a linear map tells from the latent, so will the linear models that come after it.
        linear = CodesDecoder(()) if spec.kind == "codes" and spec.size > 1 else MLPDecoder(())
        return {LABELS: build_decoder(linear, self.n_components, spec, loss)}, {LABELS: loss}


def _known(y):
    """Tell which rows of y are labelled: of several columns, in all."""
    if y.dtype.kind == "f":
        missing = np.isnan(y)
    elif y.dtype.kind == "O":
        missing = np.array([is_missing(cell) for cell in y.flat]).reshape(y.shape)
    else:
        return np.ones(len(y), dtype=bool)
    return ~missing.reshape(len(y), -1).any(axis=1)


def _as_numbers(labels):
    """Return objects that are all numbers, as what a gap among them leaves, as an array of them."""
    return np.array(labels.tolist()) if labels.dtype.kind == "O" else labels
