"""BytePairTokenizer merges frequent pairs of pieces; no text is unknown to it."""

import copy
import pickle
import subprocess
import sys

import numpy as np
import pytest
from sklearn.base import clone

from sklearn_crossmodal.data import END, PADDING
from sklearn_crossmodal.preprocessing import BytePairTokenizer

pytest.importorskip("tokenizers")

TEXTS = ["low lower lowest", "new newer newest", "wide wider widest"] * 3


def test_the_most_frequent_pair_is_merged_first():
    texts = ["ab ab ab ac"]
    tokenizer = BytePairTokenizer(max_words=259 + 2).fit(texts)
    # A word begins with a space: first " a" (4 times), then " a" + "b" (3 times).
    ids = tokenizer.encode(["ab ac"])[0]
    assert len(ids) == 3
    assert tokenizer.decode([ids[:1], ids[1:]]) == ["ab", "ac"]
    assert tokenizer.n_tokens_ == 261
    assert max(ids) < 261


def test_a_row_is_pieces_then_end_then_padding():
    tokenizer = BytePairTokenizer().fit(TEXTS)
    row = tokenizer.transform(["low"])[0]
    assert row[1:].tolist() == [END] + [PADDING] * (len(row) - 2)
    assert row[0] >= 3


def test_frequent_words_are_one_token_and_rare_ones_several():
    tokenizer = BytePairTokenizer().fit(TEXTS)
    lengths = [len(ids) for ids in tokenizer.encode(["lowest", "slowly"])]
    assert lengths[0] == 1
    assert lengths[1] > 1


@pytest.mark.parametrize("text", ["", "新しい", "a, b!  c\n", "😀🏳️‍🌈", "Ünï", "x" * 50, "\0"])
def test_any_text_comes_back(text):
    tokenizer = BytePairTokenizer(lowercase=False).fit([*TEXTS, "y " * 200])
    assert tokenizer.inverse_transform(tokenizer.transform([text])).tolist() == [text]


def test_a_lone_surrogate_is_replaced():
    tokenizer = BytePairTokenizer().fit(["a\ud800b", *TEXTS])
    assert tokenizer.inverse_transform(tokenizer.transform(["a\ud800b"])).tolist() == ["a?b"]


def test_the_first_word_is_the_same_token_as_elsewhere():
    low, both = BytePairTokenizer().fit(TEXTS).encode(["low", "new low"])
    assert low == both[-1:]


def test_case_is_ignored_unless_asked_for():
    same = BytePairTokenizer().fit(TEXTS).encode(["LOW", "low"])
    other = BytePairTokenizer(lowercase=False).fit(TEXTS).encode(["LOW", "low"])
    assert same[0] == same[1]
    assert other[0] != other[1]


def test_min_count_keeps_rare_pairs_apart():
    few, many = (BytePairTokenizer(min_count=n).fit(TEXTS) for n in (1, 100))
    assert many.n_tokens_ == 259
    assert few.n_tokens_ > 259


def test_a_long_text_is_cut():
    tokenizer = BytePairTokenizer(max_length=2).fit(TEXTS)
    assert tokenizer.length_ == 2
    assert END not in tokenizer.transform(["low new wide"])


def test_no_texts_leave_the_bytes():
    tokenizer = BytePairTokenizer().fit([])
    assert tokenizer.n_tokens_ == 259
    assert tokenizer.transform([""]).tolist() == [[END]]


def test_clone_copy_and_pickle():
    tokenizer = BytePairTokenizer(max_words=300).fit(TEXTS)
    expected = tokenizer.transform(TEXTS)
    for twin in (copy.deepcopy(tokenizer), pickle.loads(pickle.dumps(tokenizer))):
        np.testing.assert_array_equal(twin.transform(TEXTS), expected)
    np.testing.assert_array_equal(clone(tokenizer).fit(TEXTS).transform(TEXTS), expected)


@pytest.mark.slow
def test_it_is_the_same_in_any_process():
    code = (
        "from sklearn_crossmodal.preprocessing import BytePairTokenizer\n"
        "texts = [' '.join('w%d' % (i * j % 89) for j in range(9)) for i in range(99)]\n"
        "found = BytePairTokenizer(max_words=400).fit(texts).transform(texts).tolist()\n"
    )
    here = {}
    exec(code, here)
    command = [sys.executable, "-c", code + "print(found)"]
    other = subprocess.run(command, capture_output=True, check=True)
    assert other.stdout.decode().strip() == str(here["found"])


def test_without_the_package_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "tokenizers", None)
    with pytest.raises(ImportError, match=r'pip install "sklearn_crossmodal\[text\]"'):
        BytePairTokenizer().fit(TEXTS)


def test_fewer_words_than_bytes_are_refused():
    with pytest.raises(ValueError, match="The 'max_words' parameter of BytePairTokenizer"):
        BytePairTokenizer(max_words=258).fit(TEXTS)


@pytest.mark.parametrize("texts", ["one", ["a", 7]])
def test_what_is_no_list_of_strings_is_refused(texts):
    with pytest.raises(ValueError, match="expected s"):
        BytePairTokenizer().fit(texts)
