"""Image: arrays of images, image files, encoded bytes and Pillow images."""

from __future__ import annotations

from numbers import Integral

import numpy as np

from sklearn_crossmodal.data import Block, BlockSpec, Columns, LazyRows, as_column, is_missing
from sklearn_crossmodal.exceptions import ModalityError
from sklearn_crossmodal.modalities._base import Modality, encoder_attribute
from sklearn_crossmodal.preprocessing import ImageScaler
from sklearn_crossmodal.preprocessing.image._channels import have_mixed_channels, unify_channels
from sklearn_crossmodal.preprocessing.image._image_files import are_files, is_image_file
from sklearn_crossmodal.preprocessing.image._lazy_images import ArrayRows, FileRows, ScaledRows
from sklearn_crossmodal.preprocessing.image._pixels import sample_rows
from sklearn_crossmodal.utils._row_numbers import map_row_numbers, row_number
from sklearn_crossmodal.utils._sklearn import StrOptions

__all__ = ["Image"]

#: Mode by number of channels.
_MODES = {1: "L", 3: "RGB", 4: "RGBA"}


class Image(Modality):
    """Images as arrays or files, grey or in colour, of one size or resized to one.

    Paths, bytes of image files, Pillow images and memory maps are read batch by batch, prefetched
    in threads. Files are decoded by Pillow, rotated by their EXIF orientation. `fit` and
    `transform` read each file once in advance, to find unreadable ones.

    Parameters
    ----------
    size : int or tuple of (int, int), default=None
        Height and width to resize to, one number for both; None takes that of the `encoder`'s
        normalisation if it has one, else keeps the size, equal for all images.
    scaling : {"standard", "unit"} or tuple of (mean, std), default="standard"
        - "standard": each channel has mean 0 and standard deviation 1, or, if the `encoder` has a
          normalisation, is scaled by its mean and std. For a frozen encoder without one it is
          "unit", since pixels that differ between folds cannot reuse the `memory`.
        - "unit": 0..1, as the loss ``"binary_cross_entropy"`` and a sigmoid decoder need.
        - (mean, std), one number a channel each, for pixels in 0..1.
    channels : {"auto", "first", "last"}, default="auto"
        Which axis of an array holds the channels; "auto" takes the last if its length is 1 to 4.
    mode : {"L", "RGB", "RGBA"}, default=None
        Grey, colour, or colour and alpha, that images are converted to; without alpha they are
        composited over white. None takes "RGB" for files and for arrays that differ in their
        channels, and keeps other arrays unchanged.
    on_error : {"absent", "raise"}, default="absent"
        Whether files that cannot be read are absent, with a warning that counts and names them, or
        raise an error.
    keep : bool or "auto", default="auto"
        Whether decoded and resized pixels of files are kept in memory; "auto" keeps them up to 64
        MiB. Otherwise files are read in each epoch.
    encoder : str, list, component or nn.Module factory, default="cnn"
        Encoder of the grids. "efficientnet_lite0" (also 1 and 2) is a frozen pretrained one, at
        whose size images are read; see `Pretrained`. An attribute `normalization` defines its
        input: a dict with "mean" and "std", numbers or one a channel, which imply the `mode`, or
        None, and "size".
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
        If the array has another rank, images differ in shape without a `size`, or hold NaN; if no
        file can be read, or with ``on_error="raise"`` one cannot.

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
    opens_files = True
    pretrained = "efficientnet_lite0"
    _parameter_constraints = {
        **ImageScaler._parameter_constraints,
        "on_error": [StrOptions({"absent", "raise"})],
        "keep": ["boolean", StrOptions({"auto"})],
    }

    def __init__(
        self,
        *,
        size=None,
        scaling="standard",
        channels="auto",
        mode=None,
        on_error="absent",
        keep="auto",
        encoder="cnn",
        decoder="cnn",
        loss="squared_error",
    ):
        self.size = size
        self.scaling = scaling
        self.channels = channels
        self.mode = mode
        self.on_error = on_error
        self.keep = keep
        self.encoder = encoder
        self.decoder = decoder
        self.loss = loss

    @property
    def restores(self):
        """Whether `fit` saw arrays, as `inverse_transform` returns them, and not files."""
        return not self.holds_files_

    def fit(self, columns, sample_weight=None):
        self._fit(columns, sample_weight)
        return self

    def fit_transform(self, columns, sample_weight=None):
        source = self._fit(columns, sample_weight)
        if source is None or len(source) < len(columns):
            return self, self.transform(columns)
        return self, self._lazy_block(source)

    def _fit(self, columns, weight):
        """Fit, and return the lazy rows; None for arrays in memory."""
        self._validate_params()
        images = _cells(columns)
        if weight is not None and not weight.all():
            with map_row_numbers(weight > 0):
                return self._fit(images[weight > 0], weight[weight > 0])
        size, scaling, mode = self._settings()
        self.holds_files_ = files = are_files(images)
        self.mixed_ = not files and self.channels != "first" and have_mixed_channels(images)
        if self.mixed_:
            images = unify_channels(images, mode)
        self.scaler_ = ImageScaler(
            size=size, scaling=scaling, mode=mode, channels="last" if files else self.channels
        )
        source, like = None, images
        if files:
            source = self._open(images, mode or "RGB", size)
            like = np.zeros((1, 1, 1, len(source.mode)), dtype=np.uint8)
        elif isinstance(images, np.memmap):
            source = ArrayRows(images)
        lazily = self._resizes_lazily(images, size)
        if lazily:  # with the scaling of the encoder, the shape is all that there is to learn
            self.scaler_.fit(sample_rows(images))
            source = ArrayRows(images)
        elif source is None:
            self.scaler_.fit(images, sample_weight=weight)
        else:
            self._fit_rows(source, weight, like)
        self.spec_ = BlockSpec("grid", self.scaler_.shape_)
        return source

    def _fit_rows(self, source, weight, like) -> None:
        weight = np.ones(len(source)) if weight is None else weight
        batches = ((rows, images, weight[rows]) for rows, images in source.check())
        try:
            self.scaler_.fit_batches(batches, like)
        except ValueError as error:
            if source.readable.any():
                raise
            raise ModalityError(
                f"none of the {len(source)} images can be read, first {source.reason(0)}."
            ) from error

    def _open(self, files, mode, size, shape=None):
        return FileRows(
            files, mode=mode, size=size, on_error=self.on_error, keep=self.keep, shape=shape
        )

    def _settings(self):
        """Return size, scaling and mode; from the encoder's normalisation if it has one."""
        known = encoder_attribute(self.encoder, "normalization") or {}
        size = known.get("size") if self.size is None else self.size
        size = (size, size) if isinstance(size, Integral) else size
        mean, std = known.get("mean"), known.get("std")
        if mean is None:
            frozen = self.scaling == "standard" and encoder_attribute(self.encoder, "frozen")
            return size, "unit" if frozen else self.scaling, self.mode
        scaling = (mean, std) if self.scaling == "standard" else self.scaling
        channels = {len(values) for values in (mean, std) if np.ndim(values)}
        return size, scaling, self.mode or _MODES.get(max(channels, default=None))

    def transform(self, columns):
        images = _cells(columns)
        if are_files(images):
            n_channels, *size = self.spec_.shape
            if n_channels not in _MODES:
                raise ValueError(f"files have 1, 3 or 4 channels, images in fit had {n_channels}.")
            source = self._open(images, _MODES[n_channels], self.scaler_.size, (*size, n_channels))
            for _ in source.check():  # finds unreadable files before the first batch
                pass
            return self._lazy_block(source)
        if isinstance(images, np.memmap) or self._resizes_lazily(images, self.scaler_.size):
            block = self._lazy_block(ArrayRows(images))
            block.values[:1]  # raises an error in shape before the first batch
            return block
        if self.channels != "first" and (have_mixed_channels(images) or self.mixed_):
            images = unify_channels(images, "RGBA" if self.spec_.shape[0] == 4 else "RGB")
        values = self.scaler_.transform(images)
        return Block(values, np.ones(len(values), dtype=bool), self.spec_)

    def _resizes_lazily(self, images, size) -> bool:
        """Return whether an array is resized when a frozen encoder reads it, which is once.

        At the size of the encoder small images would take far more memory than they do.
        """
        frozen = bool(encoder_attribute(self.encoder, "frozen")) and size is not None
        return frozen and images.dtype == np.uint8 and not isinstance(self._settings()[1], str)

    def _lazy_block(self, source):
        scaled = ScaledRows(source, self.scaler_)
        values = LazyRows(scaled, len(source), self.spec_.shape, keys=scaled.keys)
        readable = source.readable
        if not readable.all():
            values = values.take(readable).spread(readable)
        return Block(values, readable, self.spec_)

    def find_unreadable(self, columns):
        images = _cells(columns)
        if not are_files(images):
            return np.zeros(len(images), dtype=bool)
        size, _, mode = self._settings()
        return self._open(images, mode or "RGB", size).find_unreadable()

    def inverse_transform(self, values):
        """Return images of the rank, order of axes and dtype in `fit`; resizing is not inverted.

        For files they are uint8 arrays (n, h, w, c).
        """
        return self.scaler_.inverse_transform(values)

    @staticmethod
    def example(n, rng):
        return rng.integers(0, 256, size=(n, 8, 8, 3), dtype=np.uint8)

    @classmethod
    def accepts(cls, values):
        """Return whether a column holds an image per sample: two or three axes, or an image file.

        File names are identified by extension, bytes by signature.
        """
        images = values if hasattr(values, "dtype") else np.asarray(as_column(values))
        if images.ndim == 1 and images.dtype.kind in "OUT":
            found = [cell for cell in np.asarray(images, dtype=object) if not _is_blank(cell)]
            return bool(found) and (
                all(map(is_image_file, found))
                or all(isinstance(cell, np.ndarray) and cell.ndim in (2, 3) for cell in found)
            )
        return images.ndim in (3, 4) and images.dtype.kind in "buif"


def _cells(columns) -> np.ndarray:
    images = Columns.of(columns).values
    if isinstance(images, np.memmap):
        return images
    images = np.asarray(images)
    if images.dtype.kind in "UT":
        images = images.astype(object)
    if images.dtype.kind == "O" and images.ndim == 2 and images.shape[1] == 1:
        images = images[:, 0]
    if images.dtype.kind == "O" and images.ndim == 1:
        missing = [row for row, cell in enumerate(images) if is_missing(cell)]
        if missing:  # only if it is the single modality: else absent rows are not passed
            first = row_number(missing[:5])
            raise ValueError(
                f"{len(missing)} samples have no image, first {first}: leave them out, or give "
                "another modality."
            )
    return images


def _is_blank(cell) -> bool:
    """Return whether a cell is missing or a blank file name."""
    return is_missing(cell) or (isinstance(cell, str) and not cell.strip())
