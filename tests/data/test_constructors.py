"""A frame is made from what other libraries hold, and frames are put together."""

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
import torch
from scipy import sparse

from sklearn_crossmodal import ModalityArray, MultiModalFrame

N = 4

# Data frames ------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [pd.DataFrame, pl.DataFrame, pa.table])
def test_columns_of_a_data_frame_are_grouped(kind):
    df = kind({"age": [1, 2, 3], "price": [5.0, None, 7.0], "title": ["a", "b", None]})
    X = MultiModalFrame.from_frame(
        df, {"table": ["price", "age"], "words": "title", "all": slice(None, 2), "last": [-1]}
    )
    assert list(X) == ["table", "words", "all", "last"]
    assert type(X["table"]) is type(df)
    assert X["table"].shape == X["all"].shape == (3, 2)
    assert X["words"].tolist()[:2] == ["a", "b"]
    assert X.presence("words").tolist() == X.presence("last").tolist() == [True, True, False]
    cut = X[[2, 0]]
    assert np.asarray(cut["table"])[:, 1].tolist() == [3, 1]


def test_without_groups_each_column_is_a_modality():
    X = MultiModalFrame.from_frame(pd.DataFrame({"age": [1, 2], "title": ["a", None]}))
    assert list(X) == ["age", "title"]
    assert X["age"].tolist() == [1, 2]


def test_what_is_no_data_frame_or_group_is_refused():
    with pytest.raises(TypeError, match="takes a pandas, polars or pyarrow frame, got ndarray"):
        MultiModalFrame.from_frame(np.zeros((2, 2)))
    df = pd.DataFrame({"a": [1]})
    with pytest.raises(TypeError, match="columns is a mapping of modalities to columns, got list"):
        MultiModalFrame.from_frame(df, ["a"])
    with pytest.raises(ValueError, match="'b' is not in X"):
        MultiModalFrame.from_frame(df, {"x": ["b"]})
    with pytest.raises(ValueError, match="selects no columns"):
        MultiModalFrame.from_frame(df, {"x": []})


# Views ------------------------------------------------------------------------------------------


def test_views_are_named_by_number_or_as_asked():
    views = [np.zeros((N, 2)), sparse.csr_array((N, 5)), [[1, 2]] * N]
    X = MultiModalFrame.from_views(views)
    assert list(X) == ["view_0", "view_1", "view_2"]
    assert X["view_0"] is views[0]
    assert X["view_1"] is views[1]
    assert list(MultiModalFrame.from_views(views, names=["a", "b", "c"])) == ["a", "b", "c"]


def test_wrong_views_are_refused():
    view = np.zeros((N, 2))
    with pytest.raises(TypeError, match="views are a list of 2-D arrays, got ndarray"):
        MultiModalFrame.from_views(view)
    with pytest.raises(ValueError, match="got 1 names for 2 views"):
        MultiModalFrame.from_views([view, view], names=["a"])
    with pytest.raises(ValueError, match=r"got the shapes \{'view_1': \(4,\)\}"):
        MultiModalFrame.from_views([view, np.zeros(N)])
    with pytest.raises(ValueError, match="must differ"):
        MultiModalFrame.from_views([view, view], names=["a", "a"])


# MuData -----------------------------------------------------------------------------------------


# mudata calls pandas in a way that pandas 4 will not know.
of_mudata = pytest.mark.filterwarnings("ignore::DeprecationWarning")


def annotated(values, names, prefix):
    anndata = pytest.importorskip("anndata")
    frame = pd.DataFrame(index=list(names))
    variables = pd.DataFrame(index=[f"{prefix}{place}" for place in range(values.shape[1])])
    return anndata.AnnData(values, obs=frame, var=variables)


@pytest.fixture
def omics():
    mudata = pytest.importorskip("mudata")
    rna = annotated(np.arange(6, dtype=np.float32).reshape(3, 2), "abc", "r")
    protein = annotated(sparse.csr_matrix(np.eye(3, dtype=np.float32) * 9), "dca", "p")
    with mudata.set_options(pull_on_update=False):
        return mudata.MuData({"rna": rna, "protein": protein})


