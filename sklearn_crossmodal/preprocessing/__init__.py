"""Transformers from raw data to arrays, each usable in a `Pipeline`."""

from sklearn_crossmodal.preprocessing._block_features import block_features, features_reducer
from sklearn_crossmodal.preprocessing._sequence import SequenceScaler
from sklearn_crossmodal.preprocessing.audio._spectrogram import LogMelSpectrogram
from sklearn_crossmodal.preprocessing.audio._waveform import read_sound
from sklearn_crossmodal.preprocessing.image._image_scaler import ImageScaler
from sklearn_crossmodal.preprocessing.tabular._category_encoder import CategoryCoder
from sklearn_crossmodal.preprocessing.tabular._numeric_scaler import NumericScaler
from sklearn_crossmodal.preprocessing.text._base_tokenizer import pad_rows, unpad_rows
from sklearn_crossmodal.preprocessing.text._bigrams import frequent_pairs
from sklearn_crossmodal.preprocessing.text._bpe import BytePairTokenizer
from sklearn_crossmodal.preprocessing.text._external_tokenizer import GivenTokenizer
from sklearn_crossmodal.preprocessing.text._id_tokenizer import IdTokenizer
from sklearn_crossmodal.preprocessing.text._word_tokenizer import WordTokenizer
from sklearn_crossmodal.preprocessing.text._word_vectors import embedding_table, find_vectors

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
