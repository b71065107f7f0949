"""Text joins the strings of its columns and turns them into token ids."""

import copy
import pickle
import warnings

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone

from sklearn_crossmodal import FusionClassifier, MultiModalFrame, Text
from sklearn_crossmodal.data import END, PADDING, UNKNOWN, Columns, as_table, select_columns
from sklearn_crossmodal.nn.encoders import BagEncoder
from sklearn_crossmodal.preprocessing import GivenTokenizer


def words_of(text, values):
    return text.inverse_transform(values).tolist()


def test_texts_become_tokens_with_a_mask_up_to_their_end():
    text = Text().fit(["a b c", "a"])
    block = text.transform(["a", "b a"])
    assert block.kind == "tokens"
    assert block.values.tolist() == [[3, END, 0, 0], [4, 3, END, 0]]
    assert block.mask.tolist() == [[True, True, False, False], [True, True, True, False]]
    assert block.present.all()
    assert block.spec.shape == (4,)
    assert block.spec.n_categories == text.tokenizer_.n_tokens_ == 6


def test_several_columns_are_joined_in_their_order():
    frame = pd.DataFrame({"title": ["red car", None], "body": ["it drives", "no title"]})
    text = Text().fit(frame)
    assert words_of(text, text.transform(frame).values) == ["red car it drives", "no title"]


def test_encoders_are_told_of_frequent_pairs():
    texts = ["not good"] * 3 + ["good"]
    text = Text().fit(texts)
    not_good = [text.tokenizer_.vocabulary_[word] for word in ("not", "good")]
    assert text.spec_.pairs.tolist() == [not_good]
    assert Text(max_pairs=0).fit(texts).spec_.pairs is None
    weighted = Text().fit(texts, sample_weight=np.array([0.0, 1.0, 1.0, 1.0]))
    assert len(weighted.spec_.pairs) == 0


def test_fitting_and_transforming_at_once_is_the_same():
    texts = pd.DataFrame({"a": ["x y", None, "y y x"], "b": ["z", "y", "x"]})
    for join in ("space", "markers"):
        for weight in (None, np.array([1.0, 0.0, 2.0])):
            text, block = Text(join=join).fit_transform(Columns.of(texts), weight)
            alone = Text(join=join).fit(texts, weight)
            assert alone.spec_ == text.spec_
            np.testing.assert_array_equal(block.values, alone.transform(texts).values)
            np.testing.assert_array_equal(block.mask, alone.transform(texts).mask)


@pytest.mark.parametrize("missing", [None, np.nan, pd.NA], ids=str)
def test_a_missing_cell_is_an_empty_text(missing):
    column = np.array(["a b", missing], dtype=object)
    block = Text().fit(column).transform(column)
    assert block.values[1].tolist() == [END, 0, 0]
    assert block.mask[1].tolist() == [True, False, False]


def test_rows_of_weight_zero_bring_no_words():
    text = Text().fit(["a b", "c d e f"], sample_weight=np.array([1.0, 0.0]))
    assert set(text.tokenizer_.vocabulary_) == {"a", "b"}
    assert text.spec_.shape == (3,)


def test_its_parameters_are_those_of_the_tokenizer():
    text = Text(max_length=2, max_words=5, min_count=2, lowercase=False).fit(["A b", "A b c", "a"])
    assert text.tokenizer_.vocabulary_ == {"A": 3, "b": 4}
    assert text.spec_.shape == (2,)


def test_strings_of_numpy_are_strings():
    column = np.array(["a b", "c"])
    assert Text.accepts(column)
    text = Text().fit(column)
    assert words_of(text, text.transform(column).values) == ["a b", "c"]


@pytest.mark.parametrize("cell", [7, 1.5, b"bytes", ["list"], True], ids=str)
def test_a_cell_that_is_no_string_is_shown_with_its_column(cell):
    cells = np.empty((2, 2), dtype=object)
    cells[:] = "a"
    cells[1, 1] = cell
    with pytest.raises(ValueError, match=r"column 'body' holds .* \(\w+\) where a string is"):
        Text().fit(Columns(cells, ("title", "body")))


def test_a_frame_in_one_column_is_joined_and_its_columns_named():
    frame = pd.DataFrame({"title": ["a", "b"], "body": ["c", "d"]})
    columns, _ = select_columns(MultiModalFrame({"text": frame}), [0], single=True)
    text = Text().fit(columns)
    assert words_of(text, text.transform(columns).values) == ["a c", "b d"]
    with pytest.raises(ValueError, match=r"column \"text\['body'\]\" holds 1 \(int\)"):
        Text().fit(Columns(frame.assign(body=1), ("text",)))


