"""Features of each modality by itself, as a table: handcrafted, or of a frozen encoder."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from sklearn_crossmodal.data import Block, BlockSpec
from sklearn_crossmodal.preprocessing import block_features, features_reducer
from sklearn_crossmodal.training import choose_device, embed_frozen
from sklearn_crossmodal.utils._cache import open_memory
from sklearn_crossmodal.utils._validation import error_prefix

__all__ = ["embedded_blocks", "fit_reducers", "reduce_blocks", "source_of"]

#: Ends the names of features of a frozen encoder that stands beside others; the name of a modality
#: has no two underscores.
_BESIDE = "__embedding"
#: How long their rows are, relative to those of TF-IDF beside which they stand.
_LENGTH_BESIDE = 0.5


def embedded_blocks(estimator, blocks: Mapping[str, Block]) -> dict[str, Block]:
    """Return the blocks that features are made of, with a second one of joined encoders.

    Parameters
    ----------
    estimator : BaseEstimator
        With `modalities_`, `memory`, `device` and `verbose`.
    blocks : mapping of str to Block
        Of its modalities.
    """
    with error_prefix(type(estimator).__name__):
        device = choose_device(estimator.device)
    embedded = embed_frozen(
        blocks,
        [entry for entry in estimator.modalities_ if entry[0] in blocks],
        memory=open_memory(estimator.memory),
        device=device,
        verbose=estimator.verbose,
    )
    found = {}
    for name, block in embedded.items():
        found[name] = block
        if block.embeddings is not None:
            found[name] = blocks[name]
            spec = BlockSpec("vector", block.embeddings.shape[1:])
            found[f"{name}{_BESIDE}"] = Block(block.embeddings, block.present, spec)
    return found


def fit_reducers(
    embedded: Mapping[str, Block],
    blocks: Mapping[str, Block],
    n_components: int | None,
    random_state,
) -> tuple[dict, dict]:
    """Return what brings the features of each block to their final number, and these features.

    Parameters
    ----------
    embedded : mapping of str to Block
        As `embedded_blocks` returns them.
    blocks : mapping of str to Block
        What they were made of.
    n_components : int or None
        As in `ModalityVectorizer`.
    random_state : int, RandomState instance or None
        Of the decompositions.

    Returns
    -------
    reducers, parts : dict
    """
    reducers, parts = {}, {}
    for name, block in embedded.items():
        features = block_features(block)
        kind = block.kind if name in blocks and block.spec is blocks[name].spec else "embedding"
        there = features[np.flatnonzero(block.present)]
        n_kept = _n_components(there, n_components)
        length = _LENGTH_BESIDE if name not in blocks else 1.0
        reducer = features_reducer(kind, there.shape[1], n_kept, random_state, length=length)
        reducers[name] = reducer.fit(there)
        parts[name] = reducer.transform(features)
    return reducers, parts


def reduce_blocks(reducers: Mapping, embedded: Mapping[str, Block]) -> dict:
    """Return the features of blocks by fitted reducers."""
    return {
        name: reducers[name].transform(block_features(block)) for name, block in embedded.items()
    }


def source_of(name: str) -> str:
    """Return the modality that a block, perhaps of an encoder beside others, is of."""
    return name.removesuffix(_BESIDE)


def _n_components(features, n_components: int | None) -> int | None:
    """Return how many components to keep, None for all; no more than samples tell apart."""
    n_samples, n_features = features.shape
    if n_components is None or n_features <= n_components:
        return None
    return max(min(n_components, n_samples - 1, n_features - 1), 1)
