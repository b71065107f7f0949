"""Text: raw strings, or token ids."""

from __future__ import annotations

import copy
from numbers import Integral

import numpy as np

from sklearn_crossmodal.data import (
    END,
    PADDING,
    UNKNOWN,
    Block,
    BlockSpec,
    Columns,
    is_missing,
    preview,
)
from sklearn_crossmodal.modalities._base import Modality, encoder_attribute
from sklearn_crossmodal.modalities._text_cells import (
    id_cells,
    id_table,
    is_id_table,
    join_cells,
    split_at,
    text_cells,
)
from sklearn_crossmodal.modalities._text_warnings import warn_of_wordless
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
from sklearn_crossmodal.utils._sklearn import HasMethods, Interval, StrOptions

__all__ = ["Text"]

#: Increase of the share of unknown words over `fit` up to which there is no warning.
_MORE_UNKNOWN = 0.05
_SYLLABLES = ["ba", "ce", "di", "fo", "gu", "la", "me", "ni", "po", "ru"]


class Text(Modality):
    """Raw strings, split into words or subwords; or token ids.

    A missing cell is an empty text, unless the whole modality is absent.

    Parameters
    ----------
    max_length : int, default=512
        Maximum number of tokens of a text, its end included; longer texts are truncated. An encoder
        with a tokenizer may allow fewer. Encoders that depend on token order, and decoders, are
        built for the longest text in `fit`: longer ones are truncated, with a warning. The default
        encoder, and `ModalityVectorizer`, read the whole text.
    max_words : int, default=20000
        Maximum size of the vocabulary, three special tokens included. Not used by tokenizers with
        a fixed vocabulary.
    min_count : int, default=1
        Minimum number of texts of a word in the vocabulary, a text of weight 2 being two texts; of
        byte pairs, minimum number of occurrences. Not used by tokenizers with a fixed vocabulary.
    lowercase : bool, default=True
        Whether case is ignored. Not used by tokenizers with a fixed vocabulary.
    tokenizer : {"word", "bpe", "ids"}, callable or tokenizer, default="word"
        - "word": words and symbols of any script, see `WordTokenizer`.
        - "bpe": byte pair encoding learned in `fit`, see `BytePairTokenizer`; needs ``tokenizers``.
        - "ids": columns hold token ids from 0 on in place of strings: one column of rows of
          integers, or a table of integers whose rows are the texts. They are shifted by three.
        - callable: ``str -> list of str``, whose words are counted as in "word".
        - an object with ``encode(list of str) -> list of list of int``, its inverse ``decode`` and
          ``n_tokens``, or a tokenizer of the packages ``tokenizers`` or ``transformers``. Its ids
          are shifted by three, since 0 to 2 are padding, an unknown token and the end.

        An encoder with an attribute `tokenizer` uses that: leave this parameter out then.
    max_pairs : int, default=20000
        Maximum number of bigrams that are passed to encoders: those in the most texts, at least
        three. The default encoder learns a vector for each, as for words: "not good" is not the sum
        of its parts. No other encoder of this package uses them: with 0 they are not counted.
    join : {"space", "markers"}, default="space"
        How the texts of several columns are joined: "space" puts a space between them, "markers"
        a token of the column before each, so that the network, and `inverse_transform`, can
        distinguish the columns. To encode columns separately, make each a modality.
    vectors : mapping, gensim KeyedVectors, str or path, default=None
        Pretrained word vectors, which initialise encoders: a mapping of words to vectors, or a file
        in word2vec's (text or binary) or GloVe's format, of which the words of the vocabulary are
        kept. A word without a vector gets a random one of the same standard deviation,
        deterministically. A path is cheapest to clone.
    train_vectors : bool, default=True
        Whether `vectors` are fine-tuned; else they are frozen.
    encoder : str, list, component or nn.Module factory, default="bag"
        Encoder of the tokens. "minilm" is a frozen sentence encoder with the bag of words beside
        it, as is ``["bag", "minilm"]``; see `Pretrained` and `JoinedEncoder`.
    decoder : str, component or nn.Module factory, default="tokens"
        Decoder when the modality is a target. The default scores all words at each position,
        independently; "recurrent" and "attention" are autoregressive. For long texts, a smaller
        `max_length` saves memory.
    loss : str or component, default="cross_entropy"
        Loss when the modality is a target.

    Attributes
    ----------
    spec_ : BlockSpec
        Kind ``"tokens"`` of shape (t,), with the size of the vocabulary and frequent pairs.
    tokenizer_ : WordTokenizer, BytePairTokenizer, IdTokenizer or GivenTokenizer
        The fitted tokenizer.
    markers_ : list of str
        Names of the columns with a marker token; its id follows those of the tokenizer.

    Raises
    ------
    ValueError
        If a cell is not a string, or with ``tokenizer="ids"`` not a row of integers; the message
        names the column and shows the cell. If the file of `vectors` cannot be read.

    See Also
    --------
    sklearn_crossmodal.preprocessing.WordTokenizer : The tokenizer for a `Pipeline`.

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

    Two columns, each after its marker token, here 5 and 6:

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
    pretrained = "minilm"
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
        self._fit(Columns.of(columns), sample_weight)
        return self

    def fit_transform(self, columns, sample_weight=None):
        columns = Columns.of(columns)
        ids = self._fit(columns, sample_weight)
        return self, self._block(ids) if len(ids) == len(columns) else self.transform(columns)

    def _fit(self, columns: Columns, sample_weight: np.ndarray | None) -> np.ndarray:
        """Fit, and return the ids of the rows of nonzero weight."""
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
        texts = self._joined(cells)
        # Words of later chunks have no pretrained vector.
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
            seen=np.unique(ids) if isinstance(self.tokenizer_, GivenTokenizer) else None,
        )
        advice = "Look at min_count, max_words and tokenizer, or leave the column out."
        warn_of_wordless(cells, ids, self.tokenizer_.n_tokens_, advice)
        self._unknown_share = _unknown_share(ids)
        return ids

    def transform(self, columns):
        """Return token ids; the mask of the block is True up to the end of each text.

        The width is that of the longest text, at least that of the longest in `fit`, to which
        `Block.cut` truncates it.
        """
        cells = self._cells(Columns.of(columns))
        if self.markers_ and cells.shape[1] != len(self.markers_):
            raise ValueError(f"got {cells.shape[1]} columns, expected {len(self.markers_)}.")
        block = self._padded(self._rows(cells))
        advice = "Are they of the language and kind of `fit`?"
        warn_of_wordless(cells, block.values, self.tokenizer_.n_tokens_, advice)
        return block

    def _padded(self, rows: list[list[int]]) -> Block:
        longest = max(map(len, rows), default=0) + 1
        return self._block(
            pad_rows(rows, max(self.spec_.shape[0], min(longest, self.tokenizer_.max_length)))
        )

    def extended(self, columns, sample_weight=None):
        """Update with the texts of a later chunk: new words get reserved ids.

        Unknown words are described if their share exceeds that in `fit` by more than a twentieth.
        """
        cells = self._cells(Columns.of(columns))
        texts = self._joined(cells)
        tokenizer, rows = self.tokenizer_.extend(texts, sample_weight)
        updated = self if tokenizer is self.tokenizer_ else copy.copy(self)
        updated.tokenizer_ = tokenizer
        block = updated.transform(columns) if self.markers_ else updated._padded(rows)
        share = _unknown_share(block.values)
        if share <= self._unknown_share + _MORE_UNKNOWN:
            return updated, block, ""
        names = preview(updated.tokenizer_.unknown(texts), 5)
        lost = (
            f"{share:.0%} of the words were not in the first chunk, and are unknown: {names}. "
            "Begin with a chunk that has them, or fit on all samples"
        )
        return updated, block, lost

    def _block(self, ids: np.ndarray) -> Block:
        return Block(ids, np.ones(len(ids), dtype=bool), self.spec_, mask=ids != PADDING)

    def inverse_transform(self, values):
        """Decode token ids to texts (n,), or with ``tokenizer="ids"`` to rows of ids.

        With ``join="markers"`` the shape is (n, d) as in `fit`, None where a text lacks the marker
        of the column. If `fit` saw a table of ids, NaN follows the end of a text.
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

    def _joined(self, cells: np.ndarray) -> list:
        return join_cells(cells, ids=self.tokenizer == "ids")

    def _rows(self, cells: np.ndarray) -> list[list[int]]:
        """Return the concatenated ids of the columns of each row, without the end."""
        if not self.markers_:
            return self.tokenizer_.encode(self._joined(cells))
        rows: list[list[int]] = [[] for _ in cells]
        for marker, column in enumerate(cells.T, self.tokenizer_.n_tokens_):
            present = [row for row, cell in enumerate(column) if cell is not None]
            for row, ids in zip(present, self.tokenizer_.encode(column[present]), strict=True):
                rows[row] += [marker, *ids]
        return rows

    def _make_tokenizer(self):
        """Return the unfitted tokenizer of the encoder, or of the parameters."""
        tokenizer, max_length = self.tokenizer, self.max_length
        encoder_tokenizer = encoder_attribute(self.encoder, "tokenizer")
        if encoder_tokenizer is not None:
            self._check_compatible()
            tokenizer = encoder_tokenizer
            longest = encoder_attribute(self.encoder, "max_length")
            max_length = min(max_length, longest or max_length)
        if hasattr(tokenizer, "encode") and not isinstance(tokenizer, str):
            return GivenTokenizer(tokenizer, max_length=max_length)
        if tokenizer == "ids":
            return IdTokenizer(max_length=max_length)
        words = {name: getattr(self, name) for name in ("max_words", "min_count", "lowercase")}
        if tokenizer == "bpe":
            return BytePairTokenizer(max_length=max_length, **words)
        split = None if tokenizer == "word" else tokenizer
        return WordTokenizer(max_length=max_length, split=split, **words)

    def _check_compatible(self) -> None:
        """Raise if a parameter contradicts the tokenizer of the encoder."""
        for name, default in {"tokenizer": "word", "join": "space"}.items():
            value = getattr(self, name)
            if not isinstance(value, str) or value != default:
                raise ValueError(
                    f"{name}={value!r} was given, but the encoder {type(self.encoder).__name__} "
                    f"has a tokenizer of its own: leave {name} out, or take another encoder."
                )

    def _embedding_table(self) -> np.ndarray | None:
        if self.vectors is None:
            return None
        if not isinstance(self.tokenizer_, WordTokenizer):
            raise ValueError(
                "vectors are of words, which the tokenizer does not return: leave vectors out, or "
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
        words = [first + second for first in _SYLLABLES for second in _SYLLABLES[:3]]
        texts = [" ".join(rng.choice(words, rng.integers(1, 6))) for _ in range(n)]
        return np.array(texts, dtype=object)

    @classmethod
    def accepts(cls, values):
        """Return whether a column holds strings, one or several per sample."""
        if np.ndim(values) > 2:
            return False
        cells = np.asarray(values)
        if cells.dtype.kind != "O":
            return cells.dtype.kind in "UT"
        found = [cell for cell in cells.flat if not is_missing(cell)]
        return bool(found) and all(isinstance(cell, str) for cell in found)


def _unknown_share(ids: np.ndarray) -> float:
    """Return the share of unknown tokens."""
    n_tokens = int(np.count_nonzero((ids != PADDING) & (ids != END)))
    return int(np.count_nonzero(ids == UNKNOWN)) / max(n_tokens, 1)
