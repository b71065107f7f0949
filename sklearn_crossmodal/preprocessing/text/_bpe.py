"""Byte pair encoding of texts."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import chain, repeat
from numbers import Integral

import numpy as np

from sklearn_crossmodal.preprocessing._weighted_counts import as_row_counts
from sklearn_crossmodal.preprocessing.text._base_tokenizer import FIRST, BaseTokenizer, check_texts
from sklearn_crossmodal.utils import import_optional
from sklearn_crossmodal.utils._sklearn import Interval

__all__ = ["BytePairTokenizer"]

#: All single bytes are tokens, so that no token is unknown.
_N_BYTES = 256


class BytePairTokenizer(BaseTokenizer):
    """Encode texts as rows of token ids, one per subword; no token is unknown.

    A word starts as its bytes. The most frequent pair of subwords is merged repeatedly, until there
    are `max_words` ids. Frequent words become one token, rare ones several. Ids 0 to 2 are special
    tokens, as in `WordTokenizer`. Needs the package ``tokenizers``.

    Parameters
    ----------
    max_length : int, default=512
        Maximum number of tokens of a text, its end included; longer texts are truncated.
    max_words : int, default=20000
        Maximum size of the vocabulary: three special tokens, 256 bytes, and the merged pairs.
    min_count : int, default=1
        Minimum number of occurrences of a merged pair.
    lowercase : bool, default=True
        Whether case is ignored.

    Attributes
    ----------
    pieces_ : tokenizers.Tokenizer
        The trained tokenizer; its ids start at 0.
    n_tokens_ : int
        Number of ids.
    length_ : int
        Tokens of the longest text in `fit`, at most `max_length`; the width of the rows.

    See Also
    --------
    WordTokenizer : Whole words.
    sklearn_crossmodal.modalities.Text : The modality that uses it.

    References
    ----------
    R. Sennrich, B. Haddow, A. Birch (2016). "Neural machine translation of rare words with subword
    units". arXiv:1508.07909; on bytes: A. Radford et al. (2019). "Language models are unsupervised
    multitask learners".

    Examples
    --------
    >>> from sklearn_crossmodal.preprocessing import BytePairTokenizer
    >>> tokenizer = BytePairTokenizer().fit(["low lower lowest", "new newer newest"])
    >>> ids = tokenizer.transform(["new low", "新"])
    >>> tokenizer.inverse_transform(ids)
    array(['new low', '新'], dtype=object)
    """

    _parameter_constraints = {
        "max_length": [Interval(Integral, 1, None, closed="left")],
        "max_words": [Interval(Integral, FIRST + _N_BYTES, None, closed="left")],
        "min_count": [Interval(Integral, 1, None, closed="left")],
        "lowercase": ["boolean"],
    }

    def __init__(self, *, max_length=512, max_words=20_000, min_count=1, lowercase=True):
        self.max_length = max_length
        self.max_words = max_words
        self.min_count = min_count
        self.lowercase = lowercase

    def fit(self, X, y=None, sample_weight=None):
        """Learn which pairs to merge.

        Parameters
        ----------
        X : iterable of str
            Texts.
        y : None
            Ignored; pipelines pass it.
        sample_weight : array-like of shape (n,), default=None
            A text of weight 2 counts as two texts. Weights that are not all whole numbers are
            divided by their mean and rounded; a text counts once at least.

        Returns
        -------
        BytePairTokenizer
            Itself.

        Raises
        ------
        ValueError
            If X is a single string, or an item is not a string.
        ImportError
            If the package ``tokenizers`` is not installed.
        """
        self._validate_params()
        texts = _writable(X)
        tokenizers = import_optional("tokenizers", extra="text", purpose="BytePairTokenizer")
        pieces = tokenizers.Tokenizer(tokenizers.models.BPE())
        composed = tokenizers.normalizers.NFC()  # equal texts are equal bytes
        lower = [tokenizers.normalizers.Lowercase(), composed] if self.lowercase else []
        pieces.normalizer = tokenizers.normalizers.Sequence([composed, *lower])
        pieces.pre_tokenizer = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=True)
        pieces.decoder = tokenizers.decoders.ByteLevel()
        trainer = tokenizers.trainers.BpeTrainer(
            vocab_size=self.max_words - FIRST,
            min_frequency=self.min_count,
            initial_alphabet=sorted(tokenizers.pre_tokenizers.ByteLevel.alphabet()),
            show_progress=False,
        )
        pieces.train_from_iterator(_repeated(texts, sample_weight), trainer)
        self.pieces_ = pieces
        self.n_tokens_ = pieces.get_vocab_size() + FIRST
        self._set_length(self.encode(texts))
        return self

    def encode(self, X):
        found = self.pieces_.encode_batch(_writable(X), add_special_tokens=False)
        return [[id_ + FIRST for id_ in text.ids] for text in found]

    def decode(self, rows):
        """Decode rows of ids; invalid bytes become "\ufffd"."""
        kept = [[int(id_) - FIRST for id_ in row if id_ >= FIRST] for row in rows]
        # A space was added before the first word, so that its token does not depend on position.
        return [text.removeprefix(" ") for text in self.pieces_.decode_batch(kept)]


def _repeated(texts: list[str], sample_weight) -> Iterable[str]:
    """Repeat each text by its weight, since the trainer takes no weights."""
    if sample_weight is None:
        return texts
    times = np.maximum(np.round(as_row_counts(sample_weight)), 1).astype(int)
    return chain.from_iterable(map(repeat, texts, times.tolist()))


def _writable(X) -> list[str]:
    """Replace lone surrogates, which UTF-8 cannot encode."""
    return [text.encode("utf-8", "replace").decode() for text in check_texts(X)]
