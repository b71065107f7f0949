"""Missing cells are filled in the form that X came in; what was there stays to the bit."""

from datetime import date, datetime
from decimal import Decimal

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from scipy import sparse

from sklearn_crossmodal import MultiModalFrame
from sklearn_crossmodal.data import fill_missing, table_of

NUMBERS = np.array([7.5, 8.5, 9.5])
TEXTS = np.array(["x", "y", "z"], dtype=object)
FRAMES = {
    "pandas": pd.DataFrame,
    "polars": pl.DataFrame,
    "pyarrow": pa.table,
    "MultiModalFrame": MultiModalFrame,
}


def column(frame, name):
    cells = frame[name]
    return cells.to_pylist() if isinstance(frame, pa.Table) else list(cells)


@pytest.mark.parametrize("kind", FRAMES)
def test_missing_cells_of_a_frame_are_filled(kind):
    frame = FRAMES[kind]({"n": [0.1, None, 0.3], "t": ["a", "b", None], "other": [1, 2, 3]})
    filled = fill_missing(frame, {"n": NUMBERS, "t": TEXTS})
    assert type(filled) is type(frame)
    assert column(filled, "n") == [0.1, 8.5, 0.3]
    assert column(filled, "t") == ["a", "b", "z"]
    assert column(filled, "other") == [1, 2, 3]


@pytest.mark.parametrize("kind", FRAMES)
def test_the_frame_itself_is_not_changed(kind):
    frame = FRAMES[kind]({"t": ["a", None, None]})
    fill_missing(frame, {"t": TEXTS})
    assert column(frame, "t")[0] == "a"
    assert pd.isna(column(frame, "t")[1])


@pytest.mark.parametrize("kind", FRAMES)
def test_a_column_that_x_lacks_is_added(kind):
    frame = FRAMES[kind]({"t": ["a", "b", "c"]})
    filled = fill_missing(frame, {"n": NUMBERS})
    assert column(filled, "n") == NUMBERS.tolist()
    assert column(filled, "t") == ["a", "b", "c"]


def test_a_column_that_lacks_nothing_keeps_its_type():
    frame = pd.DataFrame(
        {"c": pd.Series(["a", "b", "c"], dtype="category"), "i": [1, 2, 3], "n": [0.1, None, 0.3]}
    )
    filled = fill_missing(frame, {"c": TEXTS, "i": NUMBERS, "n": NUMBERS})
    pd.testing.assert_frame_equal(filled[["c", "i"]], frame[["c", "i"]])
    assert filled["n"].tolist() == [0.1, 8.5, 0.3]


TYPED = {
    "Int64": ([1, None, 2**53 + 1], [1, 8, 2**53 + 1]),
    "UInt8": ([1, None, 3], [1, 8, 3]),
    "Float64": ([0.1, None, 0.3], [0.1, 8.4, 0.3]),
    "boolean": ([True, None, False], [True, True, False]),
    "string": (["a", None, "c"], ["a", "y", "c"]),
    "object": (["a", None, "c"], ["a", "y", "c"]),
    "int64[pyarrow]": ([1, None, 3], [1, 8, 3]),
    "float[pyarrow]": ([0.5, None, 0.25], [0.5, np.float32(8.4), 0.25]),
}


@pytest.mark.parametrize("dtype", TYPED)
def test_a_column_of_a_nullable_type_keeps_it_and_its_cells(dtype):
    cells, expected = TYPED[dtype]
    new = {"boolean": np.array([True] * 3, dtype=object), "string": TEXTS, "object": TEXTS}
    frame = pd.DataFrame({"n": pd.Series(cells, dtype=dtype)}).set_axis([7, 7, 8])
    filled = fill_missing(frame, {"n": new.get(dtype, np.array([7.0, 8.4, 9.0]))})
    assert filled["n"].dtype == frame["n"].dtype
    assert filled["n"].tolist() == expected


@pytest.mark.parametrize("zone", [None, "Europe/Berlin"])
@pytest.mark.parametrize("unit", ["ms", "us"])
def test_dates_of_polars_keep_their_zone_and_unit(zone, unit):
    dates = [datetime(2020, 7, 1, 12, 30), None, datetime(2020, 7, 2)]
    frame = pl.DataFrame(
        {"d": pl.Series(dates, dtype=pl.Datetime(unit)).dt.replace_time_zone(zone)}
    )
    new = np.array(["2020-01-01", "2020-07-01T10:00", "2020-01-01"], dtype="M8[us]")
    days = (new - np.datetime64(0, "us")) / np.timedelta64(1, "D")  # as modalities give them
    filled = fill_missing(frame, {"d": days})
    assert filled.schema == frame.schema
    assert filled["d"][[0, 2]].to_list() == frame["d"][[0, 2]].to_list()
    hour = 10 if zone is None else 12
    assert filled["d"][1].replace(tzinfo=None) == datetime(2020, 7, 1, hour)


@pytest.mark.parametrize("limit", [-1e9, 1e9])
def test_whole_numbers_are_filled_with_what_their_type_holds(limit):
    frame = pd.DataFrame({"n": pd.array([1, None], dtype="UInt8")})
    expected = [1, 0 if limit < 0 else 255]
    for one in (frame, pl.from_pandas(frame)):
        assert column(fill_missing(one, {"n": np.array([limit, limit])}), "n") == expected


