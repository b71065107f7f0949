"""Fusions: one latent from those of all modalities."""

from sklearn_crossmodal.nn.fusion._concat import ConcatFusion

#: The fusions that have a name.
FUSIONS = {
    "concat": ConcatFusion,
}

__all__ = ["FUSIONS", *sorted(fusion.__name__ for fusion in FUSIONS.values())]
