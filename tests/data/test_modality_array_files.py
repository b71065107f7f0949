"""A column of arrays in files and in other libraries: nothing is lost, nothing is made up."""

import io
import json
import pickle
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sklearn_crossmodal import FusionClassifier, ModalityArray
from sklearn_crossmodal.data import ModalityDtype

pa = pytest.importorskip("pyarrow")


def through_parquet(frame):
    file = io.BytesIO()
    frame.to_parquet(file)
    return pd.read_parquet(io.BytesIO(file.getvalue()))


def through_feather(frame):
    file = io.BytesIO()
    frame.to_feather(file)
    return pd.read_feather(io.BytesIO(file.getvalue()))


def through_arrow(frame):
    return pa.Table.from_pandas(frame).to_pandas()


def through_slices(frame):
    """Parts of one Arrow table: what is cut is not copied, and nulls stand at an offset."""
    table = pa.Table.from_pandas(frame, preserve_index=True)
    parts = [table.slice(row, 2).to_pandas() for row in range(0, len(frame), 2)]
    return pd.concat(parts) if parts else table.to_pandas()


def through_chunks(frame):
    tables = [pa.Table.from_pandas(frame[row : row + 1]) for row in range(len(frame))]
    return pa.concat_tables(tables).to_pandas() if tables else through_arrow(frame)


def through_json(frame):
    types = {name: column.dtype for name, column in frame.items()}
    return pd.read_json(io.StringIO(frame.to_json(double_precision=15)), dtype=types)


def through_csv(frame):
    types = {name: column.dtype for name, column in frame.items()}
    return pd.read_csv(io.StringIO(frame.to_csv(index=False)), dtype=types)


def through_pickle(frame):
    return pickle.loads(pickle.dumps(frame))


ARROW = [through_parquet, through_feather, through_arrow, through_slices, through_chunks]
TEXT = [through_json, through_csv]


@st.composite
def modality_arrays(draw, subtypes):
    subtype = np.dtype(draw(st.sampled_from(subtypes)))
    shape = tuple(draw(st.lists(st.integers(1, 4), max_size=3)))
    n = draw(st.integers(1, 7))
    rng = np.random.default_rng(draw(st.integers(0, 99)))
    numbers = (rng.normal(size=(n, *shape)) * 50).astype(subtype)
    return ModalityArray(numbers, present=rng.random(n) < 0.7)


@pytest.mark.parametrize("through", [*ARROW, through_pickle])
@given(array=modality_arrays(["bool", "uint8", "int64", "uint64", "float16", "float32", "float64"]))
@settings(max_examples=8, deadline=None)
def test_files_keep_numbers_presence_type_and_shape(through, array):
    back = through(pd.DataFrame({"photo": array}))["photo"].array
    assert back.dtype == array.dtype
    assert back.equals(array)
    back[0] = None  # as of any column that was read


@pytest.mark.parametrize("through", TEXT)
@given(array=modality_arrays(["bool", "uint8", "int64", "float32", "float64"]))
@settings(max_examples=8, deadline=None)
def test_text_keeps_all_cells(through, array):
    back = through(pd.DataFrame({"photo": array}))["photo"].array
    assert back.dtype == array.dtype
    assert back.isna().tolist() == array.isna().tolist()
    there = ~array.isna()
    np.testing.assert_allclose(
        back.numbers[there].astype(float), array.numbers[there].astype(float), rtol=1e-6
    )


@pytest.fixture
def photos(rng):
    return rng.integers(0, 256, size=(20, 16, 16, 3), dtype=np.uint8)


@pytest.fixture
def frame(photos):
    return pd.DataFrame({"photo": ModalityArray(photos, np.arange(20) != 3), "n": range(20)})


@pytest.mark.parametrize("orient", ["columns", "index", "records", "split", "values", "table"])
def test_json_holds_each_picture_whole(frame, photos, orient):
    found = json.loads(frame.to_json(orient=orient))
    cells = {
        "columns": lambda: found["photo"].values(),
        "index": lambda: [row["photo"] for row in found.values()],
        "records": lambda: [row["photo"] for row in found],
        "split": lambda: [row[0] for row in found["data"]],
        "values": lambda: [row[0] for row in found],
        "table": lambda: [row["photo"] for row in found["data"]],
    }[orient]()
    expected = [None if row == 3 else photo.tolist() for row, photo in enumerate(photos)]
    assert list(cells) == expected