POLARS = {
    pl.Int64: ([1, None, 2**53 + 1], [1, 8, 2**53 + 1]),
    pl.Float32: ([0.5, None, 0.25], [0.5, np.float32(8.4), 0.25]),
    pl.Boolean: ([True, None, False], [True, True, False]),
    pl.Categorical: (["a", None, "c"], ["a", "y", "c"]),
    pl.Enum(["a", "c", "y"]): (["a", None, "c"], ["a", "y", "c"]),
}


@pytest.mark.parametrize("dtype", POLARS, ids=str)
def test_a_column_of_polars_keeps_its_type_and_its_cells(dtype):
    cells, expected = POLARS[dtype]
    texts = TEXTS if isinstance(cells[0], str) else np.array([7.0, 8.4, 9.0])
    new = np.array([True] * 3, dtype=object) if dtype == pl.Boolean else texts
    frame = pl.DataFrame({"n": pl.Series(cells, dtype=dtype)})
    filled = fill_missing(frame, {"n": new})
    assert filled.schema == frame.schema
    assert filled["n"].to_list() == expected


def test_a_frame_with_an_index_is_filled_by_place():
    frame = pd.DataFrame({"n": [0.1, None, 0.3]}, index=[5, 1, 0])
    filled = fill_missing(frame, {"n": NUMBERS})
    assert filled["n"].tolist() == [0.1, 8.5, 0.3]
    assert filled.index.tolist() == [5, 1, 0]


def test_a_frame_with_numbers_as_names_is_filled():
    filled = fill_missing(pd.DataFrame({0: [0.1, None, 0.3]}), {"0": NUMBERS})
    assert filled.columns.tolist() == [0]
    assert filled[0].tolist() == [0.1, 8.5, 0.3]


def test_a_mapping_comes_back_as_a_frame():
    filled = fill_missing({"t": ["a", None, "c"]}, {"t": TEXTS})
    assert isinstance(filled, MultiModalFrame)
    assert filled["t"].tolist() == ["a", "y", "c"]


def test_cells_that_present_denies_are_filled_and_then_present():
    X = MultiModalFrame(
        {"i": np.array([1, 2, 3]), "t": list("abc"), "u": np.array(["a", "b", "c"])},
        present={"i": [True, False, True], "t": [False, True, True], "u": [True, True, False]},
    )
    long = np.array(["long one", "long two", "long three"], dtype=object)
    filled = fill_missing(X, {"i": NUMBERS, "u": long})
    assert filled["i"].tolist() == [1, 8, 3]  # whole numbers stay whole
    assert filled["i"].dtype == X["i"].dtype
    assert filled["u"].tolist() == ["a", "b", "long three"]
    assert filled.presence("i").all()
    assert filled.presence("t").tolist() == [False, True, True]
    assert X["i"].tolist() == [1, 2, 3]


def test_an_absent_image_is_filled_whole_and_a_missing_pixel_alone():
    photos = np.zeros((3, 2, 2), dtype=np.float32)
    photos[1] = np.nan
    photos[2, 0, 0] = np.nan
    filled = fill_missing(MultiModalFrame({"photo": photos}), {"photo": np.ones((3, 2, 2))})
    assert filled["photo"].dtype == np.float32
    np.testing.assert_array_equal(filled["photo"][0], np.zeros((2, 2)))
    np.testing.assert_array_equal(filled["photo"][1], np.ones((2, 2)))
    np.testing.assert_array_equal(filled["photo"][2], [[1, 0], [0, 0]])


def test_images_in_cells_are_filled():
    cells = np.empty(2, dtype=object)
    cells[0] = np.zeros((2, 2), dtype=np.uint8)
    new = np.ones((2, 2, 2), dtype=np.uint8)
    for X in (MultiModalFrame({"p": cells}), pd.DataFrame({"p": cells})):
        filled = fill_missing(X, {"p": new})["p"]
        assert filled[0] is cells[0]
        np.testing.assert_array_equal(filled[1], new[1])


def test_a_column_that_nobody_has_is_filled_with_what_is_new():
    new = np.ones((2, 2, 2), dtype=np.uint8)
    X = MultiModalFrame({"p": [None, None], "n": [1.0, 2.0]})
    assert fill_missing(X, {"p": new})["p"].dtype == np.uint8
    table = np.array([[None, 1.0], [None, 2.0]], dtype=object)
    np.testing.assert_array_equal(fill_missing(table, {0: new})[1, 0], new[1])


def test_an_array_of_numbers_is_filled_by_position():
    array = np.array([[1.0, np.nan], [np.nan, 4.0], [5.0, 6.0]])
    before = array.copy()
    filled = fill_missing(array, {0: NUMBERS, 1: -NUMBERS})
    np.testing.assert_array_equal(filled, [[1, -7.5], [8.5, 4], [5, 6]])
    np.testing.assert_array_equal(array, before)


