"""Linear models on all features."""

from __future__ import annotations

from sklearn_crossmodal.ensemble.companions._base import Companion
from sklearn_crossmodal.linear._penalty_search import PenalizedLogistic, PenalizedRidge

__all__ = ["LinearCompanion"]


class LinearCompanion(Companion):
    """Logistic regression for classes, ridge regression for numbers.

    The penalty is chosen by cross-validation in the rows that it is fitted on: the features of one
    modality may be few numbers, and those of all together thousands.

    Examples
    --------
    >>> from sklearn_crossmodal.ensemble.companions import CompanionSpec, LinearCompanion
    >>> LinearCompanion().regressor(CompanionSpec(n_rows=100, n_outputs=1, random_state=0))
    PenalizedRidge(random_state=0)
    """

    n_components = None
    is_grouped = True

    def classifier(self, spec):
        return PenalizedLogistic(random_state=spec.random_state)

    def regressor(self, spec):
        return PenalizedRidge(random_state=spec.random_state)
