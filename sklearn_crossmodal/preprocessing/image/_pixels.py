"""Functions on stacks of images: (n, h, w), (n, h, w, c), or (n, c, h, w) after reordering."""

from __future__ import annotations

import numpy as np

from sklearn_crossmodal.data import as_column

__all__ = ["as_stacks", "convert", "image_moments", "integer_range", "resize", "sample_rows"]

#: Size of the sample of a memory map from which its unit is inferred.
_SAMPLE = 64

#: Weights of red, green and blue in grey, as in ITU-R BT.601 and Pillow.
_GREY = np.array([0.299, 0.587, 0.114], dtype=np.float32)


def as_stacks(X, size) -> list[np.ndarray]:
    """Stack images of equal shape and dtype; else return a stack of one for each image."""
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
        uniform = len(shapes) == len({cell.dtype for cell in cells}) == 1
        stacks = [np.stack(cells)] if uniform else [cell[np.newaxis] for cell in cells]
    else:
        stacks = [images]
    are_images = stacks and stacks[0].ndim in (3, 4) and all(stack.size for stack in stacks)
    if not are_images or stacks[0].dtype.kind not in "buif":
        raise ValueError(
            "expected images of shape (n, height, width) or (n, height, width, channels), got "
            f"{images.dtype} of shape {images.shape}."
        )
    return stacks


def integer_range(stacks: list[np.ndarray]) -> tuple[int, int]:
    """Return the limits of an integer dtype, of a wide one those of the narrowest that fits."""
    dtype = stacks[0].dtype
    if dtype.kind not in "ui":
        return 0, 1
    if dtype.itemsize > 2:  # wider than image formats use, as NumPy's default int64
        ends = min(stack.min() for stack in stacks), max(stack.max() for stack in stacks)
        dtype = np.result_type(*map(np.min_scalar_type, ends))
    return np.iinfo(dtype).min, np.iinfo(dtype).max


def sample_rows(images: np.ndarray) -> np.ndarray:
    """Return an evenly spaced sample of the images; all if they are few."""
    rows = np.linspace(0, len(images) - 1, min(len(images), _SAMPLE)).astype(int)
    return np.asarray(images[rows])


def image_moments(images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return mean and variance (n, c) of each channel of each image, float64."""
    means = images.mean(axis=(2, 3), dtype=np.float64)
    centered = images - means[:, :, np.newaxis, np.newaxis].astype(np.float32)
    return means, np.square(centered, out=centered).mean(axis=(2, 3), dtype=np.float64)


def convert(images: np.ndarray, mode: str) -> np.ndarray:
    """Convert images (n, c, h, w) in 0..1 between grey and colour, with or without alpha."""
    n_channels = images.shape[1]
    colour, alpha = (images, None) if n_channels % 2 else (images[:, :-1], images[:, -1:])
    if alpha is not None and mode != "RGBA":
        colour = colour * alpha + (1 - alpha)
    if mode == "L" and colour.shape[1] == 3:
        colour = np.einsum("nchw,c->nhw", colour, _GREY)[:, np.newaxis]
    if mode != "L" and colour.shape[1] == 1:
        colour = np.broadcast_to(colour, (len(images), 3, *images.shape[2:]))
    if mode == "RGBA":
        alpha = np.ones_like(images[:, :1]) if alpha is None else alpha
        colour = np.concatenate([colour, alpha], axis=1)
    return np.ascontiguousarray(colour)


def resize(images: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Resize images (n, c, h, w) by a triangle filter, antialiased."""
    if images.shape[2:] == size:
        return images
    rows, columns = (
        _triangle_weights(old, new) for old, new in zip(images.shape[2:], size, strict=True)
    )
    return np.einsum("ph,nchw,qw->ncpq", rows, images, columns, optimize=True)


def _triangle_weights(old: int, new: int) -> np.ndarray:
    """Return the weights (new, old) of linear interpolation, with a wider filter to downscale."""
    scale = old / new
    reach = max(scale, 1.0)
    centers = (np.arange(new) + 0.5) * scale - 0.5
    distance = np.abs(np.arange(old) - centers[:, np.newaxis]) / reach
    weights = np.maximum(1 - distance, 0)
    return (weights / weights.sum(axis=1, keepdims=True)).astype(np.float32)
