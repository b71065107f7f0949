"""Columns are known by their names, at every level and in every container, for every estimator."""

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from scipy import sparse
from sklearn.base import clone
from sklearn.frozen import FrozenEstimator

from sklearn_crossmodal import (
    AutoFusionClassifier,
    CrossModalGenerator,
    CrossModalRegressor,
    FusionClassifier,
    FusionRegressor,
    ModalityVectorizer,
    MultiModalAutoencoder,
    MultiModalFrame,
    MultiModalImputer,
)

N = 48
NAMES = list("abcd")
rng = np.random.default_rng(0)
NUMBERS = rng.normal(size=(N, 4)) * [1, 10, 100, 1000]
CODES = np.array(["low", "mid", "high"], dtype=object)[rng.integers(0, 3, size=(N, 4))]
OTHER = rng.normal(size=(N, 2))
Y = (NUMBERS[:, 0] > 0).astype(int)
TEXTS = np.where(Y, "a big one", "two small ones").astype(object)


def series(values, names):
    """Return one frame a row, of the values and their halves: a series of two steps."""
    cells = np.empty(len(values), dtype=object)
    for row, cell in enumerate(values):
        cells[row] = pd.DataFrame([cell, cell / 2], columns=names)
    return cells


BLOCKS = {
    "pandas": lambda order: pd.DataFrame(NUMBERS, columns=NAMES)[order],
    "categories": lambda order: pd.DataFrame(CODES, columns=NAMES).astype("category")[order],
    "strings": lambda order: pd.DataFrame(CODES, columns=NAMES)[order],
    "polars": lambda order: pl.DataFrame(dict(zip(NAMES, NUMBERS.T, strict=True)))[order],
    "pyarrow": lambda order: pa.table(dict(zip(NAMES, NUMBERS.T, strict=True))).select(order),
    "cells": lambda order: series(NUMBERS[:, [NAMES.index(name) for name in order]], names=order),
}
RENAMED = {
    "pandas": lambda frame: frame.rename(columns={"b": "q"}),
    "categories": lambda frame: frame.rename(columns={"b": "q"}),
    "strings": lambda frame: frame.rename(columns={"b": "q"}),
    "polars": lambda frame: frame.rename({"b": "q"}),
    "pyarrow": lambda frame: frame.rename_columns([one.replace("b", "q") for one in NAMES]),
    "cells": lambda cells: pd.Series(cells).map(lambda one: one.rename(columns={"b": "q"})),
}
QUICK = {"max_epochs": 2, "random_state": 0}
ESTIMATORS = {
    "classifier": (FusionClassifier(**QUICK), Y, "predict_proba"),
    "regressor": (FusionRegressor(**QUICK), OTHER[:, 0], "predict"),
    "autoencoder": (MultiModalAutoencoder(n_components=2, **QUICK), None, "transform"),
    "crossmodal": (CrossModalRegressor(n_folds=None, **QUICK), OTHER, "predict"),
    "vectorizer": (ModalityVectorizer(), None, "transform"),
    "auto": (
        AutoFusionClassifier(
            estimator=FusionClassifier(**QUICK), companions=None, cv=2, random_state=0
        ),
        Y,
        "predict_proba",
    ),
    "generator": (CrossModalGenerator(**QUICK), TEXTS, "transform"),
    "imputer": (
        MultiModalImputer(MultiModalAutoencoder(n_components=2, **QUICK)),
        None,
        lambda fitted, X: fitted.estimator_.transform(X),
    ),
}


def answer(fitted, method, X):
    found = method(fitted, X) if callable(method) else getattr(fitted, method)(X)
    return found.toarray() if sparse.issparse(found) else np.asarray(found)


def assert_same(found, expected):
    """Up to rounding: a matrix product may depend on how its rows lie in memory."""
    if found.dtype.kind == "f":
        np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-12)
    else:
        np.testing.assert_array_equal(found, expected)


@pytest.mark.covering
@pytest.mark.parametrize("block", BLOCKS)
@pytest.mark.parametrize("name", ESTIMATORS)
def test_columns_inside_a_modality_are_known_by_name(name, block):
    estimator, y, method = ESTIMATORS[name]
    make = BLOCKS[block]
    estimator.fit({"m": make(NAMES), "x": OTHER}, y)
    expected = answer(estimator, method, {"m": make(NAMES), "x": OTHER})
    for holder, order in ((dict, NAMES[::-1]), (MultiModalFrame, ["c", "a", "d", "b"])):
        found = answer(estimator, method, holder({"m": make(order), "x": OTHER}))
        assert_same(found, expected)
    with pytest.raises(ValueError, match=r"modality 'm'.*missing \['b'\], new \['q'\]"):
        answer(estimator, method, {"m": RENAMED[block](make(NAMES)), "x": OTHER})
    with pytest.raises(ValueError, match=r"modality 'm'.*missing \['c', 'd'\], new \[\]"):
        answer(estimator, method, {"m": make(["a", "b"]), "x": OTHER})


FLAT = {
    "pandas": lambda columns: pd.DataFrame({k: list(v) for k, v in columns.items()}),
    "numbered": lambda columns: pd.DataFrame(
        {int(k, 36): list(v) for k, v in columns.items()}  # names that are no strings
    ),
    "polars": lambda columns: pl.DataFrame({k: list(v) for k, v in columns.items()}),
    "pyarrow": lambda columns: pa.table({k: list(v) for k, v in columns.items()}),
    "dict": dict,
    "MultiModalFrame": MultiModalFrame,
}


