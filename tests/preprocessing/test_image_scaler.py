"""ImageScaler brings images to one size, channels first, scaled; and back."""

import numpy as np
import PIL.Image
import pytest
from sklearn.base import clone
from sklearn.dummy import DummyClassifier
from sklearn.pipeline import make_pipeline

from sklearn_crossmodal.preprocessing import ImageScaler

SHAPES = {"grey": (5, 6, 7), "last": (5, 6, 7, 3), "first": (5, 3, 6, 7)}


def draw(rng, shape, dtype=np.uint8):
    if np.dtype(dtype).kind == "f":
        return rng.normal(2, 3, size=shape).astype(dtype)
    if dtype is bool:
        return rng.random(shape) < 0.3
    info = np.iinfo(dtype)
    return rng.integers(info.min, info.max, size=shape, dtype=dtype, endpoint=True)


def channels_first(images, layout):
    if layout == "grey":
        return images[:, np.newaxis]
    return np.moveaxis(images, -1, 1) if layout == "last" else images


def of_several_sizes(rng, dtype=np.uint8):
    images = np.empty(3, dtype=object)
    for row, size in enumerate([(6, 7), (8, 4), (3, 3)]):
        images[row] = draw(rng, (*size, 3), dtype)
    return images


# Scaling ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("scale", [1e-8, 1.0, 1e6])
def test_images_of_any_size_are_scaled_and_a_constant_comes_back(rng, scale):
    images = scale * rng.uniform(1, 2, size=(20, 4, 4))
    scaler = ImageScaler().fit(images)
    scaled = scaler.transform(images)
    assert scaled.std() == pytest.approx(1, rel=1e-4)
    np.testing.assert_allclose(scaler.inverse_transform(scaled), images, rtol=1e-5)
    still = ImageScaler().fit(np.full((5, 4, 4), 7, np.uint8))
    assert set(still.inverse_transform(rng.normal(size=(3, 1, 4, 4))).flat) == {7}


@pytest.mark.parametrize("layout", SHAPES)
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.int16, np.float32, np.float64, bool])
def test_standard_scaling_gives_each_channel_mean_0_and_deviation_1(rng, layout, dtype):
    images = draw(rng, SHAPES[layout], dtype)
    scaled = ImageScaler().fit_transform(images)
    raw = channels_first(images, layout).astype(np.float64)
    mean, std = raw.mean(axis=(0, 2, 3)), raw.std(axis=(0, 2, 3))
    expected = (raw - mean[:, np.newaxis, np.newaxis]) / std[:, np.newaxis, np.newaxis]
    assert scaled.dtype == np.float32
    np.testing.assert_allclose(scaled, expected, atol=1e-5)


@pytest.mark.parametrize(
    ("dtype", "largest"),
    [(np.uint8, 255), (np.uint16, 65535), (np.int16, 32767), (bool, 1), (np.float64, 1)],
)
def test_unit_scaling_divides_integers_by_the_largest_of_their_type(rng, dtype, largest):
    images = draw(rng, SHAPES["grey"], dtype)
    scaled = ImageScaler(scaling="unit").fit_transform(images)
    np.testing.assert_allclose(scaled[:, 0], images / largest, rtol=1e-6)


@pytest.mark.parametrize("dtype", [np.int32, np.int64, np.uint64])
def test_wide_integers_are_scaled_as_the_narrowest_type_that_holds_them(rng, dtype):
    narrow = draw(rng, SHAPES["last"])
    for scaling in ("unit", "standard"):
        scaler = ImageScaler(scaling=scaling).fit(narrow)
        wide = ImageScaler(scaling=scaling).fit(narrow.astype(dtype))
        np.testing.assert_array_equal(
            wide.transform(narrow.astype(dtype)), scaler.transform(narrow)
        )
        np.testing.assert_array_equal(
            scaler.transform(narrow.astype(dtype)), scaler.transform(narrow)
        )


