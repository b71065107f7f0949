"""Columns are found by everything `ColumnTransformer` takes, in X of any form."""

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from scipy import sparse
from sklearn.compose import ColumnTransformer, make_column_selector

from sklearn_crossmodal import MultiModalFrame
from sklearn_crossmodal.data import (
    Columns,
    as_column,
    as_table,
    is_missing,
    is_named,
    resolve_columns,
    select_columns,
)

DATA = {"age": [1, 2, 3], "income": [0.5, 1.5, 2.5], "title": ["a", "b", "c"]}
FRAMES = {
    "pandas": pd.DataFrame,
    "polars": pl.DataFrame,
    "pyarrow": pa.table,
    "MultiModalFrame": MultiModalFrame,
}


@pytest.fixture(params=FRAMES)
def frame(request):
    return FRAMES[request.param](DATA)


# Which columns ----------------------------------------------------------------------------------


def short(key):
    """Return an id of a parameter that does not depend on the process, as an address does."""
    return "callable" if callable(key) else str(key)


KEYS = [
    ("title", [2], True),
    (1, [1], True),
    (np.int64(1), [1], True),
    (-1, [2], True),
    (["title", "age"], [2, 0], False),
    (np.array(["title", "age"]), [2, 0], False),
    (pd.Index(["title", "age"]), [2, 0], False),
    ([2, 0], [2, 0], False),
    ([-1, -3], [2, 0], False),
    (np.array([1]), [1], False),
    (slice(1, 3), [1, 2], False),
    (slice(None, -1), [0, 1], False),
    (slice("age", "income"), [0, 1], False),
    (slice("income", None), [1, 2], False),
    ([True, False, True], [0, 2], False),
    (pd.Series([False, True, False]), [1], False),
    ([], [], False),
    (lambda X: ["age"], [0], False),
    (lambda X: "age", [0], True),
]


@pytest.mark.parametrize(("key", "positions", "single"), KEYS, ids=short)
def test_every_way_to_name_columns_finds_their_positions(frame, key, positions, single):
    assert resolve_columns(frame, key) == (positions, single)


@pytest.mark.parametrize("key", [key for key, _, single in KEYS if not single], ids=short)
def test_the_columns_are_those_of_column_transformer(key):
    frame = pd.DataFrame(DATA)
    columns = ColumnTransformer([("keep", "passthrough", key)], verbose_feature_names_out=False)
    names = columns.fit(frame).get_feature_names_out()
    assert [list(DATA)[place] for place in resolve_columns(frame, key)[0]] == list(names)


def test_a_column_selector_of_scikit_learn_is_called_with_the_frame_as_given():
    frame = pd.DataFrame(DATA)
    assert resolve_columns(frame, make_column_selector(dtype_include="number"))[0] == [0, 1]
    assert resolve_columns(frame, make_column_selector(pattern="^t"))[0] == [2]


@pytest.mark.parametrize(
    "key", [[0, 2], slice(None, None, 2), [True, False, True], [-3, -1]], ids=str
)
def test_columns_of_an_array_are_found_by_position(key):
    assert resolve_columns(np.zeros((2, 3)), key) == ([0, 2], False)


@pytest.mark.parametrize("key", ["nope", ["age", "nope"], slice("age", "nope")], ids=str)
def test_an_unknown_name_is_answered_with_the_known_ones(frame, key):
    with pytest.raises(ValueError, match=r"'nope' is not in X, which has \['age', 'inc.*'title'\]"):
        resolve_columns(frame, key)


def test_a_name_in_an_array_is_answered_with_use_positions():
    with pytest.raises(ValueError, match="'age' is not in X, which has no names.*use positions"):
        resolve_columns(np.zeros((2, 3)), ["age"])


@pytest.mark.parametrize("key", [3, -4, [0, 3]], ids=str)
def test_a_position_beyond_the_columns_is_named(frame, key):
    with pytest.raises(ValueError, match=r"columns \[(3|-4)\] are not in X, which has 3 columns"):
        resolve_columns(frame, key)


def test_a_mask_of_another_length_is_refused(frame):
    with pytest.raises(ValueError, match="mask of columns has 2 entries for 3 columns"):
        resolve_columns(frame, [True, False])


