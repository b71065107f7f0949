"""Image turns images, as arrays or files, into a grid, channels first."""

import pickle
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from sklearn_crossmodal import Image
from sklearn_crossmodal.data import LazyRows
from sklearn_crossmodal.preprocessing import ImageScaler


@pytest.fixture
def photos(rng):
    return Image.example(5, rng)


def of_several_sizes(rng):
    images = np.empty(3, dtype=object)
    for row, size in enumerate([(6, 7), (8, 4), (3, 3)]):
        images[row] = rng.integers(0, 256, size=(*size, 3), dtype=np.uint8)
    return images


def test_images_become_a_grid_as_image_scaler_makes_it(photos):
    image = Image(size=(4, 6), scaling="unit").fit(photos)
    block = image.transform(photos)
    assert block.kind == "grid"
    assert block.spec.shape == (3, 4, 6)
    assert block.mask is None
    assert block.present.all()
    scaler = ImageScaler(size=(4, 6), scaling="unit").fit(photos)
    np.testing.assert_array_equal(block.values, scaler.transform(photos))


def test_the_inverse_gives_back_the_images(photos):
    image = Image().fit(photos)
    np.testing.assert_array_equal(image.inverse_transform(image.transform(photos).values), photos)


def test_the_axis_of_the_channels_can_be_named(rng):
    photos = rng.integers(0, 256, size=(5, 3, 8, 4), dtype=np.uint8)
    assert Image(channels="first").fit(photos).spec_.shape == (3, 8, 4)


def test_images_of_several_sizes_are_brought_to_one(rng):
    images = of_several_sizes(rng)
    block = Image(size=(4, 4)).fit(images).transform(images)
    assert block.values.shape == (3, 3, 4, 4)
    series = pd.Series(list(images))
    np.testing.assert_array_equal(
        Image(size=(4, 4)).fit(series).transform(series).values, block.values
    )
    with pytest.raises(ValueError, match="images differ in shape.*pass size"):
        Image().fit(images)


def test_rows_of_weight_zero_are_not_there(photos):
    weight = np.array([1.0, 2.0, 0.0, 1.0, 1.0])
    spoilt = photos.astype(float)
    spoilt[2] = np.nan
    weighted = Image().fit(spoilt, weight)
    left_out = Image().fit(spoilt[weight > 0], weight[weight > 0])
    np.testing.assert_array_equal(weighted.scaler_.mean_, left_out.scaler_.mean_)
    np.testing.assert_array_equal(weighted.scaler_.std_, left_out.scaler_.std_)


def test_a_missing_image_among_images_is_refused_with_its_row(rng):
    images = of_several_sizes(rng)
    images[1] = None
    with pytest.raises(ValueError, match=r"1 samples have no image, first \[1\]: leave them out"):
        Image(size=(4, 4)).fit(images)


def test_a_table_of_numbers_is_no_image():
    with pytest.raises(ValueError, match=r"expected images of shape \(n, height, width\)"):
        Image().fit(np.zeros((4, 16)))


def test_accepts_arrays_of_two_or_three_axes_per_sample(rng, photos):
    assert Image.accepts(photos)
    assert Image.accepts(photos[..., 0] > 100)
    assert Image.accepts(of_several_sizes(rng))
    assert Image.accepts(pd.Series([None, *of_several_sizes(rng)]))
    assert not Image.accepts(photos[:, 0, 0])
    assert not Image.accepts(np.full((2, 3, 3), "a"))
    assert not Image.accepts(np.array([None, None]))
    assert not Image.accepts(pd.Series(["a"], dtype="string"))
    assert not Image.accepts(np.zeros((2, 2, 2, 2, 2)))


# Files -------------------------------------------------------------------------------------------


@pytest.fixture
def files(photos, tmp_path):
    """Return the photos as paths, bytes, Pillow images and a memory map."""
    pillow = pytest.importorskip("PIL.Image")
    images = [pillow.fromarray(photo) for photo in photos]
    paths = [tmp_path / f"{row}.png" for row in range(len(photos))]
    for path, image in zip(paths, images, strict=True):
        image.save(path)
    np.save(tmp_path / "photos.npy", photos)
    return {
        "strings": [str(path) for path in paths],
        "paths": paths,
        "bytes": [path.read_bytes() for path in paths],
        "pillow": images,
        "array": np.array([str(path) for path in paths]),
        "column": np.array([[str(path)] for path in paths], dtype=object),
        "series": pd.Series(paths),
        "memory map": np.load(tmp_path / "photos.npy", mmap_mode="r"),
    }


