"""MultiModalFrame is cut by row like an array, and remembers who lacks what."""

import pickle

import numpy as np
import pandas as pd
import polars as pl
import pytest
import torch
from joblib import Parallel, delayed
from scipy import sparse
from sklearn.dummy import DummyClassifier
from sklearn.inspection import permutation_importance
from sklearn.model_selection import GridSearchCV, cross_val_score, train_test_split
from sklearn.utils import _safe_indexing, resample, shuffle

from sklearn_crossmodal import FusionClassifier, ModalityArray, MultiModalFrame
from sklearn_crossmodal.data import row_presence, select_columns

N = 6


@pytest.fixture
def X(rng):
    photo = rng.integers(0, 256, size=(N, 4, 5, 3), dtype=np.uint8)
    table = rng.normal(size=(N, 2))
    table[3] = np.nan
    table[4, 0] = np.nan
    return MultiModalFrame(
        {"photo": photo, "words": ["a", None, "c", "d", "e", "f"], "table": table},
        present={"photo": [True, True, True, True, True, False]},
    )


def row_numbers(frame):
    """Return which of the rows 0, 1, ... a cut of `numbered` holds."""
    return frame["number"].tolist()


@pytest.fixture
def numbered():
    return MultiModalFrame({"number": np.arange(N), "text": list("abcdef")})


# Construction -----------------------------------------------------------------------------------


def test_unequal_numbers_of_rows_are_named():
    with pytest.raises(ValueError, match=r"same number of rows, got \{'a': 3, 'b': 2\}"):
        MultiModalFrame({"a": [1, 2, 3], "b": ["x", "y"]})


def test_what_is_no_mapping_is_refused():
    with pytest.raises(TypeError, match="takes a mapping of names to arrays, got ndarray"):
        MultiModalFrame(np.zeros((3, 2)))


def test_names_that_are_no_strings_are_refused():
    with pytest.raises(TypeError, match=r"strings as names, got \[1\]"):
        MultiModalFrame({1: [1, 2], "b": [1, 2]})


def test_presence_of_an_unknown_modality_is_refused():
    with pytest.raises(ValueError, match=r"present names 'sound', which is not among \['a'\]"):
        MultiModalFrame({"a": [1, 2]}, present={"sound": [True, False]})


@pytest.mark.parametrize("flags", [[True], [1, 0], [[True], [False]], ["yes", "no"]])
def test_presence_that_is_not_one_boolean_a_row_is_refused(flags):
    with pytest.raises(ValueError, match=r"present\['a'\] must be an array of 2 booleans"):
        MultiModalFrame({"a": [1, 2]}, present={"a": flags})


def test_lists_of_numbers_become_arrays_of_numbers():
    X = MultiModalFrame({"flat": [1, 2.5], "deep": [[1, 2], [3, 4]], "flags": [True, False]})
    assert X["flat"].dtype == np.float64
    np.testing.assert_array_equal(X["deep"], [[1, 2], [3, 4]])
    assert X["flags"].dtype == bool


def test_lists_with_none_texts_or_arrays_keep_one_cell_a_row():
    images = [np.zeros((2, 2)), np.zeros((3, 3))]
    X = MultiModalFrame({"n": [1.0, None], "t": ["a", "b"], "i": images, "r": [[1], [1, 2]]})
    assert [X[name].shape for name in X] == [(2,)] * 4
    assert all(X[name].dtype == object for name in X)
    assert X["i"][1] is images[1]


def test_arrays_are_not_copied(X):
    array = np.zeros((3, 2))
    assert MultiModalFrame({"a": array})["a"] is array


