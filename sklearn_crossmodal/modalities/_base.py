"""Modality: from the raw columns of one modality to a Block, and back."""

from __future__ import annotations

from abc import ABC, abstractmethod

import numpy as np
from sklearn.base import BaseEstimator

from sklearn_crossmodal.data import Block, BlockSpec, Columns

__all__ = ["Modality", "encoder_attribute", "weights_or_ones"]


class Modality(BaseEstimator, ABC):
    """One kind of data: how its raw columns become a `Block`, and which network parts suit it.

    Subclasses define `fit`, `transform`, `inverse_transform`, `example` and `accepts`, and set the
    class attribute `kind`. They see only the rows of samples that have the modality. Every modality
    has the parameters `encoder`, `decoder` and `loss`: a name in the registries of
    `sklearn_crossmodal.nn`, a component, or a user's own `nn.Module` class or factory.

    Attributes
    ----------
    spec_ : BlockSpec
        Kind and shape of the blocks, known after `fit`.

    See Also
    --------
    sklearn_crossmodal.modalities.infer_modalities : Which modality suits which column.
    """

    #: Kind of the blocks; see `sklearn_crossmodal.data.KINDS`.
    kind: str
    #: Whether several columns that are accepted form one modality together.
    joins_columns: bool = False
    #: Whether blocks have a mask.
    masked: bool = False
    #: Whether nobody named the modality: `infer_modalities` chose it by the cells.
    inferred: bool = False
    #: Whether strings among the cells are names of files.
    opens_files: bool = False
    #: Whether a cell without entries, which is absent, is warned of: one cut off, most likely.
    warns_of_empty: bool = False
    #: Whether columns may be a sparse matrix.
    takes_sparse: bool = False
    #: Whether cells may be strings.
    takes_strings: bool = True
    #: Whether `inverse_transform` gives what `fit` saw, so that absent cells can be filled by it.
    restores: bool = True
    #: Whether `fit` sees the first of several chunks, so that it keeps what may vary later; set by
    #: the bank for `partial_fit`.
    in_chunks: bool = False
    spec_: BlockSpec

    @abstractmethod
    def fit(self, columns: Columns, sample_weight: np.ndarray | None = None) -> Modality:
        """Learn from raw columns; a row of weight zero is not there."""

    @abstractmethod
    def transform(self, columns: Columns) -> Block:
        """Turn raw columns into a block, one row a row."""

    @abstractmethod
    def inverse_transform(self, values: np.ndarray) -> np.ndarray:
        """Turn values of a block into raw data, of the form `fit` saw."""

    @staticmethod
    @abstractmethod
    def example(n: int, rng: np.random.Generator) -> np.ndarray:
        """Make `n` rows of raw input, for tests and docs."""

    @classmethod
    @abstractmethod
    def accepts(cls, values) -> bool:
        """Return whether a raw column, of any rank, looks like this modality."""

    def find_unreadable(self, columns: Columns) -> np.ndarray:
        """Return which rows cannot be read, and report them as `transform` does.

        Parameters
        ----------
        columns : Columns or array-like with n rows
            The raw columns; the modality need not be fitted.

        Returns
        -------
        ndarray of shape (n,), bool
            False where nothing is opened to be read.
        """
        return np.zeros(len(columns), dtype=bool)

    def fit_transform(
        self, columns: Columns, sample_weight: np.ndarray | None = None
    ) -> tuple[Modality, Block]:
        """Fit, and return the fitted modality with the block of the same columns.

        Parameters
        ----------
        columns : Columns or array-like
            The raw columns.
        sample_weight : ndarray of shape (n,), default=None
            Weights of the rows.

        Returns
        -------
        modality : Modality
            The modality itself, fitted.
        block : Block
            With as many rows as `columns`.
        """
        self.fit(columns, sample_weight)
        return self, self.transform(columns)

    def extended(
        self, columns: Columns, sample_weight: np.ndarray | None = None
    ) -> tuple[Modality, Block, str]:
        """Go on with rows that `fit` did not see: learn what it lacked, where there is room for it.

        Parameters
        ----------
        columns : Columns or array-like
            The raw columns.
        sample_weight : ndarray of shape (n,), default=None
            Weights of the rows.

        Returns
        -------
        modality : Modality
            The modality itself, or one that knows more; blocks are of the same shape.
        block : Block
            Of the columns.
        lost : str
            What the rows hold that `fit` did not see and there is no room for; empty if nothing.
        """
        return self, self.transform(columns), ""


def encoder_attribute(encoder, name: str):
    """Return an attribute of an encoder, None where it has none or is a class."""
    return None if isinstance(encoder, type) else getattr(encoder, name, None)


def weights_or_ones(sample_weight: np.ndarray | None, n_rows: int) -> np.ndarray:
    """Return the weights, ones if there are none."""
    return np.ones(n_rows) if sample_weight is None else np.asarray(sample_weight, dtype=float)
