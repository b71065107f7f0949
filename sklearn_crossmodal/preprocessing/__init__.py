"""Transformers that turn raw data into arrays, each usable alone in a Pipeline."""

from sklearn_crossmodal.preprocessing._bpe import BytePairTokenizer
from sklearn_crossmodal.preprocessing._categorical import CategoryCoder
from sklearn_crossmodal.preprocessing._features import block_features, features_reducer
from sklearn_crossmodal.preprocessing._given import GivenTokenizer
from sklearn_crossmodal.preprocessing._image import ImageScaler
from sklearn_crossmodal.preprocessing._numeric import NumericScaler
from sklearn_crossmodal.preprocessing._own_ids import IdTokenizer
from sklearn_crossmodal.preprocessing._pairs import frequent_pairs
from sklearn_crossmodal.preprocessing._sequence import SequenceScaler
from sklearn_crossmodal.preprocessing._sound import read_sound
from sklearn_crossmodal.preprocessing._spectrogram import LogMelSpectrogram
from sklearn_crossmodal.preprocessing._token_rows import pad_rows, unpad_rows
from sklearn_crossmodal.preprocessing._tokenizer import WordTokenizer
from sklearn_crossmodal.preprocessing._vectors import embedding_table, find_vectors

__all__ = [
    "BytePairTokenizer",
    "CategoryCoder",
    "GivenTokenizer",
    "IdTokenizer",
    "ImageScaler",
    "LogMelSpectrogram",
    "NumericScaler",
    "SequenceScaler",
    "WordTokenizer",
    "block_features",
    "embedding_table",
    "features_reducer",
    "find_vectors",
    "frequent_pairs",
    "pad_rows",
    "read_sound",
    "unpad_rows",
]