# Rows -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        (np.array([4, 0, 4]), [4, 0, 4]),
        ([4, 0, -1], [4, 0, 5]),
        ((2, 3), None),
        (2, [2]),
        (np.int64(2), [2]),
        (slice(1, 4), [1, 2, 3]),
        (slice(None, None, -2), [5, 3, 1]),
        ([True, False, False, True, False, False], [0, 3]),
        (np.arange(N) > 3, [4, 5]),
        (pd.Series(np.arange(N) > 3), [4, 5]),
        ([], []),
        (np.array([], dtype=int), []),
        (np.zeros(N, dtype=bool), []),
    ],
    ids=str,
)
def test_rows_are_cut_alike_by_every_way_of_asking(numbered, rows, expected):
    if expected is None:  # to `[]` a tuple is rows and columns, as to an array
        expected = list(rows)
    else:
        assert row_numbers(numbered[rows]) == expected
        assert row_numbers(numbered.iloc[rows]) == expected
        assert row_numbers(numbered.loc[rows]) == expected
        assert row_numbers(numbered[rows, ...]) == expected
        assert row_numbers(numbered[rows, :]) == expected
    assert row_numbers(numbered.take(rows)) == expected
    assert numbered.take(rows)["text"].tolist() == ["abcdef"[row] for row in expected]


def test_a_row_that_is_not_there_is_an_index_error(numbered):
    with pytest.raises(IndexError):
        numbered[[N]]


def test_a_mask_of_another_length_is_an_index_error(numbered):
    with pytest.raises(IndexError):
        numbered[[True, False]]


def test_presence_is_cut_with_the_rows(X):
    cut = X[[5, 1, 3]]
    assert cut.presence("photo").tolist() == [False, True, True]
    assert cut.presence("words").tolist() == [True, False, True]
    assert cut.presence("table").tolist() == [True, True, False]


def test_a_slice_gives_views(X):
    cut = X[1:4]
    assert all(np.shares_memory(cut[name], X[name]) for name in X)


def test_a_frame_without_rows_has_shape_presence_and_repr(X):
    empty = X[[]]
    assert empty.shape == (0, 3)
    assert empty["photo"].shape == (0, 4, 5, 3)
    assert empty.presence("table").tolist() == []
    assert "n=0" in repr(empty)
    assert np.asarray(empty).shape == (0, 3)


@pytest.mark.parametrize(
    "column",
    [
        pd.DataFrame({"a": np.arange(3.0), "b": list("xyz")}, index=[7, 8, 9]),
        pd.Series(np.arange(3.0), index=[7, 8, 9]),
        pl.DataFrame({"a": np.arange(3.0)}),
        pl.Series("a", np.arange(3.0)),
        sparse.csr_matrix(np.arange(3.0)[:, np.newaxis]),
    ],
    ids=["pandas", "pandas series", "polars", "polars series", "sparse"],
)
def test_a_column_may_be_a_frame_a_series_or_sparse(column):
    X = MultiModalFrame({"column": column, "row": [0, 1, 2]})
    for rows in ([2, 0], np.array([True, False, True]), slice(1, 3)):
        cut = X[rows]["column"]
        assert type(cut) is type(column)
        cells = cut.toarray() if sparse.issparse(cut) else np.asarray(cut)
        numbers = cells.reshape(len(X[rows]), -1)[:, 0]
        np.testing.assert_array_equal(numbers.astype(int), X[rows]["row"])
    assert X.presence("column").all()


# Columns ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "columns",
    [[2, 0], np.array([2, 0]), [-1, 0], ["table", "photo"], np.array(["table", "photo"])],
    ids=str,
)
def test_columns_are_taken_by_position_or_name(X, columns):
    for cut in (X.iloc[:, columns], X.loc[:, columns], X.take(columns, axis=1), X[:, columns]):
        assert list(cut) == ["table", "photo"]
        assert cut.presence("photo").tolist() == [True] * 5 + [False]


@pytest.mark.parametrize("column", [1, np.int64(1), -2, "words"])
def test_one_column_is_a_frame_of_one_modality(X, column):
    cut = X.iloc[[1, 0], column]
    assert list(cut) == ["words"]
    assert cut["words"].tolist() == [None, "a"]
    assert list(X.take(column, axis=1)) == ["words"]


def test_columns_are_taken_by_slice_and_mask(X):
    assert list(X.iloc[:, 1:]) == ["words", "table"]
    assert list(X.iloc[:, [True, False, True]]) == ["photo", "table"]


