"""Losses: pure functions of a batch first, thin modules around them."""

from sklearn_crossmodal.nn.losses._components import (
    AbsoluteError,
    BinaryCrossEntropy,
    CrossEntropy,
    HuberLoss,
    SquaredError,
)
from sklearn_crossmodal.nn.losses._functions import (
    absolute_error,
    binary_cross_entropy,
    cross_entropy,
    huber,
    squared_error,
)

#: The losses that have a name.
LOSSES = {
    "squared_error": SquaredError,
    "absolute_error": AbsoluteError,
    "huber": HuberLoss,
    "cross_entropy": CrossEntropy,
    "binary_cross_entropy": BinaryCrossEntropy,
}

__all__ = [
    "LOSSES",
    *sorted(loss.__name__ for loss in LOSSES.values()),
    "absolute_error",
    "binary_cross_entropy",
    "cross_entropy",
    "huber",
    "squared_error",
]
