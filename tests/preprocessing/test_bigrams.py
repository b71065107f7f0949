"""Pairs of neighbouring tokens, counted by the texts that hold them."""

import numpy as np
import pytest

from sklearn_crossmodal.preprocessing import frequent_pairs, pad_rows


def test_a_pair_must_be_in_three_texts_however_often_in_one():
    texts = [[3, 4], [3, 4], [5, 3, 4], [6, 7, 6, 7, 6, 7], [6, 7]]
    assert frequent_pairs(pad_rows(texts, 7), 10).tolist() == [[3, 4]]


def test_the_most_frequent_are_kept_in_ascending_order():
    texts = [[3, 4], [5, 4], [5, 3]] * 3 + [[5, 3], [5, 4]]
    assert frequent_pairs(pad_rows(texts, 3), 2).tolist() == [[5, 3], [5, 4]]


def test_what_stands_for_no_word_is_in_no_pair():
    texts = [[3, 1, 4]] * 4  # an unknown word between; an end behind
    assert frequent_pairs(pad_rows(texts, 5), 10).shape == (0, 2)


@pytest.mark.parametrize("shape", [(0, 4), (3, 1), (2, 5)])
def test_texts_without_pairs_have_none(shape):
    assert frequent_pairs(np.zeros(shape, dtype=np.int64), 10).shape == (0, 2)


def test_ids_are_left_as_they_are():
    ids = pad_rows([[3, 4]] * 4, 3)
    before = ids.copy()
    frequent_pairs(ids, 10)
    np.testing.assert_array_equal(ids, before)


def test_of_many_texts_a_random_sample_is_looked_at(monkeypatch):
    monkeypatch.setattr("sklearn_crossmodal.preprocessing.text._bigrams._MAX_TOKENS", 300)
    ids = pad_rows([[3, 4], [5, 6]] * 200 + [[7, 8]] * 4, 3)  # not every second
    assert frequent_pairs(ids, 10).tolist() == [[3, 4], [5, 6]]
