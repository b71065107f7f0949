"""The columns of the benchmark: classical models as floors, and the estimators of the package."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from classical import Late, best_single, boosting, concatenated, linear, stacking, svm, trees
from table import kind_of

from sklearn_crossmodal import (
    AutoFusionClassifier,
    AutoFusionRegressor,
    FusionClassifier,
    FusionRegressor,
)

__all__ = ["COLUMNS", "Column", "Work"]


@dataclass(frozen=True)
class Work:
    """What a column is to do: fit to training rows of a row, with a seed."""

    task: str
    X: object
    y: object
    seed: int
    without: tuple[str, ...] = ()
    quick: bool = False

    @property
    def names(self) -> list[str]:
        """Modalities that floors are fitted on."""
        return [name for name in self.X if name not in self.without]

    @property
    def texts(self) -> list[str]:
        """Those of them that are texts."""
        return [name for name in self.names if kind_of(self.X[name]) == "text"]


@dataclass(frozen=True)
class Column:
    """A model.

    Parameters
    ----------
    title : str
        In the table.
    fit : callable
        From `Work` to a fitted model.
    draws : bool
        Whether its answer depends on the seed by more than rounding.
    classical : bool
        Whether it is one of the floors, of which the best is the oracle.
    needs : {"text", "classification"} or None
        What a row must have for it.
    """

    title: str
    fit: Callable
    draws: bool = False
    classical: bool = True
    needs: str | None = None


def _single(work):
    return best_single(work.task, work.names, work.X, work.y)


def _linear(work):
    return concatenated(linear(work.task), work.names).fit(work.X, work.y)


def _svm(work):
    return concatenated(svm(work.task), work.names, dense=True).fit(work.X, work.y)


def _trees(work):
    model = concatenated(trees(work.task, work.seed), work.names, dense=True)
    return model.fit(work.X, work.y)


def _boosting(work):
    model = concatenated(boosting(work.task, len(work.y)), work.names, dense=True)
    return model.fit(work.X, work.y)


def _mean(work):
    return Late(work.task, work.names, "mean").fit(work.X, work.y)


def _product(work):
    return Late(work.task, work.names, "product").fit(work.X, work.y)


def _stacking(work):
    model = stacking(work.task, work.names, work.X, work.seed)
    return model.fit(work.X, work.y)


def _tfidf(work):
    return concatenated(linear(work.task), work.texts).fit(work.X, work.y)


def _network(work):
    kind = FusionClassifier if work.task == "classification" else FusionRegressor
    short = {"max_epochs": 2} if work.quick else {}
    return kind(random_state=work.seed, **short).fit(work.X, work.y)


def _automatic(work):
    single, kind = FusionClassifier, AutoFusionClassifier
    if work.task == "regression":
        single, kind = FusionRegressor, AutoFusionRegressor
    short = {"estimator": single(max_epochs=2), "cv": 2} if work.quick else {}
    return kind(random_state=work.seed, **short).fit(work.X, work.y)


COLUMNS = {
    "single": Column("best single modality, LR", _single),
    "linear": Column("concatenated LR", _linear),
    "svc": Column("RBF SVC", _svm),
    "extra_trees": Column("ExtraTrees", _trees, draws=True),
    "boosting": Column("HistGradientBoosting", _boosting),
    "mean": Column("mean of LRs", _mean),
    "product": Column("product of LRs", _product, needs="classification"),
    "tfidf": Column("TF-IDF, LR", _tfidf, needs="text"),
    "stacking": Column("stacking", _stacking, draws=True),
    "fusion": Column("`FusionClassifier()`", _network, draws=True, classical=False),
    "auto": Column("`AutoFusionClassifier()`", _automatic, draws=True, classical=False),
}
