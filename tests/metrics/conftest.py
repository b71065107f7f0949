"""Estimators of which is known what they translate, and classifiers that read the class off."""

import numpy as np
import pytest
from sklearn.base import BaseEstimator


class Translator(BaseEstimator):
    """Translates by a function of (the source modalities as a dict, the target) -> values."""

    def __init__(self, function):
        self.function = function

    def translate(self, X, *, source, target):
        sources = [source] if isinstance(source, str) else source
        return self.function({name: np.asarray(X[name]) for name in sources}, target)


class Reader(BaseEstimator):
    """A classifier that reads the class off the first column."""

    def predict(self, X):
        return np.asarray(X)[:, 0].astype(int)


@pytest.fixture(scope="session")
def translator():
    return Translator


@pytest.fixture(scope="session")
def reader():
    return Reader()
