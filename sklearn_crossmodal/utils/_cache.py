"""Vectors of rows that were computed once, kept in a file by what the rows hold."""

from __future__ import annotations

import hashlib
import os
import sqlite3
from collections.abc import Iterable, Mapping
from contextlib import closing, suppress
from pathlib import Path

import numpy as np
from joblib import Memory
from sklearn.utils.validation import check_memory

__all__ = ["RowCache", "open_memory", "row_keys", "rows_folder"]

#: Seconds to wait while another process writes.
TIMEOUT = 120.0
#: Keys looked up in one query; SQLite allows 999 and more.
N_KEYS = 500


class RowCache:
    """A table from keys to vectors, shared by processes.

    Parameters
    ----------
    path : Path
        The file; made, with its folder, when it is first used.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import numpy as np
    >>> from sklearn_crossmodal.utils._cache import RowCache
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     cache = RowCache(Path(folder) / "model.sqlite")
    ...     cache.add({b"a": np.array([1.0, 2.0])})
    ...     cache.find([b"a", b"b"])
    {b'a': array([1., 2.], dtype=float32)}
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def find(self, keys: Iterable[bytes]) -> dict[bytes, np.ndarray]:
        """Return the vectors of the keys that are known.

        Parameters
        ----------
        keys : iterable of bytes
            As `row_keys` makes them.

        Returns
        -------
        dict of bytes to ndarray of float32
        """
        keys, found = list(dict.fromkeys(keys)), {}
        with closing(self._connect()) as connection:
            for start in range(0, len(keys), N_KEYS):
                part = keys[start : start + N_KEYS]
                marks = ",".join("?" * len(part))
                query = f"SELECT key, vector FROM vectors WHERE key IN ({marks})"
                found.update(connection.execute(query, part))
        return {key: np.frombuffer(vector, np.float32) for key, vector in found.items()}

    def add(self, vectors: Mapping[bytes, np.ndarray]) -> None:
        """Keep vectors; where another process was first, its vector stays.

        Parameters
        ----------
        vectors : mapping of bytes to ndarray
            Kept as float32.
        """
        rows = [(key, np.asarray(vector, np.float32).tobytes()) for key, vector in vectors.items()]
        with closing(self._connect()) as connection, connection:  # one transaction
            connection.executemany("INSERT OR IGNORE INTO vectors VALUES (?, ?)", rows)

    def _connect(self) -> sqlite3.Connection:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        connection = sqlite3.connect(self.path, timeout=TIMEOUT)
        # Readers do not wait for a writer; a folder that cannot do this is slower, not wrong.
        with suppress(sqlite3.OperationalError):
            connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=NORMAL")
        connection.execute(
            "CREATE TABLE IF NOT EXISTS vectors (key BLOB PRIMARY KEY, vector BLOB) WITHOUT ROWID"
        )
        return connection


def row_keys(values: np.ndarray, mask: np.ndarray | None = None) -> list[bytes]:
    """Return a key for each row, made of what it holds.

    Parameters
    ----------
    values : ndarray of shape (n, ...)
        The rows.
    mask : ndarray of shape (n, t), bool, default=None
        Which steps of a row are there: how far the others are padded changes no key.

    Returns
    -------
    list of bytes
    """
    if mask is not None:
        values = [row[there] for row, there in zip(values, mask, strict=True)]
    return [_key(np.ascontiguousarray(row)) for row in values]


def open_memory(memory) -> Memory:
    """Return what the parameter `memory` of an estimator stands for.

    Parameters
    ----------
    memory : str, path, joblib.Memory or None
        A folder; None keeps nothing.

    Returns
    -------
    joblib.Memory, or object with a method `cache`
    """
    return check_memory(os.fspath(memory) if isinstance(memory, os.PathLike) else memory)


def rows_folder(memory) -> Path | None:
    """Return the folder in which a joblib `Memory` keeps vectors; None if it keeps nothing.

    It lies in the store of the `Memory`, so that its `clear` empties it too.

    Parameters
    ----------
    memory : joblib.Memory, or object with a method `cache`
        As `open_memory` returns it.

    Returns
    -------
    Path or None
    """
    store = getattr(memory, "store_backend", None)
    location = getattr(store, "location", None)
    return None if location is None else Path(location) / "frozen_embeddings"


def _key(row: np.ndarray) -> bytes:
    digest = hashlib.blake2b(f"{row.dtype.str}{row.shape}".encode(), digest_size=16)
    digest.update(row.data)
    return digest.digest()
