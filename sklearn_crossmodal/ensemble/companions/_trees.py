"""Ensembles of trees on reduced features."""

from __future__ import annotations

from sklearn.ensemble import (
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
)
from sklearn.multioutput import MultiOutputRegressor

from sklearn_crossmodal.ensemble.companions._base import Companion
from sklearn_crossmodal.ensemble.companions._extra_trees import (
    FastExtraTreesClassifier,
    FastExtraTreesRegressor,
)
from sklearn_crossmodal.utils._weight_routing import request_weights

__all__ = ["BoostingCompanion", "ExtraTreesCompanion"]

#: Leaves hold 2 % of the rows, and no more than scikit-learn's default of 20.
_LARGEST_LEAF = 20
_LEAVES_TO_FILL = 50


class ExtraTreesCompanion(Companion):
    """200 extremely randomised trees.

    Examples
    --------
    >>> from sklearn_crossmodal.ensemble.companions import CompanionSpec, ExtraTreesCompanion
    >>> ExtraTreesCompanion().regressor(CompanionSpec(n_rows=100, n_outputs=1, random_state=0))
    FastExtraTreesRegressor(n_estimators=200, random_state=0)
    """

    def classifier(self, spec):
        return FastExtraTreesClassifier(200, random_state=spec.random_state)

    def regressor(self, spec):
        return FastExtraTreesRegressor(200, random_state=spec.random_state)


class BoostingCompanion(Companion):
    """Histogram gradient boosting, with smaller leaves where rows are few.

    Examples
    --------
    >>> from sklearn_crossmodal.ensemble.companions import BoostingCompanion, CompanionSpec
    >>> BoostingCompanion().regressor(CompanionSpec(n_rows=100, n_outputs=1, random_state=0))
    HistGradientBoostingRegressor(min_samples_leaf=2, random_state=0)
    """

    def classifier(self, spec):
        return HistGradientBoostingClassifier(
            min_samples_leaf=_leaf(spec), random_state=spec.random_state
        )

    def regressor(self, spec):
        boosting = HistGradientBoostingRegressor(
            min_samples_leaf=_leaf(spec), random_state=spec.random_state
        )
        if spec.n_outputs == 1:
            return boosting
        return MultiOutputRegressor(request_weights(boosting))


def _leaf(spec) -> int:
    return min(max(spec.n_rows // _LEAVES_TO_FILL, 1), _LARGEST_LEAF)
