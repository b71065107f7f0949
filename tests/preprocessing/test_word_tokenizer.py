"""WordTokenizer gives each word an id by how many texts it is in."""

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.compose import make_column_transformer
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import cross_val_score
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline

from sklearn_crossmodal.data import END, PADDING, UNKNOWN
from sklearn_crossmodal.preprocessing import WordTokenizer

TEXTS = ["the cat sat", "the dog dog dog", "The cat"]


def test_ids_are_ordered_by_document_frequency_then_alphabet():
    tokenizer = WordTokenizer().fit(TEXTS)
    assert tokenizer.vocabulary_ == {"the": 3, "cat": 4, "dog": 5, "sat": 6}
    assert tokenizer.words_ == ["", "", "", "the", "cat", "dog", "sat"]
    assert tokenizer.n_tokens_ == 7


def test_the_order_of_the_texts_does_not_matter():
    assert WordTokenizer().fit(TEXTS[::-1]).vocabulary_ == WordTokenizer().fit(TEXTS).vocabulary_


def test_a_row_is_words_then_end_then_padding():
    ids = WordTokenizer().fit(TEXTS).transform(["dog the"])
    assert ids.tolist() == [[5, 3, END, PADDING, PADDING]]
    assert ids.dtype == np.int64


def test_a_word_that_fit_did_not_see_is_unknown():
    assert WordTokenizer().fit(TEXTS).transform(["the bird"])[0, :3].tolist() == [3, UNKNOWN, END]


@pytest.mark.parametrize("text", ["", "   ", "\n\t", "\u200b\x00"])
def test_a_text_without_words_is_its_end(text):
    tokenizer = WordTokenizer().fit(["a b", text])
    assert tokenizer.transform([text]).tolist() == [[END, PADDING, PADDING]]
    assert WordTokenizer().fit([text]).transform([text]).tolist() == [[END]]


def test_rows_are_as_wide_as_the_longest_text_in_fit():
    tokenizer = WordTokenizer().fit(TEXTS)
    assert tokenizer.length_ == 5
    assert tokenizer.transform(["cat"]).shape == (1, 5)
    with pytest.warns(UserWarning, match="longer than the longest in fit"):
        assert tokenizer.transform(["cat " * 9]).tolist() == [[4] * 5]


def test_a_text_longer_than_max_length_is_cut_and_loses_its_end():
    tokenizer = WordTokenizer(max_length=2).fit(TEXTS)
    assert tokenizer.length_ == 2
    assert tokenizer.transform(["the cat sat", "cat"]).tolist() == [[3, 4], [4, END]]


def test_min_count_is_in_texts_not_in_occurrences():
    tokenizer = WordTokenizer(min_count=2).fit(TEXTS)
    assert set(tokenizer.vocabulary_) == {"the", "cat"}
    assert tokenizer.transform(["dog"])[0, 0] == UNKNOWN


def test_max_words_keeps_the_most_frequent():
    tokenizer = WordTokenizer(max_words=5).fit(TEXTS)
    assert tokenizer.n_tokens_ == 5
    assert set(tokenizer.vocabulary_) == {"the", "cat"}


def test_case_is_kept_if_asked_for():
    tokenizer = WordTokenizer(lowercase=False).fit(TEXTS)
    assert {"the", "The"} <= set(tokenizer.vocabulary_)


def test_signs_separate_words_and_are_tokens():
    tokenizer = WordTokenizer().fit(["cat,dog; (bird)\ncat-fish don't"])
    words = {"cat", "dog", "bird", "fish", "don", "t"}
    assert set(tokenizer.vocabulary_) == words | set(",;()-'")


def test_words_of_any_script_are_words():
    assert set(WordTokenizer().fit(["Größe мир 世界"]).vocabulary_) == {"größe", "мир", "世", "界"}


def test_the_inverse_gives_back_what_was_kept():
    tokenizer = WordTokenizer().fit(TEXTS)
    texts = ["the cat sat", "dog, the", "the bird sat", "", "cat cat cat cat cat"]
    back = tokenizer.inverse_transform(tokenizer.transform(texts))
    assert back.tolist() == ["the cat sat", "dog the", "the sat", "", "cat cat cat cat cat"]
    assert back.dtype == object


def test_the_inverse_stops_at_the_first_end():
    tokenizer = WordTokenizer().fit(TEXTS)
    assert tokenizer.inverse_transform([[4, END, 5, 5], [PADDING, 4, END, 3]]).tolist() == [
        "cat",
        "cat",
    ]


def test_it_stands_in_a_pipeline_and_a_column_transformer():
    X, y = ["good"] * 6 + ["bad"] * 6, [1] * 6 + [0] * 6
    pipeline = make_pipeline(WordTokenizer(), KNeighborsClassifier(3))
    assert cross_val_score(pipeline, X, y, cv=3).tolist() == [1, 1, 1]
    assert clone(pipeline).set_params(wordtokenizer__max_length=1).fit(X, y).score(X, y) == 1
    columns = make_column_transformer((WordTokenizer(), 1), sparse_threshold=0)
    table = np.array([[0, "a b"], [1, "b"]], dtype=object)
    assert columns.fit_transform(table).tolist() == [[4, 3, END], [3, END, PADDING]]


def test_one_string_in_place_of_many_is_refused():
    with pytest.raises(ValueError, match="got one string: put it into a list"):
        WordTokenizer().fit("a cat")
    with pytest.raises(ValueError, match="got one string"):
        WordTokenizer().fit(TEXTS).transform("a cat")


@pytest.mark.parametrize("cell", [7, None, b"cat", np.nan])
def test_what_is_no_string_is_refused_and_shown(cell):
    with pytest.raises(ValueError, match=r"expected strings, got (7|None|b'cat'|nan) \("):
        WordTokenizer().fit(["a", cell])


def test_transform_before_fit_is_refused():
    with pytest.raises(NotFittedError):
        WordTokenizer().transform(TEXTS)


@pytest.mark.parametrize(
    "params",
    [{"max_length": 0}, {"max_words": 3}, {"min_count": 0}, {"lowercase": "yes"}, {"split": " "}],
    ids=str,
)
def test_parameters_out_of_range_are_named(params):
    with pytest.raises(ValueError, match=f"The '{next(iter(params))}' parameter of WordTokenizer"):
        WordTokenizer(**params).fit(TEXTS)


def test_words_are_cut_by_the_function_given():
    tokenizer = WordTokenizer(split=str.split).fit(["don't stop", "Don't"])
    assert tokenizer.vocabulary_ == {"don't": 3, "stop": 4}
    assert tokenizer.inverse_transform(tokenizer.transform(["stop don't"])).tolist() == [
        "stop don't"
    ]


@pytest.mark.parametrize("answer", ["word", [1, 2], [None]])
def test_a_function_that_returns_no_words_is_named(answer):
    def cut(text):
        return answer

    with pytest.raises(ValueError, match=r"the tokenizer cut must return a list of strings"):
        WordTokenizer(split=cut).fit(["a"])
