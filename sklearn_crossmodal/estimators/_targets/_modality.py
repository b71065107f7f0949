"""A target that is one modality: numbers, images or texts."""

from __future__ import annotations

import copy
from abc import abstractmethod
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
from sklearn_crossmodal.estimators._fitting._input_validation import check_same_length
from sklearn_crossmodal.estimators._targets._base import Target
from sklearn_crossmodal.estimators._targets._date_targets import refuse_dates
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


class ModalityTarget(Target):
    """y is encoded and decoded by the modality that `make_modality` returns.

    Parameters
    ----------
    owner : str
        Name of the estimator, for messages.
    """

    _learned = (*Target._learned, "names", "modality", "has_categories", "_orders")
    #: Names of the columns of y for messages, None where it has none.
    names: tuple[str, ...] | None = None
    #: The fitted modality.
    modality = None
    #: Whether y is of a type of categories.
    has_categories = False

    @abstractmethod
    def make_modality(self, y):
        """Return the modality of y, unfitted."""

    def check_dates(self, y) -> None:
        """Raise if y holds dates, which have no unit that scores would share with predictions."""
        refuse_dates(self.owner, y, self.names)

    def validate(self, X, y):
        """Return y as an array with the rows of X, of which none is missing."""
        if y is None:
            raise ValueError(
                f"This {self.owner} estimator requires y to be passed, but the target y is None."
            )
        if sparse.issparse(y):
            raise TypeError(f"{self.owner}: Sparse data was passed for y: pass its .toarray().")
        if self.is_first:
            self.names, self._orders = _names_of(y), category_orders(y)
            self.has_categories = has_categories(as_cells(y))
        y = as_column(self.in_order(y))
        y = y if isinstance(y, np.ndarray) else np.asarray(y)
        if np.iscomplexobj(y):
            raise ValueError(f"{self.owner}: Complex data not supported, in y.")
        check_same_length(self.owner, X, y)
        self.check_dates(y)
        self._check_none_missing(y)
        return y

    def _check_none_missing(self, y: np.ndarray) -> None:
        if y.dtype.kind == "f" and not (finite := np.isfinite(y)).all():
            raise ValueError(
                f"{self.owner}: Input y contains NaN or infinity in {_samples(~finite)}: leave "
                "them out."
            )
        if y.dtype.kind in "OUT" and any(missing := [is_missing(cell) for cell in y.flat]):
            missing = np.reshape(missing, y.shape)
            raise ModalityError(
                f"{self.owner}: y is absent in {_samples(missing)}: leave them out."
            )

    def fit(self, y, sample_weight, *, in_chunks):
        """Fit the modality."""
        with error_prefix(f"{self.owner}: target"):
            self.modality = self._with_order(clone(self.make_modality(y)))
            self.modality.in_chunks = in_chunks and self.modality.kind in GROWING_TARGETS
            self.modality.fit(self._columns_of(y), sample_weight)

    def _with_order(self, modality):
        """Return the modality with the order of the categories of y, unless it has one already."""
        known = {place: one for place, one in enumerate(self._orders) if one is not None}
        if known and getattr(modality, "categories", known) is None:
            modality.set_params(categories=known)
        return modality

    def extend(self, y, sample_weight):
        """Let the modality go on; warn once of what it has no room for."""
        with error_prefix(f"{self.owner}: target"):
            self.modality, _, lost = self.modality.extended(self._columns_of(y), sample_weight)
            if lost and not getattr(self.modality, "has_warned_", False):
                self.modality = copy.copy(self.modality)
                self.modality.has_warned_ = True
                warn(f"{lost}.", stacklevel=6)

    def blocks(self, y, inputs):
        """Return the block of y, none of whose rows is unreadable."""
        with error_prefix(f"{self.owner}: target"):
            block = self.modality.transform(self._columns_of(y))
            if not block.present.all():
                rows = np.flatnonzero(~block.present)
                raise ModalityError(
                    f"{len(rows)} samples have a y that cannot be read, first rows "
                    f"{row_number(rows[:5])}: leave them out."
                )
            return {"y": block.cut()}

    def _columns_of(self, y) -> Columns:
        """Return y as columns, with the names they had in `fit`."""
        columns = Columns.of(y)
        return columns if self.names is None else replace(columns, names=self.names)

    @property
    def spec(self):
        """What the decoder is built from."""
        return self.modality.spec_

    def net_settings(self, losses):
        """Return what makes values of y of scores."""
        return {"decode_scores": Decoding(self.modality, losses["y"])}

    def fitted_attributes(self):
        """Return the fitted modality."""
        return {"target_": self.modality}


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


class Decoding:
    """From scores to the units of the target; a class, so that nets can be pickled.

    Parameters
    ----------
    modality : Modality
        Fitted.
    loss : nn.Module
        Of the target.
    """

    def __init__(self, modality, loss) -> None:
        self.modality = modality
        self.loss = loss

    def __call__(self, scores):
        return decode_values(self.modality, self.loss, scores)
