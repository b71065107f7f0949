"""Estimators: columns -> blocks -> network -> trained."""

from sklearn_crossmodal.estimators._autoencoder import MultiModalAutoencoder
from sklearn_crossmodal.estimators._cross_modal_generator import CrossModalGenerator
from sklearn_crossmodal.estimators._cross_modal_regressor import CrossModalRegressor
from sklearn_crossmodal.estimators._fusion_classifier import FusionClassifier
from sklearn_crossmodal.estimators._fusion_regressor import FusionRegressor
from sklearn_crossmodal.estimators._imputer import MultiModalImputer
from sklearn_crossmodal.estimators._vectorizer import ModalityVectorizer

__all__ = [
    "CrossModalGenerator",
    "CrossModalRegressor",
    "FusionClassifier",
    "FusionRegressor",
    "ModalityVectorizer",
    "MultiModalAutoencoder",
    "MultiModalImputer",
]
