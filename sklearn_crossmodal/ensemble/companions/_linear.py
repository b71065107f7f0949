"""Linear models on all features."""

from __future__ import annotations

from sklearn.linear_model import LogisticRegression, Ridge

from sklearn_crossmodal.ensemble.companions._base import Companion

__all__ = ["LinearCompanion"]


class LinearCompanion(Companion):
    """Logistic regression for classes, ridge regression for numbers.

    Examples
    --------
    >>> from sklearn_crossmodal.ensemble.companions import CompanionSpec, LinearCompanion
    >>> LinearCompanion().regressor(CompanionSpec(n_rows=100, n_outputs=1, random_state=0))
    Ridge()
    """

    n_components = None

    def classifier(self, spec):
        return LogisticRegression(max_iter=1000)

    def regressor(self, spec):
        return Ridge()
