"""ModalityBank gives each modality its columns of the samples that have it, and nothing else."""

import copy
import threading
from pathlib import Path

import joblib
import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from torch import nn

from sklearn_crossmodal import FusionClassifier, Image, MultiModalFrame, Numeric, Pretrained, Text
from sklearn_crossmodal.data import as_table, is_lazy
from sklearn_crossmodal.exceptions import ModalityError
from sklearn_crossmodal.modalities import Categorical, ModalityBank

NO_MEMORY = joblib.Memory(None)


class SpyNumeric(Numeric):
    """Notes what it sees."""

    seen = []

    def fit(self, columns, sample_weight=None):
        self.seen.append((np.asarray(columns.values).tolist(), sample_weight))
        return super().fit(columns, sample_weight)

    def transform(self, columns):
        self.seen.append(np.asarray(columns.values).tolist())
        return super().transform(columns)


@pytest.fixture(autouse=True)
def seen():
    SpyNumeric.seen.clear()
    return SpyNumeric.seen


def make_bank(X, modalities, sample_weight=None):
    """Return the fitted bank and the blocks."""
    bank, table = ModalityBank("Owner", modalities), as_table(X)
    bank.bind(X, table)
    return bank, bank.fit_transform(table, sample_weight, NO_MEMORY)


@pytest.fixture
def X():
    return MultiModalFrame(
        {
            "a": [1.0, np.nan, 3.0, np.nan],
            "b": [1.0, 2.0, 3.0, np.nan],
            "text": ["x", None, "y", "z"],
        }
    )


MODALITIES = [("n", SpyNumeric(scaling=None), ["a", "b"]), ("words", Text(), "text")]


# Absence ----------------------------------------------------------------------------------------


def test_rows_that_lack_a_modality_never_reach_it(X, seen):
    X, weight = X[[3, 0, 1, 2]], np.array([1.0, 2.0, 3.0, 4.0])
    bank, _ = make_bank(X, MODALITIES, weight)
    (fitted, weights), transformed = seen
    np.testing.assert_array_equal(fitted, [[1, 1], [np.nan, 2], [3, 3]])
    assert weights.tolist() == [2, 3, 4]
    np.testing.assert_array_equal(transformed, fitted)
    seen.clear()
    bank.transform(X[[0, 3]])
    assert seen == [[[3.0, 3.0]]]


def test_blocks_have_a_row_a_sample_and_zeros_where_absent(X):
    _, blocks = make_bank(X, MODALITIES)
    assert list(blocks) == ["n", "words"]
    assert [len(block) for block in blocks.values()] == [4, 4]
    assert blocks["n"].present.tolist() == [True, True, True, False]
    assert blocks["words"].present.tolist() == [True, False, True, True]
    assert not blocks["n"].values[3].any()
    assert not blocks["words"].values[1].any()
    assert not blocks["words"].mask[1].any()


@pytest.mark.parametrize("filler", [np.nan, 0.0, 1e9])
def test_what_stands_in_cells_that_present_denies_changes_nothing(filler):
    def blocks_of(cell):
        X = MultiModalFrame(
            {"a": [1.0, 2.0, cell], "text": ["x", "y", "z"]}, present={"a": [True, True, False]}
        )
        return make_bank(X, [("n", Numeric(), "a"), ("words", Text(), "text")])[1]

    expected, got = blocks_of(5.0)["n"], blocks_of(filler)["n"]
    np.testing.assert_array_equal(got.values, expected.values)
    np.testing.assert_array_equal(got.present, expected.present)


@pytest.mark.parametrize("filler", [np.nan, 0.0, 1e9])
@pytest.mark.parametrize("alone", [True, False])
def test_a_denied_cell_beside_another_column_of_its_modality_is_a_missing_value(filler, alone):
    modalities = [("n", Numeric(scaling=None), ["a", "b"]), ("words", Text(), "text")]
    X = MultiModalFrame(
        {"a": [1.0, 2.0, filler], "b": [3.0, 4.0, 5.0], "text": ["x", "y", "z"]},
        present={"a": [True, True, False]},
    )
    _, blocks = make_bank(X, modalities[:1] if alone else modalities)
    assert blocks["n"].values.tolist() == [[1, 3, 0], [2, 4, 0], [1, 5, 1]]
    assert blocks["n"].present.all()


