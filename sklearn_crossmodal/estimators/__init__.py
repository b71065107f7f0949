"""Estimators: columns -> blocks -> network -> trained."""

from sklearn_crossmodal.estimators._auto_classifier import AutoFusionClassifier
from sklearn_crossmodal.estimators._auto_regressor import AutoFusionRegressor
from sklearn_crossmodal.estimators._autoencoder import MultiModalAutoencoder
from sklearn_crossmodal.estimators._classifier import FusionClassifier
from sklearn_crossmodal.estimators._crossmodal import CrossModalRegressor
from sklearn_crossmodal.estimators._generator import CrossModalGenerator
from sklearn_crossmodal.estimators._imputer import MultiModalImputer
from sklearn_crossmodal.estimators._regressor import FusionRegressor
from sklearn_crossmodal.estimators._vectorizer import ModalityVectorizer

__all__ = [
    "AutoFusionClassifier",
    "AutoFusionRegressor",
    "CrossModalGenerator",
    "CrossModalRegressor",
    "FusionClassifier",
    "FusionRegressor",
    "ModalityVectorizer",
    "MultiModalAutoencoder",
    "MultiModalImputer",
]
