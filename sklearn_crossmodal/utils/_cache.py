"""Caches of row vectors, on disk and in memory, keyed by a hash of each row's content."""

from __future__ import annotations

import hashlib
import os
import sqlite3
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import numpy as np
from joblib import Memory
from sklearn.utils.validation import check_memory

__all__ = ["SHARED", "RowCache", "SharedVectors", "open_memory", "row_keys", "rows_folder"]

#: Seconds to wait while another process writes.
TIMEOUT = 120.0
#: Keys looked up in one query; SQLite allows 999 and more.
N_KEYS = 500


class RowCache:
    """A key-value store of vectors in SQLite, shared by processes; created on first use."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def find(self, keys: Iterable[bytes]) -> dict[bytes, np.ndarray]:
        """Return the cached vectors, float32, of the keys that are in the cache."""
        keys, found = list(dict.fromkeys(keys)), {}
        with closing(self._connect()) as connection:
            for start in range(0, len(keys), N_KEYS):
                part = keys[start : start + N_KEYS]
                marks = ",".join("?" * len(part))
                query = f"SELECT key, vector FROM vectors WHERE key IN ({marks})"
                found.update(connection.execute(query, part))
        return {key: np.frombuffer(vector, np.float32) for key, vector in found.items()}

    def add(self, vectors: Mapping[bytes, np.ndarray]) -> None:
        """Insert vectors as float32. An existing key keeps its vector."""
        rows = [(key, np.asarray(vector, np.float32).tobytes()) for key, vector in vectors.items()]
        with closing(self._connect()) as connection, connection:  # one transaction
            connection.executemany("INSERT OR IGNORE INTO vectors VALUES (?, ?)", rows)

    def _connect(self) -> sqlite3.Connection:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        connection = sqlite3.connect(self.path, timeout=TIMEOUT)
        # Write-ahead logging: readers do not block on a writer. Without it the cache is slower.
        with suppress(sqlite3.OperationalError):
            connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=NORMAL")
        connection.execute(
            "CREATE TABLE IF NOT EXISTS vectors (key BLOB PRIMARY KEY, vector BLOB) WITHOUT ROWID"
        )
        return connection


class SharedVectors:
    """Vectors by key and model, in memory, while at least one `open` block is running.

    Threads share it, processes do not. Above `max_bytes` vectors are no longer added.

    Attributes
    ----------
    seconds : float
        What it took to compute the vectors since the first `open`: it is not spent again for them.
    """

    def __init__(self, max_bytes: int = 2**30) -> None:
        self.max_bytes = max_bytes
        self.seconds = 0.0
        self._lock = threading.Lock()
        self._n_open = 0
        self._vectors: dict[tuple[str, bytes], np.ndarray] = {}
        self._n_bytes = 0

    @contextmanager
    def open(self) -> Iterator[None]:
        """Keep vectors until the last block that is open at a time ends."""
        with self._lock:
            self._n_open += 1
        try:
            yield
        finally:
            with self._lock:
                self._n_open -= 1
                if not self._n_open:
                    self._vectors, self._n_bytes, self.seconds = {}, 0, 0.0

    @property
    def is_open(self) -> bool:
        """Whether vectors are kept."""
        return self._n_open > 0

    def find(self, model: str, keys: Iterable[bytes]) -> dict[bytes, np.ndarray]:
        """Return the vectors of a model for the keys that are known."""
        held = self._vectors  # another thread may replace it, but removes nothing from it
        return {key: held[model, key] for key in keys if (model, key) in held}

    def count(self, seconds: float) -> None:
        """Add the time that it took to compute some vectors."""
        with self._lock:
            self.seconds += seconds if self._n_open else 0.0

    def add(self, model: str, vectors: Mapping[bytes, np.ndarray]) -> None:
        """Add vectors of a model by key."""
        with self._lock:
            for key, vector in vectors.items():
                if not self._n_open or self._n_bytes + vector.nbytes > self.max_bytes:
                    return
                if (model, key) not in self._vectors:
                    self._vectors[model, key] = np.array(vector)  # not a view of a whole batch
                    self._n_bytes += vector.nbytes


#: Of all estimators of this process.
SHARED = SharedVectors()


def row_keys(
    values: np.ndarray, mask: np.ndarray | None = None, *, settings: bytes = b""
) -> list[bytes]:
    """Return a hash of the content of each row; the amount of padding does not change it.

    `mask` (n, t) is which steps of a row are not padding; `settings` are hashed with each row.
    """
    if mask is not None:
        values = [row[steps] for row, steps in zip(values, mask, strict=True)]
    return [_key(np.ascontiguousarray(row), settings) for row in values]


def open_memory(memory) -> Memory:
    """Convert the parameter `memory` of an estimator to a `joblib.Memory`, or an object like it."""
    return check_memory(os.fspath(memory) if isinstance(memory, os.PathLike) else memory)


def rows_folder(memory) -> Path | None:
    """Return the folder of the row caches of a `joblib.Memory`; None if it caches nothing.

    The folder is inside the store of the `Memory`, so that `Memory.clear` removes it too.
    """
    store = getattr(memory, "store_backend", None)
    location = getattr(store, "location", None)
    return None if location is None else Path(location) / "frozen_embeddings"


def _key(row: np.ndarray, settings: bytes) -> bytes:
    digest = hashlib.blake2b(f"{row.dtype.str}{row.shape}".encode() + settings, digest_size=16)
    digest.update(row.data)
    return digest.digest()
