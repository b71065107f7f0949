"""Automatic fusion: base models by cross-fitting, combined for each subset of modalities."""

from sklearn_crossmodal.ensemble._classifier import AutoFusionClassifier
from sklearn_crossmodal.ensemble._regressor import AutoFusionRegressor

__all__ = ["AutoFusionClassifier", "AutoFusionRegressor"]
