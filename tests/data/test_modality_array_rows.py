"""Which rows of a column of arrays are the same, and what has no order."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from sklearn_crossmodal import ModalityArray


@st.composite
def arrays_and_rows(draw):
    """A column with few distinct rows, some missing, and the rows as hashable values."""
    subtype = draw(st.sampled_from(["uint8", "float32", "bool", "int16"]))
    shape = draw(st.sampled_from([(), (1,), (2, 2), (5, 4, 3)]))
    kinds = draw(hnp.arrays(np.int64, 8, elements=st.integers(0, 2)))
    present = draw(hnp.arrays(bool, 8))
    numbers = np.broadcast_to(kinds.reshape(8, *[1] * len(shape)), (8, *shape)).astype(subtype)
    rows = [
        float(np.ravel(row)[0]) if there else None
        for row, there in zip(numbers, present, strict=True)
    ]
    return ModalityArray(numbers.copy(), present), pd.Series(rows, dtype=object)


@given(both=arrays_and_rows())
@settings(max_examples=30, deadline=None)
def test_rows_are_told_apart_as_single_values_are(both):
    array, rows = both
    series = pd.Series(array)
    assert series.factorize()[0].tolist() == rows.factorize()[0].tolist()
    for keep in ("first", "last", False):
        assert series.duplicated(keep).tolist() == rows.duplicated(keep).tolist()
    assert len(series.unique()) == len(rows.unique())
    assert series.nunique() == rows.nunique()
    for dropna in (True, False):
        counts = series.value_counts(dropna=dropna)
        assert sorted(counts) == sorted(rows.value_counts(dropna=dropna))
        assert counts.is_monotonic_decreasing
        assert len(series.mode(dropna)) == len(rows.mode(dropna))
    assert series.isin(array[:2]).tolist() == rows.isin(list(rows[:2])).tolist()
    assert series.isin([array[0]]).tolist() == rows.isin([rows[0]]).tolist()
    number = pd.Series(range(8))
    for sort in (True, False):
        sums = number.groupby(series, sort=sort).sum()
        assert sorted(sums) == sorted(number.groupby(rows).sum())


@pytest.fixture
def photos(rng):
    return rng.integers(1, 256, size=(6, 4, 5, 3), dtype=np.uint8)


@pytest.fixture
def frame(photos):
    photos[4] = photos[1]
    present = np.arange(6) != 2
    return pd.DataFrame(
        {"photo": ModalityArray(photos, present), "n": range(6), "g": list("aabbcc")}
    )


def test_minus_zero_is_zero_and_nan_is_nan():
    numbers = np.array([[0.0, np.nan], [-0.0, -np.nan], [1.0, np.nan]])
    assert ModalityArray(numbers).factorize()[0].tolist() == [0, 0, 1]


def test_isin_goes_by_value_not_by_type(frame, photos):
    assert frame["photo"].isin([photos[1].astype(float), "text", 3]).tolist() == [
        *[False, True, False, False, True, False]
    ]
    assert frame["photo"].isin([None]).tolist() == frame["photo"].isna().tolist()
    assert not frame["photo"].isin([photos[1] + 0.5, photos[1][:2]]).any()


def test_counts_and_the_summary_name_the_most_frequent(frame, photos):
    counts = frame["photo"].value_counts()
    assert counts.tolist() == [2, 1, 1, 1]
    np.testing.assert_array_equal(counts.index[0], photos[1])
    assert "uint8 (4, 5, 3)" in str(counts)
    summary = frame["photo"].describe()
    assert summary[["count", "unique", "freq"]].tolist() == [5, 4, 2]
    np.testing.assert_array_equal(summary["top"], photos[1])
    assert frame.describe(include="all").shape[1] == 3
    assert list(frame.describe()) == ["n"]


def test_groups_are_the_distinct_pictures(frame):
    assert frame.groupby("photo")["n"].sum().tolist() == [0, 5, 3, 5]
    assert frame.groupby("photo", dropna=False)["n"].sum().tolist() == [0, 5, 3, 5, 2]
    assert frame.groupby("g")["photo"].count().tolist() == [2, 1, 2]
    assert frame.groupby("g")["photo"].first().dtype == frame["photo"].dtype
    assert len(frame.drop_duplicates("photo")) == 5


def test_frames_are_merged_by_pictures(frame):
    distinct = frame[["photo"]].drop_duplicates().assign(number=range(5))
    assert frame.merge(distinct, on="photo")["number"].tolist() == [0, 1, 2, 3, 1, 4]


@pytest.mark.parametrize(
    "use",
    [
        lambda frame: frame.sort_values("photo"),
        lambda frame: frame["photo"].sort_values(),
        lambda frame: frame["photo"].argsort(),
        lambda frame: frame["photo"].rank(),
        lambda frame: frame["photo"] < 3,
        lambda frame: pd.Series(frame["photo"].unique()).sort_values(),
    ],
)
def test_pictures_have_no_order(frame, use):
    with pytest.raises(TypeError, match=r"rows of modality\[uint8, \(4, 5, 3\)\] have no order"):
        use(frame)
    assert frame.sort_values("n", ascending=False)["photo"].isna().tolist()[3]


@pytest.mark.parametrize(
    "compute",
    [
        lambda frame, photos: frame["photo"] + photos[0],
        lambda frame, photos: photos + frame["photo"].array,
        lambda frame, photos: np.sqrt(frame["photo"]),
        lambda frame, photos: frame["photo"].mean(),
        lambda frame, photos: frame.groupby("g")["photo"].sum(),
    ],
)
def test_missing_rows_are_not_computed_with(frame, photos, compute):
    with pytest.raises(TypeError):
        compute(frame, photos)


def test_a_missing_number_becomes_nan_or_is_refused():
    column = pd.Series(ModalityArray(np.arange(3), present=[True, False, True]))
    np.testing.assert_array_equal(column.astype("float64"), [0, np.nan, 2])
    with pytest.raises(ValueError, match="missing rows cannot become int64"):
        column.astype("int64")


def test_what_is_mapped_to_arrays_stays_a_column_of_arrays(frame, photos):
    halves = frame["photo"].map(lambda photo: photo[:2] / 255, na_action="ignore")
    assert str(halves.dtype) == "modality[float64, (2, 5, 3)]"
    assert halves.isna().tolist() == frame["photo"].isna().tolist()
    means = frame["photo"].map(np.mean, na_action="ignore")
    assert means.dtype == np.float64
    assert means[0] == photos[0].mean()


def test_a_report_of_the_frame_can_be_made(frame):
    skrub = pytest.importorskip("skrub")
    assert "photo" in skrub.TableReport(frame, verbose=0).html()


def test_what_a_report_asks_of_a_column(frame):
    """What skrub's `TableReport` calls, for where it is not installed."""
    column = frame["photo"]
    assert int(column.isna().sum()) == 1
    assert column.nunique() == 4
    assert len(column.value_counts(sort=True).head(10)) == 4
    assert not column.is_unique
    assert len(column.dropna().unique()) == 4
    assert not pd.api.types.is_numeric_dtype(column)
    assert not pd.api.types.is_string_dtype(column)
    assert len(column.sample(3, random_state=0)) == 3
    assert len([str(cell) for cell in column.head()]) == 5
    assert frame.to_html() != ""
    assert column.astype(object).isna().sum() == 1
    assert [name for name in frame if column.equals(frame[name])] == ["photo"]
