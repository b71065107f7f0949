"""Files as Hugging Face stores them, base64, and images of mixed channels are read or named."""

import base64
import io

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from PIL import Image as Pillow
from scipy.io import wavfile

from sklearn_crossmodal import (
    Audio,
    FusionClassifier,
    Image,
    MultiModalFrame,
    infer_modalities,
)
from sklearn_crossmodal.data import object_array

N = 20
rng = np.random.default_rng(0)
Y = np.arange(N) % 2
PIXELS = rng.integers(0, 255, (N, 8, 8, 3), dtype=np.uint8)
OTHER = rng.normal(size=N)
quick = {"max_epochs": 1, "random_state": 0, "n_folds": None}


def png(pixels):
    file = io.BytesIO()
    Pillow.fromarray(pixels).save(file, "PNG")
    return file.getvalue()


def wav(seed):
    file = io.BytesIO()
    noise = np.random.default_rng(seed).integers(-9999, 9999, 4000)
    wavfile.write(file, 8000, noise.astype(np.int16))
    return file.getvalue()


PICTURES = [png(one) for one in PIXELS]
SOUNDS = [wav(row) for row in range(N)]
FRAMES = {
    "dict": lambda cells: {"p": cells, "x": OTHER},
    "frame": lambda cells: MultiModalFrame({"p": cells, "x": OTHER}),
    "pandas": lambda cells: pd.DataFrame({"p": cells, "x": OTHER}),
    "polars": lambda cells: pl.DataFrame({"p": cells, "x": OTHER}),
    "pyarrow": lambda cells: pa.table({"p": pa.array(cells), "x": OTHER}),
    "pandas of arrow": lambda cells: pa.table({"p": pa.array(cells), "x": OTHER}).to_pandas(
        types_mapper=pd.ArrowDtype
    ),
}


@pytest.mark.parametrize("container", FRAMES)
@pytest.mark.parametrize(
    ("files", "modality"), [(PICTURES, "Image"), (SOUNDS, "Audio")], ids=["pictures", "sounds"]
)
def test_bytes_and_path_in_a_dict_are_the_file(files, modality, container):
    cells = [{"bytes": one, "path": f"{row}.png"} for row, one in enumerate(files)]
    cells[3] = None
    X, plain = FRAMES[container](cells), {"p": [*files[:3], None, *files[4:]], "x": OTHER}
    assert modality in {type(one).__name__ for _, one, _ in infer_modalities(X)}
    found, expected = FusionClassifier(**quick).fit(X, Y), FusionClassifier(**quick).fit(plain, Y)
    np.testing.assert_allclose(found.predict_proba(X), expected.predict_proba(plain), atol=1e-6)


def test_array_and_rate_in_a_dict_are_a_sound():
    waves = [np.random.default_rng(row).normal(size=4000) for row in range(N)]
    cells = [{"path": None, "array": wave, "sampling_rate": 8000} for wave in waves]
    found = FusionClassifier({"p": "p"}, **quick).fit({"p": cells}, Y)
    pairs = object_array([(wave, 8000) for wave in waves])
    expected = FusionClassifier({"p": "p"}, **quick).fit({"p": pairs}, Y)
    np.testing.assert_allclose(
        found.predict_proba({"p": cells}), expected.predict_proba({"p": pairs}), atol=1e-6
    )


@pytest.mark.parametrize("nothing", [{"bytes": None, "path": None}, None])
def test_a_file_of_nothing_is_absent(nothing):
    X = MultiModalFrame({"p": [nothing, {"bytes": PICTURES[0], "path": None}]})
    assert X.presence("p").tolist() == [False, True]


@pytest.mark.parametrize(
    ("files", "modality"), [(PICTURES, Image), (SOUNDS, Audio)], ids=["pictures", "sounds"]
)
@pytest.mark.parametrize(
    ("form", "remedy"),
    [("{}", "base64.b64decode"), ("data:image/png;base64,{}", "uri.partition")],
)
def test_base64_is_named_with_the_remedy(files, modality, form, remedy):
    texts = [form.format(base64.b64encode(one).decode()) for one in files]
    with pytest.warns(UserWarning, match=remedy):
        infer_modalities({"p": texts})
    named = [("p", modality(on_error="raise"), "p")]
    with pytest.raises(ValueError, match=f"FusionClassifier: modality 'p'.*{remedy}") as error:
        FusionClassifier(named, **quick).fit({"p": texts}, Y)
    assert len(str(error.value)) < 2000  # not all of the files


