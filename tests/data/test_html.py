"""A notebook shows what each modality is, with thumbnails, and never runs what a text holds."""

import re
import sys

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from sklearn_crossmodal import MultiModalFrame

PNG = "data:image/png;base64,"


def row_of(frame, name):
    rows = re.findall(r"<tr>.*?</tr>", frame._repr_html_(), flags=re.DOTALL)
    return next(row for row in rows if row.startswith(f"<tr><td>{name}</td>"))


@pytest.mark.parametrize(
    ("values", "kind", "shown"),
    [
        (np.arange(3), "numbers", "<code>1</code>"),
        (np.ones((3, 2)), "numbers", "(3, 2)"),
        (["a", None, "b"], "texts", "<code>b</code>"),
        (np.zeros((3, 2, 7, 9, 5)), "arrays", "(3, 2, 7, 9, 5)"),
        (pd.Series(["u", "v", "u"], dtype="category"), "categories", "<code>v</code>"),
        (pd.DataFrame({"a": [1, 2, 3], "b": list("xyz")}), "table", "(3, 2)"),
        (sparse.csr_array(np.eye(3)), "numbers", "(3, 3)"),
        ([None] * 3, "nothing", "0%"),
        ([{1}, {2}, {3}], "objects", "<code>{1}</code>"),
    ],
    ids=["flat", "matrix", "texts", "deep", "categories", "frame", "sparse", "nothing", "objects"],
)
def test_each_modality_has_a_row_that_tells_what_it_is(values, kind, shown):
    row = row_of(MultiModalFrame({"x": values}), "x")
    assert f"<td>{kind}</td>" in row
    assert shown in row


def test_the_share_of_samples_that_have_it_is_told():
    X = MultiModalFrame({"x": [1, 2, 3, 4]}, present={"x": [True, False, True, True]})
    assert "<td>75%</td>" in row_of(X, "x")


@pytest.mark.parametrize(
    "photos",
    [
        np.zeros((9, 64, 64, 3), dtype=np.uint8),
        np.random.default_rng(0).normal(size=(9, 3, 64, 64)),
        np.full((9, 8, 8), np.nan) + np.eye(8),
        np.ones((9, 8, 8, 1), dtype=bool),
    ],
    ids=["uint8", "channels first", "grey", "boolean"],
)
def test_images_are_shown_as_at_most_five_thumbnails(photos):
    photos = np.nan_to_num(photos)
    row = row_of(MultiModalFrame({"photo": photos}), "photo")
    assert "<td>images</td>" in row
    assert row.count(PNG) == 5


def test_images_of_pillow_are_shown_and_not_changed():
    image = pytest.importorskip("PIL.Image").new("RGB", (100, 80))
    row = row_of(MultiModalFrame({"photo": [image, None]}), "photo")
    assert row.count(PNG) == 1
    assert image.size == (100, 80)


def test_without_pillow_there_are_no_thumbnails(monkeypatch):
    monkeypatch.setitem(sys.modules, "PIL", None)
    row = row_of(MultiModalFrame({"photo": np.zeros((2, 8, 8))}), "photo")
    assert "<td>images</td>" in row
    assert "<img" not in row


def test_texts_and_names_are_escaped_and_shortened():
    X = MultiModalFrame({"<b>": ["<script>alert(1)</script>", "w" * 500]})
    html = X._repr_html_()
    assert "<script>" not in html
    assert "&lt;script&gt;" in html
    assert "&lt;b&gt;" in html
    assert "w" * 39 + "…" in html
    assert "w" * 40 not in html


def test_a_frame_without_rows_or_modalities_is_shown():
    assert "0 samples" in MultiModalFrame({})._repr_html_()
    assert "<td>nothing</td>" in row_of(MultiModalFrame({"x": np.zeros((0, 2))}), "x")


def test_series_of_several_lengths_are_no_images():
    series = [np.zeros((length, 2)) for length in (3, 5)]
    assert "<td>series</td>" in MultiModalFrame({"walk": series})._repr_html_()
