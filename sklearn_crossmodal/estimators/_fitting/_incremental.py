"""What X and y are read as, in a first fit and in those that go on."""

from __future__ import annotations

from sklearn_crossmodal.data import KINDS
from sklearn_crossmodal.training import FrozenInputs
from sklearn_crossmodal.utils._cache import open_memory

__all__ = ["GROWING_TARGETS", "read_modalities"]

#: Targets of other kinds have scores for the words and levels of the first chunk alone, so that
#: several calls of `partial_fit` are one fit of several epochs.
GROWING_TARGETS = frozenset({"vector", "sequence", "grid"})


def read_modalities(estimator, X, table, weight, resume):
    """Fit the modalities, or let them go on; return the blocks of X.

    Parameters
    ----------
    estimator : BaseMultimodal
        Gets its bank, and `modalities_`. With `_in_chunks` it is to see further chunks.
    X : object
        In the form the user gave it.
    table : MultiModalFrame or ndarray
        X as it is read.
    weight : ndarray of shape (n,), or None
        Weights of the rows.
    resume : bool
        Whether the modalities are fitted already.

    Returns
    -------
    dict of str to Block
    """
    if resume:
        estimator._bank, blocks = estimator._bank.extended(table, weight)
        estimator.modalities_ = estimator._bank.fitted
        return blocks
    bank = estimator._bank = estimator._bind_modalities(X, table)
    memory = open_memory(estimator.memory)
    in_chunks = KINDS if estimator._in_chunks else ()
    blocks = bank.fit_transform(table, weight, memory, in_chunks=in_chunks)
    estimator.modalities_ = bank.fitted
    estimator._frozen = FrozenInputs(type(estimator).__name__, estimator.modalities_)
    return blocks
