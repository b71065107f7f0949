"""Estimators: columns -> blocks -> network -> trained."""

from sklearn_crossmodal.estimators._autoencoder import MultiModalAutoencoder
from sklearn_crossmodal.estimators._classifier import FusionClassifier
from sklearn_crossmodal.estimators._crossmodal import CrossModalRegressor
from sklearn_crossmodal.estimators._regressor import FusionRegressor
from sklearn_crossmodal.estimators._vectorizer import ModalityVectorizer

__all__ = [
    "CrossModalRegressor",
    "FusionClassifier",
    "FusionRegressor",
    "ModalityVectorizer",
    "MultiModalAutoencoder",
]
