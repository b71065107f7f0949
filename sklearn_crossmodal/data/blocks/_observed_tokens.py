"""The tokens of `fit` among those of a pretrained vocabulary."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from sklearn_crossmodal.data.blocks._block import UNKNOWN, BlockSpec

__all__ = ["ObservedTokens"]


class ObservedTokens:
    """Numbers of the tokens that are seen in `fit`; special tokens keep theirs.

    The vocabulary of a pretrained model has far more tokens than texts that one trains on.

    Parameters
    ----------
    spec : BlockSpec
        Of kind ``"tokens"``, with `seen`.

    Attributes
    ----------
    seen : ndarray of shape (n_seen,), int
        The token of each number.
    numbers : ndarray of shape (n_categories,), int
        The number of each token, that of an unknown one for those that are not seen.
    spec : BlockSpec
        Of texts in these numbers.
    """

    def __init__(self, spec: BlockSpec) -> None:
        self.seen = np.union1d(np.arange(UNKNOWN + 2), spec.seen)
        self.numbers = np.full(spec.n_categories, UNKNOWN)
        self.numbers[self.seen] = np.arange(len(self.seen))
        pairs = None if spec.pairs is None else self.numbers[spec.pairs]
        self.spec = replace(spec, n_categories=len(self.seen), pairs=pairs, seen=None)