def test_an_array_of_a_higher_rank_is_refused():
    with pytest.raises(ValueError, match=r"expected strings of shape \(n,\) or \(n, d\)"):
        Text().fit(np.full((2, 2, 2), "a"))


@pytest.mark.parametrize(
    ("column", "accepted"),
    [
        (["a", "b"], True),
        (np.array(["a", "b"]), True),
        (np.array([["a", "b"], ["c", None]], dtype=object), True),
        (pd.Series(["a", None], dtype="string"), True),
        (pd.Series(["a", None], dtype="category"), True),
        (np.array([None, None]), False),
        (np.array(["a", 1], dtype=object), False),
        (np.array([b"a"]), False),
        (np.zeros(2), False),
        (np.full((2, 2, 2), "a"), False),
    ],
    ids=lambda case: str(getattr(case, "dtype", case)),
)
def test_accepts_strings_only(column, accepted):
    assert Text.accepts(column) == accepted


def test_categories_of_a_frame_are_texts():
    table = as_table(pd.DataFrame({"size": pd.Series(["small", "large"], dtype="category")}))
    text = Text().fit(table["size"])
    assert words_of(text, text.transform(table["size"]).values) == ["small", "large"]


def test_texts_are_cut_at_512_tokens():
    text = Text().fit(["a " * 600])
    assert text.spec_.shape == (512,)


# Tokenizers --------------------------------------------------------------------------------------


class Letters:
    """Space and lower-case letters, space = 0."""

    n_tokens = 27
    letters = " abcdefghijklmnopqrstuvwxyz"

    def encode(self, texts):
        return [[self.letters.index(letter) for letter in text] for text in texts]

    def decode(self, rows):
        return ["".join(self.letters[id_] for id_ in row) for row in rows]


TOKENIZERS = [
    pytest.param("word", id="word"),
    pytest.param("bpe", id="bpe"),
    pytest.param(str.split, id="callable"),
    pytest.param(Letters(), id="object"),
]


@pytest.fixture(params=TOKENIZERS)
def tokenizer(request):
    if request.param == "bpe":
        pytest.importorskip("tokenizers")
    return request.param


TEXTS = np.array(["abba", "cab", "abba", "c"], dtype=object)


def test_with_any_tokenizer_texts_come_back(tokenizer):
    text = Text(tokenizer=tokenizer).fit(TEXTS)
    block = text.transform(TEXTS)
    assert block.values.max() < text.spec_.n_categories
    assert words_of(text, block.values) == TEXTS.tolist()


def test_with_any_tokenizer_it_clones_copies_and_pickles(tokenizer):
    text = Text(tokenizer=tokenizer)
    expected = text.fit(TEXTS).transform(TEXTS).values
    for twin in (copy.deepcopy(text), pickle.loads(pickle.dumps(text))):
        np.testing.assert_array_equal(twin.transform(TEXTS).values, expected)
    np.testing.assert_array_equal(clone(text).fit(TEXTS).transform(TEXTS).values, expected)


def test_with_any_tokenizer_an_estimator_learns(tokenizer):
    X, y = np.tile(TEXTS, 6)[:, None], ["no", "yes", "no", "yes"] * 6
    modalities = [("text", Text(tokenizer=tokenizer), [0])]
    clf = FusionClassifier(modalities, max_epochs=30, learning_rate=0.03, random_state=0)
    assert clf.fit(X, y).score(X, y) == 1


@pytest.mark.parametrize("missing", [None, "", " "])
def test_with_any_tokenizer_texts_may_be_empty_or_missing(tokenizer, missing):
    column = np.array(["ab", missing], dtype=object)
    block = Text(tokenizer=tokenizer).fit(column).transform(column)
    assert block.mask.any(axis=1).all()
    assert END in block.values[1]


def test_case_is_ignored_by_words_of_a_function_too():
    upper = Text(tokenizer=str.split).fit(["A-B a-b"])
    assert upper.tokenizer_.vocabulary_ == {"a-b": 3}
    kept = Text(tokenizer=str.split, lowercase=False).fit(["A-B a-b"])
    assert set(kept.tokenizer_.vocabulary_) == {"A-B", "a-b"}


