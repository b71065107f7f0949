"""Modalities: one file each, from raw columns to a `Block`."""

from sklearn_crossmodal.modalities._bank import ModalityBank
from sklearn_crossmodal.modalities._base import RESERVED_NAMES, Modality
from sklearn_crossmodal.modalities._image import Image
from sklearn_crossmodal.modalities._infer import (
    infer_for_columns,
    infer_from_table,
    infer_modalities,
    modality_for,
)
from sklearn_crossmodal.modalities._numeric import Numeric
from sklearn_crossmodal.modalities._text import Text

#: The modalities that have a name. Inference asks them in this order whether they accept a column.
MODALITIES = {
    "numeric": Numeric,
    "text": Text,
    "image": Image,
}

__all__ = [
    "MODALITIES",
    "RESERVED_NAMES",
    "Modality",
    "ModalityBank",
    "infer_for_columns",
    "infer_from_table",
    "infer_modalities",
    "modality_for",
    *sorted(modality.__name__ for modality in MODALITIES.values()),
]
