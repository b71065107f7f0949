"""Rows of labelled tables are put together by their labels, of others by position."""

import pickle
from types import SimpleNamespace

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse
from sklearn.inspection import permutation_importance

from sklearn_crossmodal import (
    AutoFusionClassifier,
    FusionClassifier,
    ModalityArray,
    MultiModalAutoencoder,
    MultiModalFrame,
)

N = 12
LABELS = [f"p{k}" for k in range(N)]
ORDER = np.random.default_rng(0).permutation(N)
WAYS = {
    "dict": lambda first, second: MultiModalFrame({"a": first, "b": second}),
    "views": lambda first, second: MultiModalFrame.from_views([first, second], ["a", "b"]),
    "concat": lambda first, second: MultiModalFrame.concat(
        [MultiModalFrame({"a": first}), MultiModalFrame({"b": second})], axis=1
    ),
    "item": lambda first, second: _with_item(first, second),
}


def _with_item(first, second):
    X = MultiModalFrame({"a": first})
    X["b"] = second
    return X


def table(labels=None, column="v"):
    return pd.DataFrame({column: np.arange(float(N))}, index=labels)


def cells(values):
    return np.asarray(values).reshape(len(values), -1)[:, 0]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("labels", [LABELS, None, list(range(100, 100 + N))])
def test_the_same_labels_in_another_order_are_aligned(way, labels):
    first, second = table(labels), table(labels, "w")
    for one, other in ((first, second.iloc[ORDER]), (first.iloc[ORDER], second)):
        X = WAYS[way](one, other)
        np.testing.assert_array_equal(cells(X["a"]), cells(X["b"]))
    reversed_range = WAYS[way](first, second.iloc[::-1])
    np.testing.assert_array_equal(cells(reversed_range["b"]), np.arange(N))


@pytest.mark.parametrize("way", ["dict", "concat", "item"])
def test_series_and_arrays_in_columns_are_aligned(way):
    pictures = ModalityArray(np.arange(N)[:, None, None] * np.ones((N, 2, 2)))
    for column in (
        pd.Series(np.arange(N), LABELS),
        pd.Series([f"text {k}" for k in range(N)], LABELS),
        pd.Series(pd.Categorical(np.arange(N)), LABELS),
        pd.Series(pictures, LABELS),
    ):
        X = WAYS[way](table(LABELS), column.iloc[ORDER])
        expected = cells(MultiModalFrame({"b": column})["b"])
        np.testing.assert_array_equal(cells(X["b"]), expected)
        np.testing.assert_array_equal(cells(X["a"]), np.arange(N))


@pytest.mark.parametrize("way", WAYS)
def test_different_labels_are_refused_and_shown(way):
    other = table([*LABELS[1:], "q"], "w")
    with pytest.raises(ValueError, match=r"different row labels.*'p0'.*'q'.*reset_index"):
        WAYS[way](table(LABELS), other)
    with pytest.raises(ValueError, match="different row labels"):
        WAYS[way](table(LABELS), table(range(7, 7 + N), "w"))
    twice = table(["p1", *LABELS[1:]])
    with pytest.raises(ValueError, match=r"'p1'.*reset_index"):
        WAYS[way](twice, twice.iloc[::-1].rename(columns={"v": "w"}))


@pytest.mark.parametrize("way", WAYS)
def test_what_has_no_labels_is_by_position(way):
    shuffled = table(LABELS).iloc[ORDER]
    numbers = np.arange(float(N))[:, None]
    for other in (
        numbers,
        pd.DataFrame(numbers),
        pl.DataFrame(numbers),
        numbers.tolist(),
        pd.DataFrame(numbers, index=list(range(N))),
    ):
        for X in (WAYS[way](shuffled, other), WAYS[way](other, shuffled)):
            found = {cells(X["a"])[0], cells(X["b"])[0]}
            assert found == {0.0, float(ORDER[0])}
    twice = table(["p"] * N)
    np.testing.assert_array_equal(cells(WAYS[way](twice, twice.add_prefix("w"))["b"]), np.arange(N))


@pytest.mark.slow
@settings(max_examples=40, deadline=None)
@given(st.permutations(range(N)), st.lists(st.integers(0, N - 1), min_size=1, max_size=2 * N))
def test_rows_stay_together_whatever_is_taken(order, rows):
    X = MultiModalFrame(
        {
            "named": table(LABELS),
            "numbered": table(None, "w"),
            "series": pd.Series(np.arange(N), LABELS).iloc[list(order)],
            "array": np.arange(N),
        }
    )
    part = X[np.array(rows)]
    for again in (
        part,
        MultiModalFrame(dict(part)),
        MultiModalFrame.concat([part[["named"]], part[["numbered", "array"]]], axis=1),
        MultiModalFrame.concat([part, X[[0]]])[: len(rows)],
        pickle.loads(pickle.dumps(part)),
        part.copy(),
    ):
        for name in again:
            np.testing.assert_array_equal(cells(again[name]), rows)


def test_frames_are_aligned_as_a_whole():
    first = MultiModalFrame({"a": table(LABELS), "x": np.arange(N)})
    second = MultiModalFrame({"b": table(LABELS, "w"), "y": np.arange(N)})[ORDER]
    X = MultiModalFrame.concat([first, second], axis=1)
    for name in X:
        np.testing.assert_array_equal(cells(X[name]), np.arange(N))


