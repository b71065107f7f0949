"""Read the Large Movie Review Dataset (IMDB) from the archive of its authors."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from sklearn_crossmodal.datasets._archive import (
    Splits,
    check_lengths,
    read_arrays,
    read_members,
    write_arrays,
)
from sklearn_crossmodal.utils import import_optional

__all__ = ["SENTIMENTS", "load_reviews", "read_imdb", "save_reviews"]

#: The name of each label.
SENTIMENTS = ("negative", "positive")
# The unlabelled reviews of train/unsup are skipped.
_REVIEW = re.compile(r"aclImdb/(train|test)/(neg|pos)/(\d+)_\d+\.txt")


def read_imdb(path: Path) -> Splits:
    """Read the splits "train" and "test" of ``aclImdb_v1.tar.gz``.

    First are the negative reviews, then the positive ones, by number.
    """
    found = {"train": [], "test": []}
    for name, content in read_members(path, _REVIEW.fullmatch):
        split, sentiment, number = _REVIEW.fullmatch(name).groups()
        found[split].append((int(sentiment == "pos"), int(number), content.decode("utf-8")))
    if empty := [split for split, reviews in found.items() if not reviews]:
        raise ValueError(f"{path} lacks reviews of {empty}.")
    splits = {}
    for split, reviews in found.items():
        labels, _, texts = zip(*sorted(reviews), strict=True)
        splits[split] = np.array(texts, dtype=object), np.array(labels, dtype=np.int64)
    return splits


def save_reviews(folder: Path, splits: Splits) -> None:
    """Write the file for `load_reviews`: the bytes of all texts, and the end of each text."""
    arrays = {}
    for split, (texts, labels) in splits.items():
        encoded = [text.encode("utf-8") for text in texts]
        arrays[f"text_{split}"] = np.frombuffer(b"".join(encoded), dtype=np.uint8)
        arrays[f"ends_{split}"] = np.cumsum([len(text) for text in encoded])
        arrays[f"y_{split}"] = labels
    write_arrays(folder / "imdb.npz", arrays)


def load_reviews(folder: Path) -> Splits | None:
    """Read ``imdb.npz``, or ``imdb_train.parquet`` and ``imdb_test.parquet``; None without."""
    if (path := folder / "imdb.npz").exists():
        return {split: _load_split(path, split) for split in ("train", "test")}
    tables = {split: folder / f"imdb_{split}.parquet" for split in ("train", "test")}
    if not all(table.exists() for table in tables.values()):
        return None
    pandas = import_optional("pandas", extra="dataframes", purpose="Reading reviews in parquet")
    frames = {split: pandas.read_parquet(table) for split, table in tables.items()}
    return {
        split: (frame["text"].to_numpy(dtype=object), frame["label"].to_numpy(dtype=np.int64))
        for split, frame in frames.items()
    }


def _load_split(path: Path, split: str) -> tuple[np.ndarray, np.ndarray]:
    content, ends, labels = read_arrays(path, [f"{name}_{split}" for name in ("text", "ends", "y")])
    check_lengths(path, ends, labels)
    content, starts = content.tobytes(), [0, *ends[:-1]]
    texts = [content[start:end].decode("utf-8") for start, end in zip(starts, ends, strict=True)]
    return np.array(texts, dtype=object), labels
