"""Transformers that turn raw data into arrays, each usable alone in a Pipeline."""

from sklearn_crossmodal.preprocessing._image import ImageScaler
from sklearn_crossmodal.preprocessing._tokenizer import WordTokenizer

__all__ = ["ImageScaler", "WordTokenizer"]
