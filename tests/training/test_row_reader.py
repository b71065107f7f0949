"""What is lazy or sparse becomes tensors batch by batch."""

import numpy as np
import pytest
import torch
from scipy import sparse

from sklearn_crossmodal.data import LazyRows
from sklearn_crossmodal.training._data._row_reader import RowReader, to_rows


@pytest.fixture
def numbers(rng):
    return np.where(rng.random((8, 5)) < 0.5, rng.normal(size=(8, 5)), 0)


@pytest.mark.parametrize("form", ["lazy", "sparse", "array"])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_rows_of_any_form_are_the_same_tensors(numbers, form, dtype):
    values = {
        "lazy": LazyRows(lambda rows: numbers[rows], 8, (5,), np.float64),
        "sparse": sparse.csr_array(numbers),
        "array": numbers,
    }[form]
    rows = to_rows(values, dtype)
    assert isinstance(rows, RowReader) == (form != "array")
    batch = rows[np.array([7, 0, 0])]
    assert batch.dtype == dtype
    torch.testing.assert_close(batch, torch.from_numpy(numbers[[7, 0, 0]]).to(dtype))


def test_integers_stay_integers():
    codes = LazyRows(lambda rows: rows[:, np.newaxis].astype(np.int32), 4, (1,), np.int32)
    assert to_rows(codes, torch.float32)[np.array([3])].tolist() == [[3]]
    assert to_rows(codes, torch.float32)[np.array([3])].dtype == torch.int64


def test_arrays_that_cannot_be_written_are_read(numbers):
    numbers.flags.writeable = False
    torch.testing.assert_close(to_rows(numbers, torch.float64), torch.tensor(numbers))
    lazy = LazyRows(lambda rows: np.broadcast_to(1.0, (len(rows), 2)), 3, (2,))
    assert to_rows(lazy, torch.float64)[np.array([1])].tolist() == [[1.0, 1.0]]
