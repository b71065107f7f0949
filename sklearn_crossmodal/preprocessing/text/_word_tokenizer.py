"""Word tokenizer for texts of any script."""

from __future__ import annotations

import copy
from collections import Counter
from collections.abc import Callable
from itertools import chain, repeat
from numbers import Integral

from sklearn_crossmodal.data import UNKNOWN
from sklearn_crossmodal.preprocessing._weighted_counts import as_row_counts, count_rows
from sklearn_crossmodal.preprocessing.text._base_tokenizer import (
    FIRST,
    BaseTokenizer,
    check_texts,
    n_reserved,
)
from sklearn_crossmodal.preprocessing.text._word_splitting import (
    find_exceptions,
    join_words,
    normalize,
    simplify_emoji,
    split_words,
)
from sklearn_crossmodal.utils._sklearn import Interval

__all__ = ["WordTokenizer"]


class WordTokenizer(BaseTokenizer):
    """Encode texts of any script as rows of token ids, one per word or symbol.

    Texts are normalised to NFC, so that ids do not depend on how accents are stored. A word is a
    run of letters, digits and underscores with their combining marks, such as the vowels of
    Devanagari or Arabic; "C++", "C#" and ".NET" are words. For scripts without spaces, single
    ideographs, Hiragana and syllables (Thai, Lao, Khmer, Burmese) are tokens, whose n-grams are
    words. Each emoji and flag is a token, with its modifiers; so is an emoticon such as ":)" and
    every other symbol, since "yes!" is not "yes?". An emoji of an unseen skin tone has the id of a
    seen one.

    Ids are sorted by document frequency, descending, after three special tokens: 0 is padding, 1
    an unknown word, 2 the end of a text.

    Parameters
    ----------
    max_length : int, default=512
        Maximum number of tokens of a text, its end included; longer texts are truncated.
    max_words : int, default=20000
        Maximum size of the vocabulary, special tokens included.
    min_count : int, default=1
        Minimum number of texts of a word.
    lowercase : bool, default=True
        Whether case is ignored.
    split : callable, default=None
        Splits a text into words: str -> list of str. None splits as described above.

    Attributes
    ----------
    vocabulary_ : dict of str to int
        Id of each word.
    words_ : list of str
        Word of each id; empty for special tokens and for reserved ids.
    spacing_ : dict of (str, str) to bool
        For pairs of adjacent words whose spacing in `fit` differed from the rules, whether there is
        a space between them.
    n_tokens_ : int
        Number of ids.
    length_ : int
        Tokens of the longest text in `fit`, at most `max_length`; the width of the rows.

    See Also
    --------
    sklearn_crossmodal.modalities.Text : The modality that uses it.

    Examples
    --------
    >>> from sklearn_crossmodal.preprocessing import WordTokenizer
    >>> tokenizer = WordTokenizer().fit(["a cat", "a dog barks"])
    >>> tokenizer.transform(["a bird"])
    array([[3, 1, 2, 0]])
    >>> tokenizer.inverse_transform([[3, 5, 2, 0]])
    array(['a cat'], dtype=object)
    >>> WordTokenizer().fit(["yes!", "yes?"]).transform(["Yes!", "yes?"])
    array([[3, 4, 2],
           [3, 5, 2]])
    >>> WordTokenizer(split=list).fit(["abba"]).vocabulary_
    {'a': 3, 'b': 4}
    """

    _parameter_constraints = {
        "max_length": [Interval(Integral, 1, None, closed="left")],
        "max_words": [Interval(Integral, 4, None, closed="left")],
        "min_count": [Interval(Integral, 1, None, closed="left")],
        "lowercase": ["boolean"],
        "split": [callable, None],
    }

    def __init__(
        self, *, max_length=512, max_words=20_000, min_count=1, lowercase=True, split=None
    ):
        self.max_length = max_length
        self.max_words = max_words
        self.min_count = min_count
        self.lowercase = lowercase
        self.split = split

    def fit(self, X, y=None, sample_weight=None):
        """Learn the vocabulary.

        Parameters
        ----------
        X : iterable of str
            Texts.
        y : None
            Ignored; pipelines pass it.
        sample_weight : array-like of shape (n,), default=None
            A text of weight 2 counts as two texts.

        Returns
        -------
        WordTokenizer
            Itself.

        Raises
        ------
        ValueError
            If X is a single string, or an item is not a string.
        """
        self._fit(X, sample_weight)
        return self

    def fit_encode(self, X, sample_weight=None):
        return self._ids(self._fit(X, sample_weight))

    def _fit(self, X, sample_weight) -> list[list[str]]:
        """Learn the vocabulary; return the words of each text."""
        self._validate_params()
        texts = self._normalized(X)
        rows = self._split(texts)
        counts, enough = count_rows(map(set, rows), sample_weight, self.min_count)
        kept = sorted(enough, key=lambda word: (-counts[word], word))
        kept = kept[: self.max_words - FIRST]
        n_reserved_codes = n_reserved(len(kept), self.max_words - FIRST) if self.reserves else 0
        self.words_ = [*[""] * FIRST, *kept, *[""] * n_reserved_codes]
        self.vocabulary_ = {word: id_ for id_, word in enumerate(kept, FIRST)}
        self._pending_counts = {
            word: n for word, n in counts.items() if word not in self.vocabulary_
        }
        self._similar = _find_similar(self.vocabulary_)
        weight = repeat(1) if sample_weight is None else as_row_counts(sample_weight)
        self.spacing_ = {} if self.split else find_exceptions(texts, weight)
        self.n_tokens_ = len(self.words_)
        self._set_length(rows)
        return rows

    def encode(self, X):
        return self._ids(self._split(self._normalized(X)))

    def extend(self, X, sample_weight=None):
        texts = self._normalized(X)
        rows = self._split(texts)
        updated = self._with_words(rows, sample_weight) if self.reserves else self
        if updated is not self and self.split is None:
            weight = repeat(1) if sample_weight is None else as_row_counts(sample_weight)
            updated.spacing_ = find_exceptions(texts, weight) | self.spacing_
        return updated, updated._ids(rows)

    def unknown(self, X):
        counts = Counter(chain.from_iterable(self._split(self._normalized(X))))
        known = self.vocabulary_
        return [
            word
            for word, _ in counts.most_common()
            if word not in known and self._id_of_similar(word) == UNKNOWN
        ]

    def _with_words(self, rows: list[list[str]], sample_weight) -> WordTokenizer:
        """Return a tokenizer that also encodes the new words, as far as ids are reserved."""
        first = FIRST + len(self.vocabulary_)
        if first >= self.n_tokens_:
            return self
        new = [set(words).difference(self.vocabulary_) for words in rows]
        counts, enough = count_rows(new, sample_weight, self.min_count)
        for word, count in self._pending_counts.items():
            if word in counts:
                counts[word] += count
        enough = {*enough, *(word for word in counts if counts[word] >= self.min_count)}
        if not enough:
            return self._with_pending(counts)
        kept = sorted(enough, key=lambda word: (-counts[word], word))[: self.n_tokens_ - first]
        updated = copy.copy(self)
        updated.words_ = self.words_.copy()
        updated.words_[first : first + len(kept)] = kept
        updated.vocabulary_ = self.vocabulary_ | {word: id_ for id_, word in enumerate(kept, first)}
        updated._similar = _find_similar(updated.vocabulary_)
        return updated._with_pending({w: n for w, n in counts.items() if w not in enough})

    def _with_pending(self, counts) -> WordTokenizer:
        """Return a tokenizer with updated counts of the words that are still too rare."""
        if not counts:
            return self
        updated = copy.copy(self)
        updated._pending_counts = {**self._pending_counts, **counts}
        return updated

    def decode(self, rows):
        """Decode rows of ids, with the spacing of the texts in `fit`."""
        texts = [[self.words_[id_] for id_ in row if self.words_[id_]] for row in rows]
        if self.split is not None:
            return [" ".join(words) for words in texts]
        return [join_words(words, self.spacing_) for words in texts]

    def _ids(self, rows: list[list[str]]) -> list[list[int]]:
        ids, similar = self.vocabulary_, self._id_of_similar
        return [[ids.get(word) or similar(word) for word in words] for words in rows]

    def _normalized(self, X) -> list[str]:
        return [normalize(text, lowercase=self.lowercase) for text in check_texts(X)]

    def _split(self, texts: list[str]) -> list[list[str]]:
        """Return the words of each text."""
        if self.split is None:
            return list(map(split_words, texts))
        return [_check_words(self.split(text), self.split) for text in texts]

    def _id_of_similar(self, word: str) -> int:
        """Return the id of an emoji that differs in skin tone or variation selector only."""
        if word.isascii():
            return UNKNOWN
        word = simplify_emoji(word)
        return self.vocabulary_.get(word) or self._similar.get(word, UNKNOWN)


def _find_similar(vocabulary: dict[str, int]) -> dict[str, int]:
    """Return the ids of emoji without modifiers; of several the most frequent."""
    found: dict[str, int] = {}
    for word, id_ in vocabulary.items():
        if (simple := simplify_emoji(word)) != word:
            found.setdefault(simple, id_)
    return found


def _check_words(words, split: Callable) -> list[str]:
    if isinstance(words, str) or not all(isinstance(word, str) for word in words):
        name = getattr(split, "__name__", repr(split))
        raise ValueError(f"the tokenizer {name} must return a list of strings, got {words!r}.")
    return list(words)
