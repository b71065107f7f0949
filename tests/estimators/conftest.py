"""Sixty samples at most of three modalities, and estimators that fit them in a blink."""

from collections import defaultdict
from pathlib import Path
from zlib import crc32

import numpy as np
import pytest

from sklearn_crossmodal import Image, MultiModalFrame, Numeric, Text
from sklearn_crossmodal.nn.decoders import CNNDecoder
from sklearn_crossmodal.nn.encoders import CNNEncoder
from sklearn_crossmodal.utils.discovery import all_estimators

N = 40
HERE = Path(__file__).parent
#: Of the estimators that a test is parametrized by, so many are quick.
TURNS = 2


@pytest.hookimpl(tryfirst=True)  # before -m leaves out what is slow
def pytest_collection_modifyitems(items):
    """Mark as slow all but two estimators of a test that makes each by name, in turns.

    The estimators share most of what these tests look at. Which two are quick changes from test
    to test, and with the other parameters of a test: each estimator has its share of all.
    """
    tests = defaultdict(list)
    for item in items:
        by_name = "name" in getattr(getattr(item, "callspec", None), "params", {})
        if by_name and item.path.parent == HERE and "make" in item.fixturenames:
            tests[item.path, item.originalname].append(item)
    for (_, test), group in tests.items():
        if any(item.get_closest_marker(mark) for item in group for mark in ("covering", "slow")):
            continue
        names = [*dict.fromkeys(item.callspec.params["name"] for item in group)]
        others = [item.callspec.id.replace(item.callspec.params["name"], "") for item in group]
        places = {other: place for place, other in enumerate(dict.fromkeys(others))}
        for item, other in zip(group, others, strict=True):
            turn = names.index(item.callspec.params["name"]) + places[other] + crc32(test.encode())
            if turn % len(names) >= TURNS:
                item.add_marker(pytest.mark.slow)


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
