"""Modalities that no sample has together: one warning in fit, none on clean data."""

import warnings

import numpy as np
import pandas as pd
import pytest

from sklearn_crossmodal import (
    CrossModalRegressor,
    FusionClassifier,
    MultiModalAutoencoder,
    MultiModalFrame,
    MultiModalImputer,
)

N = 60
RNG = np.random.default_rng(0)
PARTS = {name: RNG.normal(size=(N, 2)) for name in "abc"}
HALF = np.arange(N) % 2 == 0
APART = MultiModalFrame(PARTS, present={"a": HALF, "b": ~HALF})
SOME = MultiModalFrame(PARTS, present={"a": HALF, "b": ~HALF | (np.arange(N) == 0)})
WHOLE = MultiModalFrame(PARTS)
FEW = {"max_epochs": 1, "random_state": 0}


def frame(X):
    table = pd.DataFrame({f"{n}__{k}": part[:, k] for n, part in PARTS.items() for k in range(2)})
    if X is WHOLE:
        return table
    table.loc[~HALF, ["a__0", "a__1"]] = np.nan
    table.loc[HALF & ~((np.arange(N) == 0) & (X is SOME)), ["b__0", "b__1"]] = np.nan
    return table


FITS = {
    "autoencoder": lambda X: MultiModalAutoencoder(**FEW).fit(X),
    "pandas": lambda X: MultiModalAutoencoder(**FEW).fit(frame(X)),
    "variational": lambda X: MultiModalAutoencoder(variational="mopoe", **FEW).fit(X),
    "imputer": lambda X: MultiModalImputer(MultiModalAutoencoder(**FEW)).fit(X),
    "mapping": lambda X: CrossModalRegressor(**FEW).fit(X[["a", "c"]], X[["b", "c"]]),
}


def caught(run):
    with warnings.catch_warnings(record=True) as found:
        warnings.simplefilter("always")
        run()
    return [str(one.message) for one in found if "no sample has both" in str(one.message)]


@pytest.mark.parametrize("name", FITS)
def test_one_warning_names_the_pairs(name):
    messages = caught(lambda: FITS[name](APART))
    assert len(messages) == 1
    assert "pairs: a and b." in messages[0]


@pytest.mark.parametrize("X", [SOME, WHOLE], ids=["some", "whole"])
@pytest.mark.parametrize("name", FITS)
def test_none_where_some_sample_has_both(name, X):
    assert not caught(lambda: FITS[name](X))


def test_of_many_pairs_a_few_are_named():
    parts = {f"m{k}": RNG.normal(size=(N, 1)) for k in range(5)}
    X = MultiModalFrame(parts, present={n: np.arange(N) % 5 == k for k, n in enumerate(parts)})
    (message,) = caught(lambda: MultiModalAutoencoder(**FEW).fit(X))
    assert "m0 and m1; m0 and m2" in message
    assert "and 5 pairs more" in message


def test_chunks_and_fusions_are_not_warned_of():
    assert not caught(lambda: MultiModalAutoencoder(**FEW).partial_fit(APART))
    assert not caught(lambda: FusionClassifier(**FEW).fit(APART, HALF))
