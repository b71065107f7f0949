"""A fitted automatic fusion can be saved by what writes JSON, such as skops, and so by MLflow."""

import pickle

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression, Ridge

from sklearn_crossmodal import (
    AutoFusionClassifier,
    AutoFusionRegressor,
    FusionClassifier,
    FusionRegressor,
    MultiModalFrame,
)
from sklearn_crossmodal.uncertainty._modality_subsets import PatternDict

N = 420
QUICK = {"max_epochs": 1, "n_folds": None, "random_state": 0}


@pytest.fixture(params=["classes", "numbers"])
def fitted(request, rng):
    """A fusion that has calibrated two patterns of modalities by themselves, and its samples."""
    y = np.arange(N) % 2
    present = {"words": np.arange(N) % 4 < 2}
    words = np.array(["a good film", "a bad film"])[y]
    X = MultiModalFrame({"table": rng.normal(size=(N, 3)), "words": words}, present=present)
    if request.param == "classes":
        model = AutoFusionClassifier(
            estimator=FusionClassifier(**QUICK), companions={"one": LogisticRegression()}, cv=2
        )
    else:
        model = AutoFusionRegressor(
            estimator=FusionRegressor(**QUICK), companions={"one": Ridge()}, cv=2
        )
    return model.fit(X, y), X


def keys_that_are_no_strings(held, path="model", seen=None):
    """Walk through all that an object holds, but for nets, which skops takes as they are."""
    seen = {} if seen is None else seen
    if id(held) in seen:
        return
    seen[id(held)] = held
    if isinstance(held, dict):
        yield from (f"{path}[{key!r}]" for key in held if not isinstance(key, str))
        inside = {f"{path}[{key!r}]": value for key, value in held.items()}
    elif isinstance(held, list | tuple | set):
        inside = {f"{path}[{place}]": value for place, value in enumerate(held)}
    elif isinstance(held, np.ndarray | type) or not hasattr(held, "__dict__"):
        inside = {}
    else:
        inside = {f"{path}.{key}": value for key, value in vars(held).items() if key != "net_"}
    for name, value in inside.items():
        yield from keys_that_are_no_strings(value, name, seen)


def test_nothing_that_is_fitted_has_keys_that_json_lacks(fitted):
    model, _ = fitted
    assert len(model._calibration._by_pattern) > 1
    assert list(keys_that_are_no_strings(model)) == []


@pytest.mark.slow
def test_pickle_keeps_predictions_intervals_and_sets(fitted):
    model, X = fitted
    _check_same(model, pickle.loads(pickle.dumps(model)), X)


@pytest.mark.slow
def test_skops_keeps_predictions_intervals_and_sets(fitted):
    io = pytest.importorskip("skops.io")
    model, X = fitted
    saved = io.dumps(model)
    _check_same(model, io.loads(saved, trusted=io.get_untrusted_types(data=saved)), X)


def _check_same(model, other, X):
    for method in ("predict", "predict_proba", "predict_set", "predict_interval"):
        if hasattr(model, method):
            np.testing.assert_array_equal(getattr(model, method)(X), getattr(other, method)(X))


def test_a_dict_of_patterns_is_one():
    patterns = PatternDict({("a", "b"): 1})
    patterns[("a",)] = 2
    patterns[("a", "b")] = 3
    assert dict(patterns) == {("a", "b"): 3, ("a",): 2}
    assert list(patterns) == [("a", "b"), ("a",)]
    assert patterns.get(("c",), 7) == 7
    del patterns[("a", "b")]
    assert len(patterns) == 1
    with pytest.raises(KeyError):
        patterns[("a", "b")]