def test_ids_of_a_tokenizer_are_moved_by_three():
    text = Text(tokenizer=Letters()).fit(["abc", "z"])
    assert text.transform(["abc", "z"]).values.tolist() == [
        [4, 5, 6, END],
        [29, END, PADDING, PADDING],
    ]
    assert text.spec_.n_categories == 30


@pytest.mark.parametrize("wrong", ["words", 7, None])
def test_another_tokenizer_is_refused(wrong):
    with pytest.raises(ValueError, match="The 'tokenizer' parameter of Text must be"):
        Text(tokenizer=wrong).fit(TEXTS)


# Token ids ---------------------------------------------------------------------------------------

RAGGED = [[5, 0, 5], [2], []]


def ragged_forms():
    arrays = np.empty(3, dtype=object)
    arrays[:] = [np.array(row, dtype=np.int32) for row in RAGGED]
    lists = np.empty(3, dtype=object)
    lists[:] = RAGGED
    table = np.array([[5, 0, 5], [2, np.nan, np.nan], [np.nan] * 3])
    return {
        "list": RAGGED,
        "arrays": arrays,
        "lists": lists,
        "series": pd.Series(RAGGED),
        "table": table,
        "frame": pd.DataFrame(table, columns=list("abc")),
        "nullable": pd.DataFrame(table, columns=list("abc")).astype("Int64"),
        "objects": np.where(np.isnan(table), None, np.nan_to_num(table).astype(int)),
    }


@pytest.mark.parametrize("form", ragged_forms())
def test_ids_are_taken_in_any_form(form):
    ids = ragged_forms()[form]
    text = Text(tokenizer="ids").fit(ids)
    block = text.transform(ids)
    assert block.values.tolist() == [[8, 3, 8, END], [5, END, 0, 0], [END, 0, 0, 0]]
    back = text.inverse_transform(block.values)
    if form in ("table", "frame", "nullable", "objects"):  # what was a table comes back as one
        np.testing.assert_array_equal(back, ragged_forms()["table"])
    else:
        assert [row.tolist() for row in back] == RAGGED


@pytest.mark.parametrize("dtype", [np.uint8, np.int64, np.uint64])
def test_a_table_of_integers_is_a_text_a_row(dtype):
    ids = np.array([[0, 1], [7, 0]], dtype=dtype)
    ids.flags.writeable = False
    block = Text(tokenizer="ids").fit(ids).transform(ids)
    assert block.values.tolist() == [[3, 4, END], [10, 3, END]]
    assert block.spec.n_categories == 11


def test_ids_of_rows_of_weight_zero_are_not_there():
    text = Text(tokenizer="ids").fit([[1, 2], [9, 9, 9]], sample_weight=np.array([1, 0]))
    assert text.spec_.shape == (3,)
    with pytest.warns(UserWarning, match="1 of 1 texts have no word"):
        assert text.transform([[9]]).values[0, 0] == UNKNOWN


def test_an_estimator_learns_from_ids_in_a_frame():
    X = MultiModalFrame({"text": np.array([[1, 2], [3, 4]] * 8)})
    y = [0, 1] * 8
    text = [("text", Text(tokenizer="ids"), "text")]
    assert FusionClassifier(text, max_epochs=30, random_state=0).fit(X, y).score(X, y) == 1


@pytest.mark.parametrize(
    ("ids", "message"),
    [
        (["a b"], "column '0' holds 'a b' .* a row of token ids is expected"),
        (np.array([1, 2]), "column '0' holds 1 .* a row of token ids is expected"),
        (np.array([[1, -2]]), "token ids are integers from 0 on, got -2"),
        (np.array([[1, 2.5]]), "expected a row of integer token ids"),
        (np.array([[1, np.inf]]), "expected a row of integer token ids"),
        (np.zeros((2, 2, 2), int), r"expected token ids of shape \(n, t\)"),
    ],
    ids=["string", "flat", "negative", "fraction", "infinite", "deep"],
)
def test_what_is_no_row_of_ids_is_refused(ids, message):
    with pytest.raises(ValueError, match=message):
        Text(tokenizer="ids").fit(ids)


def test_ids_are_no_strings():
    assert not Text.accepts(np.array([[1, 2]]))
    with pytest.raises(ValueError, match="holds 1 .* where a string is expected"):
        Text().fit(np.array([[1, 2]]))


# Markers -----------------------------------------------------------------------------------------

FRAME = pd.DataFrame({"title": ["a b", None, ""], "body": ["b", "a a", None]})


