"""The same pictures give the same features in any type; what is far off is warned of once."""

import io
import warnings

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image as Pillow

from sklearn_crossmodal import (
    CrossModalRegressor,
    FusionClassifier,
    MultiModalAutoencoder,
    MultiModalFrame,
)
from sklearn_crossmodal.modalities import Image
from sklearn_crossmodal.preprocessing import ImageScaler

EIGHT = ["uint8", "int16", "uint16", "int32", "int64", "uint64", "float16", "float32", "float64"]
N = 40
Y = np.arange(N) % 2
RNG = np.random.default_rng(0)
PICTURES = (RNG.integers(0, 90, (N, 6, 6)) + 120 * Y[:, None, None]).astype(np.uint8)
SHARES = PICTURES / 255


def features(scaler, images):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return scaler.transform(images)


@given(
    fitted=st.sampled_from(EIGHT),
    given_=st.sampled_from(EIGHT),
    scaling=st.sampled_from(["standard", "unit", (0.5, 0.25)]),
    size=st.sampled_from([None, (3, 3)]),
    rows=st.integers(1, N),
)
@settings(max_examples=80, deadline=None)
def test_the_same_numbers_are_the_same_features_in_every_type(fitted, given_, scaling, size, rows):
    scaler = ImageScaler(scaling=scaling, size=size).fit(PICTURES.astype(fitted))
    expected = features(scaler, PICTURES.astype(fitted))[:rows]
    np.testing.assert_allclose(
        features(scaler, PICTURES[:rows].astype(given_)), expected, rtol=1e-4, atol=1e-4
    )


# Those of 16 bits have a range of their own.
@pytest.mark.parametrize("fitted", [one for one in EIGHT if "int16" not in one])
@pytest.mark.parametrize("scaling", ["standard", (0.5, 0.25)])
def test_features_do_not_depend_on_the_type_in_fit(fitted, scaling):
    expected = ImageScaler(scaling=scaling).fit(PICTURES).transform(PICTURES)
    found = ImageScaler(scaling=scaling).fit(PICTURES.astype(fitted)).transform(PICTURES)
    np.testing.assert_allclose(found, expected, atol=1e-3)


@pytest.mark.parametrize("fitted", EIGHT)
@pytest.mark.parametrize("picture", [np.zeros((1, 6, 6)), np.eye(6)[None], PICTURES[:1] * 0 + 3])
def test_a_dark_picture_is_clean_and_dark_in_every_type(fitted, picture):
    scaler = ImageScaler(scaling="unit").fit(PICTURES.astype(fitted))
    expected = picture / (1 if fitted.startswith("float") else scaler.range_[1])
    for dtype in EIGHT:
        np.testing.assert_allclose(
            features(scaler, picture.astype(dtype))[:, 0], expected, atol=1e-6
        )


@pytest.mark.parametrize("dtype", ["float32", "float64", "int64", "uint8"])
def test_back_in_the_type_and_range_of_fit(dtype):
    for scaling in ("standard", "unit", (0.5, 0.25)):
        scaler = ImageScaler(scaling=scaling).fit(PICTURES.astype(dtype))
        back = scaler.inverse_transform(scaler.transform(PICTURES))
        assert back.dtype == dtype
        np.testing.assert_allclose(back, PICTURES, atol=1e-3)


