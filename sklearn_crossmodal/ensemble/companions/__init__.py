"""Companions: models of other kinds that automatic fusions fit beside their networks."""

from sklearn_crossmodal.ensemble.companions._base import Companion, CompanionSpec
from sklearn_crossmodal.ensemble.companions._kernel import KernelCompanion
from sklearn_crossmodal.ensemble.companions._linear import LinearCompanion
from sklearn_crossmodal.ensemble.companions._trees import BoostingCompanion, ExtraTreesCompanion

#: What ``companions="auto"`` stands for, in the order in which they are fitted.
COMPANIONS = {
    "linear": LinearCompanion,
    "kernel": KernelCompanion,
    "extra_trees": ExtraTreesCompanion,
    "boosting": BoostingCompanion,
}

__all__ = [
    "COMPANIONS",
    "Companion",
    "CompanionSpec",
    *sorted(companion.__name__ for companion in COMPANIONS.values()),
]