def test_a_marker_stands_before_the_text_of_each_column():
    text = Text(join="markers").fit(FRAME)
    assert text.markers_ == ["title", "body"]
    title, body = 5, 6
    assert text.transform(FRAME).values.tolist() == [
        [title, 3, 4, body, 4, END],
        [body, 3, 3, END, PADDING, PADDING],
        [title, END, PADDING, PADDING, PADDING, PADDING],
    ]
    assert text.spec_.n_categories == 7


def test_no_word_is_taken_for_a_marker():
    frame = pd.DataFrame({"title": ["[title] title 5"], "body": ["[body]"]})
    text = Text(join="markers", tokenizer=str.split).fit(frame)
    ids = text.transform(frame).values[0]
    assert (ids >= text.tokenizer_.n_tokens_).sum() == 2
    assert text.inverse_transform(ids[None]).tolist() == frame.to_numpy().tolist()


def test_with_markers_columns_come_back_apart(tokenizer):
    frame = pd.DataFrame({"one": ["ab", None, "b"], "two": ["ba", "aa", None]})
    text = Text(join="markers", tokenizer=tokenizer).fit(frame)
    back = text.inverse_transform(text.transform(frame).values)
    assert back.tolist() == [["ab", "ba"], [None, "aa"], ["b", None]]


def test_columns_of_ids_have_markers_too():
    cells = np.empty((1, 2), dtype=object)
    cells[0, 0], cells[0, 1] = [1, 2], [0]
    text = Text(tokenizer="ids", join="markers").fit(cells)
    assert text.transform(cells).values.tolist() == [[6, 4, 5, 7, 3, END]]
    back = text.inverse_transform(text.transform(cells).values)
    assert [cell.tolist() for cell in back[0]] == [[1, 2], [0]]


def test_of_one_column_with_a_marker_comes_back_one():
    text = Text(join="markers").fit(["a", "b"])
    assert words_of(text, text.transform(["b", "a"]).values) == ["b", "a"]


def test_markers_count_towards_max_length():
    text = Text(join="markers", max_length=3).fit(FRAME)
    assert text.transform(FRAME).values[0].tolist() == [5, 3, 4]


def test_tokens_before_any_marker_are_of_the_first_column():
    text = Text(join="markers").fit(FRAME)
    assert text.inverse_transform([[3, 6, 4, END]]).tolist() == [["a", "b"]]
    assert text.inverse_transform([[4, 3, END, PADDING]]).tolist() == [["b a", None]]


def test_markers_need_as_many_columns_as_in_fit():
    with pytest.raises(ValueError, match="got 1 columns, expected 2"):
        Text(join="markers").fit(FRAME).transform(FRAME[["body"]])


@pytest.mark.parametrize(("join", "accuracy"), [("space", 0.5), ("markers", 1.0)])
def test_with_markers_alone_a_network_knows_the_column(join, accuracy):
    X = pd.DataFrame({"one": ["x", None] * 10, "two": [None, "x"] * 10})
    y = [0, 1] * 10
    text = [("text", Text(join=join), ["one", "two"])]
    clf = FusionClassifier(text, max_epochs=30, learning_rate=0.01, random_state=0)
    assert clf.fit(X, y).score(X, y) == accuracy


# Vectors -----------------------------------------------------------------------------------------

VECTORS = {"cat": [1.0, 2.0], "dog": [3.0, -4.0]}


def test_vectors_stand_in_the_rows_of_their_words():
    text = Text(vectors=VECTORS).fit(["dog cat", "dog bird"])
    table = text.spec_.vectors
    words = text.tokenizer_.vocabulary_
    assert table.shape == (6, 2)
    assert not table[:3].any()
    assert table[words["cat"]].tolist() == [1, 2]
    assert table[words["dog"]].tolist() == [3, -4]
    assert table[words["bird"]].any()
    assert text.spec_.train_vectors
    assert not Text(vectors=VECTORS, train_vectors=False).fit(["cat"]).spec_.train_vectors


def test_markers_have_vectors_of_their_own():
    frame = pd.DataFrame({"one": ["cat"], "two": ["dog"]})
    table = Text(vectors=VECTORS, join="markers").fit(frame).spec_.vectors
    assert len(table) == 7
    assert len(np.unique(table[3:], axis=0)) == 4