@pytest.mark.parametrize("fitted", ["uint8", "int64", "float64"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_floats_from_0_to_1_are_shares_of_the_numbers_of_fit(fitted, dtype):
    scaler = ImageScaler().fit(PICTURES.astype(fitted))
    with pytest.warns(UserWarning, match=r"images are floats from 0 to .*times as large.*255") as w:
        found = scaler.transform(SHARES.astype(dtype))
    assert len(w) == 1
    np.testing.assert_allclose(found, scaler.transform(PICTURES), atol=1e-4)


@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
def test_integers_after_floats_from_0_to_1_are_shares_of_their_largest(dtype):
    scaler = ImageScaler().fit(SHARES)
    images = (SHARES * np.iinfo(dtype).max).astype(dtype)
    np.testing.assert_allclose(features(scaler, images), features(scaler, SHARES), atol=0.02)


def test_wide_integers_after_floats_from_0_to_1_are_warned_of():
    scaler = ImageScaler().fit(SHARES)
    with pytest.warns(UserWarning, match=r"int64 from 0 to .* divided by 255; divide them") as w:
        found = scaler.transform(PICTURES.astype(int))
    assert len(w) == 1
    np.testing.assert_allclose(found, features(scaler, SHARES), atol=1e-4)


def test_eight_bits_after_sixteen_are_shares_of_their_own_largest():
    deep = PICTURES.astype(np.uint16) * 257
    scaler = ImageScaler().fit(deep)
    np.testing.assert_allclose(features(scaler, PICTURES), features(scaler, deep), atol=1e-4)


@pytest.mark.parametrize(
    ("fitted", "images", "factor"),
    [
        (PICTURES, PICTURES.astype(np.uint16) * 257, "257"),
        (PICTURES, PICTURES.astype(int) * 257, "257"),
        (PICTURES, PICTURES * 257.0, "257"),
        (PICTURES.astype(int), PICTURES.astype(int) * 257, "257"),
        (PICTURES * 1.0, PICTURES * 257.0, "257"),
        (PICTURES * 1.0 + 0.3, PICTURES * 257.0, "257"),
        (SHARES, PICTURES * 1.0, "255"),
        (PICTURES, PICTURES.astype(int) - 128, ""),
        (PICTURES, SHARES * 2 - 1, "times smaller"),
        (PICTURES, (PICTURES - 128.0) / 50, "times smaller"),
        (np.uint8(PICTURES > 128), np.uint8(PICTURES > 128) * 255, "255"),
        (PICTURES > 128, np.uint8(PICTURES > 128) * 255, "255"),
    ],
)
def test_what_lies_far_outside_is_warned_of_once_with_the_factor(fitted, images, factor):
    scaler = ImageScaler().fit(fitted)
    with pytest.warns(UserWarning, match="images hold .*`fit`|images are .*`fit`") as caught:
        scaler.transform(images)
    assert len(caught) == 1
    assert factor in str(caught[0].message)


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "int64", "float32"])
def test_black_pictures_in_fit_tell_of_no_unit(dtype):
    scaler = ImageScaler().fit(np.zeros((3, 4, 4), dtype))
    white = scaler.transform(np.full((2, 4, 4), 255, dtype))  # without a warning
    assert np.isfinite(white).all()


def test_masks_and_maps_in_floats_are_read_as_they_are():
    masks = PICTURES > 128
    scaler = ImageScaler(scaling="unit").fit(masks.astype(float))
    for dtype in (bool, np.uint8, int, np.float32):
        np.testing.assert_array_equal(features(scaler, masks.astype(dtype))[:, 0], masks)
    depths = RNG.normal(size=(N, 6, 6)) * 3 + 2
    scaler = ImageScaler().fit(depths)
    features(scaler, depths[:3] / 40)
    features(scaler, depths * 4)


