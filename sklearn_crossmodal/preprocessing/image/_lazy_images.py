"""Lazy images: files that are decoded, and arrays on disk that are read, batch by batch."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from sklearn_crossmodal.preprocessing._read_errors import (
    describe_error,
    explain_unreadable,
    name_cell,
    report_unreadable,
)
from sklearn_crossmodal.preprocessing.image._image_files import decode_image
from sklearn_crossmodal.preprocessing.image._image_scaler import ImageScaler
from sklearn_crossmodal.preprocessing.image._pixels import sample_rows
from sklearn_crossmodal.utils._cache import row_keys
from sklearn_crossmodal.utils._progress import progress
from sklearn_crossmodal.utils._row_numbers import current_row_numbers
from sklearn_crossmodal.utils._threads import prefetch

__all__ = ["ArrayRows", "FileRows", "ScaledRows"]

#: Images that a thread reads at a time.
_CHUNK = 16
#: With ``keep="auto"`` decoded pixels up to this many bytes are kept in memory.
_KEEP_AT_MOST = 64 * 2**20


class ArrayRows:
    """Images (n, ...) of one array, such as a memory map, read when they are indexed."""

    def __init__(self, images: np.ndarray) -> None:
        self.images = images

    def __len__(self) -> int:
        return len(self.images)

    @property
    def in_memory(self) -> bool:
        """Whether the images are in memory, and no memory map."""
        return not isinstance(self.images, np.memmap)

    @property
    def readable(self) -> np.ndarray:
        """Which rows can be read, (n,) bool: all."""
        return np.ones(len(self), dtype=bool)

    def read(self, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the images of some rows, and which of them can be read."""
        return np.asarray(self.images[rows]), np.ones(len(rows), dtype=bool)

    def sample(self) -> np.ndarray:
        """Return a sample of the images, which defines their unit."""
        return sample_rows(self.images)

    def check(self) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Yield row numbers and images of all rows, chunk by chunk."""
        parts = _chunks(len(self))
        yield from zip(parts, prefetch(lambda rows: self.read(rows)[0], parts), strict=True)


class FileRows:
    """Image files, decoded when they are indexed.

    Parameters
    ----------
    cells : sequence of path, bytes or PIL.Image.Image
        One image a row.
    mode : {"L", "RGB", "RGBA"}
        Mode that they are converted to.
    size : tuple of (int, int) or None
        Height and width that they are resized to; None keeps the size, equal for all.
    on_error : {"absent", "raise"}
        Whether files that cannot be read are reported by a warning or an error.
    keep : bool or "auto"
        Whether decoded pixels are kept in memory; "auto": up to 64 MiB.
    shape : tuple of (int, int, int), default=None
        Required shape of an image; None: that of the first.

    Attributes
    ----------
    pixels : ndarray of shape (n, h, w, c), uint8, or None
        The pixels kept in memory.
    reasons : dict of int to str
        Error messages of rows that `check` could not read.
    """

    def __init__(self, cells, *, mode: str, size, on_error: str, keep, shape=None) -> None:
        self.cells = cells
        self.mode = mode
        self.size = size
        self.on_error = on_error
        self.keep = keep
        self.shape = shape
        self.pixels: np.ndarray | None = None
        self.reasons: dict[int, str] = {}
        self._has_warned = False
        self._numbers = current_row_numbers()  # files are read later, out of the context

    def __len__(self) -> int:
        return len(self.cells)

    @property
    def in_memory(self) -> bool:
        """Whether the pixels are kept in memory."""
        return self.pixels is not None

    @property
    def readable(self) -> np.ndarray:
        """Which rows `check` could read, (n,) bool."""
        readable = np.ones(len(self), dtype=bool)
        readable[list(self.reasons)] = False
        return readable

    def check(self) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Read all rows; yield row numbers and images (k, h, w, c) of the readable ones in chunks.

        Unreadable rows are in `reasons` afterwards. Raise if images differ in shape, or if some
        cannot be read and `on_error` is "raise".
        """
        if self.size is not None:
            self.size = tuple(self.size)
            self.shape = (*self.size, len(self.mode))
        parts, pixels = _chunks(len(self)), None
        reading = progress(
            prefetch(self._decode_all, parts), total=len(parts), label="reading images"
        )
        for rows, found in zip(parts, reading, strict=True):
            images = {}
            for row, image in zip(rows.tolist(), found, strict=True):
                if isinstance(image, str):
                    self.reasons[row] = image
                else:
                    self._check_shape(row, image)
                    images[row] = image
            if not images:
                continue
            rows, stack = np.array(list(images)), np.stack(list(images.values()))
            small = len(self) * int(np.prod(self.shape)) <= _KEEP_AT_MOST
            if pixels is None and (small if self.keep == "auto" else self.keep):
                pixels = np.zeros((len(self), *self.shape), dtype=np.uint8)
            if pixels is not None:
                pixels[rows] = stack
            yield rows, stack
        self.pixels = pixels
        self._report_unreadable()

    def read(self, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the images of some rows, and which of them are still readable."""
        if self.pixels is not None:
            return self.pixels[rows], np.ones(len(rows), dtype=bool)
        images = np.zeros((len(rows), *self.shape), dtype=np.uint8)
        readable = np.zeros(len(rows), dtype=bool)
        lost = {}
        for place, (row, found) in enumerate(zip(rows, self._decode_all(rows), strict=True)):
            readable[place] = not isinstance(found, str) and found.shape == self.shape
            if readable[place]:
                images[place] = found
            else:
                lost[int(row)] = found if isinstance(found, str) else "its size has changed"
        if lost and not self._has_warned:
            self._has_warned = self.on_error == "absent"
            what = "Images that could be read before cannot be any more"
            outcome = "these, and others that become unreadable, count as zeros"
            self._report(what, outcome, lost)
        return images, readable

    def find_unreadable(self) -> np.ndarray:
        """Return which rows (n,) cannot be read, whatever the size of the images; report them."""
        parts = _chunks(len(self))
        for rows, found in zip(parts, prefetch(self._decode_all, parts), strict=True):
            lost = zip(rows.tolist(), found, strict=True)
            self.reasons.update({row: error for row, error in lost if isinstance(error, str)})
        self._report_unreadable()
        return ~self.readable

    def reason(self, row: int) -> str:
        """Return name and error message of a row that `check` could not read."""
        return explain_unreadable(self.cells[row], row, self.reasons[row], self._numbers)

    def _report_unreadable(self) -> None:
        if self.reasons:
            what = f"{len(self.reasons)} of {len(self)} images cannot be read"
            self._report(what, "they are absent", self.reasons)

    def _report(self, what, outcome, reasons) -> None:
        report_unreadable(what, outcome, reasons, self.cells, self.on_error, self._numbers)

    def sample(self) -> np.ndarray:
        """Return a black and a white image: files are decoded to 8 bits."""
        return np.array([0, 255], dtype=np.uint8).reshape(2, 1, 1, 1)

    def _decode_all(self, rows) -> list[np.ndarray | str]:
        return [self._decode(row) for row in rows]

    def _decode(self, row) -> np.ndarray | str:
        """Return the pixels of a row, or the error message."""
        try:
            return decode_image(self.cells[row], mode=self.mode, size=self.size)
        except (ImportError, MemoryError):
            raise
        except Exception as error:  # decoders raise many types of error
            return describe_error(error)

    def _check_shape(self, row: int, image: np.ndarray) -> None:
        if self.shape is None:
            self.shape = image.shape
        if image.shape != self.shape:
            name = name_cell(self.cells[row], row, self._numbers)
            raise ValueError(
                f"images differ in height and width, {self.shape[:2]} and, in {name}, "
                f"{image.shape[:2]}: pass size=(height, width)."
            )


class ScaledRows:
    """Read rows and scale them: the picklable callable of `LazyRows`."""

    def __init__(self, source: ArrayRows | FileRows, scaler: ImageScaler) -> None:
        self.source = source
        self.scaler = scaler
        # Once for all rows, not per batch: a dark batch has no other unit.
        self.divisors = scaler.divisors([source.sample()])

    def __call__(self, rows: np.ndarray) -> np.ndarray:
        pixels, readable = self.source.read(rows)
        if isinstance(self.source, FileRows):  # in the order of axes in `fit`
            if self.scaler.rank_ == 3:
                pixels = pixels[..., 0]
            elif not self.scaler.channels_last_:
                pixels = np.moveaxis(pixels, -1, 1)
        values = self.scaler.scale([pixels], self.divisors)
        values[~readable] = 0
        return values

    def keys(self, rows: np.ndarray) -> list[bytes] | None:
        """Return a hash of the pixels of each row and of the scaling; None if it is to be read."""
        if not self.source.in_memory:
            return None
        scaler, (pixels, _) = self.scaler, self.source.read(rows)
        axes = scaler.rank_, scaler.channels_last_, type(self.source).__name__
        scale = scaler.mean_.ravel().tolist(), scaler.std_.ravel().tolist(), self.divisors
        settings = repr((axes, scale, scaler.shape_, scaler.mode)).encode()
        return row_keys(pixels, settings=settings)


def _chunks(n_rows: int) -> list[np.ndarray]:
    return [np.arange(start, min(start + _CHUNK, n_rows)) for start in range(0, n_rows, _CHUNK)]
