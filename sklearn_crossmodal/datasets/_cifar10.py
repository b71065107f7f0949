"""Read CIFAR-10 from the archive of its authors, with a restricted unpickler."""

from __future__ import annotations

import io
import pickle
from pathlib import Path
from typing import ClassVar

import numpy as np

from sklearn_crossmodal.datasets._archive import (
    Splits,
    check_lengths,
    read_arrays,
    read_members,
    write_arrays,
)

__all__ = ["CLASS_NAMES", "load_images", "read_batch", "read_cifar10", "save_images"]

#: The name of each class, in the order of `batches.meta`.
CLASS_NAMES = (
    "airplane",
    "automobile",
    "bird",
    "cat",
    "deer",
    "dog",
    "frog",
    "horse",
    "ship",
    "truck",
)
_BATCHES = {
    "train": [f"cifar-10-batches-py/data_batch_{i}" for i in range(1, 6)],
    "test": ["cifar-10-batches-py/test_batch"],
}
_NAMES = ["image_train", "y_train", "image_test", "y_test"]
_SHAPE = (3, 32, 32)


class _Array:
    """Replacement for an array in a pickle: pixels of dtype uint8."""

    def __init__(self, subtype, shape, typecode) -> None:
        self.values = np.empty(0, dtype=np.uint8)

    def __setstate__(self, state) -> None:
        _, shape, _, is_fortran, content = state
        pixels = np.frombuffer(content, dtype=np.uint8)
        self.values = pixels.reshape(shape, order="F" if is_fortran else "C")


class _Dtype:
    """Replacement for a dtype in a pickle: uint8 only."""

    def __init__(self, code, align, copy) -> None:
        if code not in (b"u1", "u1"):
            raise pickle.UnpicklingError(f"an array of dtype {code!r} in place of pixels.")

    def __setstate__(self, state) -> None:
        """Ignore byte order and alignment, which uint8 does not need."""


class _BatchUnpickler(pickle.Unpickler):
    """Unpickler for dicts, lists, numbers, strings and arrays of bytes only."""

    # NumPy's functions are not allowed: with a malicious dtype they can read any memory.
    _KNOWN: ClassVar = {
        ("numpy.core.multiarray", "_reconstruct"): _Array,
        ("numpy", "ndarray"): "ndarray",
        ("numpy", "dtype"): _Dtype,
    }

    def find_class(self, module, name):
        """Return the replacement for a global of the pickle; raise for any that is not known."""
        try:
            return self._KNOWN[module, name]
        except KeyError:
            raise pickle.UnpicklingError(
                f"the pickle refers to {module}.{name}, which no batch of CIFAR-10 needs: it is "
                "not loaded."
            ) from None


def read_batch(content: bytes) -> tuple[np.ndarray, np.ndarray]:
    """Return images (n, 32, 32, 3), uint8, and labels of one batch, a pickle of Python 2.

    No code of the pickle is executed: raise UnpicklingError if it contains anything but dicts,
    lists, numbers, strings and arrays of bytes.
    """
    batch = _BatchUnpickler(io.BytesIO(content), encoding="bytes").load()
    if not (isinstance(batch, dict) and isinstance(batch.get(b"data"), _Array)):
        raise ValueError("the pickle is no batch of CIFAR-10, which is a dict with b'data'.")
    labels = np.array(batch[b"labels"], dtype=np.int64)
    images = batch[b"data"].values.reshape(len(labels), *_SHAPE)
    return np.ascontiguousarray(images.transpose(0, 2, 3, 1)), labels


def read_cifar10(path: Path) -> Splits:
    """Read the splits "train" and "test" of ``cifar-10-python.tar.gz``, in its order."""
    wanted = {name for names in _BATCHES.values() for name in names}
    found = {name: read_batch(content) for name, content in read_members(path, wanted.__contains__)}
    if missing := sorted(wanted - set(found)):
        raise ValueError(f"{path} lacks {missing}.")
    return {
        split: tuple(map(np.concatenate, zip(*(found[name] for name in names), strict=True)))
        for split, names in _BATCHES.items()
    }


def save_images(folder: Path, splits: Splits) -> None:
    """Write the file for `load_images`."""
    arrays = [array for split in splits.values() for array in split]
    write_arrays(folder / "cifar10.npz", dict(zip(_NAMES, arrays, strict=True)))


def load_images(folder: Path) -> Splits | None:
    """Read ``cifar10.npz``, as `save_images` writes it; None if there is no such file."""
    path = folder / "cifar10.npz"
    if not path.exists():
        return None
    image_train, y_train, image_test, y_test = read_arrays(path, _NAMES)
    check_lengths(path, image_train, y_train)
    check_lengths(path, image_test, y_test)
    return {"train": (image_train, y_train), "test": (image_test, y_test)}
