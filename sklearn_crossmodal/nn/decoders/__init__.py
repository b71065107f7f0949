"""Decoders: map a latent to a modality or a target."""

from sklearn_crossmodal.nn.decoders._attention import AttentionDecoder
from sklearn_crossmodal.nn.decoders._cnn import CNNDecoder
from sklearn_crossmodal.nn.decoders._codes import CodesDecoder, likely_codes
from sklearn_crossmodal.nn.decoders._mlp import MLPDecoder
from sklearn_crossmodal.nn.decoders._recurrent import RecurrentDecoder
from sklearn_crossmodal.nn.decoders._tokens import TokensDecoder, likely_tokens

#: The registered decoders.
DECODERS = {
    "mlp": MLPDecoder,
    "cnn": CNNDecoder,
    "tokens": TokensDecoder,
    "recurrent": RecurrentDecoder,
    "attention": AttentionDecoder,
    "codes": CodesDecoder,
}

#: Functions from probabilities to the most likely values of a block, by kind.
LIKELY_VALUES = {"tokens": likely_tokens, "codes": likely_codes}

__all__ = [
    "DECODERS",
    "LIKELY_VALUES",
    *sorted(decoder.__name__ for decoder in DECODERS.values()),
    "likely_codes",
    "likely_tokens",
]