@of_mudata
def test_observations_are_aligned_and_absent_where_a_modality_lacks_them(omics):
    X = MultiModalFrame.from_mudata(omics)
    place = {name: row for row, name in enumerate(omics.obs_names)}
    assert len(X) == N
    assert {name: bool(X.presence("rna")[place[name]]) for name in "abcd"} == {
        "a": True,
        "b": True,
        "c": True,
        "d": False,
    }
    assert {name: bool(X.presence("protein")[place[name]]) for name in "abcd"} == {
        "a": True,
        "b": False,
        "c": True,
        "d": True,
    }
    np.testing.assert_array_equal(X["rna"][place["c"]], [4, 5])
    assert sparse.issparse(X["protein"])
    np.testing.assert_array_equal(X["protein"][[place["a"]]].toarray(), [[0, 0, 9]])
    np.testing.assert_array_equal(X["protein"][[place["b"]]].toarray(), [[0, 0, 0]])


@of_mudata
def test_modalities_that_are_aligned_are_not_copied():
    mudata = pytest.importorskip("mudata")
    values = np.ones((3, 2), dtype=np.float32)
    with mudata.set_options(pull_on_update=False):
        parts = {name: annotated(values.copy(), "xyz", name) for name in "ab"}
        mdata = mudata.MuData(parts)
    X = MultiModalFrame.from_mudata(mdata)
    assert np.shares_memory(X["a"], mdata.mod["a"].X)
    assert X.presence("b").all()


@of_mudata
def test_what_is_no_mudata_is_refused(omics):
    with pytest.raises(TypeError, match="takes a MuData, got dict"):
        MultiModalFrame.from_mudata({})
    del omics.mod["rna"].X
    with pytest.raises(ValueError, match="modality 'rna' of the MuData has no X"):
        MultiModalFrame.from_mudata(omics)


# Datasets ---------------------------------------------------------------------------------------


def test_columns_of_a_dataset_are_read():
    datasets = pytest.importorskip("datasets")
    dataset = datasets.Dataset.from_dict(
        {"text": ["a", None, "c"], "label": [0, 1, 0], "vector": [[1.0, 2.0]] * 3}
    )
    X = MultiModalFrame.from_dataset(dataset)
    assert list(X) == ["text", "label", "vector"]
    assert X["text"].tolist() == ["a", None, "c"]
    assert X["label"].tolist() == [0, 1, 0]
    assert X["vector"].shape == (3, 2)
    assert list(MultiModalFrame.from_dataset(dataset, ["label"])) == ["label"]


def test_images_of_a_dataset_are_not_decoded(rng):
    datasets, image = pytest.importorskip("datasets"), pytest.importorskip("PIL.Image")
    photos = [image.fromarray(rng.integers(0, 256, (8, 8, 3), dtype=np.uint8)), None]
    features = datasets.Features({"photo": datasets.Image()})
    dataset = datasets.Dataset.from_dict({"photo": photos}, features=features)
    X = MultiModalFrame.from_dataset(dataset)
    assert isinstance(X["photo"][0], bytes)
    assert X["photo"][0].startswith(b"\x89PNG")
    assert X.presence("photo").tolist() == [True, False]


class Tables:
    """As few methods as a dataset needs."""

    column_names = ("x", "y")

    def __init__(self, **columns):
        self.columns = columns

    def __len__(self):
        return 2

    def __getitem__(self, name):
        return self.columns[name]


def test_anything_with_named_columns_and_a_length_is_a_dataset():
    array = np.zeros((2, 3))
    X = MultiModalFrame.from_dataset(Tables(x=array, y=("a", "b")))
    assert X["x"] is array
    assert X["y"].tolist() == ["a", "b"]


def test_wrong_datasets_are_refused():
    with pytest.raises(TypeError, match="with `column_names`, got list"):
        MultiModalFrame.from_dataset([1, 2])
    with pytest.raises(ValueError, match=r"columns \['z'\] are not in the dataset, which has"):
        MultiModalFrame.from_dataset(Tables(), ["z"])
    with pytest.raises(ValueError, match="dataset of 2 rows gives columns of"):
        MultiModalFrame.from_dataset(Tables(x=[1, 2, 3]), ["x"])


# To pandas --------------------------------------------------------------------------------------