def test_vectors_may_be_a_file(tmp_path):
    path = tmp_path / "glove.txt"
    path.write_text("cat 1 2\ndog 3 -4\n")
    for source in (path, str(path)):
        found = Text(vectors=source).fit(["cat dog bird"]).spec_.vectors
        np.testing.assert_array_equal(
            found, Text(vectors=VECTORS).fit(["cat dog bird"]).spec_.vectors
        )


@pytest.mark.parametrize("encoder", ["bag", "gru", "attention"])
@pytest.mark.parametrize("train", [True, False])
def test_vectors_are_trained_on_or_stay(encoder, train):
    X = np.array(["cat", "dog"] * 8, dtype=object)[:, None]
    text = Text(vectors=VECTORS, train_vectors=train, encoder=encoder)
    clf = FusionClassifier([("text", text, [0])], max_epochs=3, random_state=0)
    clf.fit(X, [0, 1] * 8)
    table = clf.modalities_[0][1].spec_.vectors
    weights = [w.detach().numpy() for w in clf.network_.parameters() if w.shape == table.shape]
    assert any(np.array_equal(weight, table) for weight in weights) != train


@pytest.mark.parametrize("tokenizer", ["ids", Letters()], ids=["ids", "object"])
def test_vectors_need_words(tokenizer):
    rows = [[1]] if isinstance(tokenizer, str) else ["a"]
    with pytest.raises(
        ValueError, match="vectors are of words, which the tokenizer does not return"
    ):
        Text(tokenizer=tokenizer, vectors=VECTORS).fit(rows)


# Encoders with a tokenizer -----------------------------------------------------------------------


class LetterEncoder(BagEncoder):
    """As one that was pretrained on letters."""

    max_length = 3

    def __init__(self, width=8, *, dropout=0.0, loaded=True):
        super().__init__(width, dropout=dropout)
        self.loaded = loaded

    @property
    def tokenizer(self):
        return Letters() if self.loaded else None


def test_an_encoder_brings_its_tokenizer_and_its_longest_text():
    text = Text(encoder=LetterEncoder()).fit(["abcd"])
    assert isinstance(text.tokenizer_, GivenTokenizer)
    assert text.transform(["abcd"]).values.tolist() == [[4, 5, 6]]
    assert Text(encoder=LetterEncoder(), max_length=2).fit(["abcd"]).spec_.shape == (2,)


def test_an_encoder_whose_tokenizer_is_none_brings_none():
    text = Text(encoder=LetterEncoder(loaded=False)).fit(["abcd x y z w"])
    assert text.transform(["abcd"]).values[0].tolist() == [3, END, 0, 0, 0, 0]


@pytest.mark.parametrize("params", [{"tokenizer": "bpe"}, {"tokenizer": Letters()}])
def test_two_tokenizers_contradict_each_other(params):
    with pytest.raises(ValueError, match="encoder LetterEncoder has a tokenizer of its own: leave"):
        Text(encoder=LetterEncoder(), **params).fit(["a"])


def test_a_pretrained_encoder_knows_no_markers():
    with pytest.raises(ValueError, match="join='markers' was given, but .* leave join out"):
        Text(encoder=LetterEncoder(), join="markers").fit(["a"])


def test_ids_come_back_in_a_table_as_wide_as_that_of_fit():
    full = Text(tokenizer="ids").fit(np.array([[0, 1], [7, 0]]))
    np.testing.assert_array_equal(full.inverse_transform(np.array([[3, 4, 2]])), [[0, 1]])
    assert full.inverse_transform(np.array([[3, 4, 2]])).dtype == np.int64
    short, long = np.array([[3, 2, 0]]), np.array([[3, 4, 10]])
    np.testing.assert_array_equal(full.inverse_transform(short), [[0, np.nan]])
    np.testing.assert_array_equal(full.inverse_transform(long), [[0, 1]])


def test_file_of_vectors_that_cannot_be_read_is_named(tmp_path):
    for path in (tmp_path / "gone.txt", str(tmp_path)):
        with pytest.raises(ValueError, match=r"vectors=.* cannot be read: [NI][os] ") as error:
            Text(vectors=path).fit(["a cat"])
        assert repr(path) in str(error.value)


def test_texts_without_a_known_word_are_warned_of_in_transform_too():
    text = Text().fit(np.array(["good film", "bad plot"] * 5, dtype=object))
    with pytest.warns(UserWarning, match=r"2 of 3 texts have no word.*'nothing known'"):
        text.transform(np.array(["nothing known", "also unknown", "good"], dtype=object))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        text.transform(np.array(["one unknown", "good", "bad", ""], dtype=object))
