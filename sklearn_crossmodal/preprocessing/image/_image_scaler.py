"""Resize and scale image arrays, channels first."""

from __future__ import annotations

from numbers import Integral

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from sklearn_crossmodal.data import as_column
from sklearn_crossmodal.preprocessing.image._pixel_units import (
    Extent,
    PixelUnit,
    extents_of,
    white_of,
)
from sklearn_crossmodal.preprocessing.image._pixels import (
    as_stacks,
    convert,
    image_moments,
    integer_range,
    resize,
    sample_rows,
)
from sklearn_crossmodal.utils._row_numbers import row_number
from sklearn_crossmodal.utils._sklearn import Interval, StrOptions

__all__ = ["ImageScaler"]

#: Standard deviation, relative to the mean, below which a channel is constant up to rounding.
_TOLERANCE = 1e-6
#: Numbers of channels an image may have: grey, grey and alpha, colour, colour and alpha.
_CHANNELS = (1, 2, 3, 4)


class ImageScaler(TransformerMixin, BaseEstimator):
    """Resize images to one size, and scale their pixels; channels first.

    Parameters
    ----------
    size : int or tuple of (int, int), default=None
        Height and width to resize to, one number for both, by area averaging; None keeps the
        size, which must then be equal for all images.
    scaling : {"standard", "unit"} or tuple of (mean, std), default="standard"
        - "unit": integers are divided by the maximum of their dtype, of 32 and 64 bits by that of
          the narrowest dtype that holds those seen in `fit`; floats are unchanged.
        - "standard": also, each channel has mean 0 and standard deviation 1 over all images.
        - (mean, std), one number a channel each: replace those of "standard". They are for pixels
          in 0..1: floats from 0 to 255 or 65535 are divided by that first.
    channels : {"auto", "first", "last"}, default="auto"
        Which axis of an image with three axes holds the channels. "auto" takes the last if its
        length is 1 to 4, else the first.
    mode : {"L", "RGB", "RGBA"}, default=None
        Convert to grey, to colour, or to colour and alpha; None keeps the channels. Where alpha is
        dropped, images are composited over white.

    Attributes
    ----------
    shape_ : tuple of (int, int, int)
        Channels, height and width of transformed images.
    mean_, std_ : ndarray of shape (n_channels, 1, 1)
        Center and scale of the channels, after the scaling to 0..1.
    dtype_ : dtype
        Of the images in `fit`.
    range_ : tuple of (int, int)
        Minimum and maximum of their integer dtype; 0 and 1 for other dtypes.

    See Also
    --------
    sklearn_crossmodal.modalities.Image : The modality that uses it.

    Notes
    -----
    The unit of pixels in `fit` is kept: equal numbers are equal images in any dtype, integers of 8
    to 64 bits or floats. There are two exceptions. If `fit` saw numbers above 1, floats from 0 to 1
    are relative to white. Integers of a narrower dtype, which could not hold the numbers in `fit`,
    are relative to the maximum of their dtype. Pixels far out of the range in `fit` raise one
    warning a call, which states the factor.

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
        "size": [Interval(Integral, 1, None, closed="left"), tuple, list, None],
        "scaling": [StrOptions({"standard", "unit"}), tuple],
        "channels": [StrOptions({"auto", "first", "last"})],
        "mode": [StrOptions({"L", "RGB", "RGBA"}), None],
    }

    def __init__(self, *, size=None, scaling="standard", channels="auto", mode=None):
        self.size = size
        self.scaling = scaling
        self.channels = channels
        self.mode = mode

    def fit(self, X, y=None, sample_weight=None):
        """Learn size, and mean and standard deviation of the channels.

        Parameters
        ----------
        X : array-like of shape (n, h, w), (n, h, w, c), (n, c, h, w), or n such images
            Images.
        y : None
            Ignored; pipelines pass it.
        sample_weight : array-like of shape (n,), default=None
            Weights of the images; those of weight zero are ignored.

        Returns
        -------
        ImageScaler
            Itself.

        Raises
        ------
        ValueError
            If these are not images, differ in shape, or hold NaN or infinity.
        """
        rows = None
        if sample_weight is not None and not np.all(sample_weight):
            sample_weight = np.asarray(sample_weight)
            rows = np.flatnonzero(sample_weight)
            X, sample_weight = np.asarray(as_column(X))[rows], sample_weight[rows]
        stacks = as_stacks(X, self.size)
        extents = extents_of(stacks)
        self._describe(stacks, extents)
        images = self._prepare(stacks, self._unit.divisors(extents), rows)
        self._learn(images.shape[1:], [image_moments(images)], sample_weight)
        return self

    def fit_batches(self, batches, like):
        """Learn as `fit` does, from batches of (row numbers for messages, images, weights or None).

        `like`, some of the images or a memory map of all, defines axes, dtype and range.
        """
        stacks = as_stacks(like, self.size)
        self._describe(stacks, extents_of([sample_rows(stacks[0])]))
        moments, weights, extent = [], [], None
        for rows, images, weight in batches:
            found = Extent.of(images)
            extent = found if extent is None else extent | found
            images = self._prepare([images], {images.dtype: self._unit.full}, rows)
            moments.append(image_moments(images))
            weights.append(np.ones(len(rows)) if weight is None else weight)
        if not moments:
            raise ValueError("there are no images to learn from.")
        self._unit = self._unit.with_extent(extent)
        self._learn(images.shape[1:], moments, np.concatenate(weights))
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
        stacks = as_stacks(X, self.size)
        return self.scale(stacks, self.divisors(stacks))

    def divisors(self, stacks):
        """Return the divisor of stacks of images, or of a sample, by dtype, in the unit of fit."""
        if all(map(self._unit.is_usual, stacks)):
            return {self._unit.dtype: self._unit.full}
        return self._unit.divisors(extents_of(stacks))

    def scale(self, stacks, divisors):
        """Resize and scale stacks of images, with their `divisors`, to float32 (n, c, h, w)."""
        images = self._prepare(stacks, divisors)
        if images.shape[1:] != self.shape_:
            raise ValueError(
                f"images have channels, height and width {images.shape[1:]}, those in `fit` had "
                f"{self.shape_}."
            )
        if self.scaling == "unit":
            return images
        return ((images - self.mean_) / self.std_).astype(np.float32)

    def inverse_transform(self, X):
        """Invert the scaling, not the resizing.

        Parameters
        ----------
        X : array-like of shape (n, c, h, w)
            As `transform` returns it.

        Returns
        -------
        ndarray of the rank, order of axes and dtype in `fit`
            Integers are rounded and clipped to their range.
        """
        check_is_fitted(self)
        spread = np.where(self._varies, self.std_, 0.0)
        images = np.asarray(X, dtype=np.float64) * spread + self.mean_
        if self.dtype_.kind in "ui":
            images = np.clip(np.rint(images * self.range_[1]), *self.range_)
        elif self.dtype_.kind == "f":
            images = images * self._unit.full
        elif self.dtype_.kind == "b":
            images = images >= 0.5
        if self.rank_ == 3 and self.shape_[0] == 1:
            images = images[:, 0]
        elif self.rank_ == 3 or self.channels_last_:
            images = np.moveaxis(images, 1, -1)
        return np.ascontiguousarray(images, dtype=self.dtype_)

    def _describe(self, stacks, extents):
        """Validate the parameters; learn axes, dtype, range and unit of the images."""
        self._validate_params()
        size = (1, 1) if self.size is None else self._size()
        if len(size) != 2 or not all(isinstance(n, Integral) and n > 0 for n in size):
            raise ValueError(f"size={self.size!r} must be a height and a width, both positive.")
        self.rank_ = stacks[0].ndim
        last = self.channels == "last"
        if self.channels == "auto":
            last = stacks[0].shape[-1] in _CHANNELS
        self.channels_last_ = self.rank_ == 4 and last
        # Of mixed dtypes, integers define the unit better than floats.
        stacks = [stack for stack in stacks if stack.dtype.kind in "ui"] or stacks
        self.dtype_ = stacks[0].dtype
        self.range_ = integer_range([one for one in stacks if one.dtype == self.dtype_])
        extent, full = extents[self.dtype_], float(self.range_[1])
        if self.dtype_.kind == "f" and isinstance(self.scaling, tuple):
            # A mean up to 1 is one of pixels in 0..1.
            full = white_of(extent) if np.max(self.scaling[0]) <= 1 else full
        self._unit = PixelUnit(self.dtype_, self.range_, full, extent)

    def _learn(self, shape, moments, sample_weight):
        """Set shape, mean and std from batches of means and variances of images."""
        self.shape_, self._varies = shape, True
        if isinstance(self.scaling, tuple):
            self.mean_, self.std_ = self._user_scaling(shape[0])
            return
        self.mean_, self.std_ = np.zeros((shape[0], 1, 1)), np.ones((shape[0], 1, 1))
        if self.scaling == "standard":
            means, variances = (np.concatenate(parts) for parts in zip(*moments, strict=True))
            mean = np.average(means, axis=0, weights=sample_weight)
            variances = variances + (means - mean) ** 2
            spread = np.sqrt(np.average(variances, axis=0, weights=sample_weight))
            self.mean_ = mean[:, np.newaxis, np.newaxis]
            varies = spread > _TOLERANCE * np.abs(mean)  # beyond the rounding of float32
            self.std_ = np.where(varies, spread, 1.0)[:, np.newaxis, np.newaxis]
            self._varies = varies[:, np.newaxis, np.newaxis]

    def _user_scaling(self, n_channels):
        parts = [np.atleast_1d(np.asarray(part, dtype=float)) for part in self.scaling]
        if len(parts) != 2 or any(part.shape not in {(1,), (n_channels,)} for part in parts):
            raise ValueError(
                f"scaling={self.scaling!r} must be a mean and a standard deviation for each of "
                f"{n_channels} channels."
            )
        if not (parts[1] > 0).all():
            raise ValueError(
                f"scaling={self.scaling!r} has a standard deviation that is not positive."
            )
        return [np.broadcast_to(part, n_channels).reshape(-1, 1, 1) for part in parts]

    def _size(self):
        """Return height and width to resize to."""
        return (self.size, self.size) if isinstance(self.size, Integral) else tuple(self.size)

    def _prepare(self, stacks, divisors, rows=None):
        """Return resized float32 images (n, c, h, w), in 0..1 if they were integers."""
        stacks = [self._channels_first(stack, divisors[stack.dtype]) for stack in stacks]
        finite = np.concatenate([np.isfinite(stack).all(axis=(1, 2, 3)) for stack in stacks])
        if not finite.all():
            rows = np.flatnonzero(~finite) if rows is None else rows[~finite]
            raise ValueError(
                f"{len(rows)} images hold NaN or infinity, first {row_number(rows[:5])}."
            )
        if self.mode is not None:
            stacks = [convert(stack, self.mode) for stack in stacks]
        if self.size is not None:
            stacks = [resize(stack, self._size()) for stack in stacks]
        shapes = {stack.shape[1:] for stack in stacks}
        if len(shapes) > 1:
            raise ValueError(f"images differ in the number of channels: {sorted(shapes)}.")
        return stacks[0] if len(stacks) == 1 else np.concatenate(stacks)

    def _channels_first(self, images, divisor):
        """Return float32 images (n, c, h, w), in 0..1 if they were integers."""
        if images.ndim != self.rank_:
            raise ValueError(
                f"images have {images.ndim - 1} axes each, those in `fit` had {self.rank_ - 1}."
            )
        if images.ndim == 3:
            images = images[:, np.newaxis]
        elif self.channels_last_:
            images = np.moveaxis(images, -1, 1)
        if images.shape[1] not in _CHANNELS:
            raise ValueError(
                f"images have {images.shape[1]} channels; expected one of {_CHANNELS}: name the "
                "axis by channels='first' or 'last'."
            )
        scaled = np.ascontiguousarray(images, dtype=np.float32)
        if divisor == 1:
            return scaled
        # In place where the line above has made a copy, as for all integers.
        shared = np.may_share_memory(scaled, images)
        return np.divide(scaled, np.float32(divisor), out=None if shared else scaled)
