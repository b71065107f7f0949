"""Convert image arrays with different numbers of channels to one mode."""

from __future__ import annotations

import numpy as np

from sklearn_crossmodal.data import is_missing, object_array
from sklearn_crossmodal.utils._row_numbers import row_number

__all__ = ["have_mixed_channels", "unify_channels"]


def have_mixed_channels(images: np.ndarray) -> bool:
    """Return whether images in object cells, (h, w) or (h, w, c), differ in their channels.

    One array of all images is never mixed. Raise if a cell is not an array of two or three axes.
    """
    if images.dtype != object or images.ndim != 1:
        return False
    for row, image in enumerate(images):
        wrong = np.ndim(image) not in (2, 3) or np.asarray(image).dtype.kind not in "buif"
        if wrong and not is_missing(image):
            what = f"an array {np.shape(image)}" if np.ndim(image) else type(image).__name__
            raise ValueError(
                f"row {row_number(row)} holds {what} where an image (height, width) or (height, "
                "width, channels) is expected: leave it out, or make it None."
            )
    return len({_n_channels(image) for image in images}) > 1 and all(
        _n_channels(image) in (1, 3, 4) for image in images
    )


def unify_channels(images: np.ndarray, mode: str | None) -> np.ndarray:
    """Convert images to cells of three channels each, or of four if `mode` is "RGBA".

    Grey is repeated. Where alpha is dropped, images are composited over white.
    """
    return object_array([_unify(np.asarray(image), mode == "RGBA") for image in images])


def _n_channels(image) -> int:
    return 1 if np.ndim(image) == 2 else np.shape(image)[-1]


def _unify(image: np.ndarray, with_alpha: bool) -> np.ndarray:
    image = image if image.ndim == 3 else image[..., np.newaxis]
    if image.shape[-1] == 1:
        image = np.repeat(image, 3, axis=-1)
    white = _white(image)
    if with_alpha and image.shape[-1] == 3:
        alpha = np.full_like(image[..., :1], white)
        return np.concatenate([image, alpha], axis=-1)
    if with_alpha or image.shape[-1] == 3:
        return image
    share = image[..., 3:] / white
    over = image[..., :3] * share + white * (1 - share)
    return (np.rint(over) if image.dtype.kind in "ui" else over).astype(image.dtype)


def _white(image: np.ndarray):
    """Return the value of white: the maximum of the dtype, 255 of wide dtypes, 1 of floats."""
    if image.dtype.kind in "ui":
        return 255 if image.dtype.itemsize > 2 else np.iinfo(image.dtype).max
    return 255.0 if image.dtype.kind == "f" and image.size and np.nanmax(image) > 1 else 1
