"""Categorical: columns of categories."""

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
)
from sklearn_crossmodal.modalities._base import Modality
from sklearn_crossmodal.preprocessing import CategoryCoder
from sklearn_crossmodal.preprocessing.tabular._category_encoder import has_categories

__all__ = ["Categorical"]

#: Share of cells, beyond that in `fit`, that may be of rare levels without a word about it.
_MORE_RARE = 0.05
_ANIMALS = ["ant", "bee", "cat", "cow", "dog", "elk", "fox", "hen", "owl", "pig"]


class Categorical(Modality):
    """Columns of categories of any type, each level with an integer code.

    Several columns form one modality. A missing cell has a code of its own, and so have levels that
    are rare or unseen in `fit`, all together.

    Parameters
    ----------
    min_count : int, default=1
        In how many rows a level must be; those in fewer are rare.
    max_categories : int or None, default=None
        How many levels of a column have a code of their own at most, the most frequent; the others
        are rare.
    hash_above : int or None, default=10000
        A column that has more levels than this left is hashed: its levels share so many codes. None
        hashes nothing.
    ordered : "auto" or list of str or int, default="auto"
        Names or positions of the columns whose levels have an order, which the encoder uses. "auto"
        are those of `categories` and those of an ordered type of categories. An ordered column
        keeps all of its levels.
    categories : mapping of str or int to list, or None, default=None
        All levels of some columns, in their order, by name or position. A cell that is none of them
        counts as one that `fit` did not see, in `fit` too.
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
        The fitted coder, which knows the levels.

    Raises
    ------
    ValueError
        If a cell cannot be hashed, as a list; the message names the column and shows the cell.

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
        """Learn the levels of each column.

        Parameters
        ----------
        columns : Columns or array-like of shape (n, c) or (n,)
            Categories; None, NaN or NA where one is missing.
        sample_weight : ndarray of shape (n,), default=None
            A row of weight zero is not there.

        Returns
        -------
        Categorical
            Itself.
        """
        values = columns.values if isinstance(columns, Columns) else columns
        self.single_column_ = np.ndim(values) == 1
        coder = CategoryCoder(
            min_count=self.min_count,
            max_categories=self.max_categories,
            hash_above=self.hash_above,
            ordered=self.ordered,
            categories=self.categories,
        )
        coder.reserves = self.in_chunks
        self._take(coder.fit(columns, sample_weight=sample_weight), values)
        self._rare_shares = self._find_rare(self.transform(columns))
        return self

    def _take(self, coder: CategoryCoder, values) -> None:
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
        """Return the codes.

        Parameters
        ----------
        columns : Columns or array-like of shape (n, c) or (n,)
            Categories.

        Returns
        -------
        Block
            Kind ``"codes"``; its mask is False where a cell is missing.
        """
        codes = self.coder_.transform(columns)
        there = codes != MISSING
        mask = None if there.all() else there
        return Block(codes, np.ones(len(codes), dtype=bool), self.spec_, mask)

    def extended(self, columns, sample_weight=None):
        """Go on with rows that `fit` did not see: new levels get codes that were kept for them.

        Parameters
        ----------
        columns : Columns or array-like of shape (n, c) or (n,)
            Categories.
        sample_weight : ndarray of shape (n,), default=None
            Weights of the rows.

        Returns
        -------
        modality : Categorical
            Itself, or one that knows more levels.
        block : Block
            Of the columns.
        lost : str
            The columns with more rare cells, by a twentieth, than `fit` had, and their shares.
        """
        coder = self.coder_.extended(columns, sample_weight)
        longer = self
        if coder is not self.coder_:
            longer = copy.copy(self)
            values = columns.values if isinstance(columns, Columns) else columns
            longer._take(coder, values)
        block = longer.transform(columns)
        return longer, block, longer._describe_rare(columns, block)

    def _describe_rare(self, columns, block: Block) -> str:
        shares = self._find_rare(block)
        more = np.flatnonzero(shares > self._rare_shares + _MORE_RARE)
        if not len(more):
            return ""
        cells = np.asarray(Columns.of(columns).values, dtype=object).reshape(len(block), -1)
        told = []
        for place in more:
            new = dict.fromkeys(cells[block.values[:, place] == RARE, place])
            shown = ", ".join(map(repr, list(new)[:3])) + ", ..." * (len(new) > 3)
            told.append(f"{shares[place]:.0%} of column {self.coder_.names_[place]!r} ({shown})")
        return (
            f"levels that were not in the first chunk share one code, as rare ones do: "
            f"{'; '.join(told)}. Begin with a chunk that has them, or name them in categories="
        )

    @staticmethod
    def _find_rare(block: Block) -> np.ndarray:
        """Return the share of the cells of each column that have the code of rare levels."""
        return (block.values == RARE).mean(axis=0) if len(block) else np.zeros(block.spec.size)

    def inverse_transform(self, values):
        """Return the levels of codes.

        Parameters
        ----------
        values : ndarray of shape (n, c), int
            As in a block.

        Returns
        -------
        ndarray of shape (n, c) or (n,)
            Of the rank that `fit` saw, and of its type if no cell is missing; of a type of strings
            as wide as the longest level. A missing cell is None. Rare levels, and those that share
            a code, are the most frequent of them.
        """
        cells = self.coder_.inverse_transform(values)
        cells = cells[:, 0] if self.single_column_ else cells
        complete = all(cell is not None for cell in cells.flat)
        return cells.astype(self.dtype_) if complete else cells

    @staticmethod
    def example(n, rng):
        """Make a column of animals, some missing, and one of truth values.

        Parameters
        ----------
        n : int
            Number of rows.
        rng : numpy.random.Generator
            Source of randomness.

        Returns
        -------
        ndarray of shape (n, 2), object
        """
        cells = np.empty((n, 2), dtype=object)
        drawn = rng.choice(_ANIMALS, n // 2 + 1).astype(object)
        cells[:, 0] = rng.permutation(np.resize(drawn, n))
        cells[::5, 0] = None
        cells[:, 1] = rng.random(n) < 0.5
        return cells

    @classmethod
    def accepts(cls, values):
        """Return whether a column is of a type of categories, of truth values, or of labels.

        Labels are texts of less than three words in the mean that occur again and again: at most
        ten different ones, or a fifth of their number.

        Parameters
        ----------
        values : array-like
            A raw column, or several.

        Returns
        -------
        bool
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
    """Return a type of strings that has room for all levels; another type as it is."""
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
