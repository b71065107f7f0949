"""CategoryCoder gives each level of a column a code, and the level back for the code."""

import subprocess
import sys
from decimal import Decimal

import numpy as np
import pandas as pd
import polars as pl
import pytest
from sklearn.base import clone
from sklearn.pipeline import make_pipeline

from sklearn_crossmodal.preprocessing import CategoryCoder


def column(*cells):
    found = np.empty((len(cells), 1), dtype=object)
    found[:, 0] = cells
    return found


def codes(coder, *cells):
    return coder.transform(column(*cells))[:, 0].tolist()


# Levels of any type -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "levels",
    [
        ["a", "b", ""],
        [3, 10, -1],
        [True, False],
        [0.5, 1e300, -np.inf],
        [Decimal("1.5"), 2],
        ["a", 1, None.__class__, (1, 2), b"a"],
        [pd.Timestamp("2020-01-01"), pd.Timestamp("2021-01-01")],
        ["日本", "ß", "a b\nc", "\ud800"],
        [(1, 2), (1, 3)],
    ],
    ids=str,
)
def test_levels_of_any_type_have_a_code_each_and_come_back(levels):
    coder = CategoryCoder().fit(column(*levels, *levels))
    found = coder.transform(column(*levels))
    assert sorted(found[:, 0]) == list(range(2, 2 + len(levels)))
    assert coder.inverse_transform(found)[:, 0].tolist() == levels
    assert coder.n_categories_ == (2 + len(levels),)


@pytest.mark.parametrize("missing", [None, np.nan, float("nan"), pd.NA, pd.NaT], ids=str)
def test_a_missing_cell_is_0_whether_fit_saw_one_or_not(missing):
    for cells in (column("a", missing, "b"), column("a", "b")):
        coder = CategoryCoder().fit(cells)
        assert codes(coder, missing, "a") == [0, 2]
        assert coder.inverse_transform([[0]]).tolist() == [[None]]


def test_levels_are_sorted_so_that_their_order_in_the_rows_changes_nothing():
    first, second = CategoryCoder().fit(column("b", "a", "c")), CategoryCoder().fit(column(*"cab"))
    assert first.levels_ == second.levels_ == [["a", "b", "c"]]
    assert CategoryCoder().fit(column(10, 9, "z", "a")).levels_ == [[9, 10, "a", "z"]]


def test_numbers_that_are_equal_are_one_level_whatever_their_type():
    coder = CategoryCoder().fit(np.array([[1], [2], [1]]))
    assert codes(coder, 1.0, np.int8(2), np.float32(1), True, "1") == [2, 3, 2, 2, 1]


@pytest.mark.parametrize(
    "X",
    [
        pd.DataFrame({"a": ["x", "y", None], "b": [1, 2, 1]}),
        pd.DataFrame(
            {"a": pd.Categorical(["x", "y", None]), "b": pd.Series([1, 2, 1], dtype="Int64")}
        ),
        pl.DataFrame({"a": ["x", "y", None], "b": [1, 2, 1]}),
        [["x", 1], ["y", 2], [None, 1]],
    ],
    ids=["pandas", "pandas category", "polars", "lists"],
)
def test_any_table_gives_the_same_codes(X):
    assert CategoryCoder().fit(X).transform(X).tolist() == [[2, 2], [3, 3], [0, 2]]


def test_one_column_may_be_flat():
    coder = CategoryCoder().fit(["a", "b"])
    assert coder.transform(np.array(["b"])).tolist() == [[3]]
    assert coder.transform(pd.Series(["b"])).tolist() == [[3]]


# Rare and many levels ---------------------------------------------------------------------------

CELLS = [*"aaaa", *"bbb", *"cc", "d"]


def test_a_level_in_too_few_rows_is_rare_as_one_that_was_not_seen():
    coder = CategoryCoder(min_count=3).fit(CELLS)
    assert codes(coder, "a", "b", "c", "d", "z") == [2, 3, 1, 1, 1]
    assert coder.inverse_transform([[1]]) == "c"  # the most frequent of the rare ones
    assert CategoryCoder().fit(CELLS).inverse_transform([[1]]).item() is None


def test_only_so_many_of_the_most_frequent_levels_are_kept():
    coder = CategoryCoder(max_categories=2).fit(CELLS)
    assert coder.levels_ == [["a", "b"]]
    assert codes(coder, *"abcd") == [2, 3, 1, 1]
    assert CategoryCoder(max_categories=2).fit(list("cba")).levels_ == [["a", "b"]]  # ties sorted


def test_rows_of_weight_zero_are_not_there():
    weight = np.array([0, 0, 1, 1, *[5] * 5, 0])
    coder = CategoryCoder(min_count=3).fit(CELLS, sample_weight=weight)
    assert coder.levels_ == [["b", "c"]]  # two rows of a are left, two of c count five times
    assert CategoryCoder().fit(CELLS, sample_weight=weight).levels_ == [["a", "b", "c"]]


def test_a_column_of_many_levels_is_hashed_into_so_many_buckets():
    levels = [f"user {row}" for row in range(50)]
    coder = CategoryCoder(hash_above=10).fit(levels + levels[:1])
    found = coder.transform(levels)[:, 0]
    assert coder.hashed_ == (True,)
    assert coder.n_categories_ == (12,)
    assert set(found) == set(range(2, 12))  # each bucket is used
    assert codes(coder, None, "never seen")[0] == 0
    assert codes(coder, "never seen")[0] >= 2
    assert not CategoryCoder(hash_above=50).fit(levels).hashed_[0]
    assert not CategoryCoder(hash_above=None).fit(levels).hashed_[0]


