"""Fusions: combine the latents of all modalities to one."""

from sklearn_crossmodal.nn.fusion._attention import AttentionFusion
from sklearn_crossmodal.nn.fusion._concat import ConcatFusion
from sklearn_crossmodal.nn.fusion._gated import GatedFusion
from sklearn_crossmodal.nn.fusion._late import LateFusion
from sklearn_crossmodal.nn.fusion._low_rank import LowRankFusion
from sklearn_crossmodal.nn.fusion._pool import MaxFusion, MeanFusion, SumFusion
from sklearn_crossmodal.nn.fusion._tensor import TensorFusion

#: The registered fusions.
FUSIONS = {
    "concat": ConcatFusion,
    "sum": SumFusion,
    "mean": MeanFusion,
    "max": MaxFusion,
    "gated": GatedFusion,
    "attention": AttentionFusion,
    "low_rank": LowRankFusion,
    "tensor": TensorFusion,
    "late": LateFusion,
}

__all__ = ["FUSIONS", *sorted(fusion.__name__ for fusion in FUSIONS.values())]
