"""A target that is a modality: numbers, images or texts."""

from __future__ import annotations

import copy
from dataclasses import replace

import numpy as np
from scipy import sparse
from sklearn.base import clone

from sklearn_crossmodal.data import (
    Columns,
    as_cells,
    as_column,
    category_orders,
    is_missing,
    is_named,
)
from sklearn_crossmodal.estimators._fitting._incremental import GROWING_TARGETS
from sklearn_crossmodal.estimators._fitting._input_validation import check_same_length, check_weight
from sklearn_crossmodal.estimators._targets._date_targets import refuse_dates
from sklearn_crossmodal.estimators._targets._row_labels import in_fitted_order
from sklearn_crossmodal.estimators._targets._scoring import score_tokens
from sklearn_crossmodal.exceptions import ModalityError
from sklearn_crossmodal.nn._protocols import flag
from sklearn_crossmodal.nn.decoders import LIKELY_VALUES
from sklearn_crossmodal.preprocessing.tabular._category_encoder import has_categories
from sklearn_crossmodal.utils._row_numbers import row_number
from sklearn_crossmodal.utils._validation import error_prefix, warn

__all__ = ["ModalityTarget", "decode_all", "decode_values"]


def decode_values(modality, loss, scores):
    """Return scores of a decoder as raw data of the modality they are for.

    Parameters
    ----------
    modality : Modality
        Fitted.
    loss : Loss
        Whose link turns the scores into values or probabilities.
    scores : Tensor of shape (B, ...)
        As the decoder gives them.

    Returns
    -------
    ndarray with B rows
        Of several predictions of each number the one in the middle.
    """
    values = loss.link(scores)
    point = flag(loss, "point")
    if point is not None:
        values = values[..., point]
    if modality.kind in LIKELY_VALUES:
        values = LIKELY_VALUES[modality.kind](values, modality.spec_)
    if values.is_floating_point():
        values = values.double()
    return modality.inverse_transform(values.cpu().numpy())


def decode_all(modality, loss, scores):
    """Return all predictions of each number, such as quantiles, along the last axis if several.

    Parameters
    ----------
    modality : Modality
        Fitted, of kind ``"vector"``.
    loss : Loss
        Whose link gives several values of each number.
    scores : Tensor of shape (B, ...)
        As the decoder gives them.

    Returns
    -------
    ndarray of shape (B, Q) or (B, n_columns, Q)
        Of one quantile (B,) or (B, n_columns), as scikit-learn's tools need predictions to be.
    """
    values = loss.link(scores).double().cpu().numpy()
    if values.shape[-1] == 1:
        return modality.inverse_transform(values[..., 0])
    each = [modality.inverse_transform(part) for part in np.moveaxis(values, -1, 0)]
    return np.stack(each, axis=-1)


class ModalityTarget:
    """Mixin: y is read, scaled and given back by the modality `_target_modality` returns."""

    def _check_y(self, X, y, *, reset):
        owner = type(self).__name__
        if y is None:
            raise ValueError(
                f"This {owner} estimator requires y to be passed, but the target y is None."
            )
        if sparse.issparse(y):
            raise TypeError(f"{owner}: Sparse data was passed for y: pass its .toarray().")
        if reset:
            self._target_names, self._target_orders = _names_of(y), category_orders(y)
            self._has_categories = has_categories(as_cells(y))
        y = as_column(in_fitted_order(self, y, reset=reset))
        y = y if isinstance(y, np.ndarray) else np.asarray(y)
        if np.iscomplexobj(y):
            raise ValueError(f"{owner}: Complex data not supported, in y.")
        check_same_length(self, X, y)
        self._check_dates(y, reset=reset)
        if y.dtype.kind == "f" and not (finite := np.isfinite(y)).all():
            raise ValueError(
                f"{owner}: Input y contains NaN or infinity in {_samples(~finite)}: leave them out."
            )
        if y.dtype.kind in "OUT" and any(absent := [is_missing(cell) for cell in y.flat]):
            absent = np.reshape(absent, y.shape)
            raise ModalityError(f"{owner}: y is absent in {_samples(absent)}: leave them out.")
        return y

    def _check_dates(self, y, *, reset):
        """Raise if y holds dates, which have no unit that scores would share with predictions."""
        refuse_dates(type(self).__name__, y, self._target_names)

    def _fit_target(self, y, sample_weight):
        owner = type(self).__name__
        with error_prefix(f"{owner}: target"):
            self.target_ = self._in_order(clone(self._target_modality(y)))
            self.target_.in_chunks = self._in_chunks and self.target_.kind in GROWING_TARGETS
            self.target_.fit(self._target_columns(y), sample_weight)

    def _in_order(self, modality):
        """Return the modality with the order of the categories of y, unless it has one already."""
        known = {place: one for place, one in enumerate(self._target_orders) if one is not None}
        if known and getattr(modality, "categories", known) is None:
            modality.set_params(categories=known)
        return modality

    def _extend_target(self, y, sample_weight):
        with error_prefix(f"{type(self).__name__}: target"):
            self.target_, _, lost = self.target_.extended(self._target_columns(y), sample_weight)
            if lost and not getattr(self.target_, "told_", False):
                self.target_ = copy.copy(self.target_)
                self.target_.told_ = True
                warn(f"{lost}.", stacklevel=6)

    def _target_blocks(self, y, blocks):
        with error_prefix(f"{type(self).__name__}: target"):
            block = self.target_.transform(self._target_columns(y))
            if not block.present.all():
                rows = np.flatnonzero(~block.present)
                raise ModalityError(
                    f"{len(rows)} samples have a y that cannot be read, first rows "
                    f"{row_number(rows[:5])}: leave them out."
                )
            return {"y": block.cut()}

    def _target_columns(self, y):
        """Return y as columns, with the names they had in `fit`."""
        columns = Columns.of(y)
        return columns if self._target_names is None else replace(columns, names=self._target_names)

    def _answers(self, losses):
        return {"answer": _Answer(self.target_, losses["y"])}

    def _log_likelihood(self, blocks, y, sample_weight):
        """Return the mean log-likelihood of a token of y, in nats."""
        target = self._target_blocks(y, blocks)
        losses = self.net_.sample_losses(blocks, target)[:, 0]
        weight = check_weight(self, sample_weight, y)
        return score_tokens(losses, target["y"], np.ones(len(y)) if weight is None else weight)

    def _predict(self, X):
        return np.concatenate([self.net_.answer(scores) for scores in self._scores(X)])


def _samples(cells) -> str:
    """Say in how many samples, and in which, there is such a cell."""
    rows = np.flatnonzero(cells.reshape(len(cells), -1).any(axis=1))
    return f"{len(rows)} samples, first rows {row_number(rows[:5])}"


def _names_of(y):
    """Return the names of the columns of a data frame or series, None where there are none."""
    if is_named(y):
        return Columns.of(y).names
    name = getattr(y, "name", None)
    return None if name is None or name == "" else (str(name),)


class _Answer:
    """From scores to the units of the target; a class of its own, so that nets can be pickled."""

    def __init__(self, modality, loss):
        self.modality = modality
        self.loss = loss

    def __call__(self, scores):
        return decode_values(self.modality, self.loss, scores)
