"""Data sets: bundled (`load_*`), downloaded (`fetch_*`), and synthetic (`make_*`)."""

from sklearn_crossmodal.datasets._fetchers import fetch_cifar10_imdb
from sklearn_crossmodal.datasets._loaders import load_emoji
from sklearn_crossmodal.datasets._synthetic import (
    make_multimodal_classification,
    make_multimodal_regression,
)

__all__ = [
    "fetch_cifar10_imdb",
    "load_emoji",
    "make_multimodal_classification",
    "make_multimodal_regression",
]
