"""Block: the preprocessed arrays of one modality, passed from NumPy code to torch code."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from scipy import sparse

from sklearn_crossmodal.data.blocks._lazy_rows import LazyRows
from sklearn_crossmodal.data.blocks._truncation import warn_if_truncated

__all__ = [
    "END",
    "KINDS",
    "MISSING",
    "PADDING",
    "RARE",
    "UNKNOWN",
    "Block",
    "BlockSpec",
    "embeddings_of",
]

#: Special token ids: padding, a token out of the vocabulary, the end of a text.
PADDING, UNKNOWN, END = 0, 1, 2

#: Special codes: a missing cell, a level that is rare or not known.
MISSING, RARE = 0, 1

#: Kinds of block and the shape of their values; B samples, T steps, D width, C channels or columns.
KINDS = {
    "vector": "(B, D) numbers",
    "codes": "(B, C) integer categories",
    "tokens": "(B, T) token ids with a mask",
    "sequence": "(B, T, D) numbers with a mask",
    "grid": "(B, C, H, W) numbers",
}


def embeddings_of(name: str) -> str:
    """Return the key of the embeddings beside a modality, which is the name of no modality."""
    return f"{name}__embeddings"


@dataclass(frozen=True, eq=False)
class BlockSpec:
    """Kind and shape of a block, from which encoders and decoders are built.

    Parameters
    ----------
    kind : {"vector", "codes", "tokens", "sequence", "grid"}
        Kind of the values; see `KINDS`.
    shape : tuple of int
        Shape of one row.
    n_categories : int or tuple of int, default=None
        Size of the vocabulary of tokens, or number of categories per column of codes.
    vectors : ndarray of shape (n_categories, d), default=None
        Pretrained vectors of tokens or categories, which initialise an embedding.
    train_vectors : bool, default=True
        Whether pretrained vectors are fine-tuned; else they are frozen.
    pairs : ndarray of shape (n_pairs, 2), int, default=None
        Frequent bigrams of token ids, in ascending order.
    quantiles : ndarray of shape (q, d), default=None
        Quantiles of each entry of a vector at evenly spaced levels from 0 to 1, in ascending
        order; None where they are not known.
    ordered : tuple of bool, default=None
        For each column of codes whether its levels, the codes from 2 on, are ordinal. None: no
        column is.
    labelled : ndarray of shape (n_columns, most categories), bool, default=None
        Whether a code of a column is a level, and so may be predicted. None: all codes but that
        of a missing cell.
    seen : ndarray of int, default=None
        Ids of the tokens in `fit`, ascending, where the vocabulary is that of a pretrained model.
    embedded : int, default=None
        Width of `Block.embeddings`; None where there are none.

    Examples
    --------
    >>> from sklearn_crossmodal.data import BlockSpec
    >>> BlockSpec("tokens", (16,), n_categories=1000).kind
    'tokens'
    >>> BlockSpec("pixels", (3, 8, 8))
    Traceback (most recent call last):
    ...
    ValueError: kind='pixels' is not one of ['vector', 'codes', 'tokens', 'sequence', 'grid'].
    """

    kind: str
    shape: tuple[int, ...]
    n_categories: int | tuple[int, ...] | None = None
    vectors: np.ndarray | None = None
    train_vectors: bool = True
    pairs: np.ndarray | None = None
    quantiles: np.ndarray | None = None
    ordered: tuple[bool, ...] | None = None
    labelled: np.ndarray | None = None
    seen: np.ndarray | None = None
    embedded: int | None = None

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"kind={self.kind!r} is not one of {list(KINDS)}.")

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, BlockSpec):
            return NotImplemented
        # Not that of a dataclass: the comparison of arrays has no truth value.
        return all(np.array_equal(value, vars(other)[name]) for name, value in vars(self).items())

    def __hash__(self) -> int:
        return hash((self.kind, self.shape, self.n_categories))

    @property
    def size(self) -> int:
        """Number of values in a row."""
        return int(np.prod(self.shape))


@dataclass(frozen=True)
class Block:
    """The values of one modality, and which samples have it.

    Parameters
    ----------
    values : ndarray, sparse array or LazyRows of shape (n, `*spec.shape`)
        Finite numbers; zeros in the rows of samples that lack the modality. Sparse and lazy values
        become dense batch by batch. Texts may be longer than those in `fit`, whose length is in
        the specification: see `cut`.
    present : ndarray of shape (n,), bool
        Whether the sample has the modality.
    spec : BlockSpec
        Kind and shape of the values.
    mask : ndarray of bool, default=None
        (n, t) for tokens and sequences: which steps are not padding. (n, d) for vectors: which
        numbers were observed, as opposed to imputed; missing-value indicators are not. None: all.
    embeddings : ndarray of shape (n, spec.embedded), default=None
        Of the same samples by a frozen encoder, for an encoder that reads both.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_crossmodal.data import Block, BlockSpec
    >>> block = Block(np.ones((2, 3)), np.array([True, True]), BlockSpec("vector", (3,)))
    >>> len(block), block.kind
    (2, 'vector')
    >>> block.scatter(np.array([True, False, True])).values[:, 0]
    array([1., 0., 1.])
    """

    values: Any
    present: np.ndarray
    spec: BlockSpec
    mask: np.ndarray | None = None
    embeddings: np.ndarray | None = None

    @property
    def kind(self) -> str:
        """Kind of the values, that of the specification."""
        return self.spec.kind

    @property
    def observed(self) -> np.ndarray | None:
        """Which rows, steps or numbers were observed, in the shape of `mask`; None if all were."""
        if self.mask is not None:
            return self.mask & self.present[:, np.newaxis]
        return None if self.present.all() else self.present

    @property
    def is_long(self) -> bool:
        """Whether the texts are longer than the length in the specification."""
        return self.spec.kind == "tokens" and self.values.shape[1] > self.spec.shape[0]

    def __len__(self) -> int:
        return len(self.present)

    def cut(self, *, silent: bool = False) -> Block:
        """Return the block with texts truncated to the length of the longest in `fit`.

        Parameters
        ----------
        silent : bool, default=False
            Whether the warning is suppressed.

        Returns
        -------
        Block
            The block itself where no text is longer.

        Warns
        -----
        UserWarning
            If more than a twentieth of the texts are truncated.
        """
        if not self.is_long:
            return self
        limit = self.spec.shape[0]
        if not silent:
            self._warn_if_truncated(limit)
        mask = None if self.mask is None else self.mask[:, :limit]
        return replace(self, values=self.values[:, :limit], mask=mask)

    def _warn_if_truncated(self, limit: int) -> None:
        n_words = (self.values != END).sum(
            axis=1, where=True if self.observed is None else self.observed
        )  # without the end token
        remedy = (
            "fit on texts as long, take an encoder that reads texts of any length, as 'bag', or "
            f"cut them on purpose, with max_length={limit}"
        )
        warn_if_truncated(n_words, limit, what="texts", unit="tokens", remedy=remedy)

    def take(self, rows) -> Block:
        """Return the block of some rows.

        Parameters
        ----------
        rows : ndarray of int or bool, or slice
            The rows to keep, in order.

        Returns
        -------
        Block
            Views where NumPy gives views.
        """
        mask = None if self.mask is None else self.mask[rows]
        lazy = isinstance(self.values, LazyRows)
        values = self.values.take(rows) if lazy else self.values[rows]
        found = None if self.embeddings is None else self.embeddings[rows]
        return replace(self, values=values, present=self.present[rows], mask=mask, embeddings=found)

    def scatter(self, present: np.ndarray) -> Block:
        """Return a block of all samples: the rows where the modality is present, zeros elsewhere.

        Parameters
        ----------
        present : ndarray of shape (n,), bool
            As many True as the block has rows.

        Returns
        -------
        Block
            With n rows. The block itself if every sample has the modality.
        """
        if present.all():
            return self
        values = _spread(self.values, present)
        mask = None if self.mask is None else _spread(self.mask, present)
        found = None if self.embeddings is None else _spread(self.embeddings, present)
        there = _spread(self.present, present)
        return replace(self, values=values, present=there, mask=mask, embeddings=found)

    @classmethod
    def absent(cls, spec: BlockSpec, n: int, *, masked: bool = False) -> Block:
        """Return a block of `n` samples that all lack the modality.

        Parameters
        ----------
        spec : BlockSpec
            Kind and shape of the values.
        n : int
            Number of samples.
        masked : bool, default=False
            Whether blocks of this modality have a mask.

        Returns
        -------
        Block
            Zeros, with `present` all False.
        """
        mask = None
        if masked:
            mask = np.zeros((n, spec.shape[0]), dtype=bool)
        dtype = np.float64 if spec.n_categories is None else np.int64
        return cls(np.zeros((n, *spec.shape), dtype), np.zeros(n, dtype=bool), spec, mask)


def _spread(rows, present: np.ndarray):
    if isinstance(rows, LazyRows):
        return rows.spread(present)
    if sparse.issparse(rows):  # empty rows take no memory
        counts = np.zeros(len(present), dtype=rows.indptr.dtype)
        counts[present] = np.diff(rows.indptr)
        indptr = np.concatenate([[0], np.cumsum(counts)])
        shape = (len(present), rows.shape[1])
        return sparse.csr_array((rows.data, rows.indices, indptr), shape=shape)
    spread = np.zeros((len(present), *rows.shape[1:]), dtype=rows.dtype)
    spread[present] = rows
    return spread
