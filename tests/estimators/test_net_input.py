"""`net_` takes what the estimator takes, and all parameters are checked whatever fits."""

import pickle

import numpy as np
import pandas as pd
import polars as pl
import pytest
import torch
from sklearn.metrics import accuracy_score, r2_score
from skorch.callbacks import Callback

from sklearn_crossmodal import (
    CrossModalRegressor,
    FusionClassifier,
    FusionRegressor,
    MultiModalFrame,
)
from sklearn_crossmodal.utils._sklearn import InvalidParameterError
from sklearn_crossmodal.utils.discovery import all_estimators

CLASSES = dict(all_estimators("network"))
ESTIMATORS = list(CLASSES)
REGRESSORS = [FusionRegressor, CrossModalRegressor]
N = 60


@pytest.fixture(scope="module")
def columns():
    rng = np.random.default_rng(0)
    return {"a": rng.normal(size=N), "b": rng.normal(size=N), "c": rng.normal(size=N)}


FORMS = {
    "array": lambda columns: np.column_stack(list(columns.values())),
    "list": lambda columns: np.column_stack(list(columns.values())).tolist(),
    "pandas": pd.DataFrame,
    "polars": pl.DataFrame,
    "dict": dict,
    "MultiModalFrame": MultiModalFrame,
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("n_folds", [None, 2])
def test_a_net_of_a_classifier_predicts_and_scores(form, n_folds, columns):
    X, y = FORMS[form](columns), np.where(columns["a"] > 0, "yes", "no")
    clf = FusionClassifier(n_folds=n_folds, max_epochs=4, random_state=0).fit(X, y)
    np.testing.assert_array_equal(clf.net_.predict(X), clf.predict(X))
    np.testing.assert_allclose(clf.net_.predict_proba(X), clf.predict_proba(X))
    assert clf.net_.score(X, y) == accuracy_score(y, clf.predict(X)) == clf.score(X, y)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("kind", REGRESSORS)
def test_a_net_of_a_regressor_predicts_and_scores(form, kind, columns):
    X, y = FORMS[form](columns), 100 + 9 * columns["a"]
    reg = kind(n_folds=None, max_epochs=4, random_state=0).fit(X, y)
    np.testing.assert_allclose(reg.net_.predict(X), reg.predict(X))
    assert reg.net_.score(X, y) == pytest.approx(r2_score(y, reg.predict(X)))
    assert reg.net_.score(X, y) == pytest.approx(reg.score(X, y))


@pytest.mark.parametrize("name", ESTIMATORS)
def test_a_net_takes_any_modality_of_fit_and_lives_without_its_estimator(name, X, targets, make):
    fitted = make(name).fit(X, targets[name])
    expected = next(iter(fitted.net_.outputs(fitted._blocks(X))))
    net = pickle.loads(pickle.dumps(fitted)).net_
    del fitted
    for form in (X, {name: X[name] for name in X.columns}):
        rows = 0
        for found in net.forward_iter(form):
            n_rows = len(next(iter(found.values())))
            for target, scores in found.items():
                part = expected[target][rows : rows + n_rows]
                torch.testing.assert_close(scores, part)
            rows += n_rows
        assert rows == len(X)


@pytest.mark.parametrize("name", ["FusionClassifier", "FusionRegressor", "CrossModalRegressor"])
def test_a_net_goes_on_with_arrays(name, X, targets, make):
    fitted = make(name, linear_path=False) if name == "CrossModalRegressor" else make(name)
    fitted.fit(X, targets[name])
    before = fitted.predict(X)
    n_epochs = len(fitted.net_.history)
    fitted.net_.set_params(max_epochs=20)
    fitted.net_.partial_fit(X, targets[name])
    assert len(fitted.net_.history) == n_epochs + 20
    if name != "FusionClassifier":
        assert not np.array_equal(fitted.predict(X), before)


def test_a_callback_may_ask_the_net_about_arrays(columns):
    X, y = FORMS["array"](columns), (columns["a"] > 0).astype(int)

    class Score(Callback):
        def on_epoch_end(self, net, **kwargs):
            net.history.record("test_score", net.score(X, y))

    clf = FusionClassifier(max_epochs=3, n_folds=None, callbacks=[Score()], random_state=0)
    clf.fit(X, y)
    assert clf.history_[-1]["test_score"] == clf.score(X, y)
    alone = FusionClassifier(max_epochs=3, n_folds=None, random_state=0).fit(X, y)
    np.testing.assert_array_equal(clf.predict_proba(X), alone.predict_proba(X))


def test_a_net_says_what_is_wrong_with_x(columns):
    X, y = FORMS["pandas"](columns), columns["a"] > 0
    clf = FusionClassifier(max_epochs=1, n_folds=None).fit(X, y)
    with pytest.raises(ValueError, match="FusionClassifier"):
        clf.net_.predict(X[["a", "b"]])


def test_fit_again_reads_as_the_last_fit(columns):
    X, y = FORMS["array"](columns), columns["a"] > 0
    clf = FusionClassifier(max_epochs=2, n_folds=None, random_state=0).fit(X, y)
    clf.fit(1000 * X[:, :2], y)
    np.testing.assert_array_equal(clf.net_.predict(1000 * X[:, :2]), clf.predict(1000 * X[:, :2]))


@pytest.mark.parametrize("name", ESTIMATORS)
def test_all_parameters_are_checked_whatever_fits(name, X, targets, make):
    for parameter in CLASSES[name]._parameter_constraints:
        wrong = make(name, **{parameter: object()})
        for method in ("fit", "partial_fit"):
            with pytest.raises(InvalidParameterError, match=f"'{parameter}' parameter of {name}"):
                getattr(wrong, method)(X, targets[name])