@pytest.mark.parametrize("key", [None, 1.0, [1.5], [["age"]], {"age": 1}], ids=str)
def test_what_names_no_columns_is_a_type_error(frame, key):
    with pytest.raises(TypeError, match="columns are a name, a position, a slice"):
        resolve_columns(frame, key)


# X in any form ----------------------------------------------------------------------------------


def test_what_has_names_is_told_from_what_has_not(frame):
    assert is_named(frame)
    assert is_named(DATA)
    assert not is_named(np.zeros((2, 2)))
    assert not is_named([[1, 2]])


def test_every_frame_becomes_the_same_table(frame):
    table = as_table(frame)
    assert isinstance(table, MultiModalFrame)
    assert list(table) == list(DATA)
    assert [table[name].dtype.kind for name in table] == ["i", "f", "O"]
    assert [table[name].tolist() for name in table] == list(DATA.values())


def test_a_mapping_becomes_a_frame_and_an_array_stays():
    assert list(as_table(DATA)) == list(DATA)
    array = np.zeros((2, 3))
    assert as_table(array) is array
    frame = MultiModalFrame(DATA)
    assert as_table(frame) is frame


@pytest.mark.parametrize(
    "frame",
    [
        pd.DataFrame({"x": pd.Series([1, None, 3], dtype="Int64")}),
        pd.DataFrame({"x": pd.Series([1, None, 3], dtype="Float32")}),
        pd.DataFrame({"x": pd.Series([1, None, 3], dtype="int64[pyarrow]")}),
        pd.DataFrame({"x": [1, None, 3]}),
        pl.DataFrame({"x": [1, None, 3]}),
        pl.DataFrame({"x": [1.0, None, 3.0]}),
        pa.table({"x": [1, None, 3]}),
    ],
    ids=["Int64", "Float32", "pandas pyarrow", "pandas", "polars", "polars float", "pyarrow"],
)
def test_a_number_that_is_na_becomes_nan(frame):
    cells = as_table(frame)["x"]
    assert cells.dtype.kind == "f"
    np.testing.assert_array_equal(cells, [1, np.nan, 3])


@pytest.mark.parametrize(
    "frame",
    [
        pd.DataFrame({"x": pd.Series([True, None, False], dtype="boolean")}),
        pl.DataFrame({"x": [True, None, False]}),
        pa.table({"x": [True, None, False]}),
    ],
    ids=["pandas", "polars", "pyarrow"],
)
def test_truth_values_with_na_stay_truth_values(frame):
    first, second, third = as_table(frame)["x"]
    assert first is True
    assert is_missing(second)
    assert third is False


@pytest.mark.parametrize(
    "frame",
    [
        pd.DataFrame({"x": ["a", None]}),
        pd.DataFrame({"x": pd.Series(["a", None], dtype="string")}),
        pd.DataFrame({"x": pd.Series(["a", None], dtype=object)}),
        pl.DataFrame({"x": ["a", None]}),
        pa.table({"x": ["a", None]}),
        pa.table({"x": pa.array(["a", None], pa.large_string())}),
    ],
    ids=["str", "string", "object", "polars", "pyarrow", "pyarrow large"],
)
def test_texts_become_objects_and_na_is_absent(frame):
    table = as_table(frame)
    assert table["x"].dtype == object
    assert table["x"][0] == "a"
    assert table.presence("x").tolist() == [True, False]


def test_arrays_in_the_cells_of_a_frame_stay_arrays():
    images = [np.zeros((2, 2)), np.ones((2, 2))]
    table = as_table(pd.DataFrame({"image": images}))
    assert table["image"][1] is images[1]
    assert as_table(pl.DataFrame({"image": np.zeros((2, 3, 3))}))["image"].shape == (2, 3, 3)


@pytest.mark.parametrize("names", [["a", "a"], [1, "1"]])
def test_a_name_that_stands_twice_is_refused(names):
    frame = pd.DataFrame([[1, 2]])
    frame.columns = pd.Index(names, dtype=object)
    with pytest.raises(ValueError, match=r"unique column names|more than one column of the name"):
        as_table(frame)


def test_numbers_as_column_names_become_strings():
    assert list(as_table(pd.DataFrame([[1, 2]]))) == ["0", "1"]


