"""Encoders: one latent from the block of one modality."""

from sklearn_crossmodal.nn.encoders._attention import AttentionEncoder
from sklearn_crossmodal.nn.encoders._bag import BagEncoder
from sklearn_crossmodal.nn.encoders._cnn import CNNEncoder
from sklearn_crossmodal.nn.encoders._mlp import MLPEncoder
from sklearn_crossmodal.nn.encoders._rnn import GRUEncoder, LSTMEncoder

#: The encoders that have a name.
ENCODERS = {
    "mlp": MLPEncoder,
    "cnn": CNNEncoder,
    "lstm": LSTMEncoder,
    "gru": GRUEncoder,
    "attention": AttentionEncoder,
    "bag": BagEncoder,
}

__all__ = ["ENCODERS", *sorted(encoder.__name__ for encoder in ENCODERS.values())]
