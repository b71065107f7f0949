"""Kernel and shrinkage of an alignment, by retrieval among rows that were held out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from itertools import combinations

import numpy as np
from sklearn.model_selection import KFold

from sklearn_crossmodal.alignment._spaces._canonical_embedding import CanonicalEmbedding
from sklearn_crossmodal.metrics._retrieval import first_ranks

__all__ = ["pair_scores", "select"]

_N_FOLDS = 3
#: Most rows by which it is chosen, and fewest.
_MOST, _FEWEST = 2000, 12


def select(
    parts: Mapping[str, list],
    kinds: Mapping[str, list],
    present: np.ndarray,
    candidates: Sequence[tuple[str, float]],
    n_components: int,
    seed: int,
    sample_weight: np.ndarray | None = None,
) -> tuple[str, float]:
    """Return the kernel and the shrinkage of the best mean reciprocal rank in cross-validation.

    Parameters
    ----------
    parts, kinds : mapping of str to list
        Features of each modality, and the kinds of their blocks.
    present : ndarray of shape (n, M), bool
        Which rows have each modality.
    candidates : sequence of (str, float)
        Kernels and shrinkages; the first one where there are too few pairs to tell.
    n_components : int
        Most directions.
    seed : int
        Of rows and folds.
    sample_weight : ndarray of shape (n,), default=None
        Weights of the rows.
    """
    weight = np.ones(len(present)) if sample_weight is None else np.asarray(sample_weight, float)
    pairs = np.flatnonzero(present.sum(axis=1) > 1)
    if len(candidates) == 1 or len(pairs) < _FEWEST:
        return candidates[0]
    rows = np.sort(np.random.default_rng(seed).permutation(pairs)[:_MOST])
    scores = np.zeros(len(candidates))
    for training, validation in KFold(_N_FOLDS, shuffle=True, random_state=seed).split(rows):
        training, validation = rows[training], rows[validation]
        if (present[training].sum(axis=0) < 2).any():  # a rare modality is not in all folds
            continue
        some = {name: [part[training] for part in values] for name, values in parts.items()}
        held_out = {name: [part[validation] for part in values] for name, values in parts.items()}
        for kernel in dict.fromkeys(kernel for kernel, _ in candidates):
            embedding = CanonicalEmbedding(kernel, n_components, seed)
            embedding.map(some, kinds, present[training], weight[training])
            features = embedding.features(held_out)
            for place, (name, shrinkage) in enumerate(candidates):
                if name == kernel and len(embedding.fit(shrinkage).directions.correlations_):
                    found = embedding.vectors(features)
                    metric = partial(_mean_reciprocal_rank, weight[validation])
                    scores[place] += np.mean(
                        pair_scores(found, present[validation], metric) or [0.0]
                    )
    return candidates[int(np.argmax(scores))]


def pair_scores(embeddings: Mapping[str, np.ndarray], present: np.ndarray, metric) -> list[float]:
    """Return a retrieval metric of each pair of modalities, in both directions.

    Parameters
    ----------
    embeddings : mapping of str to ndarray of shape (n, k)
        Of each modality.
    present : ndarray of shape (n, M), bool
        Which rows have each.
    metric : callable
        (queries, gallery, rows) -> float, where `rows` are the numbers of the rows.

    Returns
    -------
    list of float
        Empty if no row has two modalities.
    """
    found = []
    for (i, a), (j, b) in combinations(enumerate(embeddings), 2):
        rows = np.flatnonzero(present[:, i] & present[:, j])
        if len(rows):
            pair = embeddings[a][rows], embeddings[b][rows]
            found += [metric(*pair, rows), metric(*pair[::-1], rows)]
    return found


def _mean_reciprocal_rank(weight, queries, gallery, rows):
    """Return the weighted mean of the reciprocal ranks of the own row."""
    return np.average(1 / first_ranks(queries, gallery), weights=weight[rows])