def test_a_frame_is_not_changed_by_what_is_done_with_its_table():
    frame = pd.DataFrame(DATA)
    before = frame.copy()
    table = as_table(frame)
    table["age"] = np.zeros(3)
    pd.testing.assert_frame_equal(frame, before)


class SliceDict(dict):
    """As skorch's: a dict of arrays, whose length is that of the arrays."""

    def __len__(self):
        return 3


def test_a_slice_dict_becomes_a_frame():
    table = as_table(SliceDict(DATA))
    assert table.shape == (3, 3)
    assert table["age"].tolist() == [1, 2, 3]


def test_numbers_of_pandas_are_not_copied():
    frame = pd.DataFrame(DATA)
    with_nan = pd.DataFrame({"x": np.array([1, np.nan], dtype=np.float32)})
    assert np.shares_memory(as_table(frame)["income"], frame["income"].to_numpy())
    assert np.shares_memory(as_table(with_nan)["x"], with_nan["x"].to_numpy())


LISTS = [[1.0, 2.0], [3.0], None]
PAIRS = [[1.0, 2.0], None, [3.0, 4.0]]


@pytest.mark.parametrize(
    "frame",
    [
        pd.DataFrame({"x": [np.array([1.0, 2.0]), np.array([3.0]), None]}),
        pd.DataFrame({"x": pd.Series(LISTS, dtype=pd.ArrowDtype(pa.list_(pa.float64())))}),
        pl.DataFrame({"x": LISTS}),
        pa.table({"x": LISTS}),
    ],
    ids=["pandas", "pandas pyarrow", "polars", "pyarrow"],
)
def test_lists_of_several_lengths_are_cells_of_arrays(frame):
    table = as_table(frame)
    assert table["x"].shape == (3,)
    assert [list(cell) for cell in table["x"][:2]] == LISTS[:2]
    assert table.presence("x").tolist() == [True, True, False]


@pytest.mark.parametrize(
    "frame",
    [
        pl.DataFrame({"x": PAIRS}, schema={"x": pl.Array(pl.Float64, 2)}),
        pa.table({"x": pa.array(PAIRS, pa.list_(pa.float64(), 2))}),
    ],
    ids=["polars", "pyarrow"],
)
def test_lists_of_one_length_are_an_array(frame):
    table = as_table(frame)
    np.testing.assert_array_equal(table["x"], [[1, 2], [np.nan, np.nan], [3, 4]])
    assert table.presence("x").tolist() == [True, False, True]


def test_nested_lists_of_pyarrow_are_an_array_unless_one_is_missing():
    kind = pa.list_(pa.list_(pa.int32(), 2), 2)
    whole = pa.table({"x": pa.array([[[1, 2], [3, 4]], [[5, 6], [7, 8]]], kind)})
    assert as_table(whole.slice(1))["x"].tolist() == [[[5, 6], [7, 8]]]
    gap = pa.table({"x": pa.array([[[1, 2], None]], kind)})
    assert as_table(gap)["x"].tolist() == [[[1, 2], None]]


@pytest.mark.parametrize(
    ("frame", "ordered"),
    [
        (pd.DataFrame({"x": pd.Categorical(["a", None], categories=["b", "a"])}), False),
        (
            pd.DataFrame({"x": pd.Categorical(["a", None], categories=["b", "a"], ordered=True)}),
            True,
        ),
        (pl.DataFrame({"x": ["a", None]}, schema={"x": pl.Enum(["b", "a"])}), True),
        (
            pa.table(
                {"x": pa.DictionaryArray.from_arrays(pa.array([1, None]), pa.array(["b", "a"]))}
            ),
            False,
        ),
    ],
    ids=["pandas", "pandas ordered", "polars enum", "pyarrow"],
)
def test_categories_stay_known_with_their_order(frame, ordered):
    table = as_table(frame)
    assert table["x"].cat.categories.tolist() == ["b", "a"]
    assert table["x"].cat.ordered is ordered
    assert table.presence("x").tolist() == [True, False]
    assert table[[1, 0]]["x"].tolist()[1] == "a"
    columns, _ = select_columns(table, [0], single=True)
    assert columns.values.dtype.categories.tolist() == ["b", "a"]


