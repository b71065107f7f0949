"""Encoders: map the block of one modality to a latent."""

from sklearn_crossmodal.nn.encoders._attention import AttentionEncoder
from sklearn_crossmodal.nn.encoders._bag import BagEncoder
from sklearn_crossmodal.nn.encoders._cnn import CNNEncoder
from sklearn_crossmodal.nn.encoders._conv1d import ConvEncoder
from sklearn_crossmodal.nn.encoders._embedding import EmbeddingEncoder
from sklearn_crossmodal.nn.encoders._mlp import MLPEncoder
from sklearn_crossmodal.nn.encoders._numeric_embedding import (
    PeriodicEncoder,
    PiecewiseLinearEncoder,
)
from sklearn_crossmodal.nn.encoders._rnn import GRUEncoder, LSTMEncoder
from sklearn_crossmodal.nn.pretrained._encoder import Pretrained
from sklearn_crossmodal.nn.pretrained._joined import JoinedEncoder

#: The registered encoders. `JoinedEncoder` and `Pretrained`, which have a required parameter, are
#: not registered.
ENCODERS = {
    "mlp": MLPEncoder,
    "cnn": CNNEncoder,
    "lstm": LSTMEncoder,
    "gru": GRUEncoder,
    "attention": AttentionEncoder,
    "conv": ConvEncoder,
    "bag": BagEncoder,
    "embedding": EmbeddingEncoder,
    "piecewise_linear": PiecewiseLinearEncoder,
    "periodic": PeriodicEncoder,
}

__all__ = [
    "ENCODERS",
    "JoinedEncoder",
    "Pretrained",
    *sorted(encoder.__name__ for encoder in ENCODERS.values()),
]
