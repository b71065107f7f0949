"""Cells are taken out of X in the form that it has; what stays is the same to the bit."""

import datetime

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from scipy import sparse

from sklearn_crossmodal import ModalityArray, MultiModalFrame
from sklearn_crossmodal.data import as_table, mask_cells

ROWS = np.array([True, False, True])
PLAIN = {
    "whole": [1, 2, 3],
    "real": [0.1, 0.2, 0.3],
    "text": ["a", "b", "c"],
    "flag": [True, False, True],
    "date": [datetime.datetime(2020, 1, day) for day in (1, 2, 3)],
    "list": [[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]],
}


def pandas_frame():
    return pd.DataFrame(PLAIN).assign(
        category=pd.Categorical(["a", "b", "a"]),
        nullable=pd.array([1, 2, 3], dtype="Int64"),
        zoned=pd.date_range("2020", periods=3, tz="Europe/Paris"),
        photo=ModalityArray(np.arange(12, dtype=np.uint8).reshape(3, 2, 2)),
        cells=[np.full((2, 2), place) for place in range(3)],
    )


def polars_frame():
    return pl.DataFrame(PLAIN).with_columns(
        pl.Series("category", ["a", "b", "a"], dtype=pl.Categorical),
        pl.Series("photo", np.arange(12.0).reshape(3, 2, 2), dtype=pl.Array(pl.Float64, (2, 2))),
    )


def pyarrow_table():
    photos = pa.FixedSizeListArray.from_arrays(pa.array(np.arange(6.0)), 2)
    category = pa.array(["a", "b", "a"]).dictionary_encode()
    return pa.table(PLAIN).append_column("photo", photos).append_column("category", category)


FRAMES = {
    "pandas": pandas_frame,
    "polars": polars_frame,
    "pyarrow": pyarrow_table,
    "MultiModalFrame": lambda: MultiModalFrame({**PLAIN, "photo": np.zeros((3, 2, 2), np.uint8)}),
}
COLUMNS = [(kind, name) for kind, make in FRAMES.items() for name in as_table(make())]


@pytest.mark.parametrize(("kind", "name"), COLUMNS)
def test_a_column_of_any_type_lacks_the_rows_that_are_hidden(kind, name):
    X = FRAMES[kind]()
    hidden = mask_cells(X, {name: ROWS})
    assert type(hidden) is type(X)
    assert as_table(hidden).presence(name).tolist() == [False, True, False]
    assert as_table(X).presence(name).all()
    before, after = (as_table(frame)[name] for frame in (X, hidden))
    np.testing.assert_array_equal(np.asarray(after)[1], np.asarray(before)[1])


@pytest.mark.parametrize("kind", FRAMES)
def test_other_columns_stay_as_they_are(kind):
    X = FRAMES[kind]()
    hidden = as_table(mask_cells(X, {"real": ROWS}))
    for name in hidden:
        if name != "real":
            before, after = as_table(X)[name], hidden[name]
            assert getattr(after, "dtype", None) == getattr(before, "dtype", None)
            assert hidden.presence(name).all()


@pytest.mark.parametrize("dtype", [float, int, bool, object, "datetime64[s]"])
def test_cells_of_an_array_are_missing(dtype):
    X = np.arange(6).reshape(3, 2).astype(dtype)
    hidden = mask_cells(X, {1: ROWS})
    assert pd.isna(hidden).tolist() == [[False, True], [False, False], [False, True]]
    assert (hidden[:, 0] == X[:, 0]).all()
    assert not pd.isna(X).any()


def test_columns_of_numbers_are_known_by_their_names():
    frame = pd.DataFrame({7: [1.0, 2.0, 3.0], 8: [1.0, 2.0, 3.0]})
    assert mask_cells(frame, {"7": ROWS}).isna().to_numpy()[:, 0].tolist() == ROWS.tolist()


def test_what_was_said_to_be_absent_stays_absent():
    X = MultiModalFrame({"a": [1.0, 2.0, 3.0]}, present={"a": np.array([True, False, True])})
    hidden = mask_cells(X, {"a": np.array([True, False, False])})
    assert hidden.presence("a").tolist() == [False, False, True]


def test_a_mapping_becomes_a_frame_of_which_no_array_is_copied():
    values = np.zeros((3, 4))
    hidden = mask_cells({"a": values, "b": values}, {"b": ROWS})
    assert hidden["b"] is values
    assert hidden.presence("b").tolist() == [False, True, False]


def test_nothing_to_hide_gives_x_itself():
    X = pandas_frame()
    assert mask_cells(X, {"text": np.zeros(3, dtype=bool)}) is X


def test_a_sparse_matrix_is_refused_with_what_to_do():
    with pytest.raises(TypeError, match=r"no absent cells.*MultiModalFrame"):
        mask_cells(sparse.eye(3, format="csr"), {0: ROWS})