def test_cells_of_mixed_types_are_brought_to_one_unit():
    cells = np.empty(N, dtype=object)
    cells[:] = [
        one if i % 2 else one.astype([int, float][i // 2 % 2]) for i, one in enumerate(PICTURES)
    ]
    expected = ImageScaler().fit(PICTURES).transform(PICTURES)
    np.testing.assert_allclose(ImageScaler().fit(cells).transform(cells), expected, atol=1e-4)
    cells[:] = [one if i % 3 else one / 255 for i, one in enumerate(PICTURES)]
    with pytest.warns(UserWarning, match="shares of 255"):
        scaler = ImageScaler().fit(cells)
    with pytest.warns(UserWarning, match="shares of 255"):
        np.testing.assert_allclose(scaler.transform(cells), expected, atol=1e-4)


def containers(tmp_path):
    """Return the same pictures as every kind of column."""
    stored = np.lib.format.open_memmap(tmp_path / "p.npy", "w+", np.float32, PICTURES.shape)
    stored[:] = PICTURES
    cells = np.empty(N, dtype=object)
    cells[:] = list(PICTURES.astype(float))
    files = np.empty(N, dtype=object)
    for row, picture in enumerate(PICTURES):
        file = io.BytesIO()
        Pillow.fromarray(picture).save(file, "PNG")
        files[row] = file.getvalue()
    return {
        "array": PICTURES,
        "int64": PICTURES.astype(int),
        "memory map": np.load(tmp_path / "p.npy", mmap_mode="r"),
        "cells": cells,
        "list": list(PICTURES.astype(np.float32)),
        "tensor": torch.from_numpy(PICTURES.astype(np.int64)),
        "float tensor": torch.from_numpy(PICTURES.astype(np.float32)),
        "series": pd.Series(list(PICTURES.astype(np.int32))),
        "files": files,
    }


@pytest.mark.parametrize("fitted", ["array", "int64", "memory map", "cells", "tensor"])
def test_pictures_in_every_container_give_the_same_predictions(fitted, tmp_path):
    every = containers(tmp_path)
    clf = FusionClassifier([("m", Image(mode="L"), "m")], max_epochs=8, random_state=0)
    clf.fit(MultiModalFrame({"m": every[fitted]}), Y)
    expected = clf.predict_proba(MultiModalFrame({"m": PICTURES}))
    assert (expected.argmax(axis=1) == Y).mean() > 0.9
    for name, pictures in every.items():
        for rows in (slice(None), slice(0, 1)):
            some = MultiModalFrame({"m": pictures[rows]})
            found = clf.predict_proba(some)
            np.testing.assert_allclose(found, expected[rows], atol=1e-4, err_msg=name)


def test_one_warning_a_call_names_estimator_and_modality(tmp_path):
    clf = FusionClassifier([("m", "image", "m")], max_epochs=2, random_state=0)
    clf.fit(MultiModalFrame({"m": PICTURES}), Y)
    stored = np.lib.format.open_memmap(tmp_path / "s.npy", "w+", np.float64, PICTURES.shape)
    stored[:] = SHARES
    expected = clf.predict_proba({"m": PICTURES})
    for shares in (SHARES, np.load(tmp_path / "s.npy", mmap_mode="r")):
        with pytest.warns(UserWarning, match="FusionClassifier: modality 'm': images are") as w:
            found = clf.predict_proba(MultiModalFrame({"m": shares}))
        assert len(w) == 1
        np.testing.assert_allclose(found, expected, atol=1e-4)
    with pytest.warns(UserWarning, match="FusionClassifier: modality 'm': images are"):
        clf.partial_fit({"m": SHARES}, Y)


@pytest.mark.parametrize("dtype", ["float64", "int64", "uint16"])
def test_pictures_as_targets_and_reconstructions_keep_the_unit_of_fit(dtype):
    X, same = PICTURES.reshape(N, -1)[:, :3] / 100.0, PICTURES.astype(dtype)
    reg = CrossModalRegressor(target="image", max_epochs=2, random_state=0).fit(X, PICTURES)
    assert reg.predict(X).dtype == np.uint8
    assert reg.score(X, same) == pytest.approx(reg.score(X, PICTURES), abs=1e-5)
    model = MultiModalAutoencoder([("m", "image", "m"), ("x", "numeric", "x")], max_epochs=2)
    model.set_params(random_state=0).fit({"m": PICTURES, "x": X})
    found = model.reconstruct({"m": same, "x": X})["m"]
    assert found.dtype == np.uint8
    np.testing.assert_array_equal(found, model.reconstruct({"m": PICTURES, "x": X})["m"])


@pytest.mark.parametrize("dtype", ["float32", "float64", "int64"])
def test_numbers_of_eight_bits_after_sixteen_are_warned_of(dtype):
    scaler = ImageScaler().fit(PICTURES.astype(np.uint16) * 257)
    with pytest.warns(UserWarning, match="257 times smaller.*range of `fit`") as caught:
        scaler.transform(PICTURES.astype(dtype))
    assert len(caught) == 1
    scaler.transform(PICTURES.astype(np.uint16))  # a dark picture of 16 bits
    scaler.transform((PICTURES.astype(np.uint16) * 100).astype(dtype))  # so is this
    scaler.transform(np.zeros_like(PICTURES, dtype=dtype))
