"""Arrays of images to arrays of one size, channels first, scaled."""

from __future__ import annotations

from numbers import Integral

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from sklearn_crossmodal.data import as_column
from sklearn_crossmodal.utils._sklearn import StrOptions

__all__ = ["ImageScaler"]

#: Numbers of channels an image may have: grey, grey and alpha, colour, colour and alpha.
_CHANNELS = (1, 2, 3, 4)


class ImageScaler(TransformerMixin, BaseEstimator):
    """Bring images to one size and scale, channels first.

    Parameters
    ----------
    size : tuple of (int, int), default=None
        Height and width to resize to, by averaging over the area a pixel covers; None keeps the
        size, which must then be one for all images.
    scaling : {"standard", "unit"}, default="standard"
        "unit" divides integers by the largest value of their type, of 32 and 64 bits by that of
        the narrowest type that holds those seen in `fit`, and leaves floats as they are;
        "standard" also gives each channel mean 0 and standard deviation 1 over all images.
    channels : {"auto", "first", "last"}, default="auto"
        Which axis of an image with three axes holds the channels. "auto" takes the last if its
        length is 1 to 4, else the first.

    Attributes
    ----------
    shape_ : tuple of (int, int, int)
        Channels, height and width of what `transform` returns.
    mean_, std_ : ndarray of shape (n_channels, 1, 1)
        What is subtracted and divided by, after the scaling to 0..1.
    dtype_ : dtype
        Of the images in `fit`.
    range_ : tuple of (int, int)
        Least and largest value of their integers; 0 and 1 if they were none.

    See Also
    --------
    sklearn_crossmodal.modalities.Image : The modality that uses it.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_crossmodal.preprocessing import ImageScaler
    >>> images = np.full((5, 8, 8, 3), 255, dtype=np.uint8)
    >>> scaler = ImageScaler(size=(4, 4), scaling="unit").fit(images)
    >>> scaler.transform(images).shape, float(scaler.transform(images).max())
    ((5, 3, 4, 4), 1.0)
    >>> ImageScaler().fit(np.zeros((5, 8)))
    Traceback (most recent call last):
    ...
    ValueError: expected images of shape (n, height, width) or (n, height, width, channels), got ...
    """

    _parameter_constraints = {
        "size": [tuple, list, None],
        "scaling": [StrOptions({"standard", "unit"})],
        "channels": [StrOptions({"auto", "first", "last"})],
    }

    def __init__(self, *, size=None, scaling="standard", channels="auto"):
        self.size = size
        self.scaling = scaling
        self.channels = channels

    def fit(self, X, y=None, sample_weight=None):
        """Learn size, mean and spread of the channels.

        Parameters
        ----------
        X : array-like of shape (n, h, w), (n, h, w, c), (n, c, h, w), or n such images
            Images.
        y : None
            Ignored; pipelines pass it.
        sample_weight : array-like of shape (n,), default=None
            Weights of the images.

        Returns
        -------
        ImageScaler
            Itself.

        Raises
        ------
        ValueError
            If these are no images, differ in shape, or hold NaN or infinity.
        """
        self._validate_params()
        if self.size is not None:
            self._check_size()
        stacks = _as_stacks(X, self.size)
        self.rank_ = stacks[0].ndim
        self.channels_last_ = self.rank_ == 4 and self._has_channels_last(stacks[0].shape)
        self.dtype_ = stacks[0].dtype
        self.range_ = _integer_range(stacks)
        images = self._prepare(stacks)
        self.shape_ = images.shape[1:]
        n_channels = self.shape_[0]
        self.mean_, self.std_ = np.zeros((n_channels, 1, 1)), np.ones((n_channels, 1, 1))
        if self.scaling == "standard":
            self.mean_ = _channel_means(images, sample_weight)
            centered = images - self.mean_.astype(np.float32)
            spread = np.sqrt(_channel_means(centered**2, sample_weight))
            self.std_ = np.where(spread > 1e-6, spread, 1.0)
        return self

    def transform(self, X):
        """Resize and scale.

        Parameters
        ----------
        X : array-like
            Images, as in `fit`.

        Returns
        -------
        ndarray of shape (n, c, h, w), float32
        """
        check_is_fitted(self)
        images = self._prepare(_as_stacks(X, self.size))
        if images.shape[1:] != self.shape_:
            raise ValueError(
                f"images have channels, height and width {images.shape[1:]}, those in `fit` had "
                f"{self.shape_}."
            )
        if self.scaling == "unit":
            return images
        return ((images - self.mean_) / self.std_).astype(np.float32)

    def inverse_transform(self, X):
        """Undo the scaling, not the resizing.

        Parameters
        ----------
        X : array-like of shape (n, c, h, w)
            As `transform` returns it.

        Returns
        -------
        ndarray of the rank, order of axes and dtype that `fit` saw
            Integers are rounded and clipped to their range.
        """
        check_is_fitted(self)
        images = np.asarray(X, dtype=np.float64) * self.std_ + self.mean_
        if self.dtype_.kind in "ui":
            images = np.clip(np.rint(images * self.range_[1]), *self.range_)
        elif self.dtype_.kind == "b":
            images = images >= 0.5
        if self.rank_ == 3:
            images = images[:, 0]
        elif self.channels_last_:
            images = np.moveaxis(images, 1, -1)
        return np.ascontiguousarray(images, dtype=self.dtype_)

    def _check_size(self):
        if len(self.size) != 2 or not all(isinstance(n, Integral) and n > 0 for n in self.size):
            raise ValueError(f"size={self.size!r} must be a height and a width, both positive.")

    def _has_channels_last(self, shape):
        if self.channels == "auto":
            return shape[-1] in _CHANNELS
        return self.channels == "last"

    def _prepare(self, stacks):
        """Return (n, c, h, w) float32 images of the right size, in 0..1 if they were integers."""
        stacks = [self._channels_first(stack) for stack in stacks]
        finite = np.concatenate([np.isfinite(stack).all(axis=(1, 2, 3)) for stack in stacks])
        if not finite.all():
            rows = np.flatnonzero(~finite)
            raise ValueError(f"{len(rows)} images hold NaN or infinity, first {rows[:5].tolist()}.")
        if self.size is not None:
            stacks = [_resize(stack, tuple(self.size)) for stack in stacks]
        shapes = {stack.shape[1:] for stack in stacks}
        if len(shapes) > 1:
            raise ValueError(f"images differ in the number of channels: {sorted(shapes)}.")
        return stacks[0] if len(stacks) == 1 else np.concatenate(stacks)

    def _channels_first(self, images):
        """Return (n, c, h, w) float32 images, in 0..1 if they were integers."""
        if images.ndim != self.rank_:
            raise ValueError(
                f"images have {images.ndim - 1} axes each, those in `fit` had {self.rank_ - 1}."
            )
        largest = 1
        if images.dtype.kind in "ui":
            largest = self.range_[1] if _is_wide(images.dtype) else np.iinfo(images.dtype).max
        if images.ndim == 3:
            images = images[:, np.newaxis]
        elif self.channels_last_:
            images = np.moveaxis(images, -1, 1)
        if images.shape[1] not in _CHANNELS:
            raise ValueError(
                f"images have {images.shape[1]} channels; expected one of {_CHANNELS}: name the "
                "axis by channels='first' or 'last'."
            )
        images = np.ascontiguousarray(images, dtype=np.float32)
        if largest != 1:  # in place: integers were copied by the line above
            images /= np.float32(largest)
        return images


