"""Labels, where there are any, that a shared representation is also to predict."""

from __future__ import annotations

import numpy as np
from sklearn.base import clone
from sklearn.utils.multiclass import type_of_target

from sklearn_crossmodal.data import Columns, as_column, is_missing
from sklearn_crossmodal.estimators._fitting._input_validation import check_same_length
from sklearn_crossmodal.estimators._targets._base import Target
from sklearn_crossmodal.modalities import MODALITIES
from sklearn_crossmodal.nn import build_decoder, build_loss
from sklearn_crossmodal.nn.decoders import CodesDecoder, MLPDecoder
from sklearn_crossmodal.nn.networks._unimodal_heads import LABELS
from sklearn_crossmodal.utils._validation import error_prefix

__all__ = ["AuxiliaryLabels"]


class AuxiliaryLabels(Target):
    """y is predicted from the latent by a linear map, with a loss that counts `target_weight`.

    Where `target_weight` is zero y is not looked at. Rows without a y teach nothing but their
    modalities.

    Parameters
    ----------
    owner : str
        Name of the estimator, for messages.
    target_weight : float
        Of the loss of y.
    """

    _learned = (*Target._learned, "modality")
    #: The fitted modality of y.
    modality = None

    def __init__(self, owner, *, target_weight) -> None:
        super().__init__(owner)
        self.target_weight = target_weight

    def resume(self, before):
        """Go on from another target, which has labels too, or has none either."""
        if bool(before.target_weight) != bool(self.target_weight):
            with_or_without = "without" if self.target_weight else "with"
            raise ValueError(
                f"{self.owner}: target_weight={self.target_weight}, but the first call of `fit`, "
                f"from which this one goes on, was {with_or_without} labels: set "
                "warm_start=False, or take the old one."
            )
        super().resume(before)

    def validate(self, X, y):
        """Return labels or numbers, some of which may be missing; None at weight zero."""
        if not self.target_weight:
            return None
        if y is None:
            raise ValueError(
                f"This {self.owner} estimator requires y to be passed, but the target y is None: "
                f"target_weight={self.target_weight} asks for one. With target_weight=0 none is "
                "needed."
            )
        y = np.asarray(as_column(self.in_order(y)))
        check_same_length(self.owner, X, y)
        if self.is_first and not _is_known(y).any():
            raise ValueError(f"{self.owner}: y is absent in all samples.")
        if y.dtype.kind == "f" and np.isinf(y).any():
            raise ValueError(f"{self.owner}: Input y contains infinity.")
        return y

    def fit(self, y, sample_weight, *, in_chunks):
        """Learn scale or classes from the rows that are labelled."""
        if y is None:
            return
        known = _is_known(y)
        labels, weight = _as_numbers(y[known]), sample_weight
        if not known.any():
            raise ValueError(f"{self.owner}: y is absent in all samples whose weight is not zero.")
        numbers = type_of_target(labels).startswith("continuous")
        with error_prefix(f"{self.owner}: target"):
            kind = MODALITIES["numeric" if numbers else "categorical"]
            self.modality = clone(kind(scaling="standard") if numbers else kind())
            self.modality.in_chunks = numbers and in_chunks  # new classes are refused
            self.modality.fit(Columns.of(labels), None if weight is None else weight[known])

    def extend(self, y, sample_weight):
        """Let the scale of numbers go on."""
        if y is None or not self.modality.in_chunks:
            return
        known = _is_known(y)
        weight = None if sample_weight is None else sample_weight[known]
        with error_prefix(f"{self.owner}: target"):
            columns = Columns.of(_as_numbers(y[known]))
            self.modality = self.modality.extended(columns, weight)[0]

    def blocks(self, y, inputs):
        """Return the block of y, absent where it is missing; none at weight zero."""
        if y is None:
            return {}
        known = _is_known(y)
        labels = _as_numbers(y[known])
        with error_prefix(f"{self.owner}: target"):
            block = self.modality.transform(Columns.of(labels))
        if block.kind == "codes" and known.any():
            self._check_classes(labels, block)
        return {LABELS: block.scatter(known)}

    def _check_classes(self, labels, block) -> None:
        """Raise if there are classes that the first call did not have: the network has none."""
        unseen = self.modality.inverse_transform(block.values[:]) != labels
        if np.any(unseen):
            classes = sorted(set(labels[unseen].tolist()), key=str)
            raise ValueError(
                f"{self.owner}: y has classes {classes}, which are not among those of the "
                "first call: leave them out, or fit anew."
            )

    def decoder(self, width: int) -> tuple[dict, dict]:
        """Return decoder and loss of the labels, {} of each where there are none."""
        if not self.target_weight:
            return {}, {}
        spec = self.modality.spec_
        loss = build_loss(self.modality.loss, spec)
        # What a linear map predicts from the latent, the linear models that come after it will.
        linear = CodesDecoder(()) if spec.kind == "codes" and spec.size > 1 else MLPDecoder(())
        return {LABELS: build_decoder(linear, width, spec, loss)}, {LABELS: loss}

    def fitted_attributes(self):
        """Return the fitted modality of y, if there is a y."""
        return {} if self.modality is None else {"target_": self.modality}


def _is_known(y):
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