def test_to_a_sole_modality_nan_is_a_missing_value_and_nothing_is_absent():
    X = MultiModalFrame({"a": [1.0, 2.0, np.nan]})
    _, blocks = make_bank(X, [("n", Numeric(scaling=None), "a")])
    assert blocks["n"].present.all()
    assert blocks["n"].values.tolist() == [[1, 0], [2, 0], [1, 1]]
    texts = MultiModalFrame({"text": ["a", None]})
    assert make_bank(texts, [("words", Text(), "text")])[1]["words"].present.all()


def test_a_sole_modality_that_present_denies_is_absent_and_the_row_refused():
    X = MultiModalFrame({"a": [1.0, 2.0, 3.0]}, present={"a": [True, False, True]})
    with pytest.raises(
        ModalityError, match=r"1 samples have none of the modalities \['n'\].*\[1\]"
    ):
        make_bank(X, [("n", Numeric(), "a")])


def test_a_row_with_nothing_at_all_is_refused_with_its_number(X):
    X = X[[0, 1, 2, 3, 3, 3]]
    X["text"] = ["x", None, "y", None, "z", None]
    message = r"Owner: 2 samples have none of the modalities \['n', 'words'\], first rows \[3, 5\]"
    with pytest.raises(ModalityError, match=message):
        make_bank(X, MODALITIES)
    bank, _ = make_bank(X[[0, 1, 2]], MODALITIES)
    with pytest.raises(ModalityError, match=message):
        bank.transform(X)


def test_a_modality_that_no_sample_has_is_left_out_with_a_warning(X):
    X = X[[0, 1, 2]]
    full, X["text"] = X.copy(), [None] * 3
    message = (
        r"Owner: modality 'words' \(column 'text'\): it is absent in all samples, and left out"
    )
    with pytest.warns(UserWarning, match=message):
        bank, blocks = make_bank(X, MODALITIES)
    assert list(blocks) == ["n"]
    assert [entry[0] for entry in bank.fitted] == ["n"]
    assert bank.fitted[0][2] == ["a", "b"]
    assert bank.left_out == ["words"]
    later = bank.transform(full)  # where a sample does have it, it is not looked at
    np.testing.assert_array_equal(later["n"].values, blocks["n"].values)
    full["text"] = [7, 7, 7]
    assert list(bank.transform(full)) == ["n"]


def test_a_sample_that_has_only_a_modality_that_was_left_out_has_none(X):
    full = X.copy()
    X["text"] = [None] * 4
    with pytest.warns(UserWarning, match="'words'.*left out"):
        bank, _ = make_bank(X[[0, 1, 2]], MODALITIES)
    with pytest.raises(ModalityError, match=r"none of the modalities \['n'\], first rows \[3\]"):
        bank.transform(full)


def test_modalities_that_are_all_absent_everywhere_are_refused_by_name():
    X = MultiModalFrame({"a": [None] * 3, "b": [np.nan] * 3})
    modalities = [("one", Text(), "a"), ("two", Numeric(), "b")]
    message = r"Owner: the modalities \['one', 'two'\] are absent in all samples"
    with pytest.raises(ModalityError, match=message):
        make_bank(X, modalities)


def test_later_a_modality_may_be_absent_in_all_samples(X):
    bank, _ = make_bank(X, MODALITIES)
    X = X[[0, 1, 2]]
    X["text"] = [None] * 3
    blocks = bank.transform(X)
    assert not blocks["words"].present.any()
    assert blocks["words"].values.dtype == np.int64
    assert blocks["n"].present.all()


