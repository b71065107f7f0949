"""Training that learns nothing is reported, and no other."""

import warnings

import numpy as np
import pytest
from sklearn.exceptions import ConvergenceWarning

from sklearn_crossmodal import (
    CrossModalRegressor,
    FusionClassifier,
    FusionRegressor,
    MultiModalAutoencoder,
    MultiModalFrame,
    Numeric,
)


@pytest.fixture
def table():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(120, 4))
    return X, X[:, 0] + X[:, 1]


@pytest.fixture
def labels():
    """Return six classes, which a network with its first weights does not predict by luck."""
    return np.random.default_rng(1).integers(6, size=120)


@pytest.mark.parametrize("n_folds", [None, 2])
def test_classifier_that_stays_at_the_constant_warns_and_says_what_to_try(table, labels, n_folds):
    X, _ = table
    clf = FusionClassifier(learning_rate=1e-8, n_folds=n_folds, max_epochs=80, random_state=0)
    with pytest.warns(
        ConvergenceWarning,
        match=r"FusionClassifier: nothing was learned .* cross_entropy .* learning_rate .it is "
        r"1e-08.*max_epochs.*pretrained",
    ):
        clf.fit(X, labels)


def test_too_large_a_learning_rate_warns(table):
    X, y = table
    with pytest.warns(ConvergenceWarning, match="FusionRegressor.*squared_error"):
        FusionRegressor(learning_rate=100.0, n_folds=None, random_state=0).fit(X, y)


def test_warning_compares_with_the_constant_of_the_weighted_rows(table):
    X, y = table
    # Nearly all weight is in one class, whose constant has a loss near zero.
    clf = FusionClassifier(
        learning_rate=1e-8, class_weight={0: 1.0, 1: 1e-3}, n_folds=None, random_state=0
    )
    with pytest.warns(ConvergenceWarning, match=r"that of the best constant 0\.00"):
        clf.fit(X, (y > 0).astype(int))


@pytest.mark.parametrize("target", ["a", "b"])
def test_target_that_is_learned_does_not_warn(table, target):
    X, y = table
    X = MultiModalFrame({"a": X, "b": np.column_stack([y, -y])})
    other = "b" if target == "a" else "a"
    CrossModalRegressor([(other, Numeric(), other)], max_epochs=60, random_state=0).fit(
        X[[other]], X[target]
    )


def test_autoencoder_warns_if_no_modality_is_learned(table):
    X, _ = table
    X = MultiModalFrame({"a": X[:, :2], "b": X[:, 2:]})
    with pytest.warns(ConvergenceWarning, match=r"target 'a'.*target 'b'"):
        MultiModalAutoencoder(learning_rate=30.0, random_state=0).fit(X)


def test_few_steps_and_chunks_do_not_warn(table):
    X, y = table
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        FusionClassifier(learning_rate=1e-8, max_epochs=3, random_state=0).fit(X, y > 0)
        clf = FusionClassifier(learning_rate=1e-8, n_folds=None, validation=None, random_state=0)
        for _ in range(3):
            clf.partial_fit(X, y > 0, classes=[False, True])
