"""Several networks on folds of the rows, whose scores are averaged."""

from __future__ import annotations

from numbers import Integral

import numpy as np

from sklearn_crossmodal.estimators._fitting._validation_split import (
    check_one_split,
    has_own_split,
    has_splitter,
)
from sklearn_crossmodal.nn import Component
from sklearn_crossmodal.nn.networks._multimodal import AveragedNetwork
from sklearn_crossmodal.training import deal_folds, joined, reads_any_length
from sklearn_crossmodal.utils._sklearn import Interval, StrOptions

__all__ = ["FOLDING_CONSTRAINTS", "Folding", "can_go_on"]

FOLDING_CONSTRAINTS = {
    "n_folds": [StrOptions({"auto"}), Interval(Integral, 2, None, closed="left"), None]
}

#: Kinds of block that hold a table.
_TABLES = ("vector", "codes")
#: Steps of a series at most, for an encoder of it to be small.
_SHORT = 32


def is_small(encoder, spec) -> bool:
    """Tell whether an encoder does so few products a sample that several can be trained.

    Parameters
    ----------
    encoder : str, component or nn.Module factory
        Of a modality.
    spec : BlockSpec
        What the network reads: of a frozen encoder, vectors.

    Returns
    -------
    bool
        True of tables, of texts that are read as bags of words, and of short series under an
        encoder of this package.
    """
    if spec.kind == "sequence":
        return spec.shape[0] <= _SHORT and isinstance(encoder, str | Component)
    return spec.kind in _TABLES or (spec.kind == "tokens" and reads_any_length(encoder))


def can_go_on(estimator) -> bool:
    """Tell that `warm_start` and `partial_fit` can go on from an estimator.

    Parameters
    ----------
    estimator : Folding
        Of which a wrong `n_folds` is left to the check of parameters.

    Returns
    -------
    bool
        True.

    Raises
    ------
    ValueError
        If it has, or is to have, several networks.
    """
    network = getattr(getattr(estimator, "net_", None), "module_", None)
    several, n_folds = isinstance(network, AveragedNetwork), estimator.n_folds
    if several or (isinstance(n_folds, Integral) and n_folds > 1):
        has = "it was fitted with" if several else f"n_folds={n_folds} trains"
        raise ValueError(
            f"{type(estimator).__name__}: {has} several networks, with which warm_start and "
            "partial_fit cannot go on: set n_folds=None before `fit`."
        )
    return True


class Folding:
    """Mixin: with `n_folds`, a network is trained without each of the folds, which it holds out."""

    #: How many folds ``n_folds="auto"`` makes, from and below which numbers of samples.
    _auto_folds: tuple[tuple[int, int, int], ...] = ((100, 5000, 5),)

    def _complete(self, trainings):
        """Fit what rows that were held out tell, before the networks are joined."""

    def _prepare(self, X, y, sample_weight, max_epochs, resume=False, hold_out=True, groups=None):
        if resume:
            can_go_on(self)
        return super()._prepare(X, y, sample_weight, max_epochs, resume, hold_out, groups)

    def _splits(self, data, seed):
        n_folds = self._choose_folds(data) if self.n_folds == "auto" else self.n_folds
        if n_folds is not None:
            check_one_split(self, f"n_folds={n_folds}")
        folds = [] if n_folds is None else self._fold(data, n_folds, seed)
        return folds or self._one_split(data, seed)

    def _fold(self, data, n_folds, seed):
        strata = self._strata(data.y)
        classes = np.zeros(len(data), dtype=int) if strata is None else strata
        settings = {"stratify": strata is not None, "seed": seed}
        folds = deal_folds(n_folds, classes, data.groups, **settings)
        if self.n_folds != "auto" and len(folds) < n_folds:
            raise ValueError(
                f"{type(self).__name__}: n_folds={n_folds} is more than there are samples, samples "
                "of a class, or groups: take less, or None."
            )
        return folds

    def _one_split(self, data, seed):
        return super()._splits(data, seed)

    def _choose_folds(self, data):
        """Return the number of folds where rows are few and networks small, None elsewhere.

        It depends on data and parameters alone, never on how fast the networks are trained.
        """
        encoders = {name: modality.encoder for name, modality, _ in self._bank.fitted}
        small = all(is_small(encoders[name], block.spec) for name, block in data.inputs.items())
        small = small and all(block.spec.kind in _TABLES for block in data.targets.values())
        free = self.early_stopping == "auto" and not has_splitter(self)
        free = free and not self.warm_start and not has_own_split(self)
        fitting = [n for least, most, n in self._auto_folds if least <= len(data) < most]
        return fitting[0] if small and free and fitting else None

    def _finish(self, trainings):
        began = [training for training in trainings if training.net.history]
        trainings = [one for one in began if "train_loss" in one.net.history[0]] or began[:1]
        self._complete(trainings)
        self.net_ = joined([training.net for training in trainings])
        super()._finish(trainings)
