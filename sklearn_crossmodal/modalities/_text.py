"""Text: raw strings."""

from __future__ import annotations

import numpy as np

from sklearn_crossmodal.data import PADDING, Block, BlockSpec, Columns, is_missing
from sklearn_crossmodal.modalities._base import Modality
from sklearn_crossmodal.preprocessing import WordTokenizer

__all__ = ["Text"]

_SYLLABLES = ["ba", "ce", "di", "fo", "gu", "la", "me", "ni", "po", "ru"]


class Text(Modality):
    """Raw strings, cut into words.

    Several columns are joined by a space. A missing cell, where it is not the whole modality that
    is absent, is an empty text.

    Parameters
    ----------
    max_length : int, default=128
        Most tokens of a text, its end included. What is longer is cut, and so is what is longer
        than the longest text in `fit`.
    max_words : int, default=10000
        Size of the vocabulary at most, the three ids that stand for no word included.
    min_count : int, default=1
        In how many texts a word must be to be in the vocabulary.
    lowercase : bool, default=True
        Whether case is ignored.
    encoder : str, component or nn.Module factory, default="bag"
        Encoder of the tokens.
    decoder : str, component or nn.Module factory, default="tokens"
        Decoder when the modality is a target.
    loss : str or component, default="cross_entropy"
        Loss when the modality is a target.

    Attributes
    ----------
    spec_ : BlockSpec
        Kind ``"tokens"`` of shape (t,), with the size of the vocabulary.
    tokenizer_ : WordTokenizer
        The fitted tokenizer.

    Raises
    ------
    ValueError
        If a cell is no string; the message names the column and shows the cell.

    Examples
    --------
    >>> from sklearn_crossmodal.modalities import Text
    >>> text = Text().fit(["a cat", "a dog barks"])
    >>> text.transform(["a cat"]).values
    array([[3, 5, 2, 0]])
    >>> text.fit(["a cat", 7])
    Traceback (most recent call last):
    ...
    ValueError: column '0' holds 7 (int) where a string is expected.
    """

    kind = "tokens"
    masked = True

    def __init__(
        self,
        *,
        max_length=128,
        max_words=10_000,
        min_count=1,
        lowercase=True,
        encoder="bag",
        decoder="tokens",
        loss="cross_entropy",
    ):
        self.max_length = max_length
        self.max_words = max_words
        self.min_count = min_count
        self.lowercase = lowercase
        self.encoder = encoder
        self.decoder = decoder
        self.loss = loss

    def fit(self, columns, sample_weight=None):
        """Learn the vocabulary.

        Parameters
        ----------
        columns : Columns or array-like of shape (n,) or (n, d)
            Strings.
        sample_weight : ndarray of shape (n,), default=None
            A row of weight zero is not there.

        Returns
        -------
        Text
            Itself.
        """
        texts = _as_texts(columns)
        if sample_weight is not None:
            texts = [text for text, weight in zip(texts, sample_weight, strict=True) if weight]
        self.tokenizer_ = WordTokenizer(
            max_length=self.max_length,
            max_words=self.max_words,
            min_count=self.min_count,
            lowercase=self.lowercase,
        ).fit(texts)
        self.spec_ = BlockSpec(
            "tokens", (self.tokenizer_.length_,), n_categories=self.tokenizer_.n_tokens_
        )
        return self

    def transform(self, columns):
        """Return the token ids.

        Parameters
        ----------
        columns : Columns or array-like of shape (n,) or (n, d)
            Strings.

        Returns
        -------
        Block
            Kind ``"tokens"``; its mask is True up to the end of each text.
        """
        ids = self.tokenizer_.transform(_as_texts(columns))
        return Block(ids, np.ones(len(ids), dtype=bool), self.spec_, mask=ids != PADDING)

    def inverse_transform(self, values):
        """Return the texts of token ids, words joined by spaces.

        Parameters
        ----------
        values : ndarray of shape (n, t), int
            As in a block.

        Returns
        -------
        ndarray of shape (n,), object
        """
        return self.tokenizer_.inverse_transform(values)

    @staticmethod
    def example(n, rng):
        """Make texts of one to five made-up words.

        Parameters
        ----------
        n : int
            Number of rows.
        rng : numpy.random.Generator
            Source of randomness.

        Returns
        -------
        ndarray of shape (n,), object
        """
        words = [first + second for first in _SYLLABLES for second in _SYLLABLES[:3]]
        texts = [" ".join(rng.choice(words, rng.integers(1, 6))) for _ in range(n)]
        return np.array(texts, dtype=object)

    @classmethod
    def accepts(cls, values):
        """Tell whether a column holds strings, one or a row of them per sample.

        Parameters
        ----------
        values : array-like
            A raw column.

        Returns
        -------
        bool
        """
        if np.ndim(values) > 2:
            return False
        cells = np.asarray(values)
        if cells.dtype.kind != "O":
            return cells.dtype.kind in "UT"
        found = [cell for cell in cells.flat if not is_missing(cell)]
        return bool(found) and all(isinstance(cell, str) for cell in found)


def _as_texts(columns) -> list[str]:
    columns = Columns.of(columns)
    cells = np.asarray(columns.values, dtype=object)
    if cells.ndim > 2:
        raise ValueError(f"expected strings of shape (n,) or (n, d), got shape {cells.shape}.")
    cells = cells.reshape(len(cells), -1)
    for name, column in zip(columns.names_of(cells.shape[1]), cells.T, strict=True):
        for cell in column:
            if not isinstance(cell, str) and not is_missing(cell):
                raise ValueError(
                    f"column {name!r} holds {cell!r} ({type(cell).__name__}) where a string is "
                    "expected."
                )
    return [" ".join(cell for cell in row if not is_missing(cell)) for row in cells]