@pytest.mark.covering
@pytest.mark.parametrize("container", FLAT)
@pytest.mark.parametrize("name", ESTIMATORS)
def test_a_column_that_is_missing_where_another_is_new_was_renamed(name, container):
    estimator, y, method = ESTIMATORS[name]
    make, columns = FLAT[container], {"review": TEXTS, "age": OTHER[:, 0]}
    estimator.fit(make(columns), y)
    renamed = {"comment": TEXTS, "age": OTHER[:, 0]}
    with pytest.raises(
        ValueError, match=r"columns \['.*'\] of `fit` are missing, and \['.*'\] are"
    ):
        answer(estimator, method, make(renamed))
    if container == "numbered":  # numbers are no names: then the count of columns must agree
        return
    expected = answer(estimator, method, make(columns))
    more = make({"comment": TEXTS, **columns})
    assert_same(answer(estimator, method, more), expected)
    answer(estimator, method, make({"age": OTHER[:, 0]}))  # the review is absent


@pytest.mark.parametrize("name", ["classifier", "regressor", "autoencoder", "crossmodal"])
def test_training_does_not_go_on_with_a_renamed_column(name):
    estimator, y, _ = ESTIMATORS[name]
    columns = {"review": TEXTS, "age": OTHER[:, 0]}
    estimator.fit(FLAT["pandas"](columns), y)
    warm = clone(estimator).set_params(warm_start=True).fit(FLAT["pandas"](columns), y)
    columns["comment"] = columns.pop("review")
    with pytest.raises(ValueError, match=r"\['review'\] .*missing, and \['comment'\] are new"):
        estimator.partial_fit(FLAT["pandas"](columns), y)
    with pytest.raises(ValueError, match=r"\['review'\] .*missing, and \['comment'\] are new"):
        warm.fit(FLAT["pandas"](columns), y)


def test_columns_that_no_modality_uses_may_come_and_go():
    columns = {"review": TEXTS, "age": OTHER[:, 0], "id": np.arange(N)}
    clf = FusionClassifier([("words", "text", "review"), ("n", "numeric", ["age"])], **QUICK)
    clf.fit(FLAT["pandas"](columns), Y)
    expected = clf.predict_proba(FLAT["pandas"](columns))
    del columns["id"]
    assert_same(clf.predict_proba(FLAT["pandas"](columns)), expected)
    columns["key"] = np.arange(N)
    assert_same(clf.predict_proba(FLAT["pandas"](columns)), expected)
    clf.predict(FLAT["pandas"]({"age": OTHER[:, 0], "id": np.arange(N)}))


@pytest.mark.parametrize("name", ["classifier", "regressor", "autoencoder", "crossmodal"])
def test_training_goes_on_by_name(name):
    estimator, y, method = ESTIMATORS[name]
    ways = []
    for order in (NAMES, NAMES[::-1]):
        estimator.fit({"m": BLOCKS["pandas"](NAMES), "x": OTHER}, y)
        estimator.partial_fit({"m": BLOCKS["pandas"](order), "x": OTHER}, y)
        ways.append(answer(estimator, method, {"m": BLOCKS["pandas"](NAMES), "x": OTHER}))
    assert_same(*ways)


def test_columns_without_names_stay_by_position_and_are_warned_of():
    clf, y, _ = ESTIMATORS["classifier"]
    clf.fit({"m": BLOCKS["pandas"](NAMES), "x": OTHER}, y)
    expected = clf.predict_proba({"m": BLOCKS["pandas"](NAMES), "x": OTHER})
    with pytest.warns(UserWarning, match="modality 'm': its columns have no names"):
        found = clf.predict_proba({"m": NUMBERS, "x": OTHER})
    np.testing.assert_array_equal(found, expected)
    clf.fit({"m": NUMBERS, "x": OTHER}, y)
    np.testing.assert_array_equal(
        clf.predict_proba({"m": BLOCKS["pandas"](NAMES), "x": OTHER}), expected
    )


@pytest.mark.slow
def test_a_network_that_starts_from_an_autoencoder_reads_columns_in_its_order():
    frame = BLOCKS["pandas"]
    autoencoder = MultiModalAutoencoder(n_components=2, **QUICK).fit(
        {"m": frame(NAMES), "x": OTHER}
    )
    ways = []
    for order in (NAMES, NAMES[::-1]):
        reg = CrossModalRegressor(init=FrozenEstimator(autoencoder), **QUICK)
        reg.fit({"m": frame(order), "x": OTHER}, OTHER)
        ways.append(reg.predict({"m": frame(NAMES), "x": OTHER}))
    assert_same(*ways)


def test_cells_that_are_frames_of_other_columns_are_named_by_their_row():
    cells = BLOCKS["cells"](NAMES)
    cells[3] = cells[3].rename(columns={"b": "q"})
    with pytest.raises(ValueError, match=r"row 3: .*missing \['b'\], new \['q'\]"):
        FusionClassifier(**QUICK).fit({"m": cells, "x": OTHER}, Y)


@pytest.mark.parametrize("shuffled", [False, True])
def test_cells_that_are_frames_each_have_their_order(shuffled):
    cells, other = BLOCKS["cells"](NAMES), BLOCKS["cells"](NAMES)
    for row in range(1, N):
        other[row] = cells[row][list(np.random.default_rng(row).permutation(NAMES))]
    clf = FusionClassifier(**QUICK).fit({"m": other if shuffled else cells, "x": OTHER}, Y)
    np.testing.assert_array_equal(
        clf.predict_proba({"m": other, "x": OTHER}), clf.predict_proba({"m": cells, "x": OTHER})
    )