def test_a_bucket_gives_back_its_most_frequent_level():
    levels = [f"user {row}" for row in range(6)]
    coder = CategoryCoder(hash_above=1).fit(levels + levels[3:4])
    assert coder.inverse_transform([[2], [1], [0]])[:, 0].tolist() == ["user 3", None, None]


@pytest.mark.slow
def test_hashing_is_the_same_in_every_process():
    code = (
        "from sklearn_crossmodal.preprocessing import CategoryCoder\n"
        "levels = [f'u{i}' for i in range(30)] + [1, 2.5, True, (1, 'a'), '\\ud800']\n"
        "found = CategoryCoder(hash_above=7).fit(levels).transform(levels)[:, 0].tolist()"
    )
    here = {}
    exec(code, here)  # under the hash seed of this process, which is random
    other = subprocess.run(
        [sys.executable, "-c", code + "\nprint(found)"],
        env={"PYTHONHASHSEED": "1"},
        capture_output=True,
        check=True,
    )
    assert other.stdout.decode().strip() == str(here["found"])
    assert len(set(here["found"])) > 3


def test_equal_numbers_share_a_bucket_and_their_texts_need_not():
    coder = CategoryCoder(hash_above=1000).fit(np.arange(1001))
    assert len(set(codes(coder, 7, 7.0, np.int64(7)))) == 1
    assert len(set(codes(coder, 7, "7"))) == 2


# Order ------------------------------------------------------------------------------------------


def test_an_ordered_type_keeps_its_order_and_the_levels_that_do_not_occur():
    sizes = pd.Categorical(["M", "S"], categories=["S", "M", "L"], ordered=True)
    X = pd.DataFrame({"size": sizes, "colour": pd.Categorical(["red", "blue"])})
    coder = CategoryCoder(min_count=2).fit(X)
    assert coder.ordered_ == (True, False)
    assert coder.levels_ == [["S", "M", "L"], []]  # both colours are rare, no size is
    assert coder.transform(pd.DataFrame({"size": ["L", "S"], "colour": ["red"] * 2})).tolist() == [
        [4, 1],
        [2, 1],
    ]


def test_given_categories_are_ordered_and_no_others_are_known():
    coder = CategoryCoder(categories={0: ["low", "high"]}).fit(column("high", "low", "odd"))
    assert coder.levels_ == [["low", "high"]]
    assert coder.ordered_ == (True,)
    assert codes(coder, "low", "high", "odd") == [2, 3, 1]


def test_columns_are_ordered_by_name_or_position_and_sorted():
    X = pd.DataFrame({"grade": [10, 9], "colour": ["b", "a"]})
    assert CategoryCoder().fit(X).ordered_ == (False, False)
    for ordered in (["grade"], [0]):
        coder = CategoryCoder(ordered=ordered).fit(X)
        assert coder.ordered_ == (True, False)
        assert coder.levels_ == [[9, 10], ["a", "b"]]


def test_given_categories_need_not_be_ordered():
    coder = CategoryCoder(categories={0: ["b", "a"]}, ordered=[]).fit(["a", "b"])
    assert (coder.levels_, coder.ordered_) == ([["b", "a"]], (False,))


# Wrong input ------------------------------------------------------------------------------------


@pytest.mark.parametrize("cell", [["red"], {"red"}, {}, np.zeros(2), (["red"],)], ids=str)
def test_a_cell_that_cannot_be_hashed_is_shown(cell):
    X = pd.DataFrame({"n": [1, 2], "colour": ["red", "red"]}).astype(object)
    coder = CategoryCoder().fit(X)
    X.at[1, "colour"] = cell
    for call in (coder.transform, clone(coder).fit):
        with pytest.raises(ValueError, match=r"column 'colour' holds .*, which is no category"):
            call(X)


@pytest.mark.parametrize("params", [{"ordered": ["hue"]}, {"categories": {"hue": ["a"]}}], ids=str)
def test_a_column_that_is_not_there_is_named_with_those_that_are(params):
    with pytest.raises(ValueError, match=r"column 'hue' is none of \['colour'\]"):
        CategoryCoder(**params).fit(pd.DataFrame({"colour": ["red"]}))


@pytest.mark.parametrize(
    "name", ["min_count", "max_categories", "hash_above", "ordered", "categories"]
)
def test_a_wrong_parameter_is_named(name):
    with pytest.raises(ValueError, match=f"The '{name}' parameter of CategoryCoder"):
        CategoryCoder(**{name: 0}).fit(["a"])


def test_another_number_of_columns_is_refused():
    with pytest.raises(ValueError, match="got 2 columns, expected 1"):
        CategoryCoder().fit(["a"]).transform([["a", "b"]])
    with pytest.raises(ValueError, match=r"of shape \(n,\) or \(n, c\), got shape \(1, 2, 1\)"):
        CategoryCoder().fit(np.zeros((1, 2, 1)))


def test_it_works_in_a_pipeline_and_changes_nothing():
    X = column(*"abca")
    X.flags.writeable = False
    assert make_pipeline(CategoryCoder()).fit_transform(X).ravel().tolist() == [2, 3, 4, 2]


def test_it_knows_which_codes_stand_for_a_level():
    cells = np.array([["a", "x"], ["a", "y"], ["b", None]], dtype=object)
    coder = CategoryCoder(min_count=2, categories={1: ["x", "y", "z"]}).fit(cells)
    assert coder.labelled_.tolist() == [
        [False, True, True, False, False],  # "b" is rare
        [False, False, True, True, True],
    ]
    hashed = CategoryCoder(hash_above=3).fit(["a", "b", "c", "d", "e"])
    assert hashed.labelled_.tolist() == [
        [False, False, *(level is not None for level in hashed.levels_[0])]
    ]
