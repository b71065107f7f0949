"""Pretrained encoders: the registry of those with a name, model files, tokenizers, adapters."""

from sklearn_crossmodal.nn.pretrained._efficientnet import (
    EFFICIENTNET_LITE0,
    EFFICIENTNET_LITE1,
    EFFICIENTNET_LITE2,
)
from sklearn_crossmodal.nn.pretrained._entry import PretrainedEntry
from sklearn_crossmodal.nn.pretrained._minilm import MINILM

#: The pretrained encoders by name; `Pretrained` takes other sources too.
PRETRAINED = {
    "efficientnet_lite0": EFFICIENTNET_LITE0,
    "efficientnet_lite1": EFFICIENTNET_LITE1,
    "efficientnet_lite2": EFFICIENTNET_LITE2,
    "minilm": MINILM,
}

__all__ = ["PRETRAINED", "PretrainedEntry"]
