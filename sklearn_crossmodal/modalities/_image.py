"""Image: arrays of images."""

from __future__ import annotations

import numpy as np

from sklearn_crossmodal.data import Block, BlockSpec, Columns, is_missing
from sklearn_crossmodal.modalities._base import Modality
from sklearn_crossmodal.preprocessing import ImageScaler

__all__ = ["Image"]


class Image(Modality):
    """Images as arrays, grey or in colour, of one size or resized to one.

    Parameters
    ----------
    size : tuple of (int, int), default=None
        Height and width to resize to; None keeps the size, one for all images.
    scaling : {"standard", "unit"}, default="standard"
        "standard" gives each channel mean 0 and standard deviation 1; "unit" keeps 0..1, as the
        loss ``"binary_cross_entropy"`` and a decoder with a sigmoid need.
    channels : {"auto", "first", "last"}, default="auto"
        Which axis holds the channels; "auto" takes the last if its length is 1 to 4.
    encoder : str, component or nn.Module factory, default="cnn"
        Encoder of the grids.
    decoder : str, component or nn.Module factory, default="cnn"
        Decoder when the modality is a target.
    loss : str or component, default="squared_error"
        Loss, on the scaled pixels, when the modality is a target.

    Attributes
    ----------
    spec_ : BlockSpec
        Kind ``"grid"`` of shape (channels, height, width).
    scaler_ : ImageScaler
        The fitted scaler.

    Raises
    ------
    ValueError
        If the array has another rank, images differ in shape without a `size`, or hold NaN.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_crossmodal.modalities import Image
    >>> photos = np.zeros((4, 16, 16, 3), dtype=np.uint8)
    >>> Image(size=(8, 8)).fit(photos).transform(photos).values.shape
    (4, 3, 8, 8)
    >>> Image().fit(np.zeros((4, 16)))
    Traceback (most recent call last):
    ...
    ValueError: expected images of shape (n, height, width) or (n, height, width, channels), got ...
    """

    kind = "grid"

    def __init__(
        self,
        *,
        size=None,
        scaling="standard",
        channels="auto",
        encoder="cnn",
        decoder="cnn",
        loss="squared_error",
    ):
        self.size = size
        self.scaling = scaling
        self.channels = channels
        self.encoder = encoder
        self.decoder = decoder
        self.loss = loss

    def fit(self, columns, sample_weight=None):
        """Learn size, mean and spread of the channels.

        Parameters
        ----------
        columns : Columns or array-like of shape (n, h, w), (n, h, w, c) or (n, c, h, w)
            Images, or an array of n objects that are images.
        sample_weight : ndarray of shape (n,), default=None
            Weights of the rows; a row of weight zero is not there.

        Returns
        -------
        Image
            Itself.
        """
        images = _cells(columns)
        if sample_weight is not None:
            images, sample_weight = images[sample_weight > 0], sample_weight[sample_weight > 0]
        self.scaler_ = ImageScaler(size=self.size, scaling=self.scaling, channels=self.channels)
        self.scaler_.fit(images, sample_weight=sample_weight)
        self.spec_ = BlockSpec("grid", self.scaler_.shape_)
        return self

    def transform(self, columns):
        """Resize and scale.

        Parameters
        ----------
        columns : Columns or array-like
            Images, as in `fit`.

        Returns
        -------
        Block
            Kind ``"grid"``.
        """
        values = self.scaler_.transform(_cells(columns))
        return Block(values, np.ones(len(values), dtype=bool), self.spec_)

    def inverse_transform(self, values):
        """Undo the scaling, not the resizing.

        Parameters
        ----------
        values : ndarray of shape (n, c, h, w)
            As in a block.

        Returns
        -------
        ndarray of the rank, order of axes and dtype that `fit` saw
        """
        return self.scaler_.inverse_transform(values)

    @staticmethod
    def example(n, rng):
        """Make small colour images.

        Parameters
        ----------
        n : int
            Number of rows.
        rng : numpy.random.Generator
            Source of randomness.

        Returns
        -------
        ndarray of shape (n, 8, 8, 3), uint8
        """
        return rng.integers(0, 256, size=(n, 8, 8, 3), dtype=np.uint8)

    @classmethod
    def accepts(cls, values):
        """Tell whether a column holds an array of two or three axes per sample.

        Parameters
        ----------
        values : array-like
            A raw column.

        Returns
        -------
        bool
        """
        images = np.asarray(values)
        if images.dtype.kind == "O" and images.ndim == 1:
            found = [cell for cell in images if not is_missing(cell)]
            return bool(found) and all(
                isinstance(cell, np.ndarray) and cell.ndim in (2, 3) for cell in found
            )
        return images.ndim in (3, 4) and images.dtype.kind in "buif"


def _cells(columns) -> np.ndarray:
    images = np.asarray(Columns.of(columns).values)
    if images.dtype.kind == "O" and images.ndim == 1:
        missing = [row for row, cell in enumerate(images) if is_missing(cell)]
        if missing:  # only where it is the sole modality: else absent rows do not get here
            raise ValueError(
                f"{len(missing)} samples have no image, first {missing[:5]}: leave them out, or "
                "give another modality."
            )
    return images
