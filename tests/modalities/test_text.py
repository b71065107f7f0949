"""Text joins the strings of its columns and turns them into token ids."""

import numpy as np
import pandas as pd
import pytest

from sklearn_crossmodal import MultiModalFrame, Text
from sklearn_crossmodal.data import END, Columns, as_table, select_columns


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
