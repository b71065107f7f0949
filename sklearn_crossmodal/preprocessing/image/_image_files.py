"""Decode image files, encoded bytes and Pillow images to pixel arrays."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from io import BytesIO
from threading import Lock

import numpy as np

from sklearn_crossmodal.data import encoded_kind
from sklearn_crossmodal.data.cells._file_cells import has_extension, is_path_or_bytes
from sklearn_crossmodal.utils import import_optional
from sklearn_crossmodal.utils._row_numbers import row_number

__all__ = ["are_files", "decode_image", "is_image_file"]

#: Extensions of image files.
_ENDINGS = (
    *(".avif", ".bmp", ".gif", ".jp2", ".jpe", ".jpeg", ".jpg", ".pbm", ".pgm", ".png", ".pnm"),
    *(".ppm", ".tga", ".tif", ".tiff", ".webp"),
)
#: First bytes of image files.
_SIGNATURES = (
    *(b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF87a", b"GIF89a", b"BM"),
    *(b"II*\x00", b"MM\x00*", b"\x00\x00\x00\x0cjP  "),
)
_ORIENTATION = 0x0112
#: Pillow modes with alpha, straight or premultiplied.
_WITH_ALPHA = frozenset({"LA", "PA", "La", "RGBA", "RGBa"})
#: Modes with few conversions in Pillow, and an intermediate mode for each.
_FIRST = {"La": "LA", "LAB": "RGB"}
#: A Pillow image reads its file on first use, which is not thread-safe.
_LOADING = Lock()


def are_files(images) -> bool:
    """Return whether rows are encoded images; raise if only some are."""
    if images.dtype != object or images.ndim != 1:
        return False
    encoded = [is_path_or_bytes(cell) or _is_pillow(cell) for cell in images]
    if any(encoded) and not all(encoded):
        minority = 2 * sum(encoded) < len(encoded)  # the minority is reported
        row, majority = encoded.index(minority), "arrays" if minority else "files"
        raise ValueError(
            f"row {row_number(row)} holds {type(images[row]).__name__}, others hold {majority}: "
            "give paths, bytes and Pillow images in all rows, or arrays."
        )
    return any(encoded)


def is_image_file(cell) -> bool:
    """Return whether a cell is the path of an image file, its bytes, or a Pillow image."""
    if isinstance(cell, bytes | bytearray):
        is_webp = cell[:4] == b"RIFF" and cell[8:12] == b"WEBP"
        return is_webp or bytes(cell[:16]).startswith(_SIGNATURES)
    return has_extension(cell, _ENDINGS) if is_path_or_bytes(cell) else _is_pillow(cell)


def decode_image(cell, *, mode="RGB", size=None) -> np.ndarray:
    """Return the pixels of an image file, upright: (height, width, n_channels), uint8.

    Parameters
    ----------
    cell : path, bytes or PIL.Image.Image
        The file, its content, or a Pillow image. What Pillow raises for it is not converted.
    mode : {"L", "RGB", "RGBA"}, default="RGB"
        Grey, colour, or colour and alpha. Without alpha, images are composited over white. Of more
        than 8 bits a pixel the upper ones are kept; floats range from 0 to 1.
    size : tuple of (int, int), default=None
        Height and width to resize to, by area averaging.
    """
    if (kind := encoded_kind(cell)) is not None:
        raise ValueError(f"it is {kind}")
    pillow = import_optional("PIL.Image", extra="images", purpose="Reading image files")
    with _opened(cell, pillow, size) as image:
        image = _in_mode(_upright(image), mode, pillow)
        if size is not None:
            image = image.resize(size[::-1], pillow.Resampling.BILINEAR)
        pixels = np.asarray(image)
    return pixels if pixels.ndim == 3 else pixels[..., np.newaxis]


def _is_pillow(cell) -> bool:
    pillow = sys.modules.get("PIL.Image")  # if it was not imported, no cell is one
    return pillow is not None and isinstance(cell, pillow.Image)


@contextmanager
def _opened(cell, pillow, size):
    """Open a file; a large JPEG is decoded at a resolution near `size`."""
    if _is_pillow(cell):
        with _LOADING:
            cell.load()
        yield cell  # owned by the caller, and not closed
        return
    encoded = isinstance(cell, bytes | bytearray)
    with pillow.open(BytesIO(cell) if encoded else cell) as image:
        if size is not None:
            image.draft(None, (2 * max(size), 2 * max(size)))
        yield image


def _upright(image):
    if image.getexif().get(_ORIENTATION, 1) == 1:
        return image
    operations = import_optional("PIL.ImageOps", extra="images", purpose="Reading image files")
    return operations.exif_transpose(image)


def _in_mode(image, mode, pillow):
    if image.mode.startswith(("I", "F")):
        image = pillow.fromarray(_eight_bits(np.asarray(image)))
    transparent = "transparency" in image.info or image.mode in _WITH_ALPHA
    if image.mode in _FIRST and image.mode != mode:
        image = image.convert(_FIRST[image.mode])
    if transparent and mode != "RGBA":
        image = image.convert("RGBA")
        white = pillow.new("RGBA", image.size, "white")
        image = pillow.alpha_composite(white, image).convert("RGB")
    return image if image.mode == mode else image.convert(mode)


def _eight_bits(pixels: np.ndarray) -> np.ndarray:
    """Convert integers of 16 bits, and floats from 0 to 1, to 8 bits."""
    scale = 255.0 if pixels.dtype.kind == "f" else 1 / 257
    return np.clip(np.rint(np.nan_to_num(pixels * scale)), 0, 255).astype(np.uint8)