def test_a_channel_of_one_value_becomes_zeros():
    images = np.full((3, 4, 4, 2), 77, dtype=np.uint8)
    images[0, ..., 1] = 0
    scaled = ImageScaler().fit_transform(images)
    assert not scaled[:, 0].any()
    assert scaled[:, 1].std() == pytest.approx(1, abs=1e-6)


def test_a_large_offset_does_not_spoil_the_deviation(rng):
    images = 10_000 + rng.normal(size=(20, 8, 8))
    scaler = ImageScaler().fit(images)
    np.testing.assert_allclose(scaler.std_.ravel(), images.std(), rtol=1e-3)


def test_weights_are_repeated_images(rng):
    images, weight = draw(rng, SHAPES["last"]), np.array([1, 0, 3, 2, 1])
    weighted = ImageScaler().fit(images, sample_weight=weight)
    repeated = ImageScaler().fit(np.repeat(images, weight, axis=0))
    np.testing.assert_allclose(weighted.mean_, repeated.mean_, rtol=1e-6)
    np.testing.assert_allclose(weighted.std_, repeated.std_, rtol=1e-6)


def test_an_image_of_weight_zero_is_not_there(rng):
    images = rng.integers(0, 256, size=(4, 3, 3))
    images[1] = 10**6
    scaler = ImageScaler().fit(images, sample_weight=[1, 0, 2, 1])
    assert scaler.range_ == (0, 255)
    assert scaler.mean_ == ImageScaler().fit(images[[0, 2, 2, 3]]).mean_
    blank = np.where(images == 10**6, np.nan, images)
    assert ImageScaler().fit(blank, sample_weight=[1, 0, 2, 1]).mean_ > 0
    blank[2, 0, 0] = np.nan
    with pytest.raises(ValueError, match=r"1 images hold NaN or infinity, first \[2\]"):
        ImageScaler().fit([*blank], sample_weight=[1, 0, 2, 1])


def test_the_images_are_not_changed(rng):
    for dtype in (np.uint8, np.float32):
        images = draw(rng, SHAPES["first"], dtype)
        before = images.copy()
        for scaling in ("unit", "standard"):
            ImageScaler(scaling=scaling, size=(3, 3)).fit_transform(images)
        np.testing.assert_array_equal(images, before)


# Channels ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("layout", SHAPES)
def test_channels_come_first_wherever_they_stood(rng, layout):
    images = draw(rng, SHAPES[layout])
    scaled = ImageScaler(scaling="unit").fit_transform(images)
    np.testing.assert_allclose(scaled, channels_first(images, layout) / 255, rtol=1e-6)


def test_where_both_ends_could_be_channels_auto_takes_the_last_and_a_name_decides(rng):
    images = draw(rng, (5, 3, 8, 4))
    assert ImageScaler().fit(images).shape_ == (4, 3, 8)
    assert ImageScaler(channels="last").fit(images).shape_ == (4, 3, 8)
    assert ImageScaler(channels="first").fit(images).shape_ == (3, 8, 4)


def test_too_many_channels_are_refused(rng):
    with pytest.raises(ValueError, match=r"images have 8 channels.*channels='first' or 'last'"):
        ImageScaler().fit(draw(rng, (5, 8, 8, 8)))


# Size -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [(3, 3), (6, 7), (12, 14), (1, 1), (13, 5)], ids=str)
@pytest.mark.parametrize("value", [0, 77, 255])
def test_a_constant_image_stays_constant(size, value):
    images = np.full((2, 6, 7), value, dtype=np.uint8)
    resized = ImageScaler(size=size, scaling="unit").fit_transform(images)
    assert resized.shape == (2, 1, *size)
    np.testing.assert_allclose(resized, value / 255, rtol=1e-6)


def test_halving_averages_four_pixels_by_a_triangle():
    row = np.array([0.0, 0, 0, 8, 0, 0, 0, 0])
    images = np.broadcast_to(row, (1, 8, 8))
    halved = ImageScaler(size=(4, 4), scaling="unit").fit_transform(images)
    # A new pixel at the centre of columns 2 and 3 weighs columns 1 to 4 by 1, 3, 3, 1.
    np.testing.assert_allclose(halved[0, 0, 0], [0, 3, 1, 0], atol=1e-6)


