"""Tokenizers of other libraries, or defined by the user."""

from __future__ import annotations

from collections.abc import Sequence
from inspect import signature
from numbers import Integral
from typing import Protocol

from sklearn_crossmodal.preprocessing.text._base_tokenizer import FIRST, BaseTokenizer, check_texts
from sklearn_crossmodal.preprocessing.text._id_tokenizer import check_ids, shift_ids, unshift_ids
from sklearn_crossmodal.utils._sklearn import HasMethods, Interval

__all__ = ["GivenTokenizer", "adapt_tokenizer"]


class GivenTokenizer(BaseTokenizer):
    """Encode texts by an external tokenizer; its ids are shifted by three special tokens.

    Parameters
    ----------
    tokenizer : object
        With ``encode(list of str) -> list of list of int``, its inverse ``decode``, and the number
        ``n_tokens`` of its ids; or a tokenizer of the packages ``tokenizers`` or ``transformers``,
        which is called without its special tokens. An ``encode`` with an argument ``max_length``
        truncates texts itself, and may keep a token at their end.
    max_length : int, default=512
        Maximum number of tokens of a text, its end included; longer texts are truncated.

    Attributes
    ----------
    n_tokens_ : int
        Number of ids.
    length_ : int
        Tokens of the longest text in `fit`, at most `max_length`; the width of the rows.

    See Also
    --------
    IdTokenizer : Ids without their tokenizer.

    Examples
    --------
    >>> from sklearn_crossmodal.preprocessing import GivenTokenizer
    >>> class Characters:
    ...     n_tokens = 128
    ...
    ...     def encode(self, texts):
    ...         return [list(text.encode("ascii")) for text in texts]
    ...
    ...     def decode(self, rows):
    ...         return [bytes(row).decode("ascii") for row in rows]
    >>> tokenizer = GivenTokenizer(Characters()).fit(["cat", "a"])
    >>> tokenizer.transform(["a"])
    array([[100,   2,   0,   0]])
    >>> tokenizer.inverse_transform(tokenizer.transform(["act"]))
    array(['act'], dtype=object)
    """

    _parameter_constraints = {
        "tokenizer": [HasMethods(["encode", "decode"])],
        "max_length": [Interval(Integral, 1, None, closed="left")],
    }

    def __init__(self, tokenizer, *, max_length=512):
        self.tokenizer = tokenizer
        self.max_length = max_length

    def fit(self, X, y=None):
        """Learn the longest text; the tokenizer is not trained.

        Parameters
        ----------
        X : iterable of str
            Texts.
        y : None
            Ignored; pipelines pass it.

        Returns
        -------
        GivenTokenizer
            Itself.

        Raises
        ------
        ValueError
            If X is a single string, an item is not a string, or the tokenizer does not return a
            list of ids for each text.
        """
        self._validate_params()
        self.n_tokens_ = int(adapt_tokenizer(self.tokenizer).n_tokens) + FIRST
        self._takes_length = _takes_length(adapt_tokenizer(self.tokenizer).encode)
        self._set_length(self.encode(X))
        return self

    def encode(self, X):
        texts = check_texts(X)
        tokenizer = adapt_tokenizer(self.tokenizer)
        limit = {"max_length": self.max_length} if self._takes_length else {}
        rows = list(tokenizer.encode(texts, **limit)) if texts else []
        if len(rows) != len(texts):
            raise ValueError(
                f"{type(self.tokenizer).__name__}.encode returned {len(rows)} rows for "
                f"{len(texts)} texts: it must take a list of strings and return the ids of each."
            )
        return [shift_ids(check_ids(row), self.n_tokens_) for row in rows]

    def decode(self, rows):
        ids = [unshift_ids(row).tolist() for row in rows]
        return list(adapt_tokenizer(self.tokenizer).decode(ids)) if ids else []


def _takes_length(encode) -> bool:
    try:
        return "max_length" in signature(encode).parameters
    except (TypeError, ValueError):  # a builtin
        return False


class _Tokenizer(Protocol):
    """The interface of a user-defined tokenizer."""

    n_tokens: int

    def encode(self, texts: list[str]) -> Sequence[Sequence[int]]: ...

    def decode(self, rows: list[list[int]]) -> Sequence[str]: ...


def adapt_tokenizer(tokenizer) -> _Tokenizer:
    """Adapt a tokenizer to the interface `encode`, `decode` and `n_tokens`.

    It has this interface, or is one of the packages ``tokenizers`` or ``transformers``.
    """
    if hasattr(tokenizer, "n_tokens"):
        return tokenizer
    if hasattr(tokenizer, "encode_batch"):
        return _FromTokenizers(tokenizer)
    if hasattr(tokenizer, "batch_decode"):
        return _FromTransformers(tokenizer)
    raise ValueError(
        f"the tokenizer {type(tokenizer).__name__} lacks n_tokens, the number of its ids."
    )


class _FromTokenizers:
    """Adapter of ``tokenizers.Tokenizer``, without its padding."""

    def __init__(self, tokenizer) -> None:
        self.tokenizer = tokenizer
        self.n_tokens = tokenizer.get_vocab_size()

    def encode(self, texts: list[str]) -> list[list[int]]:
        found = self.tokenizer.encode_batch(texts, add_special_tokens=False)
        return [
            [id_ for id_, kept in zip(text.ids, text.attention_mask, strict=True) if kept]
            for text in found
        ]

    def decode(self, rows: list[list[int]]) -> list[str]:
        return self.tokenizer.decode_batch(rows)


class _FromTransformers:
    """Adapter of a tokenizer of ``transformers``."""

    def __init__(self, tokenizer) -> None:
        self.tokenizer = tokenizer
        self.n_tokens = len(tokenizer)

    def encode(self, texts: list[str]) -> list[list[int]]:
        settings = {"add_special_tokens": False, "padding": False, "truncation": False}
        return self.tokenizer(texts, verbose=False, **settings)["input_ids"]

    def decode(self, rows: list[list[int]]) -> list[str]:
        return self.tokenizer.batch_decode(rows, skip_special_tokens=True)