FORMS = ["strings", "paths", "bytes", "pillow", "array", "column", "series", "memory map"]


@pytest.mark.parametrize("keep", [True, False])
@pytest.mark.parametrize("form", FORMS)
def test_files_give_the_block_of_the_arrays_in_them(files, photos, form, keep):
    weight = np.array([1.0, 2.0, 0.5, 1.0, 3.0])
    fitted, block = Image(keep=keep).fit_transform(files[form], weight)
    expected, arrays = Image().fit_transform(photos, weight)
    assert isinstance(block.values, LazyRows)
    assert block.spec.shape == (3, 8, 8)
    np.testing.assert_array_equal(block.values[:], arrays.values)
    np.testing.assert_array_equal(fitted.scaler_.mean_, expected.scaler_.mean_)
    again = fitted.transform(files[form])
    np.testing.assert_array_equal(again.values[[3, 0]], arrays.values[[3, 0]])
    np.testing.assert_array_equal(fitted.transform(photos).values, arrays.values)
    np.testing.assert_array_equal(fitted.inverse_transform(again.values[:]), photos)
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(block)).values[:], arrays.values)


def test_files_are_read_when_a_batch_asks_for_them(files, photos):
    _, block = Image(keep=False).fit_transform(files["paths"])
    _, kept = Image(keep=True).fit_transform(files["paths"])
    for path in files["paths"]:
        path.unlink()
    np.testing.assert_array_equal(kept.values[:], Image().fit_transform(photos)[1].values)
    with pytest.warns(UserWarning, match="cannot be any more"):
        assert not block.values[1:3].any()


def test_a_file_that_cannot_be_read_is_absent_and_left_out_of_the_statistics(files, photos):
    files["paths"][2].write_bytes(b"no image")
    for keep in (True, False):
        with pytest.warns(UserWarning, match=r"1 of 5 images cannot be read.*2\.png"):
            image, block = Image(keep=keep).fit_transform(files["paths"])
        rest = np.delete(photos, 2, axis=0)
        assert block.present.tolist() == [True, True, False, True, True]
        assert not block.values[[2]].any()
        expected, arrays = Image().fit_transform(rest)
        np.testing.assert_array_equal(block.values[[0, 1, 3, 4]], arrays.values)
        np.testing.assert_array_equal(image.scaler_.std_, expected.scaler_.std_)
    spread = block.scatter(np.array([False, True, True, True, True, True]))
    assert spread.present.tolist() == [False, True, True, False, True, True]
    np.testing.assert_array_equal(spread.values[[0, 5]], [np.zeros((3, 8, 8)), arrays.values[3]])


def test_weights_stay_with_their_rows_where_files_cannot_be_read(files, photos):
    files["paths"][0].unlink()
    weight = np.array([9.0, 1.0, 2.0, 0.0, 3.0])
    with pytest.warns(UserWarning, match="cannot be read"):
        image = Image().fit(files["paths"], weight)
    expected = Image().fit(photos[[1, 2, 4]], weight[[1, 2, 4]])
    np.testing.assert_array_equal(image.scaler_.mean_, expected.scaler_.mean_)
    np.testing.assert_array_equal(image.scaler_.std_, expected.scaler_.std_)


def test_broken_files_of_weight_zero_are_not_read_in_fit(files):
    files["paths"][0].unlink()
    Image(on_error="raise").fit(files["paths"], np.array([0.0, 1, 1, 1, 1]))
    with pytest.raises(ValueError, match=r"1 of 5 images cannot be read.*0\.png"):
        Image(on_error="raise").fit(files["paths"])


def test_nothing_is_learned_where_no_file_can_be_read():
    with (
        pytest.warns(UserWarning, match="2 of 2 images cannot be read"),
        pytest.raises(ValueError, match="none of the 2 images can be read, first"),
    ):
        Image().fit(["gone.png", "lost.png"])


