"""Features of all modalities, fitted on the training rows of a fold and read by all companions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import sparse
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.decomposition import PCA

from sklearn_crossmodal.ensemble._fitting._modality_view import View
from sklearn_crossmodal.estimators._vectorizer import ModalityVectorizer
from sklearn_crossmodal.utils._row_numbers import map_row_numbers

__all__ = ["DenseReducer", "FeatureTable", "Features", "group_scales"]

#: Sparse blocks that are fuller than this are dense ones.
_FULL = 0.3


class Features:
    """A vectorizer for each modality, fitted on some rows when it is first needed.

    Parameters
    ----------
    entries : list of (str, Modality, columns)
        The modalities.
    n_components : int or None
        To how many components each text, series, image and pretrained vector is reduced.
    memory : str, path, joblib.Memory or None
        Cache for the vectors of pretrained models.
    random_state : int
        Seed of the reductions.
    """

    def __init__(self, entries: list, n_components: int | None, *, memory, random_state) -> None:
        self.entries = entries
        self.n_components = n_components
        self.memory = memory
        self.random_state = random_state
        self.seen: set[str] = set()
        self.vectorizers, self.widths, self.are_sparse, self.columns = {}, {}, {}, {}
        self.flagged: tuple[str, ...] = ()

    def fit_transform(
        self, view: View, rows: np.ndarray, names: Sequence[str] | None = None
    ) -> FeatureTable:
        """Fit the vectorizers of some modalities, on those of the rows that have it.

        Parameters
        ----------
        view : View
            The samples.
        rows : ndarray of int
            Those to fit on, always the same.
        names : sequence of str, default=None
            The modalities; None for all. Those of an earlier call stay as they are.

        Returns
        -------
        FeatureTable
            The features of these rows.
        """
        blocks, known = {}, {}
        before = [name for name in self.vectorizers if names is None or name in names]
        present = view.present[rows]
        wanted = [name for name in view.names if names is None or name in names]
        for entry, there in zip(self.entries, present.T, strict=True):
            if entry[0] not in wanted or entry[0] in self.seen:
                continue
            if not there.any():  # a rare modality may be absent from all rows of a fold
                continue
            vectorizer = ModalityVectorizer(
                [entry],
                n_components=self.n_components,
                memory=self.memory,
                random_state=self.random_state,
            )
            with map_row_numbers(rows[there]):
                table = vectorizer.fit_transform(view.only([entry[0]], rows[there]))
            self.columns[entry[0]] = columns = _columns_with_values(table)
            self.widths[entry[0]] = table.shape[1] if columns is None else len(columns)
            self.are_sparse[entry[0]] = _is_sparse(table)
            blocks[entry[0]] = self._spread(table, entry[0], there)
            known[entry[0]] = there
            self.vectorizers[entry[0]] = vectorizer  # last: a time limit may end it anywhere
        self.seen.update(wanted)
        self.flagged = tuple(
            name
            for name, there in zip(view.names, present.T, strict=True)
            if name in self.vectorizers and not there.all()
        )
        found = FeatureTable(blocks, known, self.flagged)
        return found if not before else self.transform(view, rows, before).beside(found)

    @property
    def names(self) -> tuple[str, ...]:
        """The modalities that the rows of `fit` have."""
        return tuple(self.vectorizers)

    def transform(
        self, view: View, rows: np.ndarray, names: Sequence[str] | None = None
    ) -> FeatureTable:
        """Return the features of some rows, of all fitted modalities or of some of these."""
        blocks, present = {}, {}
        for name, vectorizer in self.vectorizers.items():
            if names is not None and name not in names:
                continue
            there = view.present[rows, view.names.index(name)]
            blocks[name] = self._block(vectorizer, view, name, rows, there)
            present[name] = there
        return FeatureTable(blocks, present, self.flagged)

    def _block(self, vectorizer, view, name, rows, there):
        """Return the features of one modality, zeros for rows that lack it."""
        shape = len(rows), self.widths[name]
        if not there.any():
            return sparse.csr_array(shape) if self.are_sparse[name] else np.zeros(shape)
        with map_row_numbers(rows[there]):
            found = vectorizer.transform(view.only([name], rows[there]))
        return self._spread(found, name, there)

    def _spread(self, found, name, there):
        """Return the features of all rows from those of the rows that have a modality."""
        shape, columns = (len(there), self.widths[name]), self.columns[name]
        found = found if columns is None else found[:, columns]
        if self.are_sparse[name]:
            places = np.flatnonzero(there), np.arange(there.sum())
            spread = (np.ones(there.sum()), places)
            spread = sparse.csr_array(spread, shape=(len(there), int(there.sum())))
            return sparse.csr_array(spread @ found)
        block = np.zeros(shape)
        block[there] = found.toarray() if sparse.issparse(found) else found
        return block


@dataclass(frozen=True)
class FeatureTable:
    """The features of n rows.

    Parameters
    ----------
    blocks : dict of str to ndarray or CSR array of shape (n, d)
        For each modality; zeros for rows that lack it.
    present : dict of str to ndarray of shape (n,), bool
        Which rows have it.
    flagged : tuple of str
        Modalities that rows of `fit` lacked: a column says which rows do.
    """

    blocks: dict
    present: dict
    flagged: tuple[str, ...]

    def beside(self, other: FeatureTable) -> FeatureTable:
        """Return these features and those of further modalities."""
        return FeatureTable(self.blocks | other.blocks, self.present | other.present, other.flagged)

    def take(self, rows: np.ndarray) -> FeatureTable:
        """Return some of the rows."""
        return FeatureTable(
            {name: block[rows] for name, block in self.blocks.items()},
            {name: there[rows] for name, there in self.present.items()},
            self.flagged,
        )

    def side_by_side(self, scales: dict[str, float], subset: Sequence[str] | None = None):
        """Return the features of some modalities side by side, each block times its scale.

        Parameters
        ----------
        scales : dict of str to float
            For each of these modalities.
        subset : sequence of str, default=None
            Modalities that are seen, the others are absent; None sees all.

        Returns
        -------
        ndarray or CSR array of shape (n, n_features)
            Dense if all blocks are.
        """
        columns = []
        for name, scale in scales.items():
            block = self.blocks[name]
            hidden = subset is not None and name not in subset
            columns.append(_zeros_like(block) if hidden else block * scale)
        if len(scales) > 1:
            columns += [self._flags(name, subset) for name in scales if name in self.flagged]
        if any(map(sparse.issparse, columns)):
            return sparse.csr_array(sparse.hstack([sparse.csr_array(one) for one in columns]))
        return columns[0] if len(columns) == 1 else np.hstack(columns)

    def _flags(self, name, subset):
        hidden = subset is not None and name not in subset
        absent = np.ones(len(self.present[name]), bool) if hidden else ~self.present[name]
        return absent[:, np.newaxis].astype(np.float64)


def group_scales(table: FeatureTable, names: Sequence[str]) -> dict[str, float]:
    """Return the factors that give the blocks of several modalities equal total variance.

    So a wide block, such as pixels, does not outweigh a narrow one in models that look at
    distances or penalise coefficients. The sum of the variances stays what it was.

    Parameters
    ----------
    table : FeatureTable
        Rows to train on; of each modality those that have it count.
    names : sequence of str
        The modalities.

    Returns
    -------
    dict of str to float
    """
    variances = np.array([_variance(table.blocks[name][table.present[name]]) for name in names])
    mean = variances.mean()
    return {
        name: float(np.sqrt(mean / one)) if one > 0 else 1.0
        for name, one in zip(names, variances, strict=True)
    }


def _variance(block) -> float:
    """Return the sum of the variances of the columns."""
    if not sparse.issparse(block):
        return float(block.var(axis=0).sum())
    means = np.asarray(block.mean(axis=0)).ravel()
    return float(block.multiply(block).sum() / max(block.shape[0], 1) - means @ means)


def _columns_with_values(table) -> np.ndarray | None:
    """Return the columns of a sparse table that are not all zero, None for all.

    A frozen encoder brings a vocabulary of which few texts have a tenth.
    """
    if not sparse.issparse(table):
        return None
    columns = np.flatnonzero(table.count_nonzero(axis=0))
    return None if len(columns) in (0, table.shape[1]) else columns


def _is_sparse(table) -> bool:
    return sparse.issparse(table) and table.nnz <= _FULL * np.prod(table.shape)


def _zeros_like(block):
    return sparse.csr_array(block.shape) if sparse.issparse(block) else np.zeros_like(block)


class DenseReducer(TransformerMixin, BaseEstimator):
    """Make a table dense, and replace one that is wide by its principal components.

    The time of trees grows with the number of columns, and embeddings have many.
    """

    def __init__(self, max_columns=256, random_state=None):
        self.max_columns = max_columns
        self.random_state = random_state

    def fit(self, X, y=None):
        self.n_features_in_, self.pca_ = X.shape[1], None
        if X.shape[1] > self.max_columns:
            n_components = max(min(self.max_columns // 4, X.shape[0] - 1), 1)
            self.pca_ = PCA(n_components, random_state=self.random_state).fit(_dense(X))
        return self

    def transform(self, X):
        table = _dense(X)
        return table if self.pca_ is None else self.pca_.transform(table)


def _dense(table):
    return table.toarray() if sparse.issparse(table) else table
