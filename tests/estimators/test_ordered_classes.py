"""Classes whose order is known are learned in it, whatever holds them."""

from functools import cache

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from sklearn.metrics import log_loss, roc_auc_score
from sklearn.model_selection import GridSearchCV, cross_val_predict, cross_validate

from sklearn_crossmodal import (
    AutoFusionClassifier,
    BatchedGridSearchCV,
    CrossModalRegressor,
    FusionClassifier,
    MultiModalAutoencoder,
    MultiModalFrame,
)

ORDER = ["low", "mid", "high", "top"]  # "top" never occurs; sorted it would be high, low, mid
N = 120
X = np.random.default_rng(0).normal(size=(N, 2))
PLACES = np.digitize(X[:, 0], [-0.5, 0.5])
LABELS = np.array(ORDER)[PLACES].astype(object)
CATEGORICAL = pd.Categorical(LABELS, categories=ORDER, ordered=True)
DICTIONARY = pa.DictionaryArray.from_arrays(
    pa.array(PLACES, pa.int8()), pa.array(ORDER), ordered=True
)
ORDERED = {
    "pandas": pd.Series(CATEGORICAL),
    "categorical": CATEGORICAL,
    "index": pd.CategoricalIndex(CATEGORICAL),
    "polars": pl.Series("y", LABELS.tolist(), dtype=pl.Enum(ORDER)),
    "arrow": DICTIONARY,
    "chunks": pa.chunked_array([DICTIONARY.slice(0, 50), DICTIONARY.slice(50)]),
    "arrow in pandas": pd.Series(pd.arrays.ArrowExtensionArray(pa.chunked_array([DICTIONARY]))),
}
QUICK = {"max_epochs": 15, "n_folds": None, "random_state": 0}
ONE_EPOCH = {**QUICK, "max_epochs": 1}


@cache
def expected():
    """Return probabilities of the same classes under names whose sorted order is theirs."""
    clf = FusionClassifier(loss="ordinal", **QUICK).fit(X, PLACES)
    return clf.predict_proba(X)[:, [2, 0, 1]]  # high, low, mid


@pytest.mark.parametrize("name", ORDERED)
def test_order_of_categories_is_learned_and_classes_are_sorted(name):
    clf = FusionClassifier(loss="ordinal", **QUICK).fit(X, ORDERED[name])
    assert clf.classes_.tolist() == ["high", "low", "mid"]
    assert clf.class_order_.tolist() == ["low", "mid", "high"]
    np.testing.assert_allclose(clf.predict_proba(X), expected(), atol=1e-6)
    np.testing.assert_allclose(np.exp(clf.predict_log_proba(X)), expected(), atol=1e-6)
    assert clf.score(X, ORDERED[name]) == (clf.predict(X) == LABELS).mean() > 0.9
    assert (clf.decision_function(X).argmax(axis=1) == expected().argmax(axis=1)).all()


@pytest.mark.parametrize("y", [LABELS, LABELS.tolist(), pd.Series(LABELS).astype("category")])
def test_without_an_order_it_is_the_sorted_one(y):
    clf = FusionClassifier(loss="ordinal", **ONE_EPOCH).fit(X, y)
    assert clf.class_order_.tolist() == clf.classes_.tolist() == ["high", "low", "mid"]
    assert not hasattr(FusionClassifier(**ONE_EPOCH).fit(X, y), "class_order_")


def test_numbers_as_categories_may_run_downwards():
    y = pd.Series(pd.Categorical(-PLACES, categories=[0, -1, -2], ordered=True))
    clf = FusionClassifier(loss="ordinal", **QUICK).fit(X, y)
    assert clf.classes_.tolist() == [-2, -1, 0]
    assert clf.class_order_.tolist() == [0, -1, -2]
    np.testing.assert_allclose(clf.predict_proba(X), expected()[:, [0, 2, 1]], atol=1e-6)


def test_two_classes_and_their_decision_function():
    y = pd.Series(pd.Categorical(np.where(X[:, 0] > 0, "b", "a"), ["b", "a"], ordered=True))
    clf = FusionClassifier(loss="ordinal", **QUICK).fit(X, y)
    assert clf.classes_.tolist() == ["a", "b"]
    assert ((clf.decision_function(X) > 0) == (clf.predict(X) == "b")).all()
    assert roc_auc_score(y == "b", clf.decision_function(X)) > 0.9


@pytest.mark.parametrize("name", ["pandas", "polars"])
def test_scorers_of_scikit_learn(name):
    y, clf = ORDERED[name], FusionClassifier(loss="ordinal", **QUICK)
    probabilities = cross_val_predict(clf, X, y, cv=3, method="predict_proba")
    assert log_loss(LABELS, probabilities) < 0.8
    scoring = ["neg_log_loss", "roc_auc_ovr", "accuracy", "f1_macro"]
    rows = np.asarray(y) if name == "polars" else y
    scores = cross_validate(clf, X, rows, cv=2, scoring=scoring, error_score="raise")
    for scorer in scoring:
        assert (scores[f"test_{scorer}"] > -1).all()
        assert np.isfinite(scores[f"test_{scorer}"]).all()


