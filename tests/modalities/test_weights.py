"""An integer weight is as many rows, for all that modalities count and measure."""

import numpy as np
import pytest

from sklearn_crossmodal.modalities import (
    MODALITIES,
    Audio,
    Categorical,
    Embedding,
    Image,
    Numeric,
    Sequence,
    Text,
)
from sklearn_crossmodal.preprocessing import CategoryCoder, WordTokenizer, frequent_pairs

WORDS = ["a b", "b c", "c c d", "d a", "e", "f a b", "g", "b c"]
LEVELS = ["x", "y", "x", "z", "u", "v", "u", None]
WEIGHTS = np.array([1, 5, 2, 0, 3, 1, 4, 1])

CASES = {
    "numeric": (Numeric(), None),
    "numeric standard": (Numeric(scaling="standard"), None),
    "numeric quantile": (Numeric(scaling="quantile"), None),
    "numeric mean": (Numeric(scaling="mean"), None),
    "categorical": (Categorical(), LEVELS),
    "categorical min_count": (Categorical(min_count=3), LEVELS),
    "categorical max_categories": (Categorical(max_categories=2), LEVELS),
    "categorical hashed": (Categorical(hash_above=2), LEVELS),
    "text": (Text(), WORDS),
    "text min_count": (Text(min_count=3), WORDS),
    "text max_words": (Text(max_words=6), WORDS),
    "text own words": (Text(tokenizer=str.split, min_count=3), WORDS),
    "text markers": (Text(join="markers", min_count=3), WORDS),
    "sequence": (Sequence(), None),
    "sequence robust": (Sequence(scaling="robust"), None),
    "embedding": (Embedding(), None),
    "image": (Image(scaling="standard"), None),
    "audio": (Audio(), None),
}


def cells_of(modality, cells, rng):
    if cells is None:
        return modality.example(len(WEIGHTS), rng)
    return np.array(cells, dtype=object)


def states(modality):
    """Return the numbers, words and levels that a fitted modality learned."""
    parts = [vars(modality), *(vars(p) for p in vars(modality).values() if hasattr(p, "fit"))]
    return [(k, v) for part in parts for k, v in part.items() if k.endswith("_") and v is not None]


@pytest.mark.parametrize(("modality", "cells"), CASES.values(), ids=CASES)
@pytest.mark.parametrize("seed", range(3))
def test_weights_are_rows(modality, cells, seed):
    rng = np.random.default_rng(seed)
    cells = cells_of(modality, cells, rng)
    weights = WEIGHTS if seed == 0 else rng.integers(0, 5, len(cells))
    weights[0] = max(weights[0], 1)
    weighted = type(modality)(**modality.get_params()).fit(cells, weights.astype(float))
    repeated = type(modality)(**modality.get_params()).fit(np.repeat(cells, weights, axis=0))
    for one, other in zip(weighted.transform(cells).values, repeated.transform(cells).values):
        np.testing.assert_allclose(np.asarray(one), np.asarray(other), rtol=1e-4, atol=1e-5)
    for name in ("vocabulary_", "levels_", "labelled_", "n_categories_", "spacing_"):
        for part in ("tokenizer_", "coder_"):
            mine, its = (getattr(getattr(m, part, None), name, None) for m in (weighted, repeated))
            np.testing.assert_equal(mine, its)
    for name in ("shape", "n_categories", "pairs"):
        mine, its = (getattr(m.spec_, name) for m in (weighted, repeated))
        np.testing.assert_array_equal(mine, its)


def test_all_modalities_are_among_the_cases():
    assert {type(modality) for modality, _ in CASES.values()} == set(MODALITIES.values())


def test_byte_pairs_count_weights():
    pytest.importorskip("tokenizers")
    texts = np.array(["low lower", "new newer", "old older"], dtype=object)
    weights = np.array([1, 7, 2])
    weighted = Text(tokenizer="bpe", max_words=263, min_count=3).fit(texts, weights.astype(float))
    repeated = Text(tokenizer="bpe", max_words=263, min_count=3).fit(np.repeat(texts, weights))
    np.testing.assert_array_equal(
        weighted.transform(texts).values, repeated.transform(texts).values
    )


@pytest.mark.parametrize("factor", [1e-3, 0.1, 1.0])
def test_weights_that_are_all_scaled_down_drop_nothing(factor):
    texts, weights = ["a b", "a b", "a b"], np.full(3, factor)
    assert set(WordTokenizer(min_count=3).fit(texts, sample_weight=weights).vocabulary_) == {
        "a",
        "b",
    }
    assert len(frequent_pairs(np.array([[3, 4, 2]] * 3), 9, weights)) == 1
    coder = CategoryCoder(min_count=3).fit(["a"] * 3 + ["b"], sample_weight=[factor] * 4)
    assert coder.levels_ == [["a"]]


@pytest.mark.parametrize("scale", [0.01, 997.3])
def test_weights_that_are_no_numbers_of_rows_count_whatever_their_scale(scale):
    weight = np.array([0.5, 1.5, 0.75, 1.25, 0.5, 1.5, 1.0, 1.0])
    first, second = (
        Text(min_count=3).fit(WORDS, sample_weight=w) for w in (weight, scale * weight)
    )
    np.testing.assert_array_equal(first.transform(WORDS).values, second.transform(WORDS).values)