# Columns ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [MultiModalFrame, pd.DataFrame, dict])
def test_columns_are_found_by_name_whatever_their_order(X, kind):
    modalities = [("n", Numeric(scaling=None), [0, 1]), ("words", Text(), -1)]
    bank, blocks = make_bank(kind({**X}), modalities)
    shuffled = bank.transform(as_table(kind({name: X[name] for name in ("text", "b", "a")})))
    for name, block in blocks.items():
        np.testing.assert_array_equal(shuffled[name].values, block.values)
        np.testing.assert_array_equal(shuffled[name].present, block.present)


def test_columns_that_no_modality_asked_for_are_not_looked_at(X):
    X["other"] = np.array([object()] * 4)
    _, blocks = make_bank(X, MODALITIES)
    assert list(blocks) == ["n", "words"]


def test_a_callable_is_called_with_x_as_the_user_gave_it(X):
    frame = pd.DataFrame({name: X[name] for name in X})
    types = []

    def numbers(given):
        types.append(type(given))
        return given.select_dtypes("number").columns

    _, blocks = make_bank(frame, [("n", Numeric(), numbers), ("words", Text(), "text")])
    assert types == [pd.DataFrame]
    assert blocks["n"].spec.shape == (3,)  # a, b, and whether a is missing


def test_a_modality_without_columns_is_refused_by_name(X):
    with pytest.raises(ModalityError, match=r"Owner: modality 'n'.*: its columns \[\] are none"):
        make_bank(X, [("n", Numeric(), [])])


def test_an_unknown_column_names_owner_modality_and_what_there_is(X):
    message = r"Owner: modality 'n': column 'c' is not in X, which has \['a', 'b', 'text'\]"
    with pytest.raises(ValueError, match=message):
        make_bank(X, [("n", Numeric(), ["a", "c"])])


def test_a_modality_whose_columns_are_all_missing_later_is_absent(X):
    bank, _ = make_bank(X, MODALITIES)
    blocks = bank.transform(MultiModalFrame({"a": [1.0, 2.0], "b": [1.0, 2.0]}))
    assert not blocks["words"].present.any()
    assert blocks["n"].present.all()


def test_a_modality_with_some_of_its_columns_missing_is_refused(X):
    bank, _ = make_bank(X, MODALITIES)
    message = r"Owner: modality 'n'.*: X lacks its columns \['b'\], but has others of it"
    with pytest.raises(ModalityError, match=message):
        bank.transform(MultiModalFrame({"a": [1.0, 2.0], "text": ["x", "y"]}))


def test_only_some_modalities_can_be_looked_at(X, seen):
    bank, _ = make_bank(X, MODALITIES)
    seen.clear()
    blocks = bank.transform(X[[0, 2, 3]], only=["words"])
    assert seen == []
    assert not blocks["n"].present.any()
    assert blocks["words"].present.all()


def test_columns_of_an_array_are_found_by_position(rng):
    array = rng.normal(size=(5, 4))
    modalities = [("n", Numeric(scaling=None), slice(1, 3)), ("m", Numeric(), [0])]
    bank, blocks = make_bank(array, modalities)
    np.testing.assert_array_equal(blocks["n"].values, array[:, 1:3])
    np.testing.assert_array_equal(bank.transform(array)["m"].values, blocks["m"].values)


def test_an_error_of_a_modality_names_owner_and_modality(X):
    X["text"] = ["x", "y", 7, "z"]
    with pytest.raises(ValueError, match="^Owner: modality 'words'.* 'text'.* holds 7"):
        make_bank(X, MODALITIES)


# Fitting ----------------------------------------------------------------------------------------


def test_the_modalities_given_are_not_fitted_and_the_fitted_are_given_back(X):
    given = [("n", Numeric(), ["a", "b"]), ("words", Text(), "text")]
    bank, _ = make_bank(X, given)
    assert not hasattr(given[0][1], "spec_")
    assert [(name, columns) for name, _, columns in bank.fitted] == [
        ("n", ["a", "b"]),
        ("words", "text"),
    ]
    assert bank.fitted[1][1].tokenizer_.n_tokens_ == 6


