"""scikit-learn compatible estimators for learning across modalities.

Estimators and components are imported on first use, so that importing the package does not import
torch.
"""

from importlib import import_module
from typing import TYPE_CHECKING

__version__ = "0.1.0.dev0"

_MODULES = {
    "Audio": "modalities",
    "AutoFusionClassifier": "ensemble",
    "AutoFusionRegressor": "ensemble",
    "BatchedGridSearchCV": "model_selection",
    "BatchedRandomizedSearchCV": "model_selection",
    "Categorical": "modalities",
    "CrossModalAligner": "alignment",
    "CrossModalGenerator": "estimators",
    "CrossModalRegressor": "estimators",
    "CrossModalRetriever": "alignment",
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
    "ZeroShotClassifier": "alignment",
    "align_or_predict": "alignment",
    "infer_modalities": "modalities",
}

# Type checkers and editors do not call __getattr__; "as" marks what is public.
if TYPE_CHECKING:
    from sklearn_crossmodal.alignment import (  # noqa: I001
        CrossModalAligner as CrossModalAligner,
        CrossModalRetriever as CrossModalRetriever,
        ZeroShotClassifier as ZeroShotClassifier,
        align_or_predict as align_or_predict,
    )
    from sklearn_crossmodal.data import (
        ModalityArray as ModalityArray,
        MultiModalFrame as MultiModalFrame,
    )
    from sklearn_crossmodal.ensemble import (
        AutoFusionClassifier as AutoFusionClassifier,
        AutoFusionRegressor as AutoFusionRegressor,
    )
    from sklearn_crossmodal.estimators import (
        CrossModalGenerator as CrossModalGenerator,
        CrossModalRegressor as CrossModalRegressor,
        FusionClassifier as FusionClassifier,
        FusionRegressor as FusionRegressor,
        ModalityVectorizer as ModalityVectorizer,
        MultiModalAutoencoder as MultiModalAutoencoder,
        MultiModalImputer as MultiModalImputer,
    )
    from sklearn_crossmodal.modalities import (
        Audio as Audio,
        Categorical as Categorical,
        Embedding as Embedding,
        Image as Image,
        Numeric as Numeric,
        Sequence as Sequence,
        Text as Text,
        infer_modalities as infer_modalities,
    )
    from sklearn_crossmodal.model_selection import (
        BatchedGridSearchCV as BatchedGridSearchCV,
        BatchedRandomizedSearchCV as BatchedRandomizedSearchCV,
    )
    from sklearn_crossmodal.nn.encoders import (
        Pretrained as Pretrained,
    )

__all__ = ["__version__", *sorted(_MODULES)]


def __getattr__(name):
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)


def __dir__():
    return __all__
