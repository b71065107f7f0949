"""Network components: encoders, fusions, decoders and losses, and the networks built of them."""

from sklearn_crossmodal.nn._build import (
    build_decoder,
    build_encoder,
    build_fusion,
    build_loss,
)
from sklearn_crossmodal.nn._component import Component, Factory, resolve
from sklearn_crossmodal.nn.losses._output_range import check_range, check_target
from sklearn_crossmodal.nn.networks._multimodal import MultiModalNetwork
from sklearn_crossmodal.nn.networks._shared_private import PrivateNetwork

__all__ = [
    "Component",
    "Factory",
    "MultiModalNetwork",
    "PrivateNetwork",
    "build_decoder",
    "build_encoder",
    "build_fusion",
    "build_loss",
    "check_range",
    "check_target",
    "resolve",
]
