"""Sixty samples at most of three modalities, and estimators that fit them in a blink."""

import numpy as np
import pytest

from sklearn_crossmodal import Image, MultiModalFrame, Numeric, Text
from sklearn_crossmodal.nn.decoders import CNNDecoder
from sklearn_crossmodal.nn.encoders import CNNEncoder
from sklearn_crossmodal.utils.discovery import all_estimators

N = 40


@pytest.fixture(scope="session")
def X():
    rng = np.random.default_rng(0)
    return MultiModalFrame(
        {
            "table": Numeric.example(N, rng),
            "words": Text.example(N, rng),
            "photo": Image.example(N, rng),
        }
    )


@pytest.fixture(scope="session")
def targets(X):
    """Return y for each estimator; an estimator without one here fails the tests of all."""
    numbers = 5 + 3 * X["table"][:, 0]
    sizes = np.where(numbers > np.median(numbers), "a large one", "small")
    return {
        "FusionClassifier": np.where(numbers > np.median(numbers), "yes", "no"),
        "FusionRegressor": numbers,
        "CrossModalRegressor": np.column_stack([numbers, -numbers]),
        "CrossModalGenerator": sizes.astype(object),
        "MultiModalAutoencoder": None,
    }


@pytest.fixture(scope="session")
def listed():
    """Return a function that lists the modalities of X anew."""

    def list_modalities():
        image = Image(encoder=CNNEncoder((8,), width=8), decoder=CNNDecoder((8,)))
        return [
            ("table", Numeric(), "table"),
            ("words", Text(), "words"),
            ("photo", image, "photo"),
        ]

    return list_modalities


@pytest.fixture(scope="session")
def make(listed):
    """Return a function that makes a small estimator by name."""
    classes = dict(all_estimators("network"))

    def make_estimator(name, **params):
        settings = {"modalities": listed(), "max_epochs": 3, "batch_size": 16, "random_state": 0}
        if "n_folds" in classes[name]().get_params(deep=False):
            settings["n_folds"] = None  # one network instead of one a fold
        return classes[name](**{**settings, **params})

    return make_estimator


@pytest.fixture(scope="session")
def numbers():
    """Return a function that gives what any estimator answers as one array of numbers."""

    def answer(estimator, X):
        for method in ("predict_proba", "predict", "transform"):
            if hasattr(estimator, method):
                answers = getattr(estimator, method)(X)
                if answers.dtype.kind != "O":  # texts are few, whatever the latent
                    return answers
        raise AssertionError(f"{estimator} has nothing to answer with")

    return answer
