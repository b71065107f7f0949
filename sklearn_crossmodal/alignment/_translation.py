"""Translation through an aligned space: its inverse, or the most similar samples of a gallery."""

from __future__ import annotations

import numpy as np

from sklearn_crossmodal.alignment._index import ExactIndex
from sklearn_crossmodal.data import MultiModalFrame

__all__ = ["translate"]


def translate(aligner, X, source: str, target: str, gallery, n_neighbors: int):
    """Return the target modality of samples; see `CrossModalAligner.translate`."""
    modality = next(one for name, one, _ in aligner.modalities_ if name == target)
    if gallery is None:
        blocks = aligner._blocks(X, [source])
        _check_present(aligner, blocks[source].present, source)
        values = aligner._space.inverted(aligner, blocks, source, target)
        return modality.inverse_transform(values.reshape(-1, *modality.spec_.shape))
    queries, present = aligner._embed(X, [source], np.float32)
    _check_present(aligner, present[:, 0], source)
    items, there = aligner._embed(gallery, [target], np.float32)
    rows = np.flatnonzero(there[:, 0])
    if not len(rows):
        raise ValueError(f"{type(aligner).__name__}: no sample of the gallery has {target!r}.")
    index = ExactIndex(items[target].shape[1])
    index.add(items[target][rows])
    similarities, places = index.search(queries[source], min(n_neighbors, len(rows)))
    block = aligner._blocks(gallery, [target])[target]
    if block.kind != "vector":
        return MultiModalFrame(gallery)[rows[places[:, 0]]][target]
    weights = np.maximum(similarities, 0) + 1e-6
    weights /= weights.sum(axis=1, keepdims=True)
    nearest = np.asarray(block.values)[rows[places]]
    return modality.inverse_transform(np.einsum("qn,qnd->qd", weights, nearest))


def _check_present(aligner, present: np.ndarray, source: str) -> None:
    if not present.all():
        raise ValueError(
            f"{type(aligner).__name__}: rows {np.flatnonzero(~present)[:5].tolist()} lack "
            f"{source!r}, from which they are to be translated: leave them out."
        )