def test_categories_of_polars_are_those_that_occur():
    frame = pl.DataFrame({"x": ["a", None, "b"]}, schema={"x": pl.Categorical})
    table = as_table(frame)
    assert {"a", "b"} <= set(table["x"].cat.categories)
    assert not table["x"].cat.ordered
    assert table.presence("x").tolist() == [True, False, True]


def test_categories_side_by_side_stay_known():
    size = pd.Categorical(["S", None, "L"], categories=["S", "M", "L"], ordered=True)
    frame = pd.DataFrame({"size": size, "age": [1, 2, 3]}, index=[5, 5, 6])
    table = as_table(frame)
    table["size"] = MultiModalFrame({"size": table["size"]}, present={"size": [True] * 2 + [False]})
    columns, present = select_columns(table, [0, 1], single=False)
    assert columns.names == ("size", "age")
    assert [hasattr(dtype, "categories") for dtype in columns.values.dtypes] == [True, False]
    assert columns.values.dtypes[0].ordered
    cells = np.asarray(columns.values)
    assert cells[0].tolist() == ["S", 1]
    assert pd.isna(cells[1:, 0]).all()
    assert present.all()
    assert len(columns.take([2, 0])) == 2


@pytest.mark.parametrize("zone", [None, "Europe/Berlin"])
def test_dates_and_durations_are_numbers_of_days_to_a_modality(zone):
    day = pd.Series(pd.to_datetime(["1970-01-02 12:00", None])).dt.tz_localize(zone)
    frame = pd.DataFrame({"day": day, "length": pd.to_timedelta(["6h", None])})
    table = as_table(frame)
    assert [table[name].dtype.kind for name in table] == ["M", "m"]
    columns, present = select_columns(table, [0, 1], single=False)
    hours = 0 if zone is None else 1  # Berlin was an hour ahead
    np.testing.assert_allclose(columns.values, [[1.5 - hours / 24, 0.25], [np.nan, np.nan]])
    assert present.tolist() == [True, False]


def test_cells_of_objects_stay_as_they_are():
    cells = [b"raw", "path.png", {"a": 1}, None]
    for frame in (
        pd.DataFrame({"x": pd.Series(cells, dtype=object)}),
        pl.DataFrame({"x": pl.Series(cells, dtype=pl.Object)}),
    ):
        assert as_table(frame)["x"].tolist() == cells


# Sparse X ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [sparse.csr_array, sparse.csr_matrix])
@pytest.mark.parametrize("key", [slice(1, 3), [3, 0], [True, False, False, True], 2, [-1]], ids=str)
def test_columns_of_a_sparse_matrix_are_sparse(kind, key):
    dense = np.arange(12).reshape(3, 4) % 5
    X = kind(dense)
    positions, single = resolve_columns(X, key)
    columns, present = select_columns(X, positions, single=single)
    assert sparse.issparse(columns.values)
    np.testing.assert_array_equal(columns.values.toarray(), dense[:, positions])
    assert present.all()
    np.testing.assert_array_equal(
        columns.take([2, 0]).values.toarray(), dense[[2, 0]][:, positions]
    )


def test_a_wide_sparse_matrix_is_never_made_dense():
    wide = sparse.random_array((1000, 10**9), density=1e-9, format="csr", rng=0)
    columns, _ = select_columns(wide, list(range(3)), single=False)
    assert columns.values.shape == (1000, 3)
    frame = MultiModalFrame({"wide": wide})
    assert select_columns(frame[[3, 4]], [0], single=True)[0].values.shape == (2, 10**9)
    assert len(np.asarray(frame[:3])) == 3


# Cutting columns out ----------------------------------------------------------------------------


def test_one_column_comes_as_it_is():
    photo = np.zeros((3, 4, 4))
    columns, present = select_columns(MultiModalFrame({"photo": photo}), [0], single=True)
    assert columns.values is photo
    assert columns.names == ("photo",)
    assert present.all()


def test_numbers_side_by_side_are_numbers_in_the_order_asked_for():
    columns, _ = select_columns(as_table(DATA), [1, 0], single=False)
    assert columns.values.tolist() == [[0.5, 1.0], [1.5, 2.0], [2.5, 3.0]]
    assert columns.names == ("income", "age")
    assert len(columns) == 3