def test_with_a_memory_a_second_fit_fits_no_modality_again(X, tmp_path, monkeypatch):
    fits = []
    for modality in (Numeric, Text):
        own = modality.fit_transform

        def fit_transform(self, columns, sample_weight=None, own=own):
            fits.append(type(self).__name__)
            return own(self, columns, sample_weight)

        monkeypatch.setattr(modality, "fit_transform", fit_transform)
    y = [0, 1, 0, 1]
    modalities = [("n", Numeric(), ["a", "b"]), ("words", Text(), "text")]
    settings = {"max_epochs": 2, "random_state": 0, "memory": str(tmp_path)}
    first = FusionClassifier(modalities, **settings).fit(X, y)
    assert fits == ["Numeric", "Text"]
    again = FusionClassifier(modalities, fusion="sum", **settings).fit(X, y)
    assert fits == ["Numeric", "Text"]
    assert again.modalities_[1][1].tokenizer_.vocabulary_ == {"x": 3, "y": 4, "z": 5}
    again = FusionClassifier(modalities, **settings).fit(X, y)
    np.testing.assert_array_equal(again.predict_proba(X), first.predict_proba(X))
    modalities[1] = ("words", Text(lowercase=False), "text")
    FusionClassifier(modalities, **settings).fit(X, y)
    assert fits == ["Numeric", "Text", "Text"]


class Letters:
    """A tokenizer that is not pickled."""

    n_tokens = 128

    def __init__(self):
        self.lock = threading.Lock()

    def __deepcopy__(self, memo):
        return self

    def encode(self, texts):
        return [list(map(ord, text)) for text in texts]

    def decode(self, rows):
        return ["".join(map(chr, row)) for row in rows]


def blocks_in(memory, X, modality):
    bank, table = ModalityBank("Owner", [("a", modality, "a")]), as_table(X)
    bank.bind(X, table)
    return bank.fit_transform(table, None, joblib.Memory(memory, verbose=0))["a"]


def n_files(folder):
    return len(list(folder.rglob("*.pkl")))


def test_a_memory_keeps_nothing_that_files_say(tmp_path):
    pillow = pytest.importorskip("PIL.Image")
    memory, path = tmp_path / "memory", tmp_path / "photo.png"
    for cell in (str(path), path):
        found = []
        for level in (10, 20):
            pillow.fromarray(np.full((4, 4), level, dtype=np.uint8)).save(path)
            X = MultiModalFrame({"a": np.array([cell, cell], dtype=object)})
            found.append(blocks_in(memory, X, Image(scaling="unit")).values[:])
        np.testing.assert_allclose(found[1], 2 * found[0], rtol=1e-6)
    X = MultiModalFrame({"a": np.array([str(path), "nowhere.png"], dtype=object)})
    for _ in range(2):
        bank = ModalityBank("Owner", [("a", Image(), "a")], needs_any=False)
        bank.bind(X, X)
        with pytest.warns(UserWarning, match="cannot be read"):
            bank.fit_transform(X, None, joblib.Memory(memory, verbose=0))


@pytest.mark.parametrize("kind", [str, Path])
def test_a_memory_keeps_nothing_that_a_file_of_vectors_says(tmp_path, kind):
    X, path = MultiModalFrame({"a": ["x", "x y"]}), tmp_path / "vectors.txt"
    found = []
    for number in (1, 2):
        path.write_text(f"x {number} {number}\ny 3 4\n")
        block = blocks_in(tmp_path / "memory", X, Text(vectors=kind(path)))
        found.append(block.spec.vectors[block.values[0, 0]].tolist())
    assert found == [[1, 1], [2, 2]]


