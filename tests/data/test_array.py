"""A column of arrays is cut, joined and pickled as one array, and knows which rows are missing."""

import operator
import pickle

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.dummy import DummyClassifier
from sklearn.model_selection import cross_val_score, train_test_split

from sklearn_crossmodal import ModalityArray
from sklearn_crossmodal.data import ModalityDtype, as_table, fill_missing

N = 6


@pytest.fixture
def photos(rng):
    return rng.integers(1, 256, size=(N, 4, 5, 3), dtype=np.uint8)


@pytest.fixture
def array(photos):
    return ModalityArray(photos, present=[True, True, False, True, True, True])


def test_the_array_is_not_copied_unless_asked(photos):
    assert ModalityArray(photos).numbers is photos
    series = pd.Series(ModalityArray(photos), copy=False)
    assert np.shares_memory(series.array.numbers, photos)
    assert not np.shares_memory(ModalityArray(photos, copy=True).numbers, photos)


def test_lists_and_tensors_become_arrays():
    array = ModalityArray([np.ones((2, 2)), None, np.zeros((2, 2))])
    assert array.numbers.shape == (3, 2, 2)
    assert array.isna().tolist() == [False, True, False]
    tensor = torch.ones(3, 2, requires_grad=True)
    assert ModalityArray(tensor).numbers.tolist() == [[1, 1]] * 3


def test_rows_of_several_shapes_are_refused():
    with pytest.raises(ValueError, match=r"one shape, got \[\(2,\), \(3,\)\].*column of objects"):
        ModalityArray([np.zeros(2), np.zeros(3)])


def test_what_holds_no_numbers_is_refused():
    with pytest.raises(TypeError, match="holds numbers, got object"):
        ModalityArray(np.array(["a", None], dtype=object))


@pytest.mark.parametrize("present", [[True], [1] * N, [[True]] * N])
def test_presence_is_one_boolean_a_row(photos, present):
    with pytest.raises(ValueError, match="present must be an array of 6 booleans"):
        ModalityArray(photos, present=present)


def test_rows_that_are_nan_or_denied_are_missing():
    numbers = np.ones((4, 2, 2))
    numbers[1] = np.nan
    numbers[2, 0] = np.nan
    array = ModalityArray(numbers, present=[True, True, True, False])
    assert array.isna().tolist() == [False, True, False, True]
    assert np.isnan(array[1])
    assert np.isnan(array[3])


def test_a_row_is_an_array_and_a_slice_a_view(array, photos):
    np.testing.assert_array_equal(array[1], photos[1])
    assert np.shares_memory(array[1:4].numbers, photos)
    assert array[[5, 2]].isna().tolist() == [False, True]


def test_take_fills_with_missing_rows(array, photos):
    taken = array.take([0, -1, 5], allow_fill=True)
    assert taken.isna().tolist() == [False, True, False]
    np.testing.assert_array_equal(taken[2], photos[5])
    assert array.take([0, -1]).isna().tolist() == [False, False]
    filled = array.take([-1], allow_fill=True, fill_value=photos[3])
    np.testing.assert_array_equal(filled[0], photos[3])


def test_assignment_changes_neither_a_copy_nor_the_presence_given(photos):
    present = np.ones(N, dtype=bool)
    array = ModalityArray(photos.copy(), present=present)
    copy = array.copy()
    array[0] = None
    array[1] = photos[2]
    array[[3, 4]] = [None, photos[0]]
    assert array.isna().tolist() == [True, False, False, True, False, False]
    np.testing.assert_array_equal(array[1], photos[2])
    np.testing.assert_array_equal(array[4], photos[0])
    assert present.all()
    assert not copy.isna().any()
    np.testing.assert_array_equal(copy[1], photos[1])


def test_a_missing_row_set_in_a_frame_leaves_the_array_alone(photos):
    before = photos.copy()
    frame = pd.DataFrame({"photo": ModalityArray(photos)})
    frame.loc[2, "photo"] = None
    assert frame["photo"].isna().tolist() == [False, False, True, False, False, False]
    np.testing.assert_array_equal(photos, before)


def test_equality_is_by_row_and_missing_equals_nothing(array, photos):
    other = photos.copy()
    other[4, 0, 0, 0] = 0
    assert (array == ModalityArray(other)).tolist() == [True, True, False, True, False, True]
    assert (array == photos[1]).tolist() == [False, True, False, False, False, False]
    with pytest.raises(ValueError, match="cannot compare"):
        operator.eq(array, ModalityArray(np.zeros((N, 2))))


