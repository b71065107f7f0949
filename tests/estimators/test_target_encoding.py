"""What frozen encoders read large is decoded small: pictures, and the tokens of texts."""

import pickle

import numpy as np
import pytest
import torch
from torch import nn

from sklearn_crossmodal import (
    Image,
    MultiModalAutoencoder,
    MultiModalFrame,
    Numeric,
    Pretrained,
    Text,
)
from sklearn_crossmodal.nn.decoders import _target_encoding
from sklearn_crossmodal.nn.decoders._target_encoding import target_encoding

N = 60
WORDS = ["sun", "moon", "rain"]


class Pooled(nn.Module):
    """Mean colours of the quarters of a picture of 96 by 96 pixels."""

    default_cfg = {"mean": (0.5, 0.5, 0.5), "std": (0.25, 0.25, 0.25), "input_size": (3, 96, 96)}

    def forward(self, values):
        return nn.functional.adaptive_avg_pool2d(values, 2).flatten(1)


class Letters:
    """Reads words as the ids 1000, 1001 and 1002 of 5000."""

    model_max_length, pad_token_id, unk_token_id = 10**6, 0, 1

    def __len__(self):
        return 5000

    def __call__(self, texts, verbose=False, truncation=False, max_length=None):
        return {"input_ids": [[1000 + WORDS.index(w) for w in text.split()] for text in texts]}

    def decode(self, ids, skip_special_tokens=False):
        return " ".join(WORDS[id_ - 1000] for id_ in ids if 1000 <= id_ < 1003)


class Counts(nn.Module):
    """How often each word is there."""

    def __init__(self):
        super().__init__()
        self.tokenizer = Letters()

    def forward(self, tokens, mask):
        return torch.stack([((tokens == 1003 + k) & mask).sum(1) for k in range(3)], 1).float()


@pytest.fixture(scope="module")
def X():
    """Return pictures of one of three colours, and texts that name it."""
    rng = np.random.default_rng(0)
    which = rng.integers(0, 3, N)
    pictures = rng.integers(0, 40, (N, 24, 24, 3), dtype=np.uint8)
    pictures[np.arange(N), :, :, which] += 200
    texts = np.array([f"{WORDS[k]} {WORDS[k]}" for k in which], dtype=object)
    return MultiModalFrame({"p": pictures, "t": texts, "n": rng.normal(size=(N, 2))})


@pytest.fixture(scope="module")
def fitted(X):
    modalities = [
        ("p", Image(encoder=Pretrained(Pooled())), "p"),
        ("t", Text(encoder=Pretrained(Counts())), "t"),
        ("n", Numeric(), "n"),
    ]
    return MultiModalAutoencoder(
        modalities, n_components=8, max_epochs=60, learning_rate=0.003, random_state=0
    ).fit(X)


def test_pictures_are_decoded_small_in_the_units_of_fit(fitted, X):
    found = fitted.reconstruct(X)["p"]
    assert found.shape == (N, 32, 32, 3)
    assert found.dtype == np.uint8
    means = X["p"].reshape(N, -1, 3).mean(axis=1)
    np.testing.assert_allclose(found.reshape(N, -1, 3).mean(axis=1), means, atol=25)


def test_a_picture_is_translated_into_its_words(fitted, X):
    said = fitted.translate(X[["p"]], source="p", target="t")
    assert np.mean(said == X["t"]) > 0.9
    shown = fitted.translate(X[["t"]], source="t", target="p")
    colours = shown.reshape(N, -1, 3).mean(axis=1).argmax(axis=1)
    assert np.mean([WORDS[k] in text for k, text in zip(colours, X["t"], strict=True)]) > 0.9


def test_the_decoders_are_as_wide_as_what_is_decoded(fitted):
    decoders = dict(zip(fitted.network_._targets, fitted.network_.decoders.values(), strict=True))
    n_weights = {name: sum(w.numel() for w in one.parameters()) for name, one in decoders.items()}
    assert n_weights["p"] < 150 * 3 * 32 * 32
    assert n_weights["t"] < 20_000


def test_scores_and_pickles_are_of_what_is_decoded(fitted, X):
    scores = fitted.score_samples(X)
    assert np.isfinite(scores).all()
    twin = pickle.loads(pickle.dumps(fitted))
    np.testing.assert_array_equal(twin.score_samples(X), scores)


def test_what_is_too_large_for_memory_is_made_small_batch_by_batch(fitted, X, monkeypatch):
    modality = fitted.modalities_[0][1]
    block = fitted._bank.transform(X)["p"]
    whole = target_encoding(modality).encode(block).values
    monkeypatch.setattr(_target_encoding, "_IN_MEMORY", 0)
    lazy = target_encoding(modality).encode(block).values
    assert not isinstance(lazy, np.ndarray)
    np.testing.assert_array_equal(lazy[[5, 2]], whole[[5, 2]])
    by_hand = block.values[[5, 2]].reshape(2, 3, 32, 3, 32, 3).mean(axis=(3, 5))
    np.testing.assert_allclose(whole[[5, 2]], by_hand, atol=1e-6)


def test_pictures_of_a_size_of_their_own_are_decoded_in_it():
    pictures = np.zeros((4, 96, 96, 3), np.uint8)
    modality = Image(encoder=Pretrained(Pooled()), size=96).fit(pictures)
    assert target_encoding(modality).spec_ == modality.spec_
    modality = Image().fit(pictures)
    assert target_encoding(modality).spec_ == modality.spec_