def test_texts_beside_numbers_keep_both():
    columns, _ = select_columns(as_table(DATA), [2, 0], single=False)
    assert columns.values.tolist() == [["a", 1], ["b", 2], ["c", 3]]


def test_a_column_of_images_cannot_stand_beside_another():
    table = MultiModalFrame({"photo": np.zeros((3, 4, 4)), "age": [1, 2, 3]})
    with pytest.raises(ValueError, match=r"columns \['photo'\] are arrays.*its own modality"):
        select_columns(table, [0, 1], single=False)


def test_a_sample_has_columns_if_any_cell_holds_something():
    table = as_table({"a": [np.nan, 1.0, np.nan], "b": ["x", None, None]})
    assert select_columns(table, [0, 1], single=False)[1].tolist() == [True, True, False]
    array = np.array([[np.nan, 1.0], [np.nan, np.nan]])
    assert select_columns(array, [0, 1], single=False)[1].tolist() == [True, False]


def test_cells_that_present_denies_are_missing_beside_others():
    table = MultiModalFrame(
        {"a": [1, 2], "b": [3, 4], "t": ["x", "y"]},
        present={"a": [True, False], "t": [False, True]},
    )
    numbers, present = select_columns(table, [0, 1], single=False)
    np.testing.assert_array_equal(numbers.values, [[1, 3], [np.nan, 4]])
    assert present.all()
    cells, _ = select_columns(table, [1, 2], single=False)
    assert cells.values.tolist() == [[3, None], [4, "y"]]
    assert table["a"].tolist() == [1, 2]


def test_contiguous_columns_of_an_array_are_a_view():
    array = np.zeros((3, 5))
    columns, _ = select_columns(array, [1, 2, 3], single=False)
    assert np.shares_memory(columns.values, array)
    assert columns.names == ("1", "2", "3")
    assert select_columns(array, [3, 1], single=False)[0].values.shape == (3, 2)


def test_no_columns_are_refused():
    with pytest.raises(ValueError, match="no columns of X are selected"):
        select_columns(np.zeros((2, 2)), [], single=False)


# Columns ----------------------------------------------------------------------------------------


def test_columns_of_plain_data_are_named_by_position_and_of_frames_by_name():
    assert Columns.of([1, 2]).names == ("0",)
    assert Columns.of(np.zeros((2, 3))).names == ("0", "1", "2")
    assert Columns.of([[1, 2], [3, 4]]).values.shape == (2, 2)
    assert Columns.of(np.zeros((2, 4, 4))).names == ("0",)
    for frame in (pd.DataFrame(DATA), pl.DataFrame(DATA), pa.table(DATA)):
        columns = Columns.of(frame)
        assert columns.names == ("age", "income", "title")
        assert columns.values.tolist()[1] == [2, 1.5, "b"]


def test_columns_of_columns_are_themselves():
    columns = Columns.of([1, 2])
    assert Columns.of(columns) is columns


def test_columns_inside_a_column_are_named_after_both():
    frame = pd.DataFrame({"a": [1], "b": [2]})
    assert Columns(frame, ("table",)).names_of(2) == ["table['a']", "table['b']"]
    assert Columns(np.zeros((1, 2)), ("table",)).names_of(2) == ["table[0]", "table[1]"]


def test_the_columns_of_a_frame_that_is_one_column_are_named_after_both():
    frame = pd.DataFrame({"a": pd.array([1, None], dtype="Int64"), "b": [0.5, 1.5]})
    columns, present = select_columns(MultiModalFrame({"table": frame}), [0], single=True)
    assert columns.names == ("table['a']", "table['b']")
    np.testing.assert_array_equal(columns.values, [[1, 0.5], [np.nan, 1.5]])
    assert present.all()


def test_columns_take_rows_and_keep_names():
    taken = Columns(np.arange(6).reshape(3, 2), ("a", "b")).take(np.array([2, 0]))
    assert taken.values.tolist() == [[4, 5], [0, 1]]
    assert taken.names == ("a", "b")


def test_lists_of_different_lengths_stay_lists():
    assert as_column([[1], [1, 2]]).tolist() == [[1], [1, 2]]
    assert as_column([["a", None], ["b", "c"]]).tolist() == [["a", None], ["b", "c"]]
    assert as_column(()).shape == (0,)
