"""Encoders: one latent from the block of one modality."""

from sklearn_crossmodal.nn.encoders._mlp import MLPEncoder

#: The encoders that have a name.
ENCODERS = {
    "mlp": MLPEncoder,
}

__all__ = ["ENCODERS", *sorted({encoder.__name__ for encoder in ENCODERS.values()})]
