"""scikit-learn compatible estimators for learning across modalities.

Estimators and their parts are imported when they are first used, so that importing the package does
not import torch.
"""

from importlib import import_module

__version__ = "0.1.0.dev0"

_HOMES = {
    "Audio": "modalities",
    "AutoFusionClassifier": "ensemble",
    "AutoFusionRegressor": "ensemble",
    "BatchedGridSearchCV": "model_selection",
    "BatchedRandomizedSearchCV": "model_selection",
    "Categorical": "modalities",
    "CrossModalGenerator": "estimators",
    "CrossModalRegressor": "estimators",
    "Embedding": "modalities",
    "FusionClassifier": "estimators",
    "FusionRegressor": "estimators",
    "Image": "modalities",
    "ModalityArray": "data",
    "ModalityVectorizer": "estimators",
    "MultiModalAutoencoder": "estimators",
    "MultiModalFrame": "data",
    "MultiModalImputer": "estimators",
    "Numeric": "modalities",
    "Pretrained": "nn.encoders",
    "Sequence": "modalities",
    "Text": "modalities",
    "infer_modalities": "modalities",
}

__all__ = ["__version__", *sorted(_HOMES)]


def __getattr__(name):
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__():
    return __all__