def test_a_list_of_names_selects_modalities(X):
    cut = X[["table", "photo"]]
    assert list(cut) == ["table", "photo"]
    assert cut["photo"] is X["photo"]
    assert cut.stated("photo").tolist() == [True] * 5 + [False]


def test_an_unknown_name_is_a_key_error(X):
    with pytest.raises(KeyError, match="sound"):
        X["sound"]
    with pytest.raises(KeyError, match="sound"):
        X[["sound"]]


def test_it_is_a_mapping_from_names_to_values(X):
    assert list(X) == list(X.keys()) == ["photo", "words", "table"]
    assert "words" in X
    assert "sound" not in X
    assert X.get("sound") is None
    assert {**X}["table"] is X["table"]
    assert [values is X[name] for name, values in X.items()] == [True] * 3


# Tensors, memory maps, sparse matrices, arrays of pandas ------------------------------------------


def test_a_tensor_is_cut_by_row_and_an_array_to_a_modality():
    tensor = torch.arange(12.0).reshape(N, 2).requires_grad_()
    X = MultiModalFrame({"tensor": tensor})
    assert X["tensor"] is tensor
    read_only = np.array([4, 0])
    read_only.flags.writeable = False
    cuts = [
        X[[4, -6]],
        X[read_only],
        X[np.isin(np.arange(N), [0, 4])][::-1],
        X[4::-4],
        X[0:5:4][::-1],
    ]
    for cut in cuts:
        assert isinstance(cut["tensor"], torch.Tensor)
        columns, present = select_columns(cut, [0], single=True)
        assert columns.values.tolist() == [[8, 9], [0, 1]]
        assert present.all()
    assert X[1:3]["tensor"].data_ptr() == tensor[1:3].data_ptr()


def test_a_tensor_of_nan_is_absent_and_bfloat16_has_values():
    X = MultiModalFrame(
        {
            "a": torch.tensor([[1.0, np.nan], [np.nan, np.nan]]),
            "b": torch.ones(2, 3, dtype=torch.bfloat16),
        }
    )
    assert X.presence("a").tolist() == [True, False]
    assert select_columns(X, [1], single=True)[0].values.tolist() == [[1, 1, 1]] * 2


@pytest.fixture
def on_disk(tmp_path):
    values = np.lib.format.open_memmap(
        tmp_path / "photo.npy", mode="w+", dtype=np.float32, shape=(N, 8, 8)
    )
    values[:] = np.arange(N)[:, np.newaxis, np.newaxis]
    values[1] = np.nan
    values[2, 0, 0] = np.nan
    values.flush()
    return np.load(tmp_path / "photo.npy", mmap_mode="r")


def test_a_memory_map_is_not_loaded_by_a_slice(on_disk):
    X = MultiModalFrame({"photo": on_disk})
    for cut in (X[1:5], X[1:5][::-1], X.iloc[:, 0][2:]):
        assert isinstance(cut["photo"], np.memmap)
        assert np.shares_memory(cut["photo"], on_disk)
    assert select_columns(X, [0], single=True)[0].values is on_disk
    assert X.presence("photo").tolist() == [True, False, True, True, True, True]


class CountedReads(np.ndarray):
    """An array that counts how many of its numbers are asked for."""

    n_read = 0

    def __getitem__(self, key):
        taken = super().__getitem__(key)
        CountedReads.n_read += np.size(taken)
        return np.asarray(taken)


def test_presence_reads_on_only_where_a_row_begins_with_nan():
    numbers = np.zeros((1000, 50))
    numbers[7, 0] = np.nan
    numbers[8] = np.nan
    CountedReads.n_read = 0
    present = row_presence(numbers.view(CountedReads))
    assert np.flatnonzero(~present).tolist() == [8]
    assert CountedReads.n_read == 1000 + 2 * 50


def test_rows_of_nan_are_found_in_chunks(monkeypatch):
    monkeypatch.setattr("sklearn_crossmodal.data._rows._CHUNK", 30)
    numbers = np.full((101, 10), np.nan)
    numbers[::7, 9] = 1
    np.testing.assert_array_equal(row_presence(numbers), np.arange(101) % 7 == 0)