def _as_stacks(X, size) -> list[np.ndarray]:
    """Return images as one stack, or each as its own if they differ in shape."""
    images = np.asarray(as_column(X))
    if images.dtype == object:
        cells = [np.asarray(image) for image in images]
        shapes = {cell.shape for cell in cells}
        if len(shapes) > 1 and size is None:
            raise ValueError(
                f"images differ in shape, for example {sorted(shapes)[:3]}: pass size=(height, "
                "width)."
            )
        if len({len(shape) for shape in shapes}) > 1:
            raise ValueError(f"images differ in the number of axes: {sorted(shapes)[:3]}.")
        stacks = [np.stack(cells)] if len(shapes) == 1 else [cell[np.newaxis] for cell in cells]
    else:
        stacks = [images]
    if not stacks or stacks[0].ndim not in (3, 4) or stacks[0].dtype.kind not in "buif":
        raise ValueError(
            "expected images of shape (n, height, width) or (n, height, width, channels), got "
            f"{images.dtype} of shape {images.shape}."
        )
    return stacks


def _is_wide(dtype: np.dtype) -> bool:
    """Tell whether integers have a range that no image uses: int64 is NumPy's default."""
    return dtype.itemsize > 2


def _integer_range(stacks: list[np.ndarray]) -> tuple[int, int]:
    """Return least and largest value of the type of integer images, or of a narrower they fit."""
    dtype = stacks[0].dtype
    if dtype.kind not in "ui":
        return 0, 1
    if _is_wide(dtype):
        ends = min(stack.min() for stack in stacks), max(stack.max() for stack in stacks)
        dtype = np.result_type(*map(np.min_scalar_type, ends))
    return np.iinfo(dtype).min, np.iinfo(dtype).max


def _channel_means(images: np.ndarray, sample_weight) -> np.ndarray:
    """Return the mean of each channel of (n, c, h, w) images over all images, (c, 1, 1) float64."""
    means = images.mean(axis=(2, 3), dtype=np.float64)
    return np.average(means, axis=0, weights=sample_weight)[:, np.newaxis, np.newaxis]


def _resize(images: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Resize (n, c, h, w) images: each new pixel averages those under a triangle around it."""
    if images.shape[2:] == size:
        return images
    rows, columns = (
        _triangle_weights(old, new) for old, new in zip(images.shape[2:], size, strict=True)
    )
    return np.einsum("ph,nchw,qw->ncpq", rows, images, columns, optimize=True)


def _triangle_weights(old: int, new: int) -> np.ndarray:
    """Return the (new, old) weights of linear interpolation, widened when shrinking."""
    scale = old / new
    reach = max(scale, 1.0)
    centers = (np.arange(new) + 0.5) * scale - 0.5
    distance = np.abs(np.arange(old) - centers[:, np.newaxis]) / reach
    weights = np.maximum(1 - distance, 0)
    return (weights / weights.sum(axis=1, keepdims=True)).astype(np.float32)
