"""Messages name rows of the user's X, however often rows were picked on the way."""

import threading

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from sklearn_crossmodal.utils._row_numbers import current_row_numbers, map_row_numbers, row_number


@given(n=st.integers(1, 20), data=st.data())
def test_numbers_are_those_of_the_outermost_rows(n, data):
    outer = data.draw(st.lists(st.integers(0, n - 1), min_size=1))
    inner = data.draw(st.lists(st.booleans(), min_size=len(outer), max_size=len(outer)))
    X = np.arange(n) * 10
    with map_row_numbers(outer), map_row_numbers(inner), map_row_numbers(None):
        rows = X[outer][inner]
        assert [X[row] for row in row_number(range(len(rows)))] == rows.tolist()


def test_they_end_with_the_block_also_by_an_error():
    try:
        with map_row_numbers([5]):
            raise ValueError
    except ValueError:
        assert row_number(0) == 0


def test_they_can_be_kept_for_later():
    with map_row_numbers([7, 9]):
        numbers = current_row_numbers()
    assert row_number([0, 1], numbers) == [7, 9]
    assert row_number(np.int64(3), numbers) == 3  # a row that nobody spoke of


def test_threads_count_for_themselves():
    found = []
    with map_row_numbers([7]):
        thread = threading.Thread(target=lambda: found.append(row_number(0)))
        thread.start()
        thread.join()
    assert found == [0]
