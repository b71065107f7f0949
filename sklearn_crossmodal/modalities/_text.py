"""Text: raw strings, or token ids."""

from __future__ import annotations

import copy
import reprlib
from numbers import Integral

import numpy as np

from sklearn_crossmodal.data import END, PADDING, UNKNOWN, Block, BlockSpec, Columns, is_missing
from sklearn_crossmodal.modalities._base import Modality
from sklearn_crossmodal.modalities._text_cells import (
    id_cells,
    id_table,
    is_id_table,
    join_cells,
    split_at,
    text_cells,
)
from sklearn_crossmodal.preprocessing import (
    BytePairTokenizer,
    GivenTokenizer,
    IdTokenizer,
    WordTokenizer,
    embedding_table,
    frequent_pairs,
    pad_rows,
    unpad_rows,
)
from sklearn_crossmodal.preprocessing.text._base_tokenizer import FIRST
from sklearn_crossmodal.utils._sklearn import HasMethods, Interval, StrOptions
from sklearn_crossmodal.utils._validation import warn

__all__ = ["Text"]

#: Share of words, beyond that in `fit`, that may be unknown later without a word about it.
_MORE_UNKNOWN = 0.05
_SYLLABLES = ["ba", "ce", "di", "fo", "gu", "la", "me", "ni", "po", "ru"]