def test_dates_that_are_nat_are_absent():
    days = np.array(["2020-01-01", "NaT"], dtype="datetime64[D]")
    X = MultiModalFrame({"day": days, "cells": pd.Series(days).astype(object).to_numpy()})
    assert X.presence("day").tolist() == X.presence("cells").tolist() == [True, False]


def test_a_modality_array_is_taken_apart(rng):
    photos = rng.integers(0, 256, size=(3, 4, 4), dtype=np.uint8)
    array = ModalityArray(photos, present=[True, False, True])
    for column in (array, pd.Series(array, index=[7, 8, 9])):
        X = MultiModalFrame({"photo": column}, present={"photo": [True, True, False]})
        assert np.array_equal(X["photo"], photos)
        assert X.stated("photo").tolist() == [True, False, False]


def test_a_sparse_column_gives_its_rows_to_an_array_and_takes_them_back():
    matrix = sparse.csr_array(np.diag([1.0, 2.0, 3.0]))
    X = MultiModalFrame({"m": matrix, "n": [1, 2, 3]}, present={"m": [True, False, True]})
    cells = np.asarray(X)
    assert cells[1, 0] is None
    columns, present = select_columns(cells, [0], single=True)
    assert sparse.issparse(columns.values)
    assert columns.values.toarray().tolist() == [[1, 0, 0], [0, 0, 0], [0, 0, 3]]
    assert present.tolist() == [True, False, True]


# Other processes ----------------------------------------------------------------------------------


def describe(X):
    """Return what a worker finds: types, and the file behind the memory map."""
    photo = X["photo"]
    return isinstance(photo, np.memmap), str(getattr(photo, "filename", "")), float(photo[3, 0, 0])


@pytest.mark.slow
def test_a_large_array_is_mapped_not_copied_to_each_worker():
    X = MultiModalFrame({"photo": np.ones((400, 32, 32)), "row": np.arange(400)})
    found = Parallel(n_jobs=2, max_nbytes="1M")(delayed(describe)(X) for _ in range(3))
    assert [mapped for mapped, _, _ in found] == [True] * 3
    assert len({file for _, file, _ in found}) == 1
    assert [value for _, _, value in found] == [1.0] * 3


@pytest.mark.slow
def test_a_memory_map_stays_one_of_the_same_file(on_disk):
    X = MultiModalFrame({"photo": on_disk})
    found = Parallel(n_jobs=2)(delayed(describe)(X[:5]) for _ in range(2))
    assert found == [(True, str(on_disk.filename), 3.0)] * 2


class Mapped(MultiModalFrame):
    """A frame that is only cut into folds where its array is mapped, as it is in a worker."""

    def take(self, rows, axis=0):
        if not isinstance(self["photo"], np.memmap):
            raise TypeError("photo is in memory")
        return super().take(rows, axis)


@pytest.mark.slow
def test_folds_of_cross_validation_are_cut_from_a_memory_map():
    X = Mapped({"photo": np.ones((400, 32, 32))})
    y = np.arange(400) % 2
    with pytest.raises(TypeError, match="in memory"):
        X[[0]]
    scores = cross_val_score(DummyClassifier(), X, y, cv=2, n_jobs=2, error_score="raise")
    assert scores.tolist() == [0.5, 0.5]


# As a table -------------------------------------------------------------------------------------


def test_it_has_the_shape_of_a_table(X):
    assert (len(X), X.shape, X.ndim) == (N, (N, 3), 2)
    assert X.columns.tolist() == ["photo", "words", "table"]
    assert X.index.tolist() == list(range(N))


def test_an_index_is_only_row_numbers(X):
    X.index = np.arange(N)[::-1]
    assert X.index.tolist() == list(range(N))
    with pytest.raises(ValueError, match="6 rows cannot have 2 entries"):
        X.index = [0, 1]