def test_flags_of_presence_go_with_their_rows():
    present = np.arange(N) > 2
    for flags in (present[ORDER], pd.Series(present, LABELS)):
        X = MultiModalFrame(
            {"a": table(LABELS), "b": table(LABELS, "w").iloc[ORDER]}, present={"b": flags}
        )
        np.testing.assert_array_equal(X.presence("b"), present)


def test_columns_below_each_other_are_put_in_order():
    first, second = pd.DataFrame({"u": [1.0], "v": [2.0]}), pd.DataFrame({"v": [4.0], "u": [3.0]})
    for make in (lambda one: one, pl.from_pandas):
        parts = [MultiModalFrame({"m": make(one)}) for one in (first, second)]
        X = MultiModalFrame.concat(parts)
        np.testing.assert_array_equal(np.asarray(X["m"]), [[1, 2], [3, 4]])
        other = MultiModalFrame({"m": make(second.rename(columns={"u": "q"}))})
        with pytest.raises(ValueError, match=r"modality 'm'.*missing \['u'\], new \['q'\]"):
            MultiModalFrame.concat([parts[0], other])


def test_an_estimator_aligns_the_tables_of_a_mapping():
    rng = np.random.default_rng(0)
    y = np.arange(80) % 2
    ids = [f"p{k}" for k in range(80)]
    noise = pd.DataFrame({"g": rng.normal(size=80)}, ids)
    signal = pd.DataFrame({"p": 4.0 * y}, ids)
    clf = FusionClassifier(max_epochs=20, random_state=0)
    assert (
        clf.fit({"x": noise, "m": signal.sample(frac=1, random_state=1)}, y).score(
            {"x": noise, "m": signal}, y
        )
        == 1
    )
    found = permutation_importance(clf, MultiModalFrame({"x": noise, "m": signal}), y, n_repeats=3)
    assert found.importances_mean[1] > 0.2


def named(names, make=np.asarray):
    values = np.arange(N)[:, None] * [1.0, 10.0, 100.0]
    columns = ["a", "b", "c"]
    taken = make(values[:, [columns.index(name) for name in names]])
    return MultiModalFrame({"m": taken, "x": np.arange(N)}, feature_names={"m": names})


@pytest.mark.parametrize("make", [np.asarray, sparse.csr_array])
def test_names_of_columns_of_arrays_are_kept_and_known(make):
    X, turned = named("abc", make), named("cab", make)
    y = np.arange(N) % 2
    clf = FusionClassifier(max_epochs=2, random_state=0).fit(X, y)
    expected = clf.predict_proba(X)
    for other in (
        turned,
        turned.copy(),
        turned[["x", "m"]],
        pickle.loads(pickle.dumps(turned)),
        MultiModalFrame.concat([turned[["m"]], turned[["x"]]], axis=1),
        MultiModalFrame.concat([turned[:5], X[5:]]),
    ):
        np.testing.assert_array_equal(clf.predict_proba(other), expected)
    with pytest.raises(ValueError, match=r"missing \['b'\], new \['q'\]"):
        clf.predict(MultiModalFrame(dict(X), feature_names={"m": "aqc"}))
    auto = AutoFusionClassifier(
        estimator=FusionClassifier(max_epochs=2), companions=None, cv=2, random_state=0
    ).fit(X, y)
    np.testing.assert_array_equal(auto.predict_proba(turned), auto.predict_proba(X))
    with pytest.raises(ValueError, match=r"feature_names\['m'\] holds 2 names"):
        MultiModalFrame(dict(X), feature_names={"m": "ab"})
    with pytest.raises(ValueError, match="more than once"):
        MultiModalFrame(dict(X), feature_names={"m": "aab"})


def test_arrays_with_names_are_filled_by_name():
    X, turned = named("abc"), named("cab")
    autoencoder = MultiModalAutoencoder(n_components=2, max_epochs=2, random_state=0).fit(X)
    gaps = np.arange(N) != 3
    filled = autoencoder.impute(
        MultiModalFrame(dict(turned), present={"m": gaps}, feature_names=turned.feature_names)
    )
    same = autoencoder.impute(
        MultiModalFrame(dict(X), present={"m": gaps}, feature_names=X.feature_names)
    )
    np.testing.assert_array_equal(filled["m"][:, [1, 2, 0]], same["m"])
    assert filled.feature_names == {"m": ("c", "a", "b")}
    again = autoencoder.reconstruct(X)
    assert again.feature_names == {"m": ("a", "b", "c")}
    autoencoder.transform(again)


def test_names_of_variables_are_taken_from_a_mudata():
    def annotated(names):
        data = pd.DataFrame(np.arange(N)[:, None] * [1.0, 10.0, 100.0], columns=list("abc"))
        return SimpleNamespace(
            X=data[list(names)].to_numpy(),
            obs_names=pd.Index(LABELS),
            var_names=pd.Index(list(names)),
        )

    def mudata(names):
        return SimpleNamespace(mod={"rna": annotated(names)}, obs_names=pd.Index(LABELS), axis=0)

    X = MultiModalFrame.from_mudata(mudata("abc"))
    assert X.feature_names == {"rna": ("a", "b", "c")}
    clf = FusionClassifier(max_epochs=2, random_state=0).fit(X, np.arange(N) % 2)
    turned = MultiModalFrame.from_mudata(mudata("bca"))
    np.testing.assert_array_equal(clf.predict_proba(turned), clf.predict_proba(X))
    with pytest.raises(ValueError, match="var_names_make_unique"):
        MultiModalFrame.from_mudata(mudata("aab"))
