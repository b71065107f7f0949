"""Rows of labelled tables are put together by their labels, of others by position."""

import pickle

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.inspection import permutation_importance

from sklearn_crossmodal import FusionClassifier, ModalityArray, MultiModalFrame

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
