"""The parameters that all estimators share: their constraints, and which only training reads."""

from __future__ import annotations

from dataclasses import fields
from numbers import Integral, Real
from os import PathLike

from sklearn_crossmodal.nn.fusion import FUSIONS
from sklearn_crossmodal.training import OPTIMIZERS, TrainingConfig
from sklearn_crossmodal.utils._sklearn import HasMethods, Interval, StrOptions

__all__ = ["SHARED_CONSTRAINTS", "TRAINING_PARAMETERS"]

SHARED_CONSTRAINTS = {
    "modalities": [list, dict, None],
    "fusion": [StrOptions(set(FUSIONS)), HasMethods("build"), callable],
    "max_epochs": [StrOptions({"auto"}), Interval(Integral, 1, None, closed="left")],
    "batch_size": [StrOptions({"auto"}), Interval(Integral, 1, None, closed="left")],
    "learning_rate": [Interval(Real, 0, None, closed="neither")],
    "learning_rate_schedule": [StrOptions({"cosine", "constant"})],
    "weight_decay": [Interval(Real, 0, None, closed="left")],
    "optimizer": [StrOptions(set(OPTIMIZERS)), callable],
    "early_stopping": ["boolean", StrOptions({"auto"})],
    "validation_fraction": [
        Interval(Real, 0, 1, closed="neither"),
        HasMethods(["split", "get_n_splits"]),
    ],
    "n_iter_no_change": [Interval(Integral, 1, None, closed="left")],
    "tol": [Interval(Real, 0, None, closed="left")],
    "modality_dropout": [Interval(Real, 0, 1, closed="left")],
    "warm_start": ["boolean"],
    "device": [str],
    "dtype": [StrOptions({"auto", "float64", "float32", "bfloat16"})],
    "memory": [str, PathLike, HasMethods("cache"), None],
    "random_state": ["random_state"],
    "verbose": ["verbose"],
    "callbacks": [list, tuple, None],
    "net_params": [dict, None],
}

#: What X and y are read as does not depend on these; an estimator class adds its own.
TRAINING_PARAMETERS = frozenset(
    {
        *(field.name for field in fields(TrainingConfig)),
        "dtype",
        "early_stopping",
        "fusion",
        "max_epochs",
        "random_state",
        "validation_fraction",
        "warm_start",
    }
)
