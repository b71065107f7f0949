"""Constraints of the parameters that all estimators share."""

from __future__ import annotations

from numbers import Integral, Real
from os import PathLike

from sklearn_crossmodal.nn.fusion import FUSIONS
from sklearn_crossmodal.training import OPTIMIZERS
from sklearn_crossmodal.utils._sklearn import HasMethods, Interval, StrOptions

__all__ = ["SHARED_CONSTRAINTS"]

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