def test_doubling_interpolates_linearly():
    images = np.array([[[0.0, 4.0], [0.0, 4.0]]])
    doubled = ImageScaler(size=(2, 4), scaling="unit").fit_transform(images)
    np.testing.assert_allclose(doubled[0, 0], [[0, 1, 3, 4]] * 2, atol=1e-6)


@pytest.mark.parametrize("size", [(3, 4), (5, 20), (17, 3), (20, 24)], ids=str)
def test_resizing_is_that_of_pillow(rng, size):
    images = draw(rng, (2, 10, 12), np.float32)
    resized = ImageScaler(size=size, scaling="unit").fit_transform(images)
    for image, ours in zip(images, resized[:, 0], strict=True):
        theirs = PIL.Image.fromarray(image).resize(size[::-1], PIL.Image.Resampling.BILINEAR)
        np.testing.assert_allclose(ours, np.asarray(theirs), atol=1e-4)


def test_images_of_several_sizes_are_each_resized(rng):
    images = of_several_sizes(rng)
    scaler = ImageScaler(size=(4, 5), scaling="unit").fit(images)
    together = scaler.transform(images)
    assert scaler.shape_ == together.shape[1:] == (3, 4, 5)
    for image, resized in zip(images, together, strict=True):
        np.testing.assert_array_equal(scaler.transform(image[np.newaxis])[0], resized)


def test_a_list_of_images_is_an_array_of_them(rng):
    images = of_several_sizes(rng)
    scaler = ImageScaler(size=(4, 5)).fit(list(images))
    np.testing.assert_array_equal(scaler.transform(list(images)), scaler.transform(images))
    same = draw(rng, SHAPES["grey"])
    np.testing.assert_array_equal(
        ImageScaler().fit_transform(list(same)), ImageScaler().fit_transform(same)
    )
    np.testing.assert_array_equal(
        ImageScaler().fit_transform(same.tolist()), ImageScaler().fit_transform(same)
    )


def test_images_of_several_sizes_need_a_size(rng):
    with pytest.raises(ValueError, match=r"images differ in shape.*pass size=\(height, width\)"):
        ImageScaler().fit(of_several_sizes(rng))


def test_images_that_differ_in_axes_or_channels_are_refused(rng):
    images = of_several_sizes(rng)
    images[1] = images[1][..., 0]
    with pytest.raises(ValueError, match="differ in the number of axes"):
        ImageScaler(size=(4, 4)).fit(images)
    images[1] = np.zeros((4, 4, 1), dtype=np.uint8)
    with pytest.raises(ValueError, match="differ in the number of channels"):
        ImageScaler(size=(4, 4)).fit(images)


@pytest.mark.parametrize("size", [(4,), (0, 4), (4, -1), (2.5, 2)], ids=str)
def test_a_size_that_is_no_height_and_width_is_refused(rng, size):
    with pytest.raises(ValueError, match="must be a height and a width, both positive"):
        ImageScaler(size=size).fit(draw(rng, SHAPES["grey"]))


# Back -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("layout", SHAPES)
@pytest.mark.parametrize("scaling", ["unit", "standard"])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.int8, np.int16, bool])
def test_the_round_trip_gives_back_every_bit(rng, layout, scaling, dtype):
    images = draw(rng, SHAPES[layout], dtype)
    scaler = ImageScaler(scaling=scaling).fit(images)
    back = scaler.inverse_transform(scaler.transform(images))
    assert back.dtype == images.dtype
    np.testing.assert_array_equal(back, images)


@pytest.mark.parametrize("scaling", ["unit", "standard"])
def test_the_round_trip_of_wide_integers_gives_back_every_bit(rng, scaling):
    images = rng.integers(-300, 300, size=(4, 5, 5))
    scaler = ImageScaler(scaling=scaling).fit(images)
    back = scaler.inverse_transform(scaler.transform(images))
    assert back.dtype == np.int64
    np.testing.assert_array_equal(back, images)