def test_every_column_becomes_one_of_pandas_and_comes_back(rng):
    photo = rng.integers(0, 256, size=(N, 2, 2), dtype=np.uint8)
    series = pd.Series(pd.Categorical(["x", None, "y", "x"], categories=["y", "x"]))
    X = MultiModalFrame(
        {
            "photo": photo,
            "text": ["a", None, "c", "d"],
            "age": np.arange(N),
            "size": series,
            "table": pd.DataFrame({"p": np.arange(N), "q": list("abcd")}),
            "words": sparse.csr_array(np.eye(N)),
            "tensor": torch.ones(N, 3),
            "day": np.arange(N).astype("datetime64[D]"),
        },
        present={"photo": [True, True, False, True], "age": [True, False, True, True]},
    )
    df = X.to_pandas()
    names = ["photo", "text", "age", "size", "table__p", "table__q", "words", "tensor", "day"]
    assert list(df) == names
    assert isinstance(df["photo"].array, ModalityArray)
    assert df["photo"].isna().tolist() == [False, False, True, False]
    assert df["age"].isna().tolist() == [False, True, False, False]
    assert df["size"].cat.categories.tolist() == ["y", "x"]
    assert df["words"][3].toarray().tolist() == [[0, 0, 0, 1]]
    assert df["day"].dtype.kind == "M"
    again = MultiModalFrame.from_frame(df)
    np.testing.assert_array_equal(again["photo"], photo)
    for name in ("photo", "text", "age", "size"):
        assert again.presence(name).tolist() == X.presence(name).tolist()
    assert again["tensor"].shape == (N, 3)


# Concatenation ----------------------------------------------------------------------------------


def test_rows_are_put_below_rows_of_every_kind():
    def frame(first):
        rows = np.arange(first, first + 2)
        return MultiModalFrame(
            {
                "array": rows[:, np.newaxis] * np.ones((2, 3)),
                "text": [str(row) for row in rows],
                "sparse": sparse.csr_array(rows[:, np.newaxis]),
                "tensor": torch.tensor(rows),
                "table": pd.DataFrame({"a": rows}),
                "series": pd.Series(rows),
                "polars": pl.DataFrame({"a": rows}),
            },
            present={"array": rows % 2 == 0},
        )

    X = MultiModalFrame.concat([frame(0), frame(2)])
    assert X.shape == (4, 7)
    assert X["array"][:, 2].tolist() == [0, 1, 2, 3]
    assert X.presence("array").tolist() == [True, False, True, False]
    assert X["text"].tolist() == ["0", "1", "2", "3"]
    for name in ("sparse", "tensor", "table", "series", "polars"):
        cells = X[name].toarray() if name == "sparse" else np.asarray(X[name])
        assert cells.ravel().tolist() == [0, 1, 2, 3]
    assert sparse.issparse(X["sparse"])
    assert isinstance(X["table"], pd.DataFrame)


def test_what_a_frame_lacks_is_absent_in_its_rows():
    first = MultiModalFrame(
        {
            "text": ["a"],
            "photo": np.ones((1, 2, 2), dtype=np.uint8),
            "sparse": sparse.csr_array([[3.0]]),
            "table": pd.DataFrame({"a": [1]}),
            "tensor": torch.ones(1, 2),
        }
    )
    X = MultiModalFrame.concat([MultiModalFrame({"n": [1.0, 2.0]}), first])
    for name in first:
        assert X.presence(name).tolist() == [False, False, True]
    assert X.presence("n").tolist() == [True, True, False]
    assert X["photo"].dtype == np.uint8
    assert X["text"][2] == "a"


def test_arrays_of_several_shapes_become_cells():
    small, large = np.zeros((1, 2, 2)), np.zeros((1, 3, 3))
    X = MultiModalFrame.concat([MultiModalFrame({"p": small}), MultiModalFrame({"p": large})])
    assert [cell.shape for cell in X["p"]] == [(2, 2), (3, 3)]
    mixed = MultiModalFrame.concat([MultiModalFrame({"p": [1]}), MultiModalFrame({"p": ["a"]})])
    assert mixed["p"].tolist() == [1, "a"]


def test_modalities_are_put_side_by_side_without_copies():
    first = MultiModalFrame({"a": np.zeros((2, 2))}, present={"a": [True, False]})
    X = MultiModalFrame.concat([first, MultiModalFrame({"b": [1, 2]})], axis=1)
    assert list(X) == ["a", "b"]
    assert X["a"] is first["a"]
    assert X.presence("a").tolist() == [True, False]


def test_wrong_frames_are_refused():
    frame = MultiModalFrame({"a": [1, 2]})
    with pytest.raises(TypeError, match=r"of the type MultiModalFrame, got \['dict'\]"):
        MultiModalFrame.concat([frame, {"a": [1]}])
    with pytest.raises(ValueError, match="concat takes some frames and axis 0 or 1"):
        MultiModalFrame.concat([])
    with pytest.raises(ValueError, match="concat takes some frames and axis 0 or 1"):
        MultiModalFrame.concat([frame], axis=2)
    with pytest.raises(ValueError, match=r"more than one of the frames has \['a'\]"):
        MultiModalFrame.concat([frame, frame], axis=1)
    with pytest.raises(ValueError, match="same number of rows"):
        MultiModalFrame.concat([frame, MultiModalFrame({"b": [1]})], axis=1)
