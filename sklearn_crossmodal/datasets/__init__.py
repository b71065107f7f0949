"""Data sets: shipped with the package (`load_*`) and drawn with known truth (`make_*`)."""

from sklearn_crossmodal.datasets._loaders import load_emoji
from sklearn_crossmodal.datasets._synthetic import (
    make_multimodal_classification,
    make_multimodal_regression,
)

__all__ = ["load_emoji", "make_multimodal_classification", "make_multimodal_regression"]
