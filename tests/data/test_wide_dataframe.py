"""Frames of many columns: what is read in one go is what is read column by column, and soon."""

import time

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sklearn_crossmodal import FusionClassifier, MultiModalFrame, infer_modalities
from sklearn_crossmodal.data import Columns, as_cells, as_table, select_columns
from sklearn_crossmodal.data.tables import _wide_dataframe
from sklearn_crossmodal.data.tables._dataframe import read_frame

N_ROWS = 7
READERS = {"pandas": lambda df: df, "polars": pl.from_pandas, "pyarrow": pa.Table.from_pandas}
#: Where time is measured: two libraries are quick.
TIMED = pytest.mark.parametrize(
    "read",
    [
        pytest.param(read, id=name, marks=pytest.mark.slow if name == "polars" else [])
        for name, read in READERS.items()
    ],
)


def _column(kind: str, gaps: bool, rng):
    """Return a pandas column of a kind, some of it missing where the kind has room for that."""
    numbers = rng.integers(0, 90, N_ROWS)
    missing = rng.random(N_ROWS) < 0.4 if gaps else np.zeros(N_ROWS, dtype=bool)
    if kind in ("float64", "float32"):
        return pd.Series(np.where(missing, np.nan, numbers / 7), dtype=kind)
    if kind in ("text", "category"):
        cells = pd.Series([None if gap else f"w {k}" for k, gap in zip(numbers, missing)])
        return cells.astype("category") if kind == "category" else cells
    if kind == "date":
        return pd.Series(pd.to_datetime(numbers, unit="D")).mask(missing)
    if kind[0].isupper() or kind == "boolean" or "[" in kind:  # of pandas, with NA
        cells = numbers % 2 if kind == "boolean" else numbers
        return pd.Series(cells).astype(kind).mask(missing)
    return pd.Series(numbers).astype(kind)


KINDS = [
    *["float64", "float32", "int64", "uint8", "int16", "bool"],
    *["Int64", "Float32", "UInt8", "boolean", "double[pyarrow]", "int32[pyarrow]"],
    *["text", "category", "date"],
]


@st.composite
def frames(draw):
    columns = draw(st.lists(st.tuples(st.sampled_from(KINDS), st.booleans()), min_size=1))
    rng = np.random.default_rng(draw(st.integers(0, 99)))
    frame = pd.DataFrame({f"c{k}": _column(*column, rng) for k, column in enumerate(columns)})
    return READERS[draw(st.sampled_from(sorted(READERS)))](frame)


def _with_groups_from(n_columns: int, monkeypatch, function):
    monkeypatch.setattr(_wide_dataframe, "_MANY", n_columns)
    return function()


def _assert_same(left, right):
    assert type(left) is type(right)
    assert getattr(left, "dtype", None) == getattr(right, "dtype", None)
    pd.testing.assert_frame_equal(pd.DataFrame(left), pd.DataFrame(right))


relaxed = settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@relaxed
@given(frame=frames())
def test_columns_read_in_one_go_are_those_read_one_by_one(frame, monkeypatch):
    one_by_one = _with_groups_from(10**9, monkeypatch, lambda: read_frame(frame))
    grouped = _with_groups_from(1, monkeypatch, lambda: read_frame(frame))
    assert not one_by_one.groups
    assert list(grouped) == list(one_by_one)
    for name in one_by_one:
        _assert_same(grouped[name], one_by_one[name])
        _assert_same(grouped.take([4, 0])[name], one_by_one.take([4, 0])[name])


@relaxed
@given(frame=frames(), data=st.data())
def test_blocks_and_presence_do_not_depend_on_how_columns_are_read(frame, data, monkeypatch):
    places = st.lists(st.integers(0, frame.shape[1] - 1), min_size=2, unique=True)
    positions = data.draw(places) if frame.shape[1] > 1 else [0]

    def select():
        return select_columns(as_table(frame), positions, single=False)

    expected, there = _with_groups_from(10**9, monkeypatch, select)
    columns, present = _with_groups_from(1, monkeypatch, select)
    assert columns.names == expected.names
    np.testing.assert_array_equal(present, there)
    if isinstance(expected.values, np.ndarray):
        _assert_same(columns.values, expected.values)


@relaxed
@given(frame=frames())
def test_what_is_inferred_does_not_depend_on_how_columns_are_read(frame, monkeypatch):
    expected = _with_groups_from(10**9, monkeypatch, lambda: str(infer_modalities(frame)))
    assert _with_groups_from(1, monkeypatch, lambda: str(infer_modalities(frame))) == expected


@pytest.mark.parametrize("read", READERS.values(), ids=READERS)
def test_predictions_from_a_wide_frame_are_those_from_its_array(read):
    rng = np.random.default_rng(0)
    numbers = rng.normal(size=(60, 200))
    numbers[rng.random(numbers.shape) < 0.1] = np.nan
    y = np.arange(60) % 2
    frame = read(pd.DataFrame(numbers).add_prefix("g"))
    fit = FusionClassifier(max_epochs=3, random_state=0).fit
    expected = fit(numbers, y).predict_proba(numbers)
    np.testing.assert_array_equal(fit(frame, y).predict_proba(frame), expected)


