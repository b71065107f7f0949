"""Sequence: multivariate series of unequal length."""

from __future__ import annotations

import copy

import numpy as np

from sklearn_crossmodal.data import (
    Block,
    BlockSpec,
    column_labels,
    is_missing,
    object_array,
)
from sklearn_crossmodal.modalities._base import Modality, raw_cells
from sklearn_crossmodal.preprocessing import SequenceScaler

__all__ = ["Sequence"]


class Sequence(Modality):
    """Series of one or several variables, of unequal length, with gaps.

    A cell is a series (t,), or (t, d) with d variables a step, or a data frame of t rows, whose
    columns are the variables, matched by name. An array has shape (n, t) or (n, t, d), where steps
    of NaN only at the end of a row are padding. A gap (NaN) is imputed by forward filling, or by
    the median of its variable; each variable with gaps in `fit` has a missing-value indicator. A
    missing cell is a series without steps, unless the whole modality is absent.

    Parameters
    ----------
    max_length : int or None, default=256
        Maximum number of steps. Longer series are truncated, and so are those longer than the
        longest in `fit`, with a warning; None truncates only the latter.
    crop : {"start", "center", "end"}, default="end"
        Which part of a truncated series is kept.
    scaling : {"standard", "robust"} or None, default="standard"
        Of each variable over all steps. "standard": mean 0 and standard deviation 1. "robust":
        minus the median, divided by the interquartile range, and smoothly clipped at plus and minus
        3, as in `Numeric`. None: unscaled.
    encoder : str, component or nn.Module factory, default="gru"
        Encoder of the steps: ``"gru"``, ``"lstm"``, ``"attention"`` or ``"conv"``.
    decoder : str, component or nn.Module factory, default="mlp"
        Decoder when the modality is a target. It returns as many steps as the longest series in
        `fit`; steps after the end of a series do not count in the loss.
    loss : str or component, default="squared_error"
        Loss, on the scaled series, when the modality is a target.

    Attributes
    ----------
    spec_ : BlockSpec
        Kind ``"sequence"`` of shape (t, d + number of indicators).
    scaler_ : SequenceScaler
        The fitted scaler.

    Raises
    ------
    ValueError
        If cells are not series, differ in their number of variables, or hold infinity.

    See Also
    --------
    Audio : For waveforms.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_crossmodal.modalities import Sequence
    >>> series = [np.array([[1.0, 5.0], [3.0, np.nan]]), np.array([[2.0, 5.0]])]
    >>> block = Sequence(scaling=None).fit(series).transform(series)
    >>> block.values[0]  # the gap is indicated
    array([[1., 5., 0.],
           [3., 5., 1.]])
    >>> block.mask
    array([[ True,  True],
           [ True, False]])
    """

    kind = "sequence"
    takes_strings = False
    masked = True

    def __init__(
        self,
        *,
        max_length=256,
        crop="end",
        scaling="standard",
        encoder="gru",
        decoder="mlp",
        loss="squared_error",
    ):
        self.max_length = max_length
        self.crop = crop
        self.scaling = scaling
        self.encoder = encoder
        self.decoder = decoder
        self.loss = loss

    def fit(self, columns, sample_weight=None):
        cells = raw_cells(columns)
        self.scaler_ = SequenceScaler(
            max_length=self.max_length, crop=self.crop, scaling=self.scaling
        ).fit(cells, sample_weight=sample_weight)
        self.stacked_ = cells.dtype.kind != "O" or cells.ndim != 1
        if sample_weight is not None:
            cells = cells[np.asarray(sample_weight) > 0]
        rank = max((np.ndim(cell) for cell in cells), default=1)
        self.single_variable_ = rank == 1
        n_variables = len(self.scaler_.median_)
        n_indicators = len(self.scaler_.indicators_)
        self.spec_ = BlockSpec("sequence", (self.scaler_.length_, n_variables + n_indicators))
        return self

    def transform(self, columns):
        values = self.scaler_.transform(raw_cells(columns))
        mask = ~np.isnan(values[..., 0])
        values[~mask] = 0
        return Block(values, np.ones(len(values), dtype=bool), self.spec_, mask)

    def extended(self, columns, sample_weight=None):
        """Update with a later chunk: formerly constant variables get a scale."""
        updated = copy.copy(self)
        updated.scaler_ = self.scaler_.extended(raw_cells(columns), sample_weight)
        return updated, updated.transform(columns), ""

    def inverse_transform(self, values, mask=None):
        """Return series in the units of `fit`, with imputed gaps.

        Parameters
        ----------
        values : ndarray of shape (n, t, d + number of indicators)
            As in a block.
        mask : ndarray of shape (n, t), bool, default=None
            Which steps are not padding, which the values do not show. None means all, so that each
            series is as long as the longest.

        Returns
        -------
        ndarray of shape (n,), object
            Arrays (t,) or (t, d), as in `fit`; if `fit` saw an array, an array padded with NaN.
        """
        numbers = self.scaler_.inverse_transform(values)
        numbers = numbers[..., 0] if self.single_variable_ else numbers
        if mask is None:
            mask = np.ones(numbers.shape[:2], dtype=bool)
        if not self.stacked_:
            return object_array([one[steps] for one, steps in zip(numbers, mask, strict=True)])
        numbers = np.array(numbers)
        numbers[~mask] = np.nan
        return numbers

    @staticmethod
    def example(n, rng):
        lengths = rng.permutation(np.resize(np.arange(3, 9), n))
        walks = [np.cumsum(rng.normal(size=(length, 2)), axis=0) * [1, 10] for length in lengths]
        return object_array(walks)

    @classmethod
    def accepts(cls, values):
        """Return whether a column holds series that differ in length.

        An array (n, t, d), or arrays (t, d) of equal shape, cannot be distinguished from images:
        name the modality.
        """
        cells = np.asarray(values)
        if cells.dtype.kind != "O" or cells.ndim != 1:
            return False
        if column_labels(cells) is not None:  # cells that are data frames
            return True
        found = [np.asarray(cell) for cell in cells if _is_array(cell) and not is_missing(cell)]
        if not found or len(found) < sum(not is_missing(cell) for cell in cells):
            return False
        ranks = {cell.ndim for cell in found}
        several = len({len(cell) if cell.ndim else 0 for cell in found}) > 1
        if not several or len(ranks) > 1 or ranks - {1, 2}:
            return False
        if ranks == {1}:
            return all(cell.dtype.kind in "iuf" for cell in found)
        return len({cell.shape[1] for cell in found}) == 1 and all(
            cell.dtype.kind == "f" for cell in found
        )


def _is_array(cell) -> bool:
    if isinstance(cell, np.ndarray):
        return True
    flat = isinstance(cell, list) and bool(cell)
    return flat and all(isinstance(one, int | float) for one in cell)
