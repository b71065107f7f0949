"""Decoders: a modality, or a target, from a latent."""

from sklearn_crossmodal.nn.decoders._mlp import MLPDecoder

#: The decoders that have a name.
DECODERS = {
    "mlp": MLPDecoder,
}

__all__ = ["DECODERS", *sorted(decoder.__name__ for decoder in DECODERS.values())]
