"""Ensembles of trees on reduced features."""

from __future__ import annotations

import numpy as np
from sklearn.ensemble import (
    ExtraTreesClassifier,
    ExtraTreesRegressor,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
)
from sklearn.multioutput import MultiOutputRegressor
from sklearn.utils.validation import validate_data

from sklearn_crossmodal.ensemble.companions._base import Companion
from sklearn_crossmodal.utils._weight_routing import request_weights

__all__ = ["BoostingCompanion", "ExtraTreesCompanion"]

#: Leaves hold 2 % of the rows, and no more than scikit-learn's default of 20.
_LARGEST_LEAF = 20
_LEAVES_TO_FILL = 50
#: Up to this number of rows a forest predicts tree by tree.
_FEW = 64


class _FewRows:
    """Mixin of a forest that predicts few rows without dealing its trees out to threads.

    Dealing them out takes a hundred times as long as a tree needs for a row.
    """

    def _mean(self, X):
        """Return the mean over the trees, as the forest does."""
        X = validate_data(self, X, dtype=np.float32, reset=False)
        return np.mean([tree.tree_.predict(X) for tree in self.estimators_], axis=0)


class FastExtraTreesClassifier(_FewRows, ExtraTreesClassifier):
    """Extremely randomised trees for classes, which predict few rows fast."""

    def predict_proba(self, X):
        return super().predict_proba(X) if len(X) > _FEW else self._mean(X)


class FastExtraTreesRegressor(_FewRows, ExtraTreesRegressor):
    """Extremely randomised trees for numbers, which predict few rows fast."""

    def predict(self, X):
        if len(X) > _FEW:
            return super().predict(X)
        return self._mean(X)[..., 0]


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
