"""What constants cost, by which losses are made alike."""

import numpy as np
import pytest

from sklearn_crossmodal import Categorical, MultiModalAutoencoder, MultiModalFrame, Numeric, Text
from sklearn_crossmodal.nn.losses import GammaLoss, QuantileLoss

N = 400
RNG = np.random.default_rng(0)


def found(modality, values):
    X = MultiModalFrame({"one": values, "two": RNG.normal(size=(N, 2))})
    modalities = [("one", modality, "one"), ("two", Numeric(scaling="standard"), "two")]
    made = MultiModalAutoencoder(modalities, max_epochs=1, random_state=0).fit(X)
    assert made.net_.criterion_.baselines["two"] == 1.0
    return made.net_.criterion_.baselines["one"]


@pytest.mark.parametrize("scale", [0.06, 1.0, 16.0])
def test_of_numbers_the_variance(scale):
    values = scale * RNG.normal(size=(N, 3))
    cost = found(Numeric(scaling=None), values)
    assert cost == 2.0 ** round(np.log2(values.var(axis=0).mean()))


def test_of_categories_the_entropy():
    codes = RNG.integers(0, 16, size=N)
    cost = found(Categorical(), codes.astype(str))
    assert cost == 2.0 ** round(np.log2(np.log(16)))


def test_of_texts_the_entropy_of_their_words():
    words = np.array([f"word{k}" for k in range(150)])
    texts = np.array([" ".join(RNG.choice(words, size=4)) for _ in range(N)], dtype=object)
    assert found(Text(max_length=5), texts) == 4.0  # 150 words and an end: 4.5 nats


@pytest.mark.parametrize("loss", [GammaLoss(), QuantileLoss()])
def test_of_other_losses_that_of_what_fits_best(loss):
    values = np.exp(RNG.normal(size=(N, 1)))
    cost = found(Numeric(scaling="mean", loss=loss), values)
    assert 0.1 < cost < 1


def test_what_does_not_vary_is_left_as_it_is():
    assert found(Numeric(scaling=None), np.full((N, 2), 7.0)) == 1.0