@pytest.mark.filterwarnings("ignore:20 of 20 images cannot be read", "ignore:.*images cannot be")
def test_pictures_that_are_all_base64_are_named_where_they_count_as_absent():
    texts = [base64.b64encode(one).decode() for one in PICTURES]
    with pytest.raises(ValueError, match=r"none of the 20 images can be read.*base64.b64decode"):
        FusionClassifier([("p", "image", "p"), ("x", "numeric", "x")], **quick).fit(
            {"p": texts, "x": OTHER}, Y
        )


def test_a_waveform_without_samples_is_absent_with_a_warning():
    waves = object_array([np.sin(np.arange(2000) / (row + 2)) for row in range(len(Y))])
    gaps = waves.copy()
    gaps[5] = None
    waves[5] = np.array([])
    clf = FusionClassifier([("p", "audio", "p"), ("x", "numeric", "x")], **quick)
    with pytest.warns(UserWarning, match=r"'p'.*1 of 20 cells are empty, first rows \[5\]"):
        clf.fit({"p": waves, "x": OTHER}, Y)
    expected = clf.predict_proba({"p": gaps, "x": OTHER})
    with pytest.warns(UserWarning, match=r"'p'.*1 of 20 cells are empty"):
        np.testing.assert_array_equal(clf.predict_proba({"p": waves, "x": OTHER}), expected)


def mixed(dtype=np.uint8):
    forms = [
        lambda one: one,
        lambda one: one[..., 0],
        lambda one: one[..., :1],
        lambda one: np.concatenate([one, np.full_like(one[..., :1], 255)], axis=-1),
    ]
    return object_array([forms[row % 4](one).astype(dtype) for row, one in enumerate(PIXELS)])


@pytest.mark.parametrize("mode", [None, "L", "RGB", "RGBA"])
@pytest.mark.parametrize("size", [None, 8, 4])
def test_arrays_of_mixed_channels_are_brought_to_one_mode(mode, size):
    images = mixed()
    modality = Image(mode=mode, size=size, scaling="unit")
    values = modality.fit(images).transform(images).values
    assert values.shape[1] == len(mode or "RGB")
    if size is None:
        pixels = object_array([Pillow.fromarray(np.squeeze(one)) for one in images])
        files = Image(mode=mode or "RGB", scaling="unit").fit(pixels).transform(pixels)
        np.testing.assert_allclose(values, files.values[:], atol=1 / 254)
    for row in range(4):  # a single image, too, is read as it was among the others
        alone = modality.transform(images[row : row + 1]).values
        np.testing.assert_allclose(alone, values[row : row + 1], atol=1e-6)


def test_mixed_channels_train_and_predict_in_a_frame():
    X = MultiModalFrame({"p": mixed(), "x": OTHER})
    clf = FusionClassifier(**quick).fit(X, Y)
    assert clf.predict(X[1:2]).shape == (1,)


@pytest.mark.parametrize(
    ("broken", "what"),
    [
        (np.zeros(5), "an array"),
        (np.zeros((2, 2, 2, 3)), "an array"),
        ("a text", "str"),
        (7, "int"),
    ],
    ids=["one axis", "four axes", "text", "number"],
)
def test_a_broken_cell_is_named_by_its_row(broken, what):
    cells = object_array([*PIXELS])
    cells[2], cells[11] = None, broken
    with pytest.raises(ValueError, match=f"FusionClassifier: modality 'p'.*row 11 holds {what}"):
        FusionClassifier([("p", Image(), "p"), ("x", "numeric", "x")], **quick).fit(
            {"p": cells, "x": OTHER}, Y
        )


def test_a_sound_without_samples_is_absent_with_a_warning():
    silent = io.BytesIO()
    wavfile.write(silent, 8000, np.zeros(0, np.int16))
    cells = object_array([*SOUNDS])
    cells[4], cells[7] = silent.getvalue(), (np.zeros(0), 8000)
    X, gaps = {"p": cells, "x": OTHER}, {"p": object_array([*SOUNDS]), "x": OTHER}
    gaps["p"][[4, 7]] = None
    with pytest.warns(UserWarning, match=r"2 of 20 sounds cannot be read.*row 4.*no samples"):
        found = FusionClassifier(**quick).fit(X, Y)
    expected = FusionClassifier(**quick).fit(gaps, Y)
    np.testing.assert_allclose(found.predict_proba(gaps), expected.predict_proba(gaps), atol=1e-6)
