"""Base class of tokenizers: padded rows of token ids."""

from __future__ import annotations

import reprlib
from abc import ABC, abstractmethod
from collections.abc import Sequence
from itertools import chain

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted, has_fit_parameter

from sklearn_crossmodal.data import END, PADDING, object_array
from sklearn_crossmodal.data.blocks._truncation import warn_if_truncated

__all__ = ["FIRST", "BaseTokenizer", "check_texts", "n_reserved", "pad_rows", "unpad_rows"]

#: The first regular token id; those before it are special tokens.
FIRST = END + 1

#: Minimum number of ids reserved for tokens of later chunks.
_MIN_RESERVED = 1000


class BaseTokenizer(TransformerMixin, BaseEstimator, ABC):
    """Encode texts as rows of token ids, and decode them; abstract.

    Subclasses define `fit`, `encode` and `decode`. Ids 0, 1 and 2 are padding, an unknown token and
    the end of a text.

    Attributes
    ----------
    n_tokens_ : int
        Number of ids.
    length_ : int
        Tokens of the longest text in `fit`, at most `max_length`; the width of the rows.
    """

    #: Whether `fit` reserves ids for later tokens; set for incremental fits, see `extend`.
    reserves: bool = False
    max_length: int
    n_tokens_: int
    length_: int

    @abstractmethod
    def encode(self, X) -> list[list[int]]:
        """Return the token ids of each text, without end and padding.

        Parameters
        ----------
        X : iterable
            Texts.

        Returns
        -------
        list of list of int
        """

    @abstractmethod
    def decode(self, rows) -> list:
        """Return the text of each row of ids.

        Parameters
        ----------
        rows : iterable of sequence of int
            Ids without end and padding.

        Returns
        -------
        list
        """

    def fit_encode(self, X, sample_weight=None) -> list[list[int]]:
        """Fit, and return the ids of each text as `encode` does.

        Parameters
        ----------
        X : iterable
            Texts.
        sample_weight : array-like of shape (n,), default=None
            A text of weight 2 counts as two texts, if the tokenizer counts.

        Returns
        -------
        list of list of int
        """
        counts = sample_weight is not None and has_fit_parameter(self, "sample_weight")
        self.fit(X, **({"sample_weight": sample_weight} if counts else {}))
        return self.encode(X)

    def extend(self, X, sample_weight=None):
        """Update the vocabulary with the texts of a later chunk.

        Parameters
        ----------
        X : iterable
            Texts.
        sample_weight : array-like of shape (n,), default=None
            Weights of the texts.

        Returns
        -------
        tokenizer : BaseTokenizer
            Itself, or a copy that assigns reserved ids to new tokens.
        rows : list of list of int
            Ids of each text, as `encode` returns them.
        """
        return self, self.encode(X)

    def unknown(self, X) -> list:
        """Return the unknown tokens, the most frequent first; empty if tokens have no names.

        Parameters
        ----------
        X : iterable
            Texts.

        Returns
        -------
        list
        """
        return []

    def transform(self, X):
        """Return the ids of the tokens.

        Parameters
        ----------
        X : iterable of str
            Texts.

        Returns
        -------
        ndarray of shape (n, `length_`), int64
            Padded with 0 after the end. Texts longer than the longest in `fit` are truncated, with
            a warning if these are more than a twentieth.
        """
        check_is_fitted(self)
        rows = self.encode(X)
        if self.length_ < self.max_length:  # else truncation is intended
            remedy = f"fit on texts as long, or cut them on purpose, with max_length={self.length_}"
            lengths = list(map(len, rows))
            warn_if_truncated(lengths, self.length_, what="texts", unit="tokens", remedy=remedy)
        return pad_rows(rows, self.length_)

    def inverse_transform(self, X):
        """Decode rows of ids, up to their end.

        Parameters
        ----------
        X : array-like of shape (n, t), int
            Token ids.

        Returns
        -------
        ndarray of shape (n,), object
            Texts.
        """
        check_is_fitted(self)
        return object_array(self.decode(unpad_rows(X)))

    def _set_length(self, rows: Sequence[Sequence]) -> None:
        self.length_ = min(self.max_length, max(map(len, rows), default=0) + 1)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.string = True
        tags.input_tags.two_d_array = False
        tags.input_tags.one_d_array = True
        return tags


def n_reserved(n_known: int, n_most: int) -> int:
    """Return the number of ids reserved for later tokens: three times those known."""
    return max(0, min(max(_MIN_RESERVED, 3 * n_known), n_most - n_known))


def check_texts(X) -> list[str]:
    """Return texts as a list; raise for a single string, or an item that is not a string."""
    if isinstance(X, str):
        raise ValueError("expected several texts, got one string: put it into a list.")
    texts = list(X)
    for text in texts:
        if not isinstance(text, str):
            raise ValueError(f"expected strings, got {reprlib.repr(text)} ({type(text).__name__}).")
    return texts


def pad_rows(rows: Sequence[Sequence[int]], length: int) -> np.ndarray:
    """Append the end token to rows of token ids, and truncate or pad them to one length.

    A text that fills the row has no end token.

    Parameters
    ----------
    rows : sequence of sequence of int
        Ids of each text.
    length : int
        Width of the array.

    Returns
    -------
    ndarray of shape (n, length), int64

    Examples
    --------
    >>> from sklearn_crossmodal.preprocessing import pad_rows
    >>> pad_rows([[5], [3, 4, 5]], 3)
    array([[5, 2, 0],
           [3, 4, 5]])
    """
    ids = np.full((len(rows), length), PADDING, dtype=np.int64)
    rows = [[*row[:length], END][:length] for row in rows]
    mask = np.arange(length) < np.fromiter(map(len, rows), np.int64, len(rows))[:, np.newaxis]
    ids[mask] = np.fromiter(chain.from_iterable(rows), np.int64)
    return ids


def unpad_rows(ids) -> list[np.ndarray]:
    """Return the token ids of each row up to its end, without padding.

    Parameters
    ----------
    ids : array-like of shape (n, t), int
        As `pad_rows` returns them.

    Returns
    -------
    list of ndarray of int

    Examples
    --------
    >>> from sklearn_crossmodal.preprocessing import unpad_rows
    >>> unpad_rows([[5, 2, 0], [3, 4, 5]])
    [array([5]), array([3, 4, 5])]
    """
    rows = []
    for row in np.asarray(ids):
        ends = np.flatnonzero(row == END)
        row = row[: ends[0]] if len(ends) else row
        rows.append(row[row != PADDING])
    return rows
