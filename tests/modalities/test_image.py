"""Image turns arrays of images into a grid, channels first."""

import numpy as np
import pandas as pd
import pytest

from sklearn_crossmodal import Image
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
