"""decode_image turns image files of any form into upright pixels of 8 bits."""

from io import BytesIO
from pathlib import Path

import numpy as np
import pytest

from sklearn_crossmodal.preprocessing.image._image_files import (
    are_files,
    decode_image,
    is_image_file,
)

Pillow = pytest.importorskip("PIL.Image")


@pytest.fixture
def photo(rng):
    return rng.integers(0, 256, size=(5, 4, 3), dtype=np.uint8)


def encoded(image, format="PNG", **options):
    target = BytesIO()
    image.save(target, format, **options)
    return target.getvalue()


def test_a_path_bytes_and_a_pillow_image_hold_the_same_pixels(photo, tmp_path):
    image = Pillow.fromarray(photo)
    path = tmp_path / "photo.png"
    image.save(path)
    for cell in (path, str(path), path.read_bytes(), bytearray(path.read_bytes()), image):
        pixels = decode_image(cell)
        assert pixels.dtype == np.uint8
        np.testing.assert_array_equal(pixels, photo)


TURNED = {  # what a camera stored, for each value of the tag
    1: lambda pixels: pixels,
    2: lambda pixels: pixels[:, ::-1],
    3: lambda pixels: pixels[::-1, ::-1],
    4: lambda pixels: pixels[::-1],
    5: lambda pixels: pixels.swapaxes(0, 1),
    6: lambda pixels: np.rot90(pixels, 1),
    7: lambda pixels: pixels.swapaxes(0, 1)[::-1, ::-1],
    8: lambda pixels: np.rot90(pixels, -1),
}


@pytest.mark.parametrize("orientation", TURNED)
def test_images_are_upright_as_their_orientation_says(photo, orientation):
    exif = Pillow.Exif()
    exif[0x0112] = orientation
    stored = Pillow.fromarray(np.ascontiguousarray(TURNED[orientation](photo)))
    np.testing.assert_array_equal(decode_image(encoded(stored, exif=exif)), photo)
    if orientation in {6, 8}:  # height and width are those of the upright image
        assert decode_image(encoded(stored, exif=exif), size=(10, 2)).shape == (10, 2, 3)


@pytest.mark.parametrize(
    ("mode", "n_channels", "expected"),
    [("RGB", 3, [200, 100, 50]), ("L", 1, [124]), ("RGBA", 4, [200, 100, 50, 255])],
)
def test_images_are_converted_to_the_mode(mode, n_channels, expected):
    pixels = decode_image(encoded(Pillow.new("RGB", (2, 3), (200, 100, 50))), mode=mode)
    assert pixels.shape == (3, 2, n_channels)
    assert pixels[0, 0].tolist() == expected


@pytest.mark.parametrize(
    ("made", "format"),
    [
        (lambda image: image.quantize(4), "PNG"),
        (lambda image: image.quantize(4), "GIF"),
        (lambda image: image.convert("CMYK"), "TIFF"),
        (lambda image: image.convert("YCbCr"), "TIFF"),
        (lambda image: image, "WEBP"),
    ],
    ids=["palette", "gif", "cmyk", "ycbcr", "webp"],
)
def test_other_modes_become_colour(made, format):
    image = made(Pillow.new("RGB", (8, 8), (200, 100, 50)))
    options = {"lossless": True} if format == "WEBP" else {}
    pixels = decode_image(encoded(image, format, **options))
    np.testing.assert_allclose(pixels[0, 0], [200, 100, 50], atol=2)


def test_what_is_transparent_lies_over_white_unless_alpha_is_kept():
    image = Pillow.new("RGBA", (2, 2), (0, 0, 0, 0))
    image.putpixel((1, 0), (100, 0, 0, 255))
    image.putpixel((0, 1), (0, 0, 0, 51))  # a fifth
    pixels = decode_image(encoded(image))
    assert pixels[0, 0].tolist() == [255, 255, 255]
    assert pixels[0, 1].tolist() == [100, 0, 0]
    assert pixels[1, 0].tolist() == [204, 204, 204]
    assert decode_image(encoded(image), mode="L")[0, 0].tolist() == [255]
    assert decode_image(encoded(image), mode="RGBA")[0, 0].tolist() == [0, 0, 0, 0]


def test_the_transparent_colour_of_a_palette_lies_over_white():
    image = Pillow.new("P", (2, 1), 1)
    image.putpalette([10, 20, 30, 40, 50, 60])
    image.putpixel((0, 0), 0)
    pixels = decode_image(encoded(image, transparency=0))
    assert pixels.tolist() == [[[255, 255, 255], [40, 50, 60]]]


