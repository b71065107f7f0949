"""Weights and groups of an automatic fusion, with and without scikit-learn's metadata routing."""

import numpy as np
import pytest
import sklearn
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.calibration import CalibratedClassifierCV
from sklearn.exceptions import UnsetMetadataPassedError
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, GroupKFold, cross_validate
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_crossmodal import (
    AutoFusionClassifier,
    AutoFusionRegressor,
    FusionClassifier,
    FusionRegressor,
)

N = 48
QUICK = {"max_epochs": 1, "random_state": 0, "n_folds": None}


@pytest.fixture
def y():
    return np.arange(N) % 2


@pytest.fixture
def X(rng, y):
    return rng.normal(size=(N, 4)) + y[:, np.newaxis]


@pytest.fixture
def weight(y):
    return np.where(y, 3.0, 1.0)


@pytest.fixture(params=[False, True], ids=["routing off", "routing on"])
def routing(request):
    with sklearn.config_context(enable_metadata_routing=request.param):
        yield request.param


SEEN = []


class Recorder(ClassifierMixin, BaseEstimator):
    """A classifier that notes which weights it was passed, and is right often enough to be kept."""

    def fit(self, X, y, sample_weight=None):
        SEEN.append(sample_weight)
        self.classes_ = np.unique(y)
        return self

    def predict(self, X):
        return self.classes_[self.predict_proba(X).argmax(axis=1)]

    def predict_proba(self, X):
        last = 1 / (1 + np.exp(-np.asarray(X).sum(axis=1)))
        return np.column_stack([1 - last, last])


class NumberRecorder(RegressorMixin, Recorder):
    def predict(self, X):
        return np.zeros(X.shape[0])


@pytest.fixture(autouse=True)
def forgotten():
    SEEN.clear()


def fusion(companions=None, estimator=None):
    if companions is None:
        companions = {"one": Recorder()}
    estimator = estimator or FusionClassifier(**QUICK)
    return AutoFusionClassifier(estimator=estimator, companions=companions, cv=2, random_state=0)


def number_fusion(companions):
    estimator = FusionRegressor(**QUICK)
    return AutoFusionRegressor(estimator=estimator, companions=companions, cv=2, random_state=0)


def test_weights_reach_companions_and_networks(routing, X, y, weight):
    model = fusion().fit(X, y, sample_weight=weight)
    assert len(SEEN) == 2 + 1  # folds, and all rows
    assert {tuple(np.unique(seen)) for seen in SEEN} == {(1.0, 3.0)}
    plain = fusion().fit(X, y)
    assert not np.array_equal(model.predict_proba(X), plain.predict_proba(X))


def test_routing_changes_no_prediction(X, y, weight):
    found = []
    for on in (False, True):
        with sklearn.config_context(enable_metadata_routing=on):
            model = fusion({"one": LogisticRegression()}).fit(X, y, sample_weight=weight)
            found.append(model.predict_proba(X))
    np.testing.assert_array_equal(*found)


@pytest.mark.slow
def test_the_default_companions_take_weights(X, y, weight):
    with sklearn.config_context(enable_metadata_routing=True):
        number_fusion("auto").fit(X, X[:, :2], sample_weight=weight)
        fusion("auto").fit(X, y, sample_weight=weight)


def test_a_companion_of_numbers_takes_weights(routing, X, weight):
    number_fusion({"one": NumberRecorder()}).fit(X, X[:, 0], sample_weight=weight)
    assert all(seen is not None for seen in SEEN)


def test_groups_are_in_one_fold_each(routing, X, y, weight):
    groups = np.repeat(np.arange(N // 4), 4)
    fusion().fit(X, y, sample_weight=weight, groups=groups)
    assert len(SEEN) == 2 + 1


def test_requests_of_companions_are_honoured(X, y, weight):
    with sklearn.config_context(enable_metadata_routing=True):
        fusion({"one": Recorder().set_fit_request(sample_weight=False)}).fit(X, y, weight)
        assert set(SEEN) == {None}
        SEEN.clear()
        asks = make_pipeline(Recorder().set_fit_request(sample_weight=True))
        fusion({"one": asks}).fit(X, y, weight)
        assert all(seen is not None for seen in SEEN)
        SEEN.clear()
        asks_not = make_pipeline(Recorder().set_fit_request(sample_weight=False))
        fusion({"one": asks_not}).fit(X, y, weight)
        assert set(SEEN) == {None}


def test_a_meta_estimator_whose_inside_says_nothing_is_an_error_as_ever(X, y, weight):
    inside = CalibratedClassifierCV(LogisticRegression(), cv=2)
    with (
        sklearn.config_context(enable_metadata_routing=True),
        pytest.raises(UnsetMetadataPassedError, match="companion 'one'.*LogisticRegression"),
    ):
        fusion({"one": inside}).fit(X, y, sample_weight=weight)
    fusion({"one": inside}).fit(X, y, sample_weight=weight)


@pytest.mark.slow
def test_searches_and_pipelines_route_weights_and_groups(X, y, weight):
    groups = np.repeat(np.arange(N // 4), 4)
    with sklearn.config_context(enable_metadata_routing=True):
        with pytest.raises(UnsetMetadataPassedError, match="AutoFusionClassifier"):
            GridSearchCV(fusion(), {"cv": [2]}, cv=2).fit(X, y, sample_weight=weight)
        asks = fusion().set_fit_request(sample_weight=True).set_score_request(sample_weight=True)
        SEEN.clear()
        GridSearchCV(asks, {"cv": [2]}, cv=GroupKFold(2)).fit(
            X, y, sample_weight=weight, groups=groups
        )
        asks.set_fit_request(groups=True)
        GridSearchCV(asks, {"cv": [2]}, cv=GroupKFold(2)).fit(
            X, y, sample_weight=weight, groups=groups
        )
        cross_validate(asks, X, y, params={"sample_weight": weight, "groups": groups}, cv=2)
        scaler = StandardScaler().set_fit_request(sample_weight=False)
        make_pipeline(scaler, asks).fit(X, y, sample_weight=weight, groups=groups)
        assert all(seen is not None for seen in SEEN)