def test_a_memory_map_is_not_copied_into_a_memory(tmp_path, rng):
    np.save(tmp_path / "photos.npy", rng.integers(0, 256, (6, 8, 8), dtype=np.uint8))
    for _ in range(2):
        X = MultiModalFrame({"a": np.load(tmp_path / "photos.npy", mmap_mode="r")})
        assert is_lazy(blocks_in(tmp_path / "memory", X, Image()).values)
    assert n_files(tmp_path / "memory") == 0


def test_a_memory_does_not_grow_with_copies_of_a_module(tmp_path, rng):
    X = MultiModalFrame({"a": rng.integers(0, 256, (6, 8, 8), dtype=np.uint8)})
    module = nn.Conv2d(1, 2, 3)
    for _ in range(3):
        module = copy.deepcopy(module)
        blocks_in(tmp_path, X, Image(encoder=Pretrained(module)))
    assert n_files(tmp_path) == 0
    blocks_in(tmp_path, X, Image())
    assert n_files(tmp_path) > 0


def test_a_tokenizer_with_a_lock_goes_with_a_memory_without_a_word(tmp_path):
    tokenizer, X = Letters(), MultiModalFrame({"a": ["x", "x y"]})
    assert blocks_in(tmp_path, X, Text(tokenizer=tokenizer)).values.shape == (2, 4)


def test_without_a_memory_every_fit_fits_anew(X, seen):
    for _ in range(2):
        make_bank(X, MODALITIES)
    assert len(seen) == 4


# Back to columns ----------------------------------------------------------------------------------


def test_raw_data_goes_back_to_the_columns_it_came_from(X):
    bank, blocks = make_bank(X[[0, 2]], MODALITIES)
    raw = {
        name: modality.inverse_transform(blocks[name].values) for name, modality, _ in bank.fitted
    }
    columns = bank.columns_of(raw)
    assert {name: list(cells) for name, cells in columns.items()} == {
        "a": [1, 3],
        "b": [1, 3],
        "text": ["x", "y"],
    }
    assert list(bank.columns_of({"words": raw["words"]})) == ["text"]


def test_raw_data_of_an_array_goes_back_to_positions(rng):
    array = rng.normal(size=(4, 3))
    bank, blocks = make_bank(array, [("n", Numeric(scaling=None), [2, 0]), ("m", Numeric(), [1])])
    columns = bank.columns_of({"n": blocks["n"].values, "m": array[:, [1]]})
    assert list(columns) == [2, 0, 1]
    np.testing.assert_array_equal(columns[2], array[:, 2])
    np.testing.assert_array_equal(columns[1], array[:, 1])


def test_an_array_that_is_one_column_goes_back_whole(rng):
    X = MultiModalFrame({"photo": Image.example(3, rng), "matrix": rng.normal(size=(3, 2))})
    bank, blocks = make_bank(X, [("p", Image(), "photo"), ("n", Numeric(scaling=None), "matrix")])
    columns = bank.columns_of({"p": X["photo"], "n": blocks["n"].values})
    assert columns["photo"].shape == (3, 8, 8, 3)
    assert columns["matrix"].shape == (3, 2)


def test_texts_that_were_joined_cannot_be_given_back_one_by_one():
    X = MultiModalFrame({"title": ["a", "b"], "body": ["c", "d"]})
    bank, _ = make_bank(X, [("words", Text(), ["title", "body"])])
    message = r"Owner: modality 'words' joins the columns \['title', 'body'\]"
    with pytest.raises(ModalityError, match=message):
        bank.columns_of({"words": np.array(["a c", "b d"], dtype=object)})


def test_a_sparse_matrix_for_what_takes_none_is_said():
    X = sparse.csr_array(np.eye(4))
    bank = ModalityBank("Owner", [("kind", Categorical(), slice(0, 4))])
    bank.bind(X, X)
    with pytest.raises(ModalityError, match="Owner: modality 'kind'.*Categorical takes no sparse"):
        bank.fit_transform(X, None, NO_MEMORY)
