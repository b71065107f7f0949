"""Read untrusted archives and arrays safely: without extracting files or executing code."""

from __future__ import annotations

import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

import numpy as np

__all__ = ["Splits", "check_lengths", "read_arrays", "read_members", "write_arrays"]

#: Values and labels of "train" and "test".
Splits = dict[str, tuple[np.ndarray, np.ndarray]]


def read_members(path: Path, wanted: Callable[[str], object]) -> Iterator[tuple[str, bytes]]:
    """Yield name and content of the wanted files of a tar.gz; links and folders are skipped."""
    with tarfile.open(path, "r|gz") as archive:
        for member in archive:
            name = member.name.removeprefix("./")
            if member.isfile() and wanted(name):
                yield name, archive.extractfile(member).read()


def read_arrays(path: Path, names: Iterable[str]) -> list[np.ndarray]:
    """Return arrays of an ``.npz`` file in the order of names, without pickles.

    Raise ValueError if an array is missing, OSError if the file is corrupt or an array contains
    objects.
    """
    names = list(names)
    with path.open("rb") as file:
        found = _read(file, names, path)
    missing = sorted(set(names) - set(found))
    if missing:
        raise ValueError(
            f"{path} holds no arrays {missing}: remove the file, and it is created again."
        )
    return [found[name] for name in names]


def _read(file, names: list[str], path: Path) -> dict[str, np.ndarray]:
    """Return the arrays that exist in an open file; raise OSError if it is corrupt."""
    try:
        with np.load(file, allow_pickle=False) as arrays:
            return {name: arrays[name] for name in names if name in arrays.files}
    except (ValueError, EOFError, AttributeError, zipfile.BadZipFile, zlib.error) as error:
        raise OSError(
            f"{path} cannot be read: {type(error).__name__}. Remove the file, and it is created "
            "again."
        ) from error


def check_lengths(path: Path, *arrays: np.ndarray) -> None:
    """Raise ValueError if arrays of a file have different numbers of rows."""
    lengths = [len(array) for array in arrays]
    if len(set(lengths)) > 1:
        raise ValueError(f"{path} holds arrays of {lengths} rows, which must be equal.")


def write_arrays(path: Path, arrays: Mapping[str, np.ndarray]) -> None:
    """Write arrays to an ``.npz`` file atomically."""
    temporary = path.with_name(f"{path.stem}.part.npz")
    np.savez(temporary, **arrays)
    temporary.replace(path)
