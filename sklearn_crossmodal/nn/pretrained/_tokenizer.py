"""ModelTokenizer: the tokenizer of a pretrained model."""

from __future__ import annotations

import copy
import threading
from collections.abc import Iterable, Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np

from sklearn_crossmodal.nn.pretrained._files import folder_stamp, read_json
from sklearn_crossmodal.utils import import_optional

__all__ = ["ModelTokenizer", "has_tokenizer"]

#: Fast tokenizers store truncation as state, so that threads take turns.
_lock = threading.Lock()
#: Tokenizers without a limit have a larger one, such as 1e30.
_NO_LIMIT = 1_000_000


class ModelTokenizer:
    """Encode texts by the tokenizer of a pretrained model, and decode them.

    Parameters
    ----------
    source : Path or tokenizer of transformers
        The folder of the model, from which the tokenizer is loaded on use; a pickle holds the path
        only.
    max_length : int, default=None
        Maximum number of tokens of a text, special tokens included; None reads it in the folder.
    """

    def __init__(self, source, max_length: int | None = None) -> None:
        self.source = source
        self._max_length = max_length
        self._limited = True

    def unlimited(self) -> ModelTokenizer:
        """Return the same tokenizer for texts that are longer than the model reads."""
        twin = copy.copy(self)
        twin._limited = False
        return twin

    @property
    def n_tokens(self) -> int:
        """Size of the vocabulary."""
        return len(self._tokenizer)

    @property
    def max_length(self) -> int | None:
        """Maximum number of tokens of a text; None if the model has no limit."""
        if not self._limited:
            return None
        limits = [self._max_length, self._tokenizer.model_max_length]
        if isinstance(self.source, Path):
            sentences = read_json(self.source / "sentence_bert_config.json")
            model = read_json(self.source / "config.json")
            limits += [sentences.get("max_seq_length"), model.get("max_position_embeddings")]
        limits = [limit for limit in limits if limit is not None and limit < _NO_LIMIT]
        return min(limits, default=None)

    def encode(self, texts: list[str], max_length: int | None = None) -> list[list[int]]:
        """Return the ids of each text, with the special tokens of the model.

        Texts are truncated to `max_length` ids, special tokens included, and at most that of the
        model.
        """
        limits = [limit for limit in (max_length, self.max_length) if limit is not None]
        settings = {"truncation": True, "max_length": min(limits)} if limits else {}
        with _lock:
            return self._tokenizer(list(texts), verbose=False, **settings)["input_ids"]

    def decode(self, rows: Iterable[Sequence[int]]) -> list[str]:
        """Decode rows of ids, without special tokens."""
        rows = [np.asarray(row, dtype=int).tolist() for row in rows]
        with _lock:
            return [self._tokenizer.decode(row, skip_special_tokens=True) for row in rows]

    @property
    def _tokenizer(self):
        if not isinstance(self.source, Path):
            return self.source
        return _load(self.source, folder_stamp(self.source))


def has_tokenizer(folder: Path) -> bool:
    """Return whether the folder of a model holds a tokenizer."""
    names = ("tokenizer.json", "tokenizer_config.json", "vocab.txt", "vocab.json")
    return any((folder / name).is_file() for name in names)


@lru_cache(maxsize=4)
def _load(folder: Path, stamp: tuple):
    """Return the tokenizer in a folder, cached until its files change."""
    purpose = f"The tokenizer in {folder}"
    transformers = import_optional("transformers", extra="pretrained", purpose=purpose)
    return transformers.AutoTokenizer.from_pretrained(folder, local_files_only=True)