def test_an_array_of_objects_is_filled_where_cells_are_none_or_nan():
    array = np.array([[1.0, "a"], [np.nan, None], [None, "c"]], dtype=object)
    filled = fill_missing(array, {0: NUMBERS, 1: TEXTS})
    assert filled.tolist() == [[1.0, "a"], [8.5, "y"], [9.5, "c"]]
    assert array[1, 1] is None


def test_a_table_of_named_columns_is_a_frame():
    table = table_of({"n": NUMBERS, "t": TEXTS}, 3, 2)
    assert isinstance(table, MultiModalFrame)
    assert table["t"].tolist() == ["x", "y", "z"]


def test_a_table_of_numbered_columns_is_an_array_with_nan_for_the_rest():
    table = table_of({2: NUMBERS, 0: np.array([1, 2, 3])}, 3, 4)
    assert table.dtype == np.float64
    np.testing.assert_array_equal(table[:, [0, 2]], np.column_stack([[1, 2, 3], NUMBERS]))
    assert np.isnan(table[:, [1, 3]]).all()


def test_a_table_with_texts_or_images_is_an_array_of_objects():
    assert table_of({0: TEXTS, 1: NUMBERS}, 3, 2).tolist() == [["x", 7.5], ["y", 8.5], ["z", 9.5]]
    images = np.ones((3, 2, 2))
    np.testing.assert_array_equal(table_of({0: TEXTS, 1: images}, 3, 2)[1, 1], images[1])


def test_a_sparse_matrix_lacks_nothing():
    X = sparse.csr_array(np.eye(3))
    assert fill_missing(X, {0: NUMBERS}) is X
    frame = MultiModalFrame({"m": X}, present={"m": [True, False, True]})
    filled = fill_missing(frame, {"m": np.full((3, 3), 5.0)})
    assert sparse.issparse(filled["m"])
    assert filled["m"].toarray().tolist() == [[1, 0, 0], [5, 5, 5], [0, 0, 1]]
    assert X.toarray().tolist() == np.eye(3).tolist()
    whole = MultiModalFrame({"m": X})
    assert fill_missing(whole, {"m": np.ones((3, 3))})["m"] is X


@pytest.mark.parametrize("zone", [None, "Europe/Berlin"])
def test_missing_dates_are_filled_with_days_and_others_stay_to_the_bit(zone):
    day = pd.Series(["2020-01-01 00:00:00.000001", None, "2020-01-03"]).astype("datetime64[ns]")
    day = day.dt.tz_localize(zone)
    frame = pd.DataFrame({"day": day})
    days = np.array([0.0, 18263.25, np.nan])  # 2020-01-02 06:00
    filled = fill_missing(frame, {"day": days})["day"]
    assert filled.dtype.kind == "M"
    assert filled[0] == day[0]
    assert filled[2] == day[2]
    assert filled.dt.tz_localize(None)[1].hour == (6 if zone is None else 7)
    assert frame["day"].isna().sum() == 1


def test_missing_categories_are_filled_and_stay_categories():
    size = pd.Categorical(["S", None, "L"], categories=["S", "M", "L"], ordered=True)
    frame = pd.DataFrame({"size": size})
    filled = fill_missing(frame, {"size": np.array(["?", "M", "?"], dtype=object)})["size"]
    assert filled.tolist() == ["S", "M", "L"]
    assert filled.dtype == frame["size"].dtype
    new = fill_missing(frame, {"size": np.array(["?", "XL", "?"], dtype=object)})["size"]
    assert new.cat.categories.tolist() == ["S", "M", "L", "XL"]
    frame = pl.DataFrame({"size": ["S", None, "L"]}, schema={"size": pl.Enum(["S", "M", "L"])})
    filled = fill_missing(frame, {"size": np.array(["?", "M", "?"], dtype=object)})
    assert filled["size"].to_list() == ["S", "M", "L"]


def test_one_text_is_not_spread_over_the_columns_of_a_row():
    cells = np.array([["a", "b"], [None, None]], dtype=object)
    X = MultiModalFrame({"words": cells})
    with pytest.raises(ValueError, match=r"have shape \(\), those of X \(2,\)"):
        fill_missing(X, {"words": np.array(["a b", "c d"], dtype=object)})


@pytest.mark.parametrize(
    "cells",
    [
        [Decimal("0.5"), None, Decimal("1.5")],
        [date(1970, 1, 1), None, date(1970, 1, 3)],
        [pd.Period("1970-01-01", "D"), pd.NaT, pd.Period("1970-01-03", "D")],
    ],
    ids=lambda cells: type(cells[0]).__name__,
)
def test_quantities_are_filled_with_quantities(cells):
    frame = pd.DataFrame({"when": pd.Series(cells)})
    filled = fill_missing(frame, {"when": np.array([7.0, 1.0, 7.0])})["when"]
    assert filled.dtype == frame["when"].dtype
    assert filled[1] == {"Decimal": 1, "date": date(1970, 1, 2)}.get(
        type(cells[0]).__name__, pd.Period("1970-01-02", "D")
    )
    assert type(filled[1]) is type(cells[0])
    assert filled[[0, 2]].tolist() == [cells[0], cells[2]]
