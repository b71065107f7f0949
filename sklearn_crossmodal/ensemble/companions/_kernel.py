"""Kernel ridge regression on all features."""

from __future__ import annotations

from sklearn_crossmodal.ensemble.companions._base import Companion
from sklearn_crossmodal.linear._kernel_ridge import KernelClassifier, KernelRegressor

__all__ = ["KernelCompanion"]


class KernelCompanion(Companion):
    """Kernel ridge regression, on indicators of the classes or on numbers.

    Examples
    --------
    >>> from sklearn_crossmodal.ensemble.companions import CompanionSpec, KernelCompanion
    >>> KernelCompanion().classifier(CompanionSpec(n_rows=100, n_outputs=1, random_state=0))
    KernelClassifier(random_state=0)
    """

    n_components = None
    is_grouped = True

    def classifier(self, spec):
        return KernelClassifier(random_state=spec.random_state)

    def regressor(self, spec):
        return KernelRegressor(random_state=spec.random_state)