def test_columns_in_another_order_are_found_by_name():
    rng = np.random.default_rng(0)
    frame = (
        pd.DataFrame(rng.normal(size=(40, 90))).add_prefix("g").assign(t=["a b c", "d e f"] * 20)
    )
    y = np.arange(40) % 2
    model = FusionClassifier(max_epochs=2, random_state=0).fit(frame, y)
    shuffled = frame[rng.permutation(frame.columns)]
    np.testing.assert_array_equal(model.predict_proba(shuffled), model.predict_proba(frame))


def test_the_cells_of_an_inner_frame_are_one_array():
    frame = pd.DataFrame(np.arange(240.0).reshape(3, 80)).add_prefix("g")
    np.testing.assert_array_equal(as_cells(frame), frame.to_numpy())
    assert Columns.of(frame).names == tuple(frame.columns)


def test_present_denies_cells_of_a_frame_that_was_read_in_one_go():
    frame = MultiModalFrame.from_frame(pd.DataFrame(np.ones((3, 80))).add_prefix("g"))
    denied = MultiModalFrame(frame, present={"g1": np.array([True, False, True])})
    columns, present = select_columns(denied, [1, 2], single=False)
    assert np.isnan(columns.values[1, 0])
    assert present.all()


def test_a_name_that_stands_twice_among_many_is_refused():
    frame = pd.DataFrame(np.ones((3, 80)))
    frame.columns = [*range(79), "7"]
    with pytest.raises(ValueError, match=r"more than one column of the name \['7'\]"):
        infer_modalities(frame)


def _wide_frame(kind: str) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.normal(size=(80, 8_000))).add_prefix("g")
    if kind == "gaps":
        return frame.mask(rng.random(frame.shape) < 0.1)
    return frame.add_prefix("num__") if kind == "prefixed" else frame


@pytest.mark.slow
@pytest.mark.covering
@pytest.mark.parametrize("kind", ["plain", "gaps", "prefixed"])
@pytest.mark.parametrize("read", READERS.values(), ids=READERS)
def test_time_does_not_grow_with_the_square_of_the_columns(read, kind):
    """20 000 columns took 20 to 84 seconds for each of these."""
    frame = read(_wide_frame(kind))
    row = frame.slice(0, 1) if hasattr(frame, "column_names") else frame[:1]
    y = np.arange(80) % 2
    start = time.process_time()
    (entry,) = infer_modalities(frame)
    assert len(entry[2]) == 8_000
    model = FusionClassifier(max_epochs=1, random_state=0)
    model.fit(frame, y)
    model.predict(row)
    assert time.process_time() - start < 4


@pytest.mark.slow
@TIMED
def test_columns_of_other_kinds_among_many_take_no_longer(read):
    numbers = _wide_frame("plain").iloc[:, :7_000]
    counts = pd.DataFrame(np.ones((80, 900), dtype=int) * np.arange(80)[:, None]).add_prefix("n")
    labels = pd.DataFrame({f"k{k}": pd.Categorical(["x", "y"] * 40) for k in range(95)})
    texts = pd.DataFrame({f"t{k}": [f"the word {k} {row}" for row in range(80)] for k in range(5)})
    frame = read(pd.concat([texts, numbers, labels, counts], axis=1))
    start = time.process_time()
    kinds = [(type(entry[1]).__name__, len(entry[2])) for entry in infer_modalities(frame)[5:]]
    assert kinds == [("Numeric", 7_900), ("Categorical", 95)]
    model = FusionClassifier(max_epochs=1, random_state=0).fit(frame, np.arange(80) % 2)
    model.predict(frame)
    assert time.process_time() - start < 6


@pytest.mark.slow
@TIMED
def test_listed_columns_take_no_longer(read):
    frame = read(_wide_frame("plain"))
    names = [f"g{k}" for k in range(8_000)]
    start = time.process_time()
    inner = MultiModalFrame.from_frame(frame, {"a": names})
    assert as_cells(inner["a"]).shape == (80, 8_000)
    listed = {"a": names[:4_000], "b": names[4_000:]}
    model = FusionClassifier(listed, max_epochs=1, random_state=0).fit(frame, np.arange(80) % 2)
    model.predict(frame)
    assert time.process_time() - start < 4


def test_columns_of_numpy_types_of_a_small_frame_are_read_without_narwhals(monkeypatch):
    frame = pd.DataFrame({"a": [1.0, 2.0], "b": [3, 4], "c": [True, False]})

    def refuse(*args, **kwargs):
        raise AssertionError("narwhals costs more than all else of a row that is predicted alone")

    monkeypatch.setattr("narwhals.from_native", refuse)

    columns = read_frame(frame)

    assert {name: values.tolist() for name, values in columns.items()} == frame.to_dict("list")
    assert all(np.shares_memory(columns[name], frame[name].to_numpy()) for name in "abc")