def test_of_16_bits_the_upper_ones_are_kept_and_floats_go_from_0_to_1():
    deep = np.array([[0, 257 * 7, 65535]], dtype=np.uint16)
    assert decode_image(encoded(Pillow.fromarray(deep)), mode="L")[0, :, 0].tolist() == [0, 7, 255]
    floats = Pillow.fromarray(np.array([[0.0, 0.2, 1.5]], dtype=np.float32))
    pixels = decode_image(encoded(floats, "TIFF"), mode="L")
    assert pixels[0, :, 0].tolist() == [0, 51, 255]


def test_resizing_averages_over_the_area_of_a_pixel_and_keeps_what_is_even():
    even = Pillow.new("RGB", (64, 48), (10, 200, 30))
    np.testing.assert_array_equal(
        decode_image(encoded(even), size=(3, 5)), np.broadcast_to([10, 200, 30], (3, 5, 3))
    )
    stripes = np.zeros((32, 32), dtype=np.uint8)
    stripes[:, ::2] = 200
    small = decode_image(Pillow.fromarray(stripes), mode="L", size=(4, 4))
    np.testing.assert_allclose(small, 100, atol=8)  # no stripe is passed over


def test_a_large_jpeg_is_decoded_small_as_it_is_decoded_in_full(rng):
    coarse = rng.integers(0, 256, size=(8, 8, 3), dtype=np.uint8)
    large = Pillow.fromarray(coarse).resize((512, 512), Pillow.Resampling.BICUBIC)
    jpeg = encoded(large, "JPEG", quality=95)
    full = np.asarray(Pillow.open(BytesIO(jpeg)).resize((16, 16), Pillow.Resampling.BILINEAR))
    difference = decode_image(jpeg, size=(16, 16)).astype(int) - full
    assert np.abs(difference).mean() < 3


def test_a_pillow_image_stays_as_it_is(photo, tmp_path):
    path = tmp_path / "photo.jpg"
    Pillow.fromarray(photo).resize((640, 480)).save(path)
    image = Pillow.open(path)
    decode_image(image, mode="L", size=(4, 4))
    assert image.mode == "RGB"
    assert image.size == (640, 480)
    np.testing.assert_array_equal(np.asarray(image), np.asarray(Pillow.open(path)))


@pytest.mark.parametrize("format", ["PNG", "JPEG", "GIF", "BMP", "TIFF", "WEBP"])
def test_bytes_of_images_are_known_by_how_they_begin(photo, format):
    assert is_image_file(encoded(Pillow.fromarray(photo), format))


def test_paths_of_images_are_known_by_how_they_end(photo):
    for cell in ("a.jpg", "folder/b.PNG", Path("c.webp"), Pillow.fromarray(photo)):
        assert is_image_file(cell)
    for cell in ("a text", "a.wav", Path("a.txt"), "https://host/a.jpg", b"RIFF....WAVE", 3, photo):
        assert not is_image_file(cell)


def test_files_among_other_cells_are_refused_with_the_row(photo):
    cells = np.empty(3, dtype=object)
    cells[:] = ["a.jpg", "b.jpg", "c.jpg"]
    assert are_files(cells)
    cells[1] = photo
    with pytest.raises(ValueError, match="row 1 holds ndarray, others hold files"):
        are_files(cells)
    cells[0] = cells[2] = photo
    assert not are_files(cells)


@pytest.mark.parametrize("mode", ["LA", "PA", "La", "RGBA", "RGBa"])
def test_any_mode_with_alpha_lies_over_white(mode):
    image = Pillow.new("RGBA", (2, 2), (90, 90, 90, 51))
    via = image.convert("LA") if mode == "La" else image
    image = via if via.mode == mode else via.convert(mode)
    for aim, expected in {"L": [222], "RGB": [222] * 3, "RGBA": [90, 90, 90, 51]}.items():
        np.testing.assert_allclose(decode_image(image, mode=aim)[0, 0], expected, atol=2)


def test_the_a_of_lab_is_no_alpha():
    lab = Pillow.new("RGB", (2, 2), (200, 30, 30)).convert("LAB")
    for aim, expected in {"L": [81], "RGB": [200, 30, 30], "RGBA": [200, 30, 30, 255]}.items():
        np.testing.assert_allclose(decode_image(lab, mode=aim)[0, 0], expected, atol=2)
