"""What every target of an estimator does: y -> blocks, and scores of the network -> y."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from torch import nn

from sklearn_crossmodal.data import Block, column_labels, unmask
from sklearn_crossmodal.estimators._fitting._input_validation import order_columns
from sklearn_crossmodal.nn import check_target
from sklearn_crossmodal.utils._validation import error_prefix, warn

__all__ = ["Target"]

#: Unpaired modalities that are named at most.
_N_NAMED = 5


class Target:
    """What an estimator learns to predict; one object a fit, kept as `_target`.

    A later call that goes on from a fit makes another one, which takes over what the first has
    learned, see `resume`. The base has no y at all.

    Parameters
    ----------
    owner : str
        Name of the estimator, for messages.
    """

    #: Attributes that `resume` takes over.
    _learned: tuple[str, ...] = ("columns",)
    #: Whether y is that of the first call, from which names and classes are learned.
    is_first = True
    #: Names of the columns of y in the first call, None where it had none.
    columns: tuple[str, ...] | None = None
    #: The fitted modalities of X, (name, modality, columns), see `bind`.
    sources: list[tuple] = []

    def __init__(self, owner: str) -> None:
        self.owner = owner

    def resume(self, before: Target) -> None:
        """Go on from what another target has learned.

        Parameters
        ----------
        before : Target
            Of the same class, fitted.

        Raises
        ------
        ValueError
            If a parameter differs that the network was built for.
        """
        for name in self._learned:
            setattr(self, name, getattr(before, name))
        self.is_first = False

    def bind(self, sources: list[tuple]) -> None:
        """Take note of the fitted modalities of X, (name, modality, columns)."""
        self.sources = sources

    def in_order(self, y):
        """Return y with its columns in the order of the first call, by their names."""
        y = unmask(y)
        if self.is_first:
            self.columns = column_labels(y)
            return y
        return order_columns(self.owner, y, self.columns)

    def validate(self, X, y):
        """Return y as an array or table with the rows of X; None where there is none.

        Parameters
        ----------
        X : MultiModalFrame or ndarray
            The samples.
        y : object
            In the form the user gave it.
        """
        return None

    def weights(self, y, sample_weight):
        """Return the sample weights times those of the classes."""
        return sample_weight

    def fit(self, y, sample_weight, *, in_chunks: bool) -> None:
        """Learn how to encode y.

        Parameters
        ----------
        y : object
            As `validate` returns it.
        sample_weight : ndarray of shape (n,), or None
            Weights of the rows.
        in_chunks : bool
            Whether the rows are the first of several chunks.
        """

    def extend(self, y, sample_weight) -> None:
        """Learn what the first chunk lacked."""

    def blocks(self, y, inputs: Mapping[str, Block]) -> dict[str, Block]:
        """Return y as blocks, by the name of the target.

        Parameters
        ----------
        y : object
            As `validate` returns it.
        inputs : mapping of str to Block
            The blocks of X.
        """
        return {}

    def strata(self, y) -> np.ndarray | None:
        """Return the class of each row for a stratified split; None where there are none."""
        return None

    def check(self, losses: Mapping[str, nn.Module], blocks: Mapping[str, Block]) -> None:
        """Raise if a loss does not suit the blocks of its target."""
        for name, loss in losses.items():
            with error_prefix(f"{self.owner}: target {name!r}"):
                check_target(loss, blocks[name])

    def pairs(self, inputs, targets) -> list[tuple]:
        """Return the pairs of (name, Block) that are mapped to each other."""
        return []

    def warn_of_unpaired(self, inputs: Mapping[str, Block], targets: Mapping[str, Block]) -> None:
        """Warn, once, of the pairs that are mapped to each other and that no sample has together.

        Parameters
        ----------
        inputs, targets : mapping of str to Block
            Of all samples of a fit.
        """
        if all(block.present.all() for block in [*inputs.values(), *targets.values()]):
            return
        apart = [
            f"{one} and {other}"
            for (one, first), (other, second) in self.pairs(inputs, targets)
            if not np.any(first.present & second.present)
        ]
        if apart:
            more = f", and {len(apart) - _N_NAMED} pairs more" if len(apart) > _N_NAMED else ""
            pairs = "; ".join(apart[:_N_NAMED])
            with error_prefix(self.owner):
                warn(
                    f"no sample has both modalities of these pairs: {pairs}{more}. What is "
                    "predicted, translated or imputed of one from the other is a guess: give some "
                    "samples that have both."
                )

    def net_settings(self, losses: Mapping[str, nn.Module]) -> dict:
        """Return what the net needs to predict in the units of y."""
        return {}

    def fitted_attributes(self) -> dict:
        """Return the attributes that the estimator shows: {name: value}."""
        return {}