def test_files_of_the_size_in_fit_are_asked_for_in_transform(files, tmp_path):
    pillow = pytest.importorskip("PIL.Image")
    pillow.new("RGB", (9, 7)).save(tmp_path / "other.png")
    with pytest.raises(ValueError, match=r"\(8, 8\) and, in '.*other\.png', \(7, 9\): pass size"):
        Image().fit(files["paths"]).transform([tmp_path / "other.png"])
    resized = Image(size=(8, 8)).fit(files["paths"]).transform([tmp_path / "other.png"])
    assert resized.values[:].shape == (1, 3, 8, 8)


def test_files_are_read_for_what_was_fitted_on_grey_arrays(files, photos):
    image = Image().fit(photos[..., 0])
    values = image.transform(files["paths"]).values[:]
    assert values.shape == (5, 1, 8, 8)
    grey = np.rint(photos @ [0.299, 0.587, 0.114]).astype(np.uint8)
    np.testing.assert_allclose(values, image.transform(grey).values, atol=0.02)


@pytest.mark.parametrize(("mode", "n_channels"), [("L", 1), ("RGB", 3), ("RGBA", 4)])
def test_mode_converts_files_and_arrays_alike(files, photos, mode, n_channels):
    options = {"mode": mode, "scaling": "unit"}
    image, block = Image(**options).fit_transform(files["paths"])
    assert block.spec.shape == (n_channels, 8, 8)
    _, arrays = Image(**options).fit_transform(photos)
    np.testing.assert_allclose(block.values[:], arrays.values, atol=1 / 255)
    back = image.inverse_transform(block.values[:])
    assert back.shape == (5, 8, 8, n_channels)
    assert back.dtype == np.uint8


def test_a_memory_map_that_holds_nan_is_refused_with_its_row(photos, tmp_path):
    spoilt = np.tile(photos, (30, 1, 1, 1)).astype(np.float32)
    spoilt[140, 2] = np.nan
    np.save(tmp_path / "spoilt.npy", spoilt)
    with pytest.raises(ValueError, match=r"1 images hold NaN or infinity, first \[140\]"):
        Image().fit(np.load(tmp_path / "spoilt.npy", mmap_mode="r"))
    np.save(tmp_path / "deep.npy", photos.astype(np.int64))
    deep = np.load(tmp_path / "deep.npy", mmap_mode="r")
    _, block = Image().fit_transform(deep)  # its range is that of all, not of a batch
    np.testing.assert_array_equal(block.values[:], Image().fit_transform(photos)[1].values)


# The encoder's own normalisation -----------------------------------------------------------------


def wanting(**normalization):
    return SimpleNamespace(normalization=normalization)


def test_the_normalisation_of_the_encoder_takes_the_place_of_what_is_learned(photos, files):
    mean, std = [0.4, 0.5, 0.6], [0.2, 0.25, 0.3]
    encoder = wanting(mean=mean, std=std, size=(4, 6))
    expected = (photos / 255 - mean) / std
    image, block = Image(size=(8, 8), encoder=encoder).fit_transform(photos)
    np.testing.assert_allclose(block.values, expected.transpose(0, 3, 1, 2), atol=1e-5)
    np.testing.assert_array_equal(image.inverse_transform(block.values), photos)
    _, lazy = Image(size=(8, 8), encoder=encoder).fit_transform(files["paths"])
    np.testing.assert_array_equal(lazy.values[:], block.values)
    assert Image(encoder=encoder).fit(photos).spec_.shape == (3, 4, 6)
    square = wanting(mean=mean, std=std, size=5)
    assert Image(encoder=square).fit(files["paths"]).spec_.shape == (3, 5, 5)
    unit = Image(size=(8, 8), scaling="unit", encoder=encoder).fit(photos).transform(photos)
    np.testing.assert_allclose(unit.values, photos.transpose(0, 3, 1, 2) / 255, atol=1e-6)


def test_an_encoder_that_knows_the_size_alone_leaves_colour_and_scale(photos, files):
    encoder = wanting(mean=None, std=None, size=(4, 6))
    for images in (photos, files["paths"]):
        found = Image(encoder=encoder).fit(images)
        assert found.spec_.shape == (3, 4, 6)
        values = found.transform(images).values[:]
        np.testing.assert_allclose(values.mean(axis=(0, 2, 3)), 0, atol=1e-5)