def test_the_round_trip_of_floats_is_close(rng):
    images = draw(rng, SHAPES["last"], np.float64)
    scaler = ImageScaler().fit(images)
    back = scaler.inverse_transform(scaler.transform(images))
    assert back.dtype == np.float64
    np.testing.assert_allclose(back, images, atol=1e-5)


def test_integers_out_of_range_are_clipped_not_wrapped():
    images = np.array([[[0, 255], [100, 200]]], dtype=np.uint8)
    scaler = ImageScaler().fit(images)
    back = scaler.inverse_transform([[[[-99.0, 99.0], [0.0, 0.0]]]])
    assert back[0, 0].tolist() == [0, 255]


# What it refuses --------------------------------------------------------------------------------


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("size", [None, (3, 3)], ids=str)
def test_nan_and_infinity_are_refused_and_rows_named(rng, value, size):
    images = draw(rng, SHAPES["last"], np.float64)
    scaler = ImageScaler(size=size).fit(images)
    images[[1, 3], 2, 2, 0] = value
    with pytest.raises(ValueError, match=r"2 images hold NaN or infinity, first \[1, 3\]"):
        scaler.transform(images)
    with pytest.raises(ValueError, match="hold NaN or infinity"):
        ImageScaler(size=size).fit(images)


def test_nan_among_images_of_several_sizes_names_the_row(rng):
    images = of_several_sizes(rng, np.float32)
    images[2][0, 0, 0] = np.nan
    with pytest.raises(ValueError, match=r"1 images hold NaN or infinity, first \[2\]"):
        ImageScaler(size=(4, 4)).fit(images)


@pytest.mark.parametrize(
    "images",
    [np.zeros((5, 8)), np.zeros((2, 2, 2, 2, 2)), np.zeros((2, 3, 3), dtype=complex), [], ["a"]],
    ids=["flat", "five axes", "complex", "none", "texts"],
)
def test_what_are_no_images_are_refused(images):
    with pytest.raises(ValueError, match=r"expected images of shape \(n, height, width\)"):
        ImageScaler().fit(images)


def test_images_unlike_those_in_fit_are_refused(rng):
    scaler = ImageScaler().fit(draw(rng, (5, 6, 7, 3)))
    with pytest.raises(ValueError, match=r"\(3, 5, 5\), those in `fit` had \(3, 6, 7\)"):
        scaler.transform(draw(rng, (5, 5, 5, 3)))
    with pytest.raises(ValueError, match=r"\(1, 6, 7\), those in `fit` had \(3, 6, 7\)"):
        scaler.transform(draw(rng, (5, 6, 7, 1)))
    with pytest.raises(ValueError, match="images have 2 axes each, those in `fit` had 3"):
        scaler.transform(draw(rng, (5, 6, 7)))


def test_unknown_options_are_refused(rng):
    for params in ({"scaling": "robust"}, {"channels": "middle"}, {"size": 0}):
        with pytest.raises(ValueError, match=f"The '{next(iter(params))}' parameter"):
            ImageScaler(**params).fit(draw(rng, SHAPES["grey"]))


def test_it_stands_in_a_pipeline(rng):
    images = draw(rng, SHAPES["last"])
    pipeline = make_pipeline(ImageScaler(size=(2, 2)), DummyClassifier())
    assert clone(pipeline).fit(images, [0, 1, 1, 1, 1]).score(images, [1] * 5) == 1


# Modes, given scaling and batches ----------------------------------------------------------------


