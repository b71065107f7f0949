"""Transformers that turn raw data into arrays, each usable alone in a Pipeline."""

from sklearn_crossmodal.preprocessing._tokenizer import END, PADDING, UNKNOWN, WordTokenizer

__all__ = ["END", "PADDING", "UNKNOWN", "WordTokenizer"]
