"""LazyRows reads rows when they are asked for, and only those."""

import numpy as np
import pytest

from sklearn_crossmodal.data import Block, BlockSpec, LazyRows, is_lazy


@pytest.fixture
def stored(rng):
    return rng.normal(size=(6, 2, 3)).astype(np.float32)


@pytest.fixture
def asked():
    return []


@pytest.fixture
def rows(stored, asked):
    def read(positions):
        asked.extend(positions.tolist())
        return stored[positions]

    return LazyRows(read, 6, (2, 3))


def test_it_has_length_and_shape_without_reading(rows, asked):
    assert len(rows) == 6
    assert rows.shape == (6, 2, 3)
    assert rows.dtype == np.float32
    assert is_lazy(rows)
    assert asked == []


@pytest.mark.parametrize(
    "key", [slice(1, 4), [5, 0, 0], np.arange(6) % 2 == 0, slice(None), np.array([], dtype=int)]
)
def test_rows_are_cut_as_arrays_are(rows, stored, key):
    np.testing.assert_array_equal(rows[key], stored[key])
    assert rows[key].dtype == np.float32
    np.testing.assert_array_equal(rows.take(key)[:], stored[key])
    assert len(rows.take(key)) == len(stored[key])


def test_only_what_is_asked_for_is_read(rows, asked):
    some = rows.take([4, 2, 1])
    assert asked == []
    some[[0, 2]]
    assert asked == [4, 1]


def test_spread_rows_are_zeros_where_there_are_none_and_cost_no_reading(rows, stored, asked):
    present = np.array([True, False, True, True])
    spread = rows.take([5, 1, 3]).spread(present)
    assert spread.shape == (4, 2, 3)
    assert not spread[[1, 1]].any()
    assert asked == []
    np.testing.assert_array_equal(spread[:], stored[[5, 0, 1, 3]] * present[:, None, None])
    assert 0 not in asked
    np.testing.assert_array_equal(spread.take([2, 1])[:], [stored[1], np.zeros((2, 3))])


def test_a_block_of_lazy_rows_is_cut_and_scattered_unread(rows, stored, asked):
    block = Block(rows, np.ones(6, dtype=bool), BlockSpec("sequence", (2, 3)))
    taken = block.take(slice(2, 4)).scatter(np.array([False, True, True]))
    assert asked == []
    assert taken.present.tolist() == [False, True, True]
    np.testing.assert_array_equal(taken.values[1:], stored[2:4])
