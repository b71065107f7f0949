"""Modalities: preprocessing of raw columns to a `Block`, one file for each."""

from sklearn_crossmodal.modalities._audio import Audio
from sklearn_crossmodal.modalities._base import Modality
from sklearn_crossmodal.modalities._categorical import Categorical
from sklearn_crossmodal.modalities._embedding import Embedding
from sklearn_crossmodal.modalities._image import Image
from sklearn_crossmodal.modalities._infer import (
    infer_for_columns,
    infer_from_table,
    infer_modalities,
    modality_for,
)
from sklearn_crossmodal.modalities._numeric import Numeric
from sklearn_crossmodal.modalities._sequence import Sequence
from sklearn_crossmodal.modalities._text import Text
from sklearn_crossmodal.modalities.bank._bank import ModalityBank

#: The registered modalities. Inference takes the first that accepts a column.
MODALITIES: dict[str, type[Modality]] = {
    "embedding": Embedding,  # before numbers, which take short vectors
    "sequence": Sequence,  # before images, which take arrays of one shape
    "audio": Audio,  # before texts, as images
    "image": Image,  # before texts, since paths of images are strings
    "numeric": Numeric,
    "categorical": Categorical,
    "text": Text,
}

__all__ = [
    "MODALITIES",
    "Modality",
    "ModalityBank",
    "infer_for_columns",
    "infer_from_table",
    "infer_modalities",
    "modality_for",
    *sorted(modality.__name__ for modality in MODALITIES.values()),
]