class Text(Modality):
    """Raw strings, cut into words or pieces of words; or token ids.

    A missing cell, where it is not the whole modality that is absent, is an empty text.

    Parameters
    ----------
    max_length : int, default=512
        Most tokens of a text, its end included; what is longer is cut. An encoder with a tokenizer
        may allow fewer. Encoders that read the order of tokens, and decoders, are made for the
        longest text in `fit`: longer ones are cut there, with a warning. The default encoder, and
        `ModalityVectorizer`, read the whole text.
    max_words : int, default=20000
        Size of the vocabulary at most, the three ids that stand for no word included. Not for
        tokenizers that have their own ids.
    min_count : int, default=1
        In how many texts a word must be to be in the vocabulary, a text of weight 2 being two
        texts; of byte pairs, how often a pair must occur. Not for tokenizers that have their own
        ids.
    lowercase : bool, default=True
        Whether case is ignored. Not for tokenizers that have their own ids.
    tokenizer : {"word", "bpe", "ids"}, callable or tokenizer, default="word"
        - "word": words and signs of any script, see `WordTokenizer`.
        - "bpe": byte pairs learned in `fit`, see `BytePairTokenizer`; needs ``tokenizers``.
        - "ids": columns hold token ids from 0 on in place of strings: one column of rows of
          integers, or a table of integers whose rows are the texts. They are moved by three.
        - callable: ``str -> list of str``, whose words are counted as in "word".
        - an object with ``encode(list of str) -> list of list of int``, its inverse ``decode`` and
          ``n_tokens``, or a tokenizer of the packages ``tokenizers`` or ``transformers``. Its ids
          are moved by three, since 0 to 2 stand for padding, an unknown token and the end.

        An encoder that has a `tokenizer` of its own brings it: leave this one out then.
    max_pairs : int, default=20000
        How many pairs of neighbouring tokens encoders are told of, at most: those in the most
        texts, and in three at least. The default encoder gives each a vector of its own, as it does
        to words: "not good" is no sum of its parts. No other encoder here reads them: with 0 they
        are not counted.
    join : {"space", "markers"}, default="space"
        How the texts of several columns become one: with a space between them, or each behind a
        token of its column, so that the network knows which column a word came from, and columns
        can be told apart on the way back. Where each column is to have an encoder of its own,
        give each its own modality.
    vectors : mapping, gensim KeyedVectors, str or path, default=None
        Pretrained vectors of words, which encoders start from: a mapping of words to vectors, or a
        file in word2vec's (text or binary) or GloVe's form, of which the words of the vocabulary
        are kept. A word without a vector gets a random one of the same spread, always the same. A
        path is cheapest to clone.
    train_vectors : bool, default=True
        Whether `vectors` are trained on; else they stay as they are.
    encoder : str, component or nn.Module factory, default="bag"
        Encoder of the tokens.
    decoder : str, component or nn.Module factory, default="tokens"
        Decoder when the modality is a target. The default one scores all words at each position,
        whatever the others are; "recurrent" and "attention" go word by word. Of long texts, a
        smaller `max_length` saves memory.
    loss : str or component, default="cross_entropy"
        Loss when the modality is a target.

    Attributes
    ----------
    spec_ : BlockSpec
        Kind ``"tokens"`` of shape (t,), with the size of the vocabulary and frequent pairs.
    tokenizer_ : WordTokenizer, BytePairTokenizer, IdTokenizer or GivenTokenizer
        The fitted tokenizer.
    markers_ : list of str
        Names of the columns that have a token, which stand behind those of the tokenizer.

    Raises
    ------
    ValueError
        If a cell is no string, or with ``tokenizer="ids"`` no row of integers; the message names
        the column and shows the cell. If the file of `vectors` cannot be read.

    See Also
    --------
    sklearn_crossmodal.preprocessing.WordTokenizer : Words alone, for a `Pipeline`.

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

    Two columns, each behind its own token, here 5 and 6:

    >>> import numpy as np
    >>> cells = np.array([["cat", "cat dog"], ["dog", None]], dtype=object)
    >>> text = Text(join="markers").fit(cells)
    >>> text.transform(cells).values
    array([[5, 4, 6, 4, 3, 2],
           [5, 3, 2, 0, 0, 0]])
    >>> Text(tokenizer="ids").fit([[0, 1], [7]]).transform([[0, 1]]).values
    array([[3, 4, 2]])
    """

    kind = "tokens"
    masked = True
    _parameter_constraints = {
        "tokenizer": [
            StrOptions({"word", "bpe", "ids"}),
            HasMethods(["encode", "decode"]),
            callable,
        ],
        "join": [StrOptions({"space", "markers"})],
        "max_pairs": [Interval(Integral, 0, None, closed="left")],
        "train_vectors": ["boolean"],
    }

    def __init__(
        self,
        *,
        max_length=512,
        max_words=20_000,
        min_count=1,
        lowercase=True,
        tokenizer="word",
        max_pairs=20_000,
        join="space",
        vectors=None,
        train_vectors=True,
        encoder="bag",
        decoder="tokens",
        loss="cross_entropy",
    ):
        self.max_length = max_length
        self.max_words = max_words
        self.min_count = min_count
        self.lowercase = lowercase
        self.tokenizer = tokenizer
        self.max_pairs = max_pairs
        self.join = join
        self.vectors = vectors
        self.train_vectors = train_vectors
        self.encoder = encoder
        self.decoder = decoder
        self.loss = loss

    def fit(self, columns, sample_weight=None):
        """Learn the vocabulary.

        Parameters
        ----------
        columns : Columns or array-like of shape (n,) or (n, d)
            Strings, or token ids.
        sample_weight : ndarray of shape (n,), default=None
            A row of weight 2 is as two rows, one of weight zero is not there.

        Returns
        -------
        Text
            Itself.
        """
        self._fit(Columns.of(columns), sample_weight)
        return self

    def fit_transform(self, columns, sample_weight=None):
        """Fit, and return the modality with the block of the same columns, having cut texts once.

        Parameters
        ----------
        columns : Columns or array-like of shape (n,) or (n, d)
            Strings, or token ids.
        sample_weight : ndarray of shape (n,), default=None
            A row of weight 2 is as two rows, one of weight zero is not there.

        Returns
        -------
        modality : Text
            Itself.
        block : Block
            With as many rows as `columns`.
        """
        columns = Columns.of(columns)
        ids = self._fit(columns, sample_weight)
        return self, self._block(ids) if len(ids) == len(columns) else self.transform(columns)

    def _fit(self, columns: Columns, sample_weight: np.ndarray | None) -> np.ndarray:
        """Fit, and return the ids of the rows that count."""
        self._validate_params()
        tokenizer = self._make_tokenizer()
        cells = self._cells(columns)
        self.single_column_ = np.ndim(columns.values) == 1
        table = self.tokenizer == "ids" and is_id_table(np.asarray(columns.values))
        self.table_width_ = np.shape(columns.values)[1] if table else None
        weight = None
        if sample_weight is not None:
            counted = np.asarray(sample_weight) > 0
            cells, weight = cells[counted], np.asarray(sample_weight)[counted]
        texts = join_cells(cells, ids=self.tokenizer == "ids")
        # Words that come later have no vector of their own among those given.
        tokenizer.reserves = self.in_chunks and self.vectors is None
        rows = tokenizer.fit_encode(texts, sample_weight=weight)
        self.tokenizer_, length = tokenizer, tokenizer.length_
        self.markers_ = columns.names_of(cells.shape[1]) if self.join == "markers" else []
        if self.markers_:
            rows = self._rows(cells)
            length = min(self.tokenizer_.max_length, max(map(len, rows), default=0) + 1)
        ids = pad_rows(rows, length)
        self.spec_ = BlockSpec(
            "tokens",
            (length,),
            n_categories=self.tokenizer_.n_tokens_ + len(self.markers_),
            vectors=self._embedding_table(),
            train_vectors=self.train_vectors,
            pairs=frequent_pairs(ids, self.max_pairs, weight) if self.max_pairs else None,
        )
        self._warn_of_wordless(
            cells, ids, "Look at min_count, max_words and tokenizer, or leave the column out."
        )
        self._unknown_share = _unknown_share(ids)
        return ids

    def _warn_of_wordless(self, cells: np.ndarray, ids: np.ndarray, advice: str) -> None:
        """Warn if no word is left of most texts that are not blank."""
        empty = ~((ids >= FIRST) & (ids < self.tokenizer_.n_tokens_)).any(axis=1)
        if empty.sum() * 2 <= len(ids):  # blank or not
            return
        written = np.array([any(_is_written(cell) for cell in row) for row in cells], dtype=bool)
        empty &= written
        if empty.sum() * 2 <= written.sum():
            return
        example = next(cell for cell in cells[empty.argmax()] if _is_written(cell))
        warn(
            f"{empty.sum()} of {written.sum()} texts have no word that is in the vocabulary, the "
            f"first is {reprlib.repr(example)}: the rows cannot be told apart by it. {advice}"
        )

    def transform(self, columns):
        """Return the token ids.

        Parameters
        ----------
        columns : Columns or array-like of shape (n,) or (n, d)
            Strings, or token ids.

        Returns
        -------
        Block
            Kind ``"tokens"``; its mask is True up to the end of each text. It is as wide as
            the longest text, or the longest in `fit` if that is longer; `Block.cut` makes it as
            wide as that.
        """
        cells = self._cells(Columns.of(columns))
        if self.markers_ and cells.shape[1] != len(self.markers_):
            raise ValueError(f"got {cells.shape[1]} columns, expected {len(self.markers_)}.")
        block = self._padded(self._rows(cells))
        self._warn_of_wordless(cells, block.values, "Are they of the language and kind of `fit`?")
        return block

    def _padded(self, rows: list[list[int]]) -> Block:
        longest = max(map(len, rows), default=0) + 1
        return self._block(
            pad_rows(rows, max(self.spec_.shape[0], min(longest, self.tokenizer_.max_length)))
        )

    def extended(self, columns, sample_weight=None):
        """Go on with texts that `fit` did not see: new words get ids that were kept for them.

        Parameters
        ----------
        columns : Columns or array-like of shape (n,) or (n, d)
            Strings, or token ids.
        sample_weight : ndarray of shape (n,), default=None
            A row of weight 2 is as two rows.

        Returns
        -------
        modality : Text
            Itself, or one that knows more words.
        block : Block
            Of the texts.
        lost : str
            The share of unknown words, if it is more than a twentieth above that in `fit`.
        """
        cells = self._cells(Columns.of(columns))
        texts = join_cells(cells, ids=self.tokenizer == "ids")
        tokenizer, rows = self.tokenizer_.extend(texts, sample_weight)
        longer = self if tokenizer is self.tokenizer_ else copy.copy(self)
        longer.tokenizer_ = tokenizer
        block = longer.transform(columns) if self.markers_ else longer._padded(rows)
        share = _unknown_share(block.values)
        if share <= self._unknown_share + _MORE_UNKNOWN:
            return longer, block, ""
        names = longer.tokenizer_.unknown(texts)
        shown = ", ".join(map(repr, names[:5])) + (f" and {len(names) - 5} more" * (len(names) > 5))
        return (
            longer,
            block,
            f"{share:.0%} of the words were not in the first chunk, and are unknown: {shown}. "
            "Begin with a chunk that has them, or fit on all samples",
        )

    def _block(self, ids: np.ndarray) -> Block:
        return Block(ids, np.ones(len(ids), dtype=bool), self.spec_, mask=ids != PADDING)

    def inverse_transform(self, values):
        """Return the texts of token ids, with spaces where `fit` saw them; ids are rows of ids.

        Parameters
        ----------
        values : ndarray of shape (n, t), int
            As in a block.

        Returns
        -------
        ndarray of shape (n,), object
            Of shape (n, d) with ``join="markers"`` if `fit` saw such, None where a text has no
            token of the column; and if `fit` saw a table of ids, NaN behind the end of a text.
        """
        if not self.markers_:
            rows = self.tokenizer_.inverse_transform(values)
            return rows if self.table_width_ is None else id_table(rows, self.table_width_)
        cells = np.empty((len(values), len(self.markers_)), dtype=object)
        for row, ids in enumerate(unpad_rows(values)):
            for place, part in split_at(ids, self.tokenizer_.n_tokens_):
                cells[row, place] = self.tokenizer_.decode([part])[0]
        return cells[:, 0] if self.single_column_ else cells

    def _cells(self, columns: Columns) -> np.ndarray:
        return id_cells(columns) if self.tokenizer == "ids" else text_cells(columns)

    def _rows(self, cells: np.ndarray) -> list[list[int]]:
        """Return the ids of each row, those of its columns one after the other, without the end."""
        if not self.markers_:
            return self.tokenizer_.encode(join_cells(cells, ids=self.tokenizer == "ids"))
        rows: list[list[int]] = [[] for _ in cells]
        for marker, column in enumerate(cells.T, self.tokenizer_.n_tokens_):
            there = [row for row, cell in enumerate(column) if cell is not None]
            for row, ids in zip(there, self.tokenizer_.encode(column[there]), strict=True):
                rows[row] += [marker, *ids]
        return rows

    def _make_tokenizer(self):
        """Return the tokenizer that the parameters speak of, unfitted."""
        tokenizer, max_length = self.tokenizer, self.max_length
        own = None if isinstance(self.encoder, type) else getattr(self.encoder, "tokenizer", None)
        if own is not None:
            self._check_compatible(self.encoder)
            tokenizer = own
            max_length = min(max_length, getattr(self.encoder, "max_length", None) or max_length)
        if hasattr(tokenizer, "encode") and not isinstance(tokenizer, str):
            return GivenTokenizer(tokenizer, max_length=max_length)
        if tokenizer == "ids":
            return IdTokenizer(max_length=max_length)
        words = {name: getattr(self, name) for name in ("max_words", "min_count", "lowercase")}
        if tokenizer == "bpe":
            return BytePairTokenizer(max_length=max_length, **words)
        split = None if tokenizer == "word" else tokenizer
        return WordTokenizer(max_length=max_length, split=split, **words)

    def _check_compatible(self, encoder) -> None:
        """Raise if a parameter contradicts an encoder that has its own tokenizer."""
        default = {"tokenizer": "word", "join": "space"}
        for name, free in default.items():
            value = getattr(self, name)
            if not isinstance(value, str) or value != free:
                raise ValueError(
                    f"{name}={value!r} was given, but the encoder {type(encoder).__name__} has a "
                    f"tokenizer of its own: leave {name} out, or take another encoder."
                )

    def _embedding_table(self) -> np.ndarray | None:
        if self.vectors is None:
            return None
        if not isinstance(self.tokenizer_, WordTokenizer):
            raise ValueError(
                "vectors are of words, which the tokenizer does not make: leave vectors out, or "
                "take tokenizer='word' or a callable."
            )
        names = [f"[{name}]" for name in self.markers_]
        try:
            return embedding_table(self.vectors, [*self.tokenizer_.words_, *names])
        except OSError as error:
            reason = error.strerror or error
            raise ValueError(f"vectors={self.vectors!r} cannot be read: {reason}.") from error

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
        """Return whether a column holds strings, one or a row of them per sample.

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


def _unknown_share(ids: np.ndarray) -> float:
    """Return the share of tokens that are unknown."""
    n_tokens = int(np.count_nonzero((ids != PADDING) & (ids != END)))
    return int(np.count_nonzero(ids == UNKNOWN)) / max(n_tokens, 1)


def _is_written(cell) -> bool:
    """Return whether a cell has a text that is not blank, or ids."""
    return cell is not None and (bool(cell.strip()) if isinstance(cell, str) else len(cell) > 0)
