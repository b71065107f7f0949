"""Columns of a target that is a data frame are known by name in `score` and `partial_fit` too."""

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from sklearn.base import clone

from sklearn_crossmodal import (
    AutoFusionRegressor,
    CrossModalRegressor,
    FusionClassifier,
    FusionRegressor,
    MultiModalAutoencoder,
    MultiModalFrame,
)

N = 60
rng = np.random.default_rng(0)
X = rng.normal(size=(N, 3))
NAMES = ["a", "b", "c"]
NUMBERS = X * [1, -2, 3] + [0, 10, 100]
LABELS = (X > 0).astype(int)
QUICK = {"max_epochs": 20, "random_state": 0}
ESTIMATORS = {
    "regressor": (FusionRegressor(n_folds=None, **QUICK), NUMBERS),
    "crossmodal": (CrossModalRegressor(n_folds=None, **QUICK), NUMBERS),
    "classifier": (FusionClassifier(n_folds=None, **QUICK), LABELS),
    "auto": (
        AutoFusionRegressor(
            estimator=FusionRegressor(**QUICK), companions=None, cv=2, random_state=0
        ),
        NUMBERS,
    ),
    "autoencoder": (MultiModalAutoencoder(n_components=2, target_weight=1.0, **QUICK), NUMBERS),
}
FRAMES = {
    "pandas": lambda values: pd.DataFrame(values, columns=NAMES),
    "polars": lambda values: pl.DataFrame(dict(zip(NAMES, values.T, strict=True))),
    "pyarrow": lambda values: pa.table(dict(zip(NAMES, values.T, strict=True))),
}


def turned(frame):
    return frame.select(NAMES[::-1]) if hasattr(frame, "select") else frame[NAMES[::-1]]


def renamed(frame):
    if isinstance(frame, pa.Table):
        return frame.rename_columns(["q", "b", "c"])
    return (
        frame.rename({"a": "q"})
        if isinstance(frame, pl.DataFrame)
        else frame.rename(columns={"a": "q"})
    )


@pytest.mark.covering
@pytest.mark.parametrize("frame", FRAMES)
@pytest.mark.parametrize("name", ["regressor", "crossmodal", "classifier", "auto"])
def test_scores_know_the_columns_of_y_by_name(name, frame):
    estimator, values = ESTIMATORS[name]
    y = FRAMES[frame](values)
    fitted = clone(estimator).fit(X, y)
    expected = fitted.score(X, y)
    assert fitted.score(X, turned(y)) == expected == fitted.score(X, values)
    with pytest.raises(ValueError, match=r"y: .*missing \['a'\], new \['q'\]"):
        fitted.score(X, renamed(y))


@pytest.mark.slow
@pytest.mark.covering
@pytest.mark.parametrize("frame", FRAMES)
@pytest.mark.parametrize("name", ["regressor", "crossmodal", "classifier", "autoencoder"])
def test_training_goes_on_with_the_columns_of_y_by_name(name, frame):
    estimator, values = ESTIMATORS[name]
    y = FRAMES[frame](values)
    found = []
    for other in (y, turned(y)):
        fitted = clone(estimator).set_params(warm_start=True).fit(X, y).fit(X, other)
        fitted.partial_fit(X, other)
        found.append(fitted.transform(X))
        with pytest.raises(ValueError, match=r"y: .*missing \['a'\], new \['q'\]"):
            fitted.partial_fit(X, renamed(y))
    np.testing.assert_array_equal(*found)


@pytest.mark.parametrize("holder", [dict, MultiModalFrame])
def test_tables_among_several_targets_are_known_by_name(holder):
    y = FRAMES["pandas"](NUMBERS)
    reg = CrossModalRegressor(n_folds=None, **QUICK)
    reg.fit(X, holder({"m": y, "n": X[:, 0]}))
    expected = reg.score(X, holder({"m": y, "n": X[:, 0]}))
    assert reg.score(X, holder({"m": turned(y), "n": X[:, 0]})) == expected
    with pytest.raises(ValueError, match=r"target: modality 'm'.*missing \['a'\], new \['q'\]"):
        reg.score(X, holder({"m": renamed(y), "n": X[:, 0]}))
    with pytest.raises(ValueError, match=r"\['n'\] of `fit` are missing, and \['k'\] are new"):
        reg.score(X, holder({"m": y, "k": X[:, 0]}))
    reg.partial_fit(X, holder({"m": turned(y), "n": X[:, 0]}))


def test_a_table_of_several_kinds_is_several_targets():
    y = {"clinical": pd.DataFrame({"age": X[:, 0], "stage": np.where(X[:, 1] > 0, "I", "II")})}
    reg = CrossModalRegressor(max_epochs=3, random_state=0).fit(X, y)
    found = reg.predict(X)
    assert list(found) == ["clinical_numeric", "clinical_categorical"]
    assert np.isfinite(reg.score(X, {"clinical": y["clinical"][["stage", "age"]]}))


def test_a_single_column_may_have_another_name():
    reg = FusionRegressor(**QUICK).fit(X, pd.DataFrame({"a": X[:, 0]}))
    assert np.isfinite(reg.score(X, pd.DataFrame({"b": X[:, 0]})))


def test_score_refuses_what_is_masked_in_y():
    X = np.random.default_rng(0).normal(size=(40, 2))
    y = np.ma.masked_array(np.where(np.arange(40) < 3, -9999, X[:, 0]), mask=np.arange(40) < 3)
    fitted = FusionRegressor(max_epochs=2, random_state=0).fit(X, X[:, 0])
    with pytest.raises(ValueError, match="NaN"):
        fitted.score(X, y)