def test_as_an_array_it_has_one_cell_a_modality_and_none_where_absent(X):
    cells = np.asarray(X)
    assert (cells.shape, cells.dtype) == ((N, 3), object)
    np.testing.assert_array_equal(cells[2, 0], X["photo"][2])
    assert cells[:, 1].tolist() == ["a", None, "c", "d", "e", "f"]
    assert cells[5, 0] is None
    assert cells[3, 2] is None
    np.testing.assert_array_equal(cells[4, 2], [np.nan, X["table"][4, 1]])


def test_a_frame_inside_gives_its_rows_to_the_array():
    inside = pd.DataFrame({"a": [1.0, 2.0], "b": [3.0, 4.0]}, index=["x", "y"])
    cells = np.asarray(MultiModalFrame({"table": inside, "series": inside["b"]}))
    assert cells[1, 0].tolist() == [2.0, 4.0]
    assert cells[:, 1].tolist() == [3.0, 4.0]


def test_flat_columns_convert_to_an_array_of_numbers():
    X = MultiModalFrame({"a": [1, 2], "b": [0.5, 1.5]})
    np.testing.assert_array_equal(np.asarray(X, dtype=float), [[1, 0.5], [2, 1.5]])


def test_the_repr_tells_shapes_and_how_many_are_present(X):
    assert repr(X) == (
        "MultiModalFrame(n=6, photo: uint8 (6, 4, 5, 3) 5 of 6 present, "
        "words: object (6,) 5 of 6 present, table: float64 (6, 2) 5 of 6 present)"
    )


def test_equality_is_identity(X):
    same = X
    assert same == X
    assert X.copy() != X


# Presence ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("cell", [None, np.nan, pd.NA, np.float32("nan"), np.full((2, 2), np.nan)])
def test_a_cell_that_holds_nothing_is_absent(cell):
    cells = np.empty(2, dtype=object)
    cells[:] = ["a", "b"]
    cells[1] = cell
    assert MultiModalFrame({"x": cells}).presence("x").tolist() == [True, False]


@pytest.mark.parametrize("cell", ["", 0, 0.0, False, np.zeros((2, 2)), np.array([np.nan, 1.0])])
def test_a_cell_that_holds_something_is_present(cell):
    cells = np.empty(1, dtype=object)
    cells[0] = cell
    assert MultiModalFrame({"x": cells}).presence("x").tolist() == [True]


def test_a_row_of_numbers_is_absent_only_if_all_are_nan():
    numbers = np.zeros((3, 2, 2))
    numbers[0] = np.nan
    numbers[1, 0] = np.nan
    X = MultiModalFrame({"image": numbers, "flat": [np.nan, 1.0, 2.0], "whole": [0, 1, 2]})
    assert X.presence("image").tolist() == [False, True, True]
    assert X.presence("flat").tolist() == [False, True, True]
    assert X.presence("whole").tolist() == [True, True, True]


@pytest.mark.parametrize("dtype", ["Int64", "Float64", "boolean", "string"])
def test_na_in_a_nullable_series_is_absent(dtype):
    series = pd.Series([None, "a" if dtype == "string" else 1], dtype=dtype)
    assert MultiModalFrame({"x": series}).presence("x").tolist() == [False, True]


def test_present_adds_absence_but_never_takes_it_away():
    X = MultiModalFrame({"t": ["a", None, "c"]}, present={"t": [False, True, True]})
    assert X.presence("t").tolist() == [False, False, True]
    assert X.stated("t").tolist() == [False, True, True]


# Assignment and copies --------------------------------------------------------------------------


def test_a_column_can_be_replaced_in_a_copy_without_changing_the_frame(X):
    before = X["words"]
    copy = X.copy(deep=True)
    copy["words"] = list("uvwxyz")
    copy["new"] = np.zeros(N)
    assert X["words"] is before
    assert copy["words"].tolist() == list("uvwxyz")
    assert (X.shape, copy.shape) == ((N, 3), (N, 4))


def test_a_column_of_another_length_is_refused_and_nothing_changes(X):
    with pytest.raises(ValueError, match="same number of rows"):
        X["words"] = ["a"]
    assert len(X["words"]) == N


