"""Pretrained word vectors of a vocabulary, from memory or from a file."""

from __future__ import annotations

import codecs
import gzip
import os
from collections.abc import Iterator, Mapping, Sequence
from hashlib import blake2b
from typing import BinaryIO

import numpy as np

__all__ = ["embedding_table", "find_vectors"]

_GZIP = b"\x1f\x8b"


def embedding_table(source, words: Sequence[str]) -> np.ndarray:
    """Return a vector for each word: that of `source`, or a random one.

    Random vectors have mean zero and the standard deviation of those that were found. Their seed
    is a hash of the word, so that they do not depend on the vocabulary.

    Parameters
    ----------
    source : mapping of str to vector, gensim KeyedVectors, str or path
        As `find_vectors` takes it.
    words : sequence of str
        The vocabulary. An empty word, such as that of padding, gets zeros.

    Returns
    -------
    ndarray of shape (n_words, d), float32

    Raises
    ------
    ValueError
        If no word has a vector, or a vector is malformed.

    Examples
    --------
    >>> from sklearn_crossmodal.preprocessing import embedding_table
    >>> table = embedding_table({"cat": [1.0, 2.0], "dog": [3.0, -2.0]}, ["", "cat", "bird"])
    >>> table[:2]
    array([[0., 0.],
           [1., 2.]], dtype=float32)
    >>> bool(table[2].any())
    True
    """
    wanted = {word for word in words if word}
    found = find_vectors(source, wanted)
    if not found:
        raise ValueError(
            f"none of the {len(wanted)} words of the vocabulary has a vector: are the vectors of "
            "another language, or cased while lowercase=True?"
        )
    known = np.array(list(found.values()))
    spread, width = float(known.std()), known.shape[1]
    table = np.zeros((len(words), width), dtype=np.float32)
    for row, word in zip(table, words, strict=True):
        if word:
            row[:] = found[word] if word in found else _draw(word, width) * spread
    return table


def find_vectors(source, words: set[str]) -> dict[str, np.ndarray]:
    """Return the vectors of the words that have one.

    Parameters
    ----------
    source : mapping of str to vector, gensim KeyedVectors, str or path
        A file holds a word and its numbers on each line (GloVe), or begins with a line of two
        integers, number of words and of dimensions (word2vec), and is then text or binary. It may
        be gzipped. It is read line by line, without storing other words.
    words : set of str
        The words.

    Returns
    -------
    dict of str to ndarray of shape (d,), float32

    Raises
    ------
    ValueError
        If a vector differs in length from the others, or is not finite; the message names the
        word, or file and line.

    Examples
    --------
    >>> from sklearn_crossmodal.preprocessing import find_vectors
    >>> find_vectors({"cat": [1, 2], "dog": [3, 4]}, {"dog", "bird"})
    {'dog': array([3., 4.], dtype=float32)}
    """
    if isinstance(source, str | os.PathLike):
        return dict(_read_file(os.fspath(source), words))
    if hasattr(source, "key_to_index") and hasattr(source, "vectors"):
        places = source.key_to_index
        pairs = ((word, source.vectors[places[word]]) for word in words if word in places)
    elif isinstance(source, Mapping):
        pairs = ((word, source[word]) for word in words if word in source)
    else:
        raise TypeError(
            "vectors are a mapping of words to vectors, gensim's KeyedVectors or the path of a "
            f"file, got {type(source).__name__}."
        )
    return _check_vectors(dict(pairs))


def _check_vectors(found: Mapping) -> dict[str, np.ndarray]:
    checked: dict[str, np.ndarray] = {}
    width = None
    for word in sorted(found):
        vector = np.asarray(found[word], dtype=np.float32)
        width = vector.size if width is None else width
        if vector.shape != (width,) or not width or not np.isfinite(vector).all():
            raise ValueError(
                f"the vector of {word!r} must be {width or 'some'} finite numbers in a row, as "
                f"those of other words are; got {found[word]!r}."
            )
        checked[word] = vector
    return checked


def _read_file(path: str, words: set[str]) -> Iterator[tuple[str, np.ndarray]]:
    """Yield words and vectors of a file of either format; duplicates of a word are ignored."""
    with open(path, "rb") as raw:
        zipped = raw.read(2) == _GZIP
    left = {word.encode("utf-8", "replace"): word for word in words}
    with gzip.open(path) if zipped else open(path, "rb") as file:
        header = file.readline().split()
        start = file.read(1024)
        if not header:
            raise ValueError(f"{path}, line 1: expected a word and its vector, got nothing.")
        file.seek(0)
        headed = len(header) == 2 and all(part.isdigit() for part in header)
        if headed and not _is_text(start):
            pairs = _read_binary(file, path)
        else:
            pairs = _read_text(file, path, headed)
        for name, numbers, place in pairs:
            word = left.pop(name, None)
            if word is not None:
                yield word, _as_vector(numbers, path, place)


def _is_text(start: bytes) -> bool:
    try:
        codecs.getincrementaldecoder("utf-8")().decode(
            start
        )  # the last character may be incomplete
    except UnicodeDecodeError:
        return False
    return b"\0" not in start  # frequent in binary numbers


def _is_number(part: bytes) -> bool:
    try:
        float(part)
    except ValueError:
        return False
    return True


def _read_text(file: BinaryIO, path: str, headed: bool) -> Iterator[tuple]:
    width = int(file.readline().split()[1]) if headed else 0
    for number, line in enumerate(file, 2 if headed else 1):
        if not line.strip():
            continue
        place = f"line {number}"
        width = width or len(line.split()) - 1
        # From the right, since words may contain spaces.
        name, *numbers = line.rstrip().rsplit(None, width or 1)
        too_many = b" " in name and _is_number(name.rsplit(None, 1)[1])
        if not width or len(numbers) != width or too_many:
            raise ValueError(
                f"{path}, {place}: expected a word and {width or 'its'} numbers, got "
                f"{line[:60].decode(errors='replace')!r}."
            )
        yield name, numbers, place


def _read_binary(file: BinaryIO, path: str) -> Iterator[tuple]:
    n_words, width = map(int, file.readline().split())
    for number in range(1, n_words + 1):
        name = bytearray()
        while (byte := file.read(1)) not in (b" ", b""):
            name += byte
        numbers = file.read(4 * width)
        if len(numbers) != 4 * width:
            raise ValueError(f"{path}, word {number} of {n_words}: the file ends within it.")
        yield bytes(name).lstrip(b"\n"), numbers, f"word {number}"


def _as_vector(numbers, path: str, place: str) -> np.ndarray:
    try:
        binary = isinstance(numbers, bytes)
        vector = np.frombuffer(numbers, "<f4") if binary else np.array(numbers, dtype=np.float32)
    except ValueError as error:
        raise ValueError(f"{path}, {place}: its vector holds something else: {error}.") from error
    if not np.isfinite(vector).all():
        raise ValueError(f"{path}, {place}: its vector must be finite.")
    return vector


def _draw(word: str, width: int) -> np.ndarray:
    # Python's `hash` of a string differs between processes.
    seed = int.from_bytes(blake2b(word.encode("utf-8", "replace"), digest_size=8).digest(), "big")
    return np.random.default_rng(seed).standard_normal(width)
