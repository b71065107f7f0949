"""Ids that are given, or made by a tokenizer of the user's own, are moved by three and back."""

import numpy as np
import pytest

from sklearn_crossmodal.data import END, PADDING, UNKNOWN
from sklearn_crossmodal.preprocessing import GivenTokenizer, IdTokenizer

TEXTS = ["the cat sat", "a dog"]


class Letters:
    """Lower-case letters and space, a = 0."""

    n_tokens = 27

    def encode(self, texts):
        return [[26 if letter == " " else ord(letter) - 97 for letter in text] for text in texts]

    def decode(self, rows):
        return ["".join(" " if id_ == 26 else chr(97 + id_) for id_ in row) for row in rows]


def test_ids_are_moved_by_three_and_have_an_end():
    tokenizer = IdTokenizer().fit([[0, 4, 0], [2], []])
    assert tokenizer.n_tokens_ == 8
    assert tokenizer.transform([[0, 4, 0], [2], []]).tolist() == [
        [3, 7, 3, END],
        [5, END, PADDING, PADDING],
        [END, PADDING, PADDING, PADDING],
    ]


def test_ids_come_back():
    rows = [np.array([0, 4, 0]), np.array([2]), np.array([], dtype=int)]
    tokenizer = IdTokenizer().fit(rows)
    back = tokenizer.inverse_transform(tokenizer.transform(rows))
    assert back.shape == (3,)
    assert [row.tolist() for row in back] == [row.tolist() for row in rows]


def test_an_id_beyond_those_of_fit_is_unknown():
    tokenizer = IdTokenizer().fit([[0, 4]])
    assert tokenizer.transform([[5, 3]]).tolist() == [[UNKNOWN, 6, END]]
    assert tokenizer.inverse_transform([[UNKNOWN, 6, END]])[0].tolist() == [3]


def test_ids_are_cut_at_max_length():
    assert IdTokenizer(max_length=2).fit([[1, 2, 3]]).transform([[1, 2, 3]]).tolist() == [[4, 5]]


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ([0, -1], "from 0 on, got -1"),
        ([0.5], "integer token ids"),
        (["a"], "integer token ids"),
        ([[1, 2], [3, 4]], "integer token ids"),
        ([True, False], "integer token ids"),
        ([10**9], "largest token id is 1000000000"),
    ],
)
def test_what_is_no_id_is_refused(row, message):
    with pytest.raises(ValueError, match=message):
        IdTokenizer().fit([row])


def test_a_given_tokenizer_makes_the_ids():
    tokenizer = GivenTokenizer(Letters()).fit(["abc", "a"])
    assert tokenizer.n_tokens_ == 30
    assert tokenizer.transform(["ca", ""]).tolist() == [
        [5, 3, END, PADDING],
        [END, PADDING, PADDING, PADDING],
    ]
    assert tokenizer.inverse_transform(tokenizer.transform(["ca", ""])).tolist() == ["ca", ""]


class Ended(Letters):
    """Letters with a last one of their own, which a cut leaves."""

    n_tokens = 28

    def encode(self, texts, max_length=None):
        keep = None if max_length is None else max_length - 1
        return [[*row[:keep], 27] for row in super().encode(texts)]


def test_a_tokenizer_that_can_cut_keeps_its_last_token():
    tokenizer = GivenTokenizer(Ended(), max_length=3).fit(["abcdef"])
    assert tokenizer.transform(["abcdef", "a"]).tolist() == [[3, 4, 30], [3, 30, END]]
    short = GivenTokenizer(Ended()).fit(["ab"])  # texts longer than those of `fit` are not
    assert short.encode(["abcdef"]) == [[3, 4, 5, 6, 7, 8, 30]]
    assert short.fit(["abcdef"]).length_ == 8


def test_an_encode_whose_parameters_are_not_known_is_called_without_a_length():
    tokenizer = Letters()
    tokenizer.encode = max
    with pytest.raises(ValueError, match="returned 11 rows for 2 texts"):
        GivenTokenizer(tokenizer).fit(TEXTS)


def test_an_id_beyond_n_tokens_is_unknown():
    tokenizer = Letters()
    tokenizer.n_tokens = 2
    assert GivenTokenizer(tokenizer).fit(["abc"]).transform(["abc"]).tolist() == [
        [3, 4, UNKNOWN, END]
    ]


def test_a_tokenizer_that_answers_something_else_is_refused():
    wrong = Letters()
    wrong.encode = lambda texts: [1, 2, 3]
    with pytest.raises(ValueError, match="returned 3 rows for 2 texts"):
        GivenTokenizer(wrong).fit(TEXTS)
    wrong.encode = lambda texts: texts
    with pytest.raises(ValueError, match="expected a row of integer token ids"):
        GivenTokenizer(wrong).fit(TEXTS)


def test_a_tokenizer_without_a_number_of_ids_is_refused():
    class Countless:
        encode = decode = list

    with pytest.raises(ValueError, match="tokenizer Countless lacks n_tokens"):
        GivenTokenizer(Countless()).fit(TEXTS)
    with pytest.raises(ValueError, match="The 'tokenizer' parameter of GivenTokenizer"):
        GivenTokenizer(7).fit(TEXTS)


@pytest.fixture
def trained():
    """A tokenizer of the package, which pads and puts special tokens around texts."""
    tokenizers = pytest.importorskip("tokenizers")
    tokenizer = tokenizers.Tokenizer(tokenizers.models.WordLevel(unk_token="[UNK]"))
    tokenizer.pre_tokenizer = tokenizers.pre_tokenizers.Whitespace()
    special = ["[UNK]", "[PAD]", "[CLS]"]
    trainer = tokenizers.trainers.WordLevelTrainer(special_tokens=special, show_progress=False)
    tokenizer.train_from_iterator(TEXTS, trainer)
    tokenizer.post_processor = tokenizers.processors.TemplateProcessing(
        single="[CLS] $A", special_tokens=[("[CLS]", 2)]
    )
    tokenizer.enable_padding(pad_id=1, pad_token="[PAD]")
    return tokenizer


def assert_adapted(tokenizer, trained):
    fitted = GivenTokenizer(tokenizer).fit(TEXTS)
    assert fitted.n_tokens_ == trained.get_vocab_size() + 3
    words = [trained.token_to_id(word) + 3 for word in ("a", "dog")]
    assert fitted.transform(["a dog"]).tolist() == [[*words, END, PADDING]]
    assert fitted.inverse_transform(fitted.transform(TEXTS)).tolist() == TEXTS


def test_one_of_tokenizers_is_taken_without_padding_and_special_tokens(trained):
    assert_adapted(trained, trained)


def test_one_of_transformers_is_taken_without_padding_and_special_tokens(trained):
    transformers = pytest.importorskip("transformers")
    fast = transformers.PreTrainedTokenizerFast(
        tokenizer_object=trained, unk_token="[UNK]", pad_token="[PAD]", cls_token="[CLS]"
    )
    assert_adapted(fast, trained)