def test_a_shuffled_column_takes_its_absence_along(X):
    shuffled = np.array([5, 4, 3, 2, 1, 0])
    copy = X.copy()
    for place in range(3):
        column = copy.iloc[shuffled, place]
        column.index = copy.index
        copy[copy.columns[place]] = column
        name = X.columns[place]
        assert copy.presence(name).tolist() == X.presence(name)[shuffled].tolist()
        np.testing.assert_array_equal(copy[name], X[name][shuffled])


def test_a_shuffled_column_of_nan_is_still_a_missing_value_to_a_sole_modality():
    X = MultiModalFrame({"n": [np.nan, 1.0, 2.0]})
    X["n"] = X.iloc[[2, 1, 0], 0]
    assert X.stated("n").all()
    assert X["n"].tolist()[:2] == [2.0, 1.0]


def test_pickle_keeps_values_and_presence(X):
    again = pickle.loads(pickle.dumps(X))
    assert repr(again) == repr(X)
    for name in X:
        np.testing.assert_array_equal(again[name], X[name])
        np.testing.assert_array_equal(again.presence(name), X.presence(name))


# scikit-learn's tools -----------------------------------------------------------------------------


def test_safe_indexing_cuts_rows_and_columns(numbered):
    for rows in ([3, 1], np.array([3, 1])):
        assert row_numbers(_safe_indexing(numbered, rows)) == [3, 1]
    assert row_numbers(_safe_indexing(numbered, np.arange(N) == 2)) == [2]
    assert row_numbers(_safe_indexing(numbered, slice(0, 2))) == [0, 1]
    assert list(_safe_indexing(numbered, [1], axis=1)) == ["text"]
    assert list(_safe_indexing(numbered, 1, axis=1)) == ["text"]


def test_train_test_split_stratifies_and_keeps_rows_together(rng):
    y = np.repeat([0, 1], [15, 5])
    X = MultiModalFrame({"y": y, "text": [f"class {one}" for one in y]})
    X_train, X_test, y_train, y_test = train_test_split(
        X, y, test_size=0.4, stratify=y, random_state=0
    )
    assert (len(X_train), len(X_test)) == (12, 8)
    assert y_test.sum() == 2
    np.testing.assert_array_equal(X_test["y"], y_test)
    assert X_train["text"].tolist() == [f"class {one}" for one in y_train]


def test_shuffle_and_resample_keep_rows_together(numbered):
    for cut in (shuffle(numbered, random_state=0), resample(numbered, random_state=0)):
        assert cut["text"].tolist() == ["abcdef"[row] for row in row_numbers(cut)]


def test_cross_val_score_runs_on_a_frame(X):
    y = np.array([0, 0, 0, 0, 1, 1])
    scores = cross_val_score(DummyClassifier(), X, y, cv=2)
    np.testing.assert_allclose(scores, [2 / 3, 2 / 3])


def test_a_grid_search_runs_on_a_frame(X):
    y = np.array([0, 0, 1, 1, 1, 1])
    classifier = DummyClassifier(constant=0)
    search = GridSearchCV(classifier, {"strategy": ["constant", "most_frequent"]}, cv=2)
    assert search.fit(X, y).best_params_ == {"strategy": "most_frequent"}


def test_permutation_importance_finds_the_modality_that_matters(rng):
    y = np.arange(40) % 2
    X = MultiModalFrame({"signal": y[:, np.newaxis] * 4.0, "noise": rng.normal(size=(40, 1))})
    model = FusionClassifier(max_epochs=20, random_state=0).fit(X, y)
    importance = permutation_importance(model, X, y, n_repeats=3, random_state=0).importances_mean
    assert importance[0] > 0.3
    assert abs(importance[1]) < 0.1


def test_permutation_importance_takes_missing_values_of_a_sole_modality(rng):
    y = np.arange(20) % 2
    signal = y * 4.0
    signal[:2] = np.nan
    X = MultiModalFrame({"signal": signal})
    model = FusionClassifier(max_epochs=3, random_state=0).fit(X, y)
    assert np.isfinite(permutation_importance(model, X, y, n_repeats=2).importances_mean).all()
