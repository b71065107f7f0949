"""Extra trees of the automatic fusions: scikit-learn's numbers, from smaller pickles."""

import pickle

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.ensemble import ExtraTreesClassifier, ExtraTreesRegressor

from sklearn_crossmodal.ensemble.companions._extra_trees import (
    FastExtraTreesClassifier,
    FastExtraTreesRegressor,
)

X = np.random.default_rng(0).normal(size=(300, 6))
LABELS = np.digitize(X[:, 0], [-0.5, 0.5])
PAIRS = np.column_stack([X[:, 0], X[:, 1] ** 2])
SETTINGS = {"n_estimators": 20, "random_state": 0}


@pytest.mark.parametrize("n_rows", [1, 300])
@pytest.mark.parametrize("y", [PAIRS[:, 0], PAIRS], ids=["one", "several"])
def test_numbers_are_those_of_scikit_learn(n_rows, y):
    expected = ExtraTreesRegressor(**SETTINGS).fit(X, y).predict(X[:n_rows])
    found = FastExtraTreesRegressor(**SETTINGS).fit(X, y).predict(X[:n_rows])
    np.testing.assert_allclose(found, expected)


@pytest.mark.parametrize("n_rows", [1, 300])
def test_probabilities_are_those_of_scikit_learn(n_rows):
    expected = ExtraTreesClassifier(**SETTINGS).fit(X, LABELS).predict_proba(X[:n_rows])
    found = FastExtraTreesClassifier(**SETTINGS).fit(X, LABELS).predict_proba(X[:n_rows])
    np.testing.assert_allclose(found, expected)


@pytest.mark.parametrize(
    ("model", "y", "method"),
    [
        (FastExtraTreesClassifier(**SETTINGS), LABELS, "predict_proba"),
        (FastExtraTreesRegressor(**SETTINGS), PAIRS, "predict"),
    ],
)
def test_a_pickle_is_small_and_predicts_the_same(model, y, method):
    fitted = clone(model).fit(X, y)
    plain = type(model).__mro__[2](**SETTINGS).fit(X, y)
    dumped = pickle.dumps(fitted)
    assert len(dumped) < len(pickle.dumps(plain)) / 2
    before = getattr(fitted, method)(X)
    np.testing.assert_array_equal(getattr(pickle.loads(dumped), method)(X), before)
    np.testing.assert_array_equal(getattr(fitted, method)(X), before)  # which is as it was


def test_one_that_is_not_fitted_is_pickled():
    model = pickle.loads(pickle.dumps(FastExtraTreesClassifier(**SETTINGS)))
    assert model.fit(X, LABELS).score(X, LABELS) == 1