def test_csv_leaves_no_numbers_out(frame, photos):
    texts = pd.read_csv(io.StringIO(frame.to_csv()), dtype=str)["photo"]
    assert json.loads(texts[0]) == photos[0].tolist()
    assert texts.isna().tolist() == frame["photo"].isna().tolist()


def test_csv_that_holds_no_lists_is_refused():
    with pytest.raises(ValueError, match=r"nested list of numbers, got 'a\.png'"):
        pd.read_csv(io.StringIO("p\na.png\n"), dtype={"p": "modality[uint8, (2, 2)]"})


def test_what_is_computed_from_a_cell_is_a_plain_array(frame):
    cell = frame["photo"].astype(object)[0]
    assert type(cell + 1) is np.ndarray
    assert isinstance(cell.mean(), float)


def test_arrow_has_the_shape_of_the_rows(frame):
    table = pa.Table.from_pandas(frame)
    pixel = pa.list_(pa.list_(pa.uint8(), 3), 16)
    assert table.schema.field("photo").type == pa.list_(pixel, 16)
    assert table["photo"].null_count == 1


@pytest.mark.parametrize("lists", ["fixed", "any", "tensor"])
def test_the_type_reads_arrow_lists_of_any_kind(photos, lists):
    dtype = ModalityDtype("uint8", (16, 16, 3))
    if lists == "tensor":
        array = pa.FixedShapeTensorArray.from_numpy_ndarray(photos)
    else:
        array = ModalityArray(photos).__arrow_array__()
        if lists == "any":
            array = pa.array(array.to_pylist())
    np.testing.assert_array_equal(dtype.__from_arrow__(array).numbers, photos)


@pytest.mark.parametrize("shape", [(2, 3), (3,), ()])
def test_arrow_lists_of_another_shape_are_refused(shape):
    with pytest.raises(ValueError, match="shape"):
        ModalityDtype("uint8", (2, 2)).__from_arrow__(pa.array([[[1, 2, 3], [4, 5, 6]]]))
    with pytest.raises(ValueError, match="shape"):
        ModalityDtype("uint8", (2, 2)).__from_arrow__(
            ModalityArray(np.zeros((4, *shape))).__arrow_array__()
        )


def test_a_row_that_lacks_numbers_is_nan_or_refused():
    array = pa.array([[1, None], None], pa.list_(pa.float32(), 2))
    found = ModalityDtype("float32", (2,)).__from_arrow__(array)
    np.testing.assert_array_equal(found.numbers[0], [1, np.nan])
    assert found.isna().tolist() == [False, True]
    with pytest.raises(ValueError, match="row 0 lacks numbers, which int16 cannot hold"):
        ModalityDtype("int16", (2,)).__from_arrow__(array)


@pytest.mark.slow
def test_a_new_process_reads_the_file(frame, photos, tmp_path):
    frame.to_parquet(tmp_path / "frame.parquet")
    code = (
        "import sys, pandas; from sklearn_crossmodal import MultiModalFrame; "
        "print(pandas.read_parquet(sys.argv[1])['photo'].dtype)"
    )
    arguments = [sys.executable, "-c", code, str(tmp_path / "frame.parquet")]
    found = subprocess.run(arguments, check=True, capture_output=True, text=True)
    assert found.stdout.strip() == "modality[uint8, (16, 16, 3)]"


def test_polars_takes_the_frame(frame, photos):
    polars = pytest.importorskip("polars")
    for table in (polars.from_pandas(frame), polars.DataFrame(frame)):
        assert table.schema["photo"] == polars.Array(polars.UInt8, (16, 16, 3))
        assert table["photo"].null_count() == 1
        np.testing.assert_array_equal(table["photo"][0].to_numpy(), photos[0])


def test_an_estimator_predicts_the_same_from_what_was_read_back(frame):
    y = np.arange(20) % 2
    model = FusionClassifier(max_epochs=2, n_folds=None, random_state=0).fit(frame, y)
    expected = model.predict_proba(frame)
    for through in (through_parquet, through_arrow):
        np.testing.assert_array_equal(model.predict_proba(through(frame)), expected)
