"""Translation through an aligned space: its inverse, or the most similar samples of a gallery."""

from __future__ import annotations

from numbers import Integral

import numpy as np
from scipy import sparse

from sklearn_crossmodal.alignment._index import ExactIndex
from sklearn_crossmodal.data._rows import take_rows
from sklearn_crossmodal.estimators._fitting._input_validation import check_X

__all__ = ["check_count", "translate"]


def translate(aligner, X, source: str, target: str, gallery, n_neighbors: int):
    """Return the target modality of samples; see `CrossModalAligner.translate`."""
    check_count(type(aligner).__name__, n_neighbors)
    modality = next(one for name, one, _ in aligner.modalities_ if name == target)
    blocks = aligner._blocks(X, [source])
    lacking = np.flatnonzero(~blocks[source].present)
    if len(lacking):
        raise ValueError(
            f"{type(aligner).__name__}: rows {lacking[:5].tolist()} lack {source!r}, from which "
            "they are to be translated: leave them out."
        )
    if gallery is None:
        values = aligner._space.inverted(aligner, blocks, source, target)
        return modality.inverse_transform(values.reshape(-1, *modality.spec_.shape))
    queries = aligner._space.embed(aligner, blocks, np.float32)[source]
    table = check_X(aligner, gallery, reset=False)
    block = aligner._blocks(table, [target])[target]
    rows = np.flatnonzero(block.present)
    if n_neighbors > len(rows):
        raise ValueError(
            f"{type(aligner).__name__}: n_neighbors={n_neighbors} is more than the {len(rows)} "
            f"samples of the gallery that have {target!r}."
        )
    items = aligner._space.embed(aligner, {target: block.take(rows)}, np.float32)[target]
    index = ExactIndex(items.shape[1])
    index.add(items)
    similarities, places = index.search(queries, n_neighbors)
    if block.kind != "vector":
        columns, _ = aligner._bank.parts(table)[target]
        return take_rows(columns.values, rows[places[:, 0]])
    return modality.inverse_transform(_mean(block.values, rows[places], similarities))


def check_count(owner: str, n_neighbors) -> None:
    """Raise if a number of neighbours is none.

    Parameters
    ----------
    owner : str
        Name of the estimator, for the message.
    n_neighbors : int
        The number.
    """
    is_number = isinstance(n_neighbors, Integral) and not isinstance(n_neighbors, bool)
    if not is_number or n_neighbors < 1:
        raise ValueError(f"{owner}: n_neighbors={n_neighbors!r} must be an int from 1 on.")


def _mean(values, rows: np.ndarray, similarities: np.ndarray) -> np.ndarray:
    """Return the mean of the values (n, D) of some rows (q, k), weighted by their similarity."""
    weights = np.maximum(similarities, 0) + 1e-6
    weights /= weights.sum(axis=1, keepdims=True)
    nearest = values[rows.ravel()]
    nearest = nearest.toarray() if sparse.issparse(nearest) else np.asarray(nearest)
    return np.einsum("qn,qnd->qd", weights, nearest.reshape(*rows.shape, -1))
