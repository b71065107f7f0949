"""Estimators: columns -> blocks -> network -> trained."""

from sklearn_crossmodal.estimators._classifier import FusionClassifier

__all__ = ["FusionClassifier"]
