"""Companions: models of other kinds that automatic fusions fit beside their networks."""

from sklearn_crossmodal.ensemble.companions._base import Companion, CompanionSpec
from sklearn_crossmodal.ensemble.companions._kernel import KernelCompanion
from sklearn_crossmodal.ensemble.companions._linear import LinearCompanion
from sklearn_crossmodal.ensemble.companions._tabicl import TabICLCompanion
from sklearn_crossmodal.ensemble.companions._trees import BoostingCompanion, ExtraTreesCompanion

#: Companions by name, in the order in which they are fitted. ``companions="auto"`` is all of them
#: that are default ones.
COMPANIONS = {
    "linear": LinearCompanion,
    "kernel": KernelCompanion,
    "extra_trees": ExtraTreesCompanion,
    "boosting": BoostingCompanion,
    "tabicl": TabICLCompanion,
}

__all__ = [
    "COMPANIONS",
    "Companion",
    "CompanionSpec",
    *sorted(companion.__name__ for companion in COMPANIONS.values()),
]