def test_equals_takes_missing_rows_as_equal(array, photos):
    other = photos.copy()
    other[2] = 0
    assert array.equals(ModalityArray(other, present=array.present))
    assert not array.equals(ModalityArray(other))
    assert not array.equals(ModalityArray(photos[:3]))
    assert not array.equals(photos)


def test_concat_keeps_rows_and_presence(array, photos):
    frame = pd.DataFrame({"photo": array, "n": np.arange(N)})
    joined = pd.concat([frame[4:], frame[:3]])
    np.testing.assert_array_equal(joined["photo"].array.numbers, photos[[4, 5, 0, 1, 2]])
    assert joined["photo"].isna().tolist() == [False] * 4 + [True]


def test_types_of_one_shape_are_joined_and_others_become_objects(photos):
    small = pd.Series(ModalityArray(photos))
    large = pd.Series(ModalityArray(photos.astype(float)))
    assert pd.concat([small, large]).dtype == ModalityDtype("float64", (4, 5, 3))
    assert pd.concat([small, pd.Series(ModalityArray(np.zeros((2, 3))))]).dtype == object


def test_astype_changes_the_numbers_or_gives_cells(array, photos):
    numbers = array.astype(ModalityDtype("float32", (4, 5, 3)))
    assert numbers.numbers.dtype == np.float32
    assert numbers.isna().tolist() == array.isna().tolist()
    cells = array.astype(object)
    np.testing.assert_array_equal(cells[1], photos[1])
    assert pd.isna(cells[2])


def test_a_name_gives_the_type_back():
    dtype = ModalityDtype("uint8", (4, 5, 3))
    assert pd.api.types.pandas_dtype(str(dtype)) == dtype
    assert ModalityDtype.construct_from_string("modality[float64, (7,)]").shape == (7,)
    with pytest.raises(TypeError, match="Cannot construct"):
        ModalityDtype.construct_from_string("modality[float64]")


def test_the_printed_frame_tells_shapes(array):
    text = str(pd.DataFrame({"photo": array}))
    assert "uint8 (4, 5, 3)" in text
    assert "NaN" in text or "nan" in text
    assert "modality[uint8, (4, 5, 3)]" in repr(array)


def test_it_is_an_array_for_numpy(array, photos):
    assert np.shares_memory(np.asarray(array), photos)
    np.testing.assert_array_equal(pd.Series(ModalityArray(photos)).to_numpy(), photos)
    assert np.asarray(array, dtype=object).shape == (N,)


def test_pickle_keeps_rows_and_presence(array):
    frame = pd.DataFrame({"photo": array})
    assert pickle.loads(pickle.dumps(frame))["photo"].array.equals(array)


def test_a_table_takes_the_array_inside_and_its_presence(array, photos):
    frame = pd.DataFrame({"photo": array, "n": np.arange(N)})
    table = as_table(frame)
    assert table["photo"] is frame["photo"].array.numbers
    np.testing.assert_array_equal(table["photo"], photos)
    assert table.presence("photo").tolist() == array.present.tolist()
    assert table.stated("photo").tolist() == array.present.tolist()


def test_missing_rows_of_a_frame_are_filled_in_the_same_type(array, photos):
    frame = pd.DataFrame({"photo": array, "n": np.arange(N)})
    new = np.zeros_like(photos)
    filled = fill_missing(frame, {"photo": new})
    assert filled["photo"].dtype == frame["photo"].dtype
    assert not filled["photo"].isna().any()
    np.testing.assert_array_equal(filled["photo"].array.numbers[[1, 2]], [photos[1], new[2]])
    assert frame["photo"].isna().sum() == 1


def test_scikit_learn_cuts_it_by_row(array, photos):
    frame = pd.DataFrame({"photo": array, "row": np.arange(N)})
    y = np.array([0, 1] * 3)
    train, test = train_test_split(frame, test_size=2, stratify=y, random_state=0)
    for part in (train, test):
        np.testing.assert_array_equal(part["photo"].array.numbers, photos[part["row"]])
    assert len(cross_val_score(DummyClassifier(), frame, y, cv=3)) == 3
