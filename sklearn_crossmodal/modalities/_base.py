"""Modality: the base class of preprocessing from raw columns to a `Block`, and back."""

from __future__ import annotations

from abc import ABC, abstractmethod

import numpy as np
from sklearn.base import BaseEstimator

from sklearn_crossmodal.data import Block, BlockSpec, Columns, as_column
from sklearn_crossmodal.utils.discovery import named_encoder

__all__ = ["Modality", "encoder_attribute", "raw_cells", "weights_or_ones"]


class Modality(BaseEstimator, ABC):
    """A type of data: preprocessing of its raw columns to a `Block`, and its network components.

    Subclasses define `fit`, `transform`, `inverse_transform`, `example` and `accepts`, and set the
    class attribute `kind`. They receive only the rows of samples that have the modality. Every
    modality has the parameters `encoder`, `decoder` and `loss`: a name in the registries of
    `sklearn_crossmodal.nn`, a component, or a user-defined `nn.Module` class or factory.

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
    #: Whether inference joins several accepted columns to one modality.
    joins_columns: bool = False
    #: Whether blocks have a mask.
    masked: bool = False
    #: Whether the modality was chosen by `infer_modalities`, not by the user.
    inferred: bool = False
    #: Name of the pretrained encoder that `infer_modalities` chooses where it is wanted.
    pretrained: str | None = None
    #: Numbers of the columns with a missing indicator, an additional column of the block.
    indicators_: np.ndarray | tuple[int, ...] = ()
    #: Whether strings among the cells are file names.
    opens_files: bool = False
    #: Whether an empty cell, which is absent, raises a warning, since it may be an error.
    warns_of_empty: bool = False
    #: Whether columns may be a sparse matrix.
    takes_sparse: bool = False
    #: Whether cells may be strings.
    takes_strings: bool = True
    #: Whether `inverse_transform` returns data of the type in `fit`, and so can impute cells.
    restores: bool = True
    #: Whether `fit` receives the first of several chunks, and so keeps constant columns and
    #: reserves codes; set by `ModalityBank` for `partial_fit`.
    in_chunks: bool = False
    spec_: BlockSpec

    @property
    def encoder_(self):
        """The encoder that networks are built with: the parameter, or what it stands for."""
        return self.encoder

    @abstractmethod
    def fit(self, columns: Columns, sample_weight: np.ndarray | None = None) -> Modality:
        """Learn from raw columns.

        Parameters
        ----------
        columns : Columns or array-like with n rows
            The raw columns.
        sample_weight : ndarray of shape (n,), default=None
            Weights of the rows; rows of weight zero are ignored.

        Returns
        -------
        Modality
            Itself.
        """

    @abstractmethod
    def transform(self, columns: Columns) -> Block:
        """Transform raw columns to a block with as many rows.

        Parameters
        ----------
        columns : Columns or array-like with n rows
            The raw columns, as in `fit`.

        Returns
        -------
        Block
            Of the kind and shape of `spec_`.
        """

    @abstractmethod
    def inverse_transform(self, values: np.ndarray) -> np.ndarray:
        """Transform values of a block to raw data of the type in `fit`.

        Parameters
        ----------
        values : ndarray of shape (n, `*spec_.shape`)
            As in a block.

        Returns
        -------
        ndarray with n rows
            Raw data.
        """

    @staticmethod
    @abstractmethod
    def example(n: int, rng: np.random.Generator) -> np.ndarray:
        """Generate raw input, for tests and docs.

        Parameters
        ----------
        n : int
            Number of rows.
        rng : numpy.random.Generator
            Source of randomness.

        Returns
        -------
        ndarray with n rows
        """

    @classmethod
    @abstractmethod
    def accepts(cls, values) -> bool:
        """Return whether a raw column, of any rank, looks like this modality.

        Parameters
        ----------
        values : array-like
            A raw column.

        Returns
        -------
        bool
        """

    def find_unreadable(self, columns: Columns) -> np.ndarray:
        """Return which rows cannot be read, and report them as `transform` does.

        Parameters
        ----------
        columns : Columns or array-like with n rows
            The raw columns; the modality need not be fitted.

        Returns
        -------
        ndarray of shape (n,), bool
            All False for a modality that opens no files.
        """
        return np.zeros(len(columns), dtype=bool)

    def fit_transform(
        self, columns: Columns, sample_weight: np.ndarray | None = None
    ) -> tuple[Modality, Block]:
        """Fit, and return the modality and the block of the same columns.

        Modalities whose cells are files, texts or sounds read them once.

        Parameters
        ----------
        columns : Columns or array-like with n rows
            The raw columns.
        sample_weight : ndarray of shape (n,), default=None
            Weights of the rows, as in `fit`.

        Returns
        -------
        modality : Modality
            Itself, fitted.
        block : Block
            With n rows.
        """
        self.fit(columns, sample_weight)
        return self, self.transform(columns)

    def extended(
        self, columns: Columns, sample_weight: np.ndarray | None = None
    ) -> tuple[Modality, Block, str]:
        """Update with the rows of a later chunk, as far as the shape of blocks allows.

        Parameters
        ----------
        columns : Columns or array-like
            The raw columns.
        sample_weight : ndarray of shape (n,), default=None
            Weights of the rows.

        Returns
        -------
        modality : Modality
            The modality itself, or an updated copy with blocks of the same shape.
        block : Block
            Of the columns.
        lost : str
            Description of new content that cannot be represented; empty if there is none.
        """
        return self, self.transform(columns), ""


def encoder_attribute(encoder, name: str):
    """Return a flag of an encoder, or of what it names; None if it is missing or it is a class.

    The flags are those of `InputSettings` in `nn/_protocols.py`, which stands above this layer.
    """
    return None if isinstance(encoder, type) else getattr(named_encoder(encoder), name, None)


def raw_cells(columns: Columns) -> np.ndarray:
    """Return the cells of a single column of any rank as an array."""
    return np.asarray(as_column(Columns.of(columns).values))


def weights_or_ones(sample_weight: np.ndarray | None, n_rows: int) -> np.ndarray:
    """Return the weights as floats, ones for None."""
    return np.ones(n_rows) if sample_weight is None else np.asarray(sample_weight, dtype=float)
