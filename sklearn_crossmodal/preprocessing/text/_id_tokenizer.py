"""Texts that are token ids already."""

from __future__ import annotations

from collections import Counter
from itertools import chain
from numbers import Integral

import numpy as np

from sklearn_crossmodal.data import UNKNOWN
from sklearn_crossmodal.preprocessing.text._base_tokenizer import FIRST, BaseTokenizer, n_reserved
from sklearn_crossmodal.utils._sklearn import Interval

__all__ = ["IdTokenizer", "check_ids", "shift_ids", "unshift_ids"]

#: More ids than this would make an embedding table that fills the memory.
_MAX_IDS = 2**20


class IdTokenizer(BaseTokenizer):
    """Accept token ids in place of texts; they are shifted by three special tokens.

    Parameters
    ----------
    max_length : int, default=512
        Maximum number of tokens of a text, its end included; longer texts are truncated.

    Attributes
    ----------
    n_tokens_ : int
        Number of ids: the largest in `fit` plus four. Larger ids are unknown in `transform`.
    length_ : int
        Tokens of the longest text in `fit`, at most `max_length`; the width of the rows.

    See Also
    --------
    GivenTokenizer : Reads texts by the tokenizer that the ids come from.

    Examples
    --------
    >>> from sklearn_crossmodal.preprocessing import IdTokenizer
    >>> tokenizer = IdTokenizer().fit([[7, 0], [5]])
    >>> tokenizer.transform([[7, 0], [9]])
    array([[10,  3,  2],
           [ 1,  2,  0]])
    >>> tokenizer.inverse_transform([[10, 3, 2]])[0]
    array([7, 0])
    """

    _parameter_constraints = {"max_length": [Interval(Integral, 1, None, closed="left")]}

    def __init__(self, *, max_length=512):
        self.max_length = max_length

    def fit(self, X, y=None):
        """Learn the largest id and the longest text.

        Parameters
        ----------
        X : iterable of sequence of int
            Ids of each text, from 0 on.
        y : None
            Ignored; pipelines pass it.

        Returns
        -------
        IdTokenizer
            Itself.

        Raises
        ------
        ValueError
            If an id is not an integer, negative, or too large for an embedding table.
        """
        self._validate_params()
        rows = [check_ids(row) for row in X]
        largest = max((int(row.max()) for row in rows if len(row)), default=-1)
        if largest >= _MAX_IDS:
            raise ValueError(
                f"the largest token id is {largest}, which is too large for an embedding table: "
                "number the tokens that occur from 0 on."
            )
        n_reserved_codes = n_reserved(largest + 1, _MAX_IDS) if self.reserves else 0
        self.n_tokens_ = largest + 1 + n_reserved_codes + FIRST
        self._set_length(rows)
        return self

    def encode(self, X):
        return [shift_ids(check_ids(row), self.n_tokens_) for row in X]

    def unknown(self, X):
        counts = Counter(chain.from_iterable(check_ids(row).tolist() for row in X))
        return [id_ for id_, _ in counts.most_common() if id_ + FIRST >= self.n_tokens_]

    def decode(self, rows):
        """Return the original ids of each text as an array, without unknown ones."""
        return [unshift_ids(row) for row in rows]


def check_ids(row) -> np.ndarray:
    """Return the ids of one text; raise if they are not a row of nonnegative integers."""
    ids = np.asarray(row)
    if ids.size == 0:
        return np.empty(0, dtype=np.int64)
    if ids.ndim != 1 or ids.dtype.kind not in "iu":
        raise ValueError(f"expected a row of integer token ids for each text, got {row!r}.")
    if ids.min() < 0:
        raise ValueError(f"token ids are integers from 0 on, got {ids.min()}.")
    return ids


def shift_ids(ids: np.ndarray, n_tokens: int) -> list[int]:
    """Shift ids by the special tokens; ids beyond the last are unknown."""
    return [id_ + FIRST if id_ + FIRST < n_tokens else UNKNOWN for id_ in ids.tolist()]


def unshift_ids(row) -> np.ndarray:
    """Invert `shift_ids`; special tokens are dropped."""
    row = np.asarray(row, dtype=np.int64)
    return row[row >= FIRST] - FIRST
