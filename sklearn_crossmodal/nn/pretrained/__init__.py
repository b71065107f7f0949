"""Pretrained encoders: the registry of those with a name, model files, tokenizers, adapters."""

from sklearn_crossmodal.nn.pretrained._registry import PRETRAINED, PretrainedEntry

__all__ = ["PRETRAINED", "PretrainedEntry"]
