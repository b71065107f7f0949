"""Read archives and arrays that may come from anywhere: nothing is extracted, nothing executed."""

from __future__ import annotations

import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

import numpy as np

__all__ = ["check_lengths", "read_arrays", "read_members", "write_arrays"]


def read_members(path: Path, wanted: Callable[[str], object]) -> Iterator[tuple[str, bytes]]:
    """Read files of a tar.gz into memory; links, folders and devices are passed over.

    Parameters
    ----------
    path : Path
        Of the archive.
    wanted : callable
        Tells from its name whether a file is read.

    Yields
    ------
    name : str
        As in the archive.
    content : bytes
        Of the file.
    """
    with tarfile.open(path, "r|gz") as archive:
        for member in archive:
            name = member.name.removeprefix("./")
            if member.isfile() and wanted(name):
                yield name, archive.extractfile(member).read()


def read_arrays(path: Path, names: Iterable[str]) -> list[np.ndarray]:
    """Read arrays of an ``.npz`` file, none of which may hold pickles.

    Parameters
    ----------
    path : Path
        Of the file.
    names : iterable of str
        Of the arrays.

    Returns
    -------
    list of ndarray
        In the order of `names`.

    Raises
    ------
    ValueError
        If an array is not there.
    OSError
        If the file is broken, or an array holds objects.
    """
    names = list(names)
    with path.open("rb") as file:
        found = _read(file, names, path)
    missing = sorted(set(names) - set(found))
    if missing:
        raise ValueError(f"{path} holds no arrays {missing}: remove the file, and it is made anew.")
    return [found[name] for name in names]


def _read(file, names: list[str], path: Path) -> dict[str, np.ndarray]:
    """Return those arrays of an open file that are there; raise OSError where it is broken."""
    try:
        with np.load(file, allow_pickle=False) as arrays:
            return {name: arrays[name] for name in names if name in arrays.files}
    except (ValueError, EOFError, AttributeError, zipfile.BadZipFile, zlib.error) as error:
        raise OSError(
            f"{path} cannot be read: {type(error).__name__}. Remove the file, and it is made anew."
        ) from error


def check_lengths(path: Path, *arrays: np.ndarray) -> None:
    """Raise ValueError if arrays of a file, a row a sample, have not as many rows.

    Parameters
    ----------
    path : Path
        Of the file.
    *arrays : ndarray
        What it holds.
    """
    lengths = [len(array) for array in arrays]
    if len(set(lengths)) > 1:
        raise ValueError(f"{path} holds arrays of {lengths} rows, which belong together.")


def write_arrays(path: Path, arrays: Mapping[str, np.ndarray]) -> None:
    """Write arrays to an ``.npz`` file, which is there only once it is whole.

    Parameters
    ----------
    path : Path
        Of the file.
    arrays : mapping of str to ndarray
        By name.
    """
    unfinished = path.with_name(f"{path.stem}.part.npz")
    np.savez(unfinished, **arrays)
    unfinished.replace(path)