@pytest.mark.parametrize("source", ["L", "LA", "RGB", "RGBA"])
@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA"])
def test_modes_are_converted_as_pillow_does(rng, source, mode):
    images = draw(rng, (4, 6, 7, len(source)))
    images = images[..., 0] if source == "L" else images
    scaled = ImageScaler(mode=mode, scaling="unit").fit_transform(images)
    assert scaled.shape == (4, len(mode), 6, 7)
    assert scaled.flags.writeable
    for image, found in zip(images, scaled, strict=True):
        pillow = PIL.Image.fromarray(image)
        if source.endswith("A") and mode != "RGBA":
            white = PIL.Image.new("RGBA", pillow.size, "white")
            pillow = PIL.Image.alpha_composite(white, pillow.convert("RGBA")).convert("RGB")
        expected = np.asarray(pillow.convert(mode)).reshape(6, 7, len(mode)) / 255
        np.testing.assert_allclose(found, np.moveaxis(expected, -1, 0), atol=2 / 255)


@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA"])
@pytest.mark.parametrize("layout", SHAPES)
def test_converted_images_come_back_with_the_channels_of_the_mode(rng, layout, mode):
    scaler = ImageScaler(mode=mode)
    back = scaler.inverse_transform(scaler.fit_transform(draw(rng, SHAPES[layout])))
    colour = (5, len(mode), 6, 7) if layout == "first" else (5, 6, 7, len(mode))
    assert back.shape == ((5, 6, 7) if (layout, mode) == ("grey", "L") else colour)


def test_a_given_mean_and_deviation_take_the_place_of_learned_ones(rng):
    images = draw(rng, SHAPES["last"])
    mean, std = (0.1, 0.2, 0.3), (0.5, 1.0, 2.0)
    scaler = ImageScaler(scaling=(mean, std)).fit(images)
    expected = np.moveaxis((images / 255 - mean) / std, -1, 1)
    np.testing.assert_allclose(scaler.transform(images), expected, atol=1e-6)
    one = ImageScaler(scaling=(0.5, 0.25)).fit_transform(images)
    np.testing.assert_allclose(one, np.moveaxis((images / 255 - 0.5) / 0.25, -1, 1), atol=1e-6)


@pytest.mark.parametrize("scaling", [((0.1, 0.2), (1, 1)), (0.5,), (0.5, 0.5, 0.5)])
def test_a_given_scaling_has_a_mean_and_a_deviation_for_each_channel(rng, scaling):
    with pytest.raises(ValueError, match="a mean and a standard deviation for each of 3 channels"):
        ImageScaler(scaling=scaling).fit(draw(rng, SHAPES["last"]))


def test_a_given_deviation_is_positive(rng):
    with pytest.raises(ValueError, match="not positive"):
        ImageScaler(scaling=(0.5, 0.0)).fit(draw(rng, SHAPES["last"]))


@pytest.mark.parametrize("layout", SHAPES)
@pytest.mark.parametrize("size", [None, (3, 4)])
def test_fitting_batch_by_batch_is_fitting_at_once(rng, layout, size):
    images, weight = draw(rng, SHAPES[layout], np.int32) // 2**20, np.array([1.0, 2, 0.5, 3, 1])
    parts = [np.array([0, 1]), np.array([2, 3, 4])]
    batches = ((rows, images[rows], weight[rows]) for rows in parts)
    found = ImageScaler(size=size).fit_batches(batches, images)
    expected = ImageScaler(size=size).fit(images, sample_weight=weight)
    np.testing.assert_allclose(found.mean_, expected.mean_, atol=1e-9)
    np.testing.assert_allclose(found.std_, expected.std_, rtol=1e-6)
    assert found.shape_ == expected.shape_
    np.testing.assert_allclose(found.transform(images), expected.transform(images), atol=1e-6)


def test_no_batches_are_refused(rng):
    with pytest.raises(ValueError, match="no images to learn from"):
        ImageScaler().fit_batches([], draw(rng, SHAPES["last"]))


def test_one_number_is_the_size_of_a_square(rng):
    images = draw(rng, SHAPES["last"])
    np.testing.assert_array_equal(
        ImageScaler(size=3).fit_transform(images), ImageScaler(size=(3, 3)).fit_transform(images)
    )
