"""Modalities that no sample has together: what is told of one from the other is a guess."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations, product

import numpy as np

from sklearn_crossmodal.data import Block
from sklearn_crossmodal.utils._validation import error_prefix, warn

__all__ = ["pairs_across", "pairs_within", "warn_of_unpaired"]

#: Pairs that are named at most.
_N_NAMED = 5


def pairs_within(inputs: Mapping[str, Block], targets: Mapping[str, Block]) -> list[tuple]:
    """Return the pairs of modalities of which each is told from the other.

    Parameters
    ----------
    inputs, targets : mapping of str to Block
        What is encoded, and what is decoded.

    Returns
    -------
    list of ((str, Block), (str, Block))
    """
    return list(combinations(inputs.items(), 2))


def pairs_across(inputs: Mapping[str, Block], targets: Mapping[str, Block]) -> list[tuple]:
    """Return the pairs of a source and a target.

    Parameters
    ----------
    inputs, targets : mapping of str to Block
        What is encoded, and what is decoded.

    Returns
    -------
    list of ((str, Block), (str, Block))
    """
    named = {"the target" if name == "y" else name: block for name, block in targets.items()}
    return list(product(inputs.items(), named.items()))


def warn_of_unpaired(estimator, inputs, targets) -> None:
    """Warn, once, of the pairs that are mapped to each other and that no sample has together.

    Parameters
    ----------
    estimator : object
        Its `_mapped_pairs`, if it has that, says which pairs are.
    inputs, targets : mapping of str to Block
        Of all samples of a fit.
    """
    mapped = getattr(estimator, "_mapped_pairs", None)
    if mapped is None or all(
        block.present.all() for block in [*inputs.values(), *targets.values()]
    ):
        return
    apart = [
        f"{one} and {other}"
        for (one, first), (other, second) in mapped(inputs, targets)
        if not np.any(first.present & second.present)
    ]
    if not apart:
        return
    more = f", and {len(apart) - _N_NAMED} pairs more" if len(apart) > _N_NAMED else ""
    with error_prefix(type(estimator).__name__):
        warn(
            f"no sample has both modalities of these pairs: {'; '.join(apart[:_N_NAMED])}{more}. "
            "What is predicted, translated or imputed of one from the other is a guess: give some "
            "samples that have both."
        )