def test_one_number_for_all_channels_does_not_make_images_grey(photos, files):
    encoder = wanting(mean=0.5, std=0.25, size=None)
    for images in (photos, files["paths"]):
        found = Image(encoder=encoder).fit(images).transform(images).values[:]
        np.testing.assert_allclose(found, (photos / 255 - 0.5).transpose(0, 3, 1, 2) * 4, atol=1e-5)
    assert Image(encoder=wanting(mean=[0.5], std=[0.25])).fit(photos).spec_.shape[0] == 1


def test_pixels_for_a_frozen_encoder_are_the_same_in_each_fold(photos):
    encoder = SimpleNamespace(frozen=True, normalization=None)
    halves = (photos[: len(photos) // 2], photos[len(photos) // 2 :])
    first, second = (Image(encoder=encoder).fit(half).transform(photos).values for half in halves)
    np.testing.assert_array_equal(first, second)
    given = Image(encoder=encoder, scaling=(0.5, 0.5)).fit(photos).transform(photos).values
    np.testing.assert_allclose(given, 2 * first - 1, atol=1e-6)


def test_an_encoder_class_is_not_asked_for_its_properties(photos):
    class Wanting:
        @property
        def normalization(self):
            raise AssertionError

    assert Image(encoder=Wanting).fit(photos).spec_.shape[0] == 3


def test_grey_images_become_as_many_channels_as_the_encoder_wants(photos):
    encoder = wanting(mean=[0.4, 0.5, 0.6], std=[0.2, 0.2, 0.2])
    image, block = Image(encoder=encoder).fit_transform(photos[..., 0])
    assert block.spec.shape == (3, 8, 8)
    back = image.inverse_transform(block.values)
    np.testing.assert_array_equal(back, np.repeat(photos[..., :1], 3, axis=3))
    with pytest.raises(ValueError, match="must be a mean and a standard deviation for each of 1"):
        Image(mode="L", encoder=encoder).fit(photos)


# What is accepted --------------------------------------------------------------------------------


@pytest.mark.parametrize("form", FORMS)
def test_accepts_files(files, form):
    if form == "column":
        assert not Image.accepts(files[form])
        return
    assert Image.accepts(files[form])


def test_accepts_no_texts_and_no_files_of_another_kind(files):
    assert Image.accepts([None, files["strings"][0]])
    for cells in (["a text"], [files["strings"][0], "a text"], ["a.wav"], [b"RIFF....WAVE"], [""]):
        assert not Image.accepts(np.array(cells, dtype=object))


@pytest.mark.parametrize(("name", "value"), [("mode", "CMYK"), ("on_error", 1), ("keep", "yes")])
def test_wrong_parameters_are_named(photos, name, value):
    with pytest.raises(ValueError, match=f"'{name}' parameter of Image"):
        Image(**{name: value}).fit(photos)


@pytest.mark.parametrize("size", [0, 5.0, (0, 4), (1, 2, 3)])
def test_a_wrong_size_is_named_for_files_and_arrays(files, photos, size):
    for images in (photos, files["paths"], files["memory map"]):
        with pytest.raises(ValueError, match="size"):
            Image(size=size).fit(images)


def test_files_cannot_be_had_with_two_channels(files, photos):
    image = Image().fit(photos[..., :2])
    with pytest.raises(ValueError, match="files have 1, 3 or 4 channels, images in fit had 2"):
        image.transform(files["paths"])


def test_one_number_is_the_size_of_a_square(files, photos):
    for images in (photos, files["paths"], files["memory map"]):
        square, both = (Image(size=size).fit(images) for size in (5, (5, 5)))
        assert square.spec_ == both.spec_
        np.testing.assert_array_equal(
            square.transform(images).values[:], both.transform(images).values[:]
        )


@pytest.mark.parametrize("params", [{"size": "5"}, {"size": 0}, {"scaling": "x"}, {"channels": 3}])
def test_a_wrong_parameter_is_said_to_be_of_the_modality(photos, params):
    with pytest.raises(ValueError, match=f"The '{next(iter(params))}' parameter of Image must be"):
        Image(**params).fit(photos)


def test_files_are_not_what_comes_back(files, photos):
    assert Image().fit(photos).restores
    assert not Image().fit(files["paths"]).restores