@pytest.mark.parametrize("search", [GridSearchCV, BatchedGridSearchCV])
def test_searches_of_scikit_learn(search):
    clf = FusionClassifier(loss="ordinal", **{**QUICK, "max_epochs": 3})
    found = search(clf, {"learning_rate": [1e-3, 1e-2]}, cv=2).fit(X, ORDERED["pandas"])
    assert found.best_estimator_.class_order_.tolist() == ["low", "mid", "high"]


def test_several_columns_have_orders_of_their_own():
    plain = np.where(X[:, 1] > 0, "yes", "no")
    y = pd.DataFrame({"a": CATEGORICAL, "b": plain})
    clf = FusionClassifier(loss="ordinal", **QUICK).fit(X, y)
    assert [one.tolist() for one in clf.class_order_] == [["low", "mid", "high"], ["no", "yes"]]
    assert [one.tolist() for one in clf.classes_] == [["high", "low", "mid"], ["no", "yes"]]
    first, second = clf.predict_proba(X)
    assert first.shape == (N, 3)
    assert second.shape == (N, 2)
    np.testing.assert_allclose(first.sum(axis=1), 1)
    found = clf.predict(X)
    assert (found[:, 0] == LABELS).mean() > 0.8
    assert (found[:, 1] == plain).mean() > 0.8
    other = FusionClassifier(loss="ordinal", **QUICK)
    other.fit(X, np.column_stack([PLACES, (plain == "yes") + 5]))
    np.testing.assert_allclose(other.predict_proba(X)[0][:, [2, 0, 1]], first, atol=1e-6)


def test_partial_fit_keeps_the_order():
    y = ORDERED["pandas"]
    clf = FusionClassifier(loss="ordinal", random_state=0)
    clf.partial_fit(X, LABELS, classes=y)
    assert clf.class_order_.tolist() == ["low", "mid", "high"]
    clf.partial_fit(X, LABELS).partial_fit(X, y)
    reverse = pd.Series(pd.Categorical(LABELS, ORDER[::-1], ordered=True))
    with pytest.raises(ValueError, match=r"FusionClassifier: the categories of y have the order"):
        clf.partial_fit(X, reverse)


def test_classes_beyond_the_categories_are_refused():
    with pytest.raises(ValueError, match=r"classes \['other'\] are none of the ordered categories"):
        FusionClassifier(loss="ordinal").partial_fit(
            X, ORDERED["pandas"], classes=["low", "mid", "high", "other"]
        )


def test_weights_of_classes_and_samples_go_with_the_sorted_classes():
    weight = np.where(LABELS == "mid", 0.0, 1.0)
    clf = FusionClassifier(loss="ordinal", class_weight={"high": 2.0, "low": 1.0}, **QUICK)
    clf.fit(X, ORDERED["pandas"], weight)
    assert clf.class_order_.tolist() == ["low", "high"]
    assert clf.classes_.tolist() == ["high", "low"]


def test_auto_fusion_hands_the_order_to_its_networks():
    network = FusionClassifier(loss="ordinal", max_epochs=5, n_folds=None)
    auto = AutoFusionClassifier(estimator=network, companions=None, cv=2, random_state=0)
    named = auto.fit(X, ORDERED["pandas"]).predict_proba(X)
    numbered = auto.fit(X, PLACES).predict_proba(X)
    np.testing.assert_allclose(named, numbered[:, [2, 0, 1]], atol=1e-6)


@pytest.mark.parametrize("name", ORDERED)
def test_a_target_of_categories_keeps_their_order(name):
    reg = CrossModalRegressor(loss="ordinal", **ONE_EPOCH).fit(X, ORDERED[name])
    assert reg.target_.coder_.levels_ == [ORDER]
    assert reg.target_.coder_.ordered_ == (True,)


def test_a_target_without_an_order_has_the_sorted_one():
    plain = CrossModalRegressor(loss="ordinal", **ONE_EPOCH).fit(X, LABELS)
    assert plain.target_.coder_.levels_ == [sorted(ORDER[:3])]


def test_numbers_of_a_type_of_categories_are_categories_as_a_target():
    y = pd.Series(pd.Categorical(PLACES, categories=[2, 1, 0], ordered=True))
    reg = CrossModalRegressor(**ONE_EPOCH).fit(X, y)
    assert reg.target_.coder_.levels_ == [[2, 1, 0]]
    assert set(reg.predict(X).tolist()) <= {0, 1, 2}


@pytest.mark.parametrize("name", ["pandas", "categorical", "polars", "chunks"])
def test_columns_of_tables_keep_their_order(name):
    both = MultiModalFrame({"k": ORDERED[name], "x": X})
    model = MultiModalAutoencoder(max_epochs=1, random_state=0).fit(both)
    coder = next(modality for key, modality, _ in model.modalities_ if key == "k").coder_
    assert coder.levels_ == [ORDER]
    assert coder.ordered_ == (True,)
    reg = CrossModalRegressor(**ONE_EPOCH).fit(X, both)
    assert {key: one for key, one, _ in reg.target_}["k"].coder_.levels_ == [ORDER]
