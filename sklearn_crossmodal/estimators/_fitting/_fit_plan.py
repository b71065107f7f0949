"""How many networks a fit trains, and on which rows: a function of data and parameters alone."""

from __future__ import annotations

from dataclasses import dataclass
from numbers import Integral

import numpy as np

from sklearn_crossmodal.estimators._fitting._validation_split import held_out_rows
from sklearn_crossmodal.nn import Component
from sklearn_crossmodal.training import deal_folds, reads_any_length
from sklearn_crossmodal.utils._sklearn import Interval, StrOptions

__all__ = ["FOLDING_CONSTRAINTS", "FitPlan", "ValidationPolicy", "is_small", "plan_fit"]

FOLDING_CONSTRAINTS = {
    "n_folds": [StrOptions({"auto"}), Interval(Integral, 2, None, closed="left"), None]
}
#: Kinds of block that hold a table.
_TABLES = ("vector", "codes")
#: Steps of a series at most, for an encoder of it to be small.
_SHORT = 32
#: Of the rows that "auto" holds out.
_AUTO_FRACTION = 0.15


@dataclass(frozen=True)
class ValidationPolicy:
    """What "auto" stands for in `validation` and `n_folds` of an estimator.

    Parameters
    ----------
    min_samples : int, default=100
        Fewest samples for which "auto" holds rows out.
    folds : tuple of (int, int, int), default=((100, 5000, 5),)
        (least, below, n_folds): the number of folds for least <= n_samples < below.
    of_tables_only : bool, default=False
        Whether rows are held out only if all modalities are tables.
    always : bool, default=False
        Whether "auto" holds rows out, however few there are.
    """

    min_samples: int = 100
    folds: tuple = ((100, 5000, 5),)
    of_tables_only: bool = False
    always: bool = False


@dataclass(frozen=True)
class FitPlan:
    """One entry a network: rows to train on and rows to hold out, or None to hold out none.

    Parameters
    ----------
    splits : list of ((ndarray, ndarray) or None)
        Row numbers.
    """

    splits: list


def plan_fit(estimator, data, strata, seed: int) -> FitPlan:
    """Return the plan of a fit.

    How networks are trained, at once or in turn, with which callbacks and on which device, has no
    part in it.

    Parameters
    ----------
    estimator : BaseMultimodal
        Whose parameters are looked at.
    data : FitData
        The blocks of X and y.
    strata : ndarray of shape (n,), int, or None
        Class of each row.
    seed : int
        Of the splits.

    Returns
    -------
    FitPlan

    Raises
    ------
    ValueError
        If parameters contradict each other, or there are fewer samples than folds.
    """
    n_folds = estimator.n_folds
    is_auto = _is_auto(estimator.validation)
    if chosen := n_folds == "auto":
        n_folds = _choose_folds(estimator, data) if is_auto else None
    elif n_folds is not None and not is_auto:
        raise ValueError(
            f"{type(estimator).__name__}: n_folds={n_folds} and "
            f"validation={estimator.validation!r} both say which rows are held out: leave one of "
            "them out."
        )
    if n_folds is not None:
        folds = _deal(data, strata, n_folds, seed)
        if not chosen and len(folds) < n_folds:
            raise ValueError(
                f"{type(estimator).__name__}: n_folds={n_folds} is more than there are samples, "
                "samples of a class, or groups: take less, or None."
            )
        if folds:
            return FitPlan(folds)
    return FitPlan([_one_split(estimator, data, strata, seed)])


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


def _choose_folds(estimator, data) -> int | None:
    """Return the number of folds where rows are few and networks small, None elsewhere."""
    encoders = {name: modality.encoder for name, modality, _ in estimator.modalities_}
    small = all(is_small(encoders[name], block.spec) for name, block in data.inputs.items())
    small = small and all(block.spec.kind in _TABLES for block in data.targets.values())
    fitting = [n for least, most, n in estimator._auto_policy.folds if least <= len(data) < most]
    return fitting[0] if small and fitting and not estimator.warm_start else None


def _deal(data, strata, n_folds: int, seed: int) -> list:
    classes = np.zeros(len(data), dtype=int) if strata is None else strata
    return deal_folds(n_folds, classes, data.groups, stratify=strata is not None, seed=seed)


def _one_split(estimator, data, strata, seed: int):
    """Return training and validation rows; None where no rows are held out."""
    validation = estimator.validation
    if _is_auto(validation):
        policy = estimator._auto_policy
        tables = all(block.kind in _TABLES for block in data.inputs.values())
        suited = len(data) >= policy.min_samples and (tables or not policy.of_tables_only)
        validation = _AUTO_FRACTION if suited or policy.always else None
    if validation is None:
        return None
    return held_out_rows(validation, data, strata, seed, type(estimator).__name__)


def _is_auto(validation) -> bool:
    return isinstance(validation, str) and validation == "auto"
