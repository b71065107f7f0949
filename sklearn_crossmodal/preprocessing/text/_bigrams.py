"""Frequent bigrams of tokens."""

from __future__ import annotations

import numpy as np

from sklearn_crossmodal.preprocessing._weighted_counts import as_row_counts
from sklearn_crossmodal.preprocessing.text._base_tokenizer import FIRST

__all__ = ["frequent_pairs"]

#: Minimum number of texts of a bigram. Vectors of rarer ones would memorise the texts.
_MIN_TEXTS = 3

#: Maximum number of tokens counted, in a random sample of the texts.
_MAX_TOKENS = 10_000_000


def frequent_pairs(ids: np.ndarray, n_pairs: int, sample_weight=None) -> np.ndarray:
    """Return the bigrams of tokens with the highest document frequency, at least three texts.

    Parameters
    ----------
    ids : ndarray of shape (n, t), int
        Texts as rows of token ids, see `pad_rows`.
    n_pairs : int
        Maximum number of bigrams.
    sample_weight : array-like of shape (n,), default=None
        A text of weight 2 counts as two texts.

    Returns
    -------
    ndarray of shape (k, 2), int32
        First and second token, in ascending order, without special tokens.

    Examples
    --------
    >>> from sklearn_crossmodal.preprocessing import WordTokenizer, frequent_pairs
    >>> texts = ["not good", "not good", "not good at all", "at all", "good"]
    >>> tokenizer = WordTokenizer().fit(texts)
    >>> pairs = frequent_pairs(tokenizer.transform(texts), 10)
    >>> [[tokenizer.words_[id_] for id_ in pair] for pair in pairs]
    [['not', 'good']]
    """
    n_tokens = np.count_nonzero(ids)  # padding is 0
    if n_tokens > _MAX_TOKENS:
        n_texts = len(ids) * _MAX_TOKENS // n_tokens
        rows = np.random.RandomState(0).choice(len(ids), n_texts, replace=False)
        ids = ids[rows]
        sample_weight = None if sample_weight is None else np.asarray(sample_weight)[rows]
    base = int(ids.max(initial=0)) + 1
    keys = ids[:, :-1] * base + ids[:, 1:]
    keys[(ids[:, :-1] < FIRST) | (ids[:, 1:] < FIRST)] = -1
    keys.sort(axis=1)
    first = keys >= 0
    first[:, 1:] &= keys[:, 1:] != keys[:, :-1]  # once a text
    if sample_weight is None:
        found, counts = np.unique(keys[first], return_counts=True)
        enough = counts >= _MIN_TEXTS
    else:
        found, places, n_rows = np.unique(keys[first], return_inverse=True, return_counts=True)
        rows = as_row_counts(sample_weight)[:, np.newaxis]
        weights = np.broadcast_to(rows, keys.shape)[first]
        counts = np.bincount(places, weights, minlength=len(found))
        enough = np.maximum(counts, n_rows) >= _MIN_TEXTS  # as in `count_rows`
    found, counts = found[enough], counts[enough]
    kept = np.sort(found[np.argsort(-counts, kind="stable")[:n_pairs]])
    return np.column_stack(np.divmod(kept, base)).astype(np.int32)
