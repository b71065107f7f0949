"""FileRows decodes images by row number, and knows which cannot be read."""

import pickle

import numpy as np
import pytest

from sklearn_crossmodal.preprocessing import ImageScaler
from sklearn_crossmodal.preprocessing.image._lazy_images import ArrayRows, FileRows, ScaledRows

Pillow = pytest.importorskip("PIL.Image")

MOST = "sklearn_crossmodal.preprocessing.image._lazy_images._KEEP_AT_MOST"


@pytest.fixture
def photos(rng):
    return rng.integers(0, 256, size=(150, 3, 4, 3), dtype=np.uint8)  # more than two chunks


@pytest.fixture
def paths(photos, tmp_path):
    paths = []
    for row, photo in enumerate(photos):
        paths.append(str(tmp_path / f"{row}.png"))
        Pillow.fromarray(photo).save(paths[-1])
    return paths


def rows_of(paths, **options):
    settings = {"mode": "RGB", "size": None, "on_error": "absent", "keep": False, **options}
    return FileRows(paths, **settings)


def test_checking_yields_each_image_once_in_order(paths, photos):
    rows, images = zip(*rows_of(paths).check(), strict=True)
    assert len(rows) > 1
    np.testing.assert_array_equal(np.concatenate(rows), np.arange(150))
    np.testing.assert_array_equal(np.concatenate(images), photos)


def test_any_rows_can_be_read_in_any_order_and_again(paths, photos):
    source = rows_of(paths)
    list(source.check())
    for one in (source, pickle.loads(pickle.dumps(source))):
        images, readable = one.read(np.array([140, 3, 3]))
        np.testing.assert_array_equal(images, photos[[140, 3, 3]])
        assert readable.all()


def test_broken_and_missing_files_are_counted_and_named_in_one_warning(paths, photos, tmp_path):
    (tmp_path / "3.png").unlink()
    (tmp_path / "70.png").write_bytes(b"no image")
    (tmp_path / "71.png").write_bytes((tmp_path / "72.png").read_bytes()[:60])
    source = rows_of(paths)
    with pytest.warns(UserWarning, match="cannot be read") as caught:
        found = np.concatenate([rows for rows, _ in source.check()])
    assert len(caught) == 1
    message = str(caught[0].message)
    assert message.startswith("3 of 150 images cannot be read, first ")
    for part in ("3.png' (FileNotFoundError", "70.png' (Unidentified", "71.png' ", "absent"):
        assert part in message
    assert np.flatnonzero(~source.readable).tolist() == [3, 70, 71]
    np.testing.assert_array_equal(found, np.flatnonzero(source.readable))


def test_broken_files_are_an_error_if_so_asked(paths, tmp_path):
    (tmp_path / "3.png").unlink()
    with pytest.raises(ValueError, match=r"1 of 150 images cannot be read.*3\.png.*leave them out"):
        list(rows_of(paths, on_error="raise").check())


@pytest.mark.parametrize("on_error", ["absent", "raise"])
def test_a_file_that_vanishes_after_the_check_is_zeros_or_an_error(paths, tmp_path, on_error):
    source = rows_of(paths, on_error=on_error)
    list(source.check())
    (tmp_path / "3.png").unlink()
    (tmp_path / "4.png").write_bytes(b"no image")
    Pillow.new("RGB", (9, 9)).save(tmp_path / "5.png")
    if on_error == "raise":
        with pytest.raises(ValueError, match=r"cannot be any more, first '.*3\.png'"):
            source.read(np.array([2, 3, 4]))
        return
    with pytest.warns(UserWarning, match=r"cannot be any more, first '.*3\.png'.*zeros"):
        images, readable = source.read(np.array([2, 3, 4, 5]))
    assert readable.tolist() == [True, False, False, False]
    assert not images[1:].any()
    source.read(np.array([3]))  # one warning is enough: another would be an error here


def test_images_of_several_sizes_need_a_size(paths, tmp_path):
    Pillow.new("RGB", (9, 9)).save(tmp_path / "100.png")
    with pytest.raises(ValueError, match=r"\(3, 4\) and, in '.*100\.png', \(9, 9\): pass size="):
        list(rows_of(paths).check())
    images = np.concatenate([images for _, images in rows_of(paths, size=(2, 5)).check()])
    assert images.shape == (150, 2, 5, 3)


def test_pixels_are_kept_if_they_fit_and_then_need_no_file(paths, photos, tmp_path, monkeypatch):
    for keep, most, kept in [(True, 0, True), (False, 1e9, False), ("auto", 1e9, True)]:
        monkeypatch.setattr(MOST, most)
        source = rows_of(paths, keep=keep)
        list(source.check())
        assert (source.pixels is not None) == kept
    size = photos.size
    for most in (size - 1, size):
        monkeypatch.setattr(MOST, most)
        source = rows_of(paths, keep="auto")
        list(source.check())
        assert (source.pixels is not None) == (most == size)
    for path in paths:
        (tmp_path / path).unlink()
    np.testing.assert_array_equal(source.read(np.arange(150))[0], photos)


def test_a_memory_map_is_read_row_by_row(photos, tmp_path):
    np.save(tmp_path / "photos.npy", photos)
    images = np.load(tmp_path / "photos.npy", mmap_mode="r")
    source = ArrayRows(images)
    found, readable = source.read(np.array([149, 0]))
    assert not isinstance(found, np.memmap)
    np.testing.assert_array_equal(found, photos[[149, 0]])
    assert readable.all()
    assert source.readable.all()
    np.testing.assert_array_equal(np.concatenate([part for _, part in source.check()]), photos)


@pytest.mark.parametrize("fitted_on", ["last", "first", "grey"])
def test_files_are_scaled_as_the_arrays_that_fit_saw(photos, paths, fitted_on):
    arrays = {"last": photos, "first": photos.transpose(0, 3, 1, 2), "grey": photos[..., 0]}
    scaler = ImageScaler(channels="first" if fitted_on == "first" else "last")
    expected = scaler.fit(arrays[fitted_on]).transform(arrays[fitted_on])
    files = paths
    if fitted_on == "grey":
        files = [Pillow.fromarray(photo[..., 0]) for photo in photos]
    source = rows_of(files, mode="L" if fitted_on == "grey" else "RGB")
    list(source.check())
    rows = np.array([7, 149])
    np.testing.assert_array_equal(ScaledRows(source, scaler)(rows), expected[rows])
