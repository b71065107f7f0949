"""Categorical: categorical columns."""

from __future__ import annotations

import copy

import numpy as np
from scipy import sparse

from sklearn_crossmodal.data import (
    MISSING,
    RARE,
    Block,
    BlockSpec,
    Columns,
    is_missing,
    object_array,
    preview,
)
from sklearn_crossmodal.modalities._base import Modality
from sklearn_crossmodal.preprocessing import CategoryCoder
from sklearn_crossmodal.preprocessing.tabular._category_encoder import has_categories

__all__ = ["Categorical"]

#: Increase of the share of rare levels over `fit` up to which there is no warning.
_MORE_RARE = 0.05
_ANIMALS = ["ant", "bee", "cat", "cow", "dog", "elk", "fox", "hen", "owl", "pig"]


class Categorical(Modality):
    """Columns of categories of any type, encoded as integer codes.

    Several columns form one modality. A missing cell has a code of its own; levels that are rare,
    or unseen in `fit`, share a code.

    Parameters
    ----------
    min_count : int, default=1
        Minimum number of rows of a level; levels with fewer are rare.
    max_categories : int or None, default=None
        Maximum number of levels of a column with a code of their own, the most frequent; the
        others are rare.
    hash_above : int or None, default=10000
        Columns with more levels than this are hashed to this many codes. None disables hashing.
    ordered : "auto" or list of str or int, default="auto"
        Names or positions of the ordinal columns, whose order the encoder uses. "auto": those in
        `categories`, and those of an ordered categorical dtype. An ordinal column keeps all of its
        levels.
    categories : mapping of str or int to list, or None, default=None
        All levels of some columns, in order, by name or position. Other cells count as unseen, in
        `fit` too.
    encoder : str, component or nn.Module factory, default="embedding"
        Encoder of the codes.
    decoder : str, component or nn.Module factory, default="codes"
        Decoder when the modality is a target.
    loss : str or component, default="cross_entropy"
        Loss when the modality is a target; missing cells do not count.

    Attributes
    ----------
    spec_ : BlockSpec
        Kind ``"codes"`` of shape (n_columns,), with the number of codes of each column.
    coder_ : CategoryCoder
        The fitted coder, with the levels.

    Raises
    ------
    ValueError
        If a cell is not hashable, as a list; the message names the column and shows the cell.

    See Also
    --------
    sklearn_crossmodal.preprocessing.CategoryCoder : The codes alone.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_crossmodal.modalities import Categorical
    >>> sizes = np.array(["S", "L", "M", None], dtype=object)
    >>> size = Categorical(categories={0: ["S", "M", "L"]}).fit(sizes)
    >>> size.transform(sizes).values.ravel(), size.spec_.ordered
    (array([2, 4, 3, 0]), (True,))
    >>> size.inverse_transform(np.array([[3]]))
    array(['M'], dtype=object)
    """

    kind = "codes"
    joins_columns = True
    masked = True

    def __init__(
        self,
        *,
        min_count=1,
        max_categories=None,
        hash_above=10_000,
        ordered="auto",
        categories=None,
        encoder="embedding",
        decoder="codes",
        loss="cross_entropy",
    ):
        self.min_count = min_count
        self.max_categories = max_categories
        self.hash_above = hash_above
        self.ordered = ordered
        self.categories = categories
        self.encoder = encoder
        self.decoder = decoder
        self.loss = loss

    def fit(self, columns, sample_weight=None):
        coder = CategoryCoder(
            min_count=self.min_count,
            max_categories=self.max_categories,
            hash_above=self.hash_above,
            ordered=self.ordered,
            categories=self.categories,
        )
        coder.reserves = self.in_chunks
        self._set_coder(coder.fit(columns, sample_weight=sample_weight), columns)
        self._rare_shares = self._find_rare(self.transform(columns))
        return self

    def _set_coder(self, coder: CategoryCoder, columns) -> None:
        values = columns.values if isinstance(columns, Columns) else columns
        self.single_column_ = np.ndim(values) == 1
        self.coder_ = coder
        self.dtype_ = _wide_enough(np.asarray(values).dtype, self.coder_.levels_)
        n_categories, ordered = self.coder_.n_categories_, self.coder_.ordered_
        self.spec_ = BlockSpec(
            "codes",
            (len(n_categories),),
            n_categories=n_categories,
            ordered=ordered if any(ordered) else None,
            labelled=self.coder_.labelled_,
        )

    def transform(self, columns):
        codes = self.coder_.transform(columns)
        observed = codes != MISSING
        mask = None if observed.all() else observed
        return Block(codes, np.ones(len(codes), dtype=bool), self.spec_, mask)

    def extended(self, columns, sample_weight=None):
        """Update with a later chunk: new levels get reserved codes.

        The columns are described whose share of rare cells exceeds that in `fit` by a twentieth.
        """
        coder = self.coder_.extended(columns, sample_weight)
        updated = self
        if coder is not self.coder_:
            updated = copy.copy(self)
            updated._set_coder(coder, columns)
        block = updated.transform(columns)
        return updated, block, updated._describe_rare(columns, block)

    def _describe_rare(self, columns, block: Block) -> str:
        shares = self._find_rare(block)
        more = np.flatnonzero(shares > self._rare_shares + _MORE_RARE)
        if not len(more):
            return ""
        cells = np.asarray(Columns.of(columns).values, dtype=object).reshape(len(block), -1)
        found = []
        for place in more:
            new = dict.fromkeys(cells[block.values[:, place] == RARE, place])
            name = self.coder_.names_[place]
            found.append(f"{shares[place]:.0%} of column {name!r}, {preview(list(new), 3)}")
        return (
            f"levels that were not in the first chunk share one code, as rare ones do: "
            f"{'; '.join(found)}. Begin with a chunk that has them, or name them in categories="
        )

    @staticmethod
    def _find_rare(block: Block) -> np.ndarray:
        """Return for each column the share of cells with the code of rare levels."""
        return (block.values == RARE).mean(axis=0) if len(block) else np.zeros(block.spec.size)

    def inverse_transform(self, values):
        """Return the levels of codes, of the rank in `fit`, and of its dtype if no cell is missing.

        A string dtype is as wide as the longest level. A missing cell is None. A code of several
        levels is decoded to the most frequent of them.
        """
        cells = self.coder_.inverse_transform(values)
        cells = cells[:, 0] if self.single_column_ else cells
        complete = all(cell is not None for cell in cells.flat)
        return cells.astype(self.dtype_) if complete else cells

    @staticmethod
    def example(n, rng):
        cells = np.empty((n, 2), dtype=object)
        drawn = rng.choice(_ANIMALS, n // 2 + 1).astype(object)
        cells[:, 0] = rng.permutation(np.resize(drawn, n))
        cells[::5, 0] = None
        cells[:, 1] = rng.random(n) < 0.5
        return cells

    @classmethod
    def accepts(cls, values):
        """Return whether a column has a categorical dtype, or holds booleans or labels.

        Labels are strings of less than three words on average that recur: at most ten distinct
        ones, or a fifth of the number of rows.
        """
        if has_categories(values):
            return True
        if sparse.issparse(values) or np.ndim(values) > 2:
            return False
        cells = np.asarray(values)
        if cells.dtype.kind not in "bOUT":
            return False
        if not cells.size:
            return False
        return all(map(_are_categories, cells.astype(object).reshape(len(cells), -1).T))


def _wide_enough(dtype: np.dtype, levels: list[list]) -> np.dtype:
    """Widen a string dtype to the longest level; return other dtypes unchanged."""
    if dtype.kind not in "US":
        return dtype
    every = object_array([level for column in levels for level in column])
    return np.promote_types(dtype, every.astype(dtype.kind).dtype)


def _are_categories(column: np.ndarray) -> bool:
    found = [cell for cell in column if not is_missing(cell)]
    if not found:
        return False
    if all(isinstance(cell, bool | np.bool_) for cell in found):
        return True
    if not all(isinstance(cell, str) for cell in found):
        return False
    n_unique = len(set(found))
    if n_unique == len(found) or n_unique > max(10, len(found) / 5):
        return False
    return sum(len(cell.split()) for cell in found) < 3 * len(found)
