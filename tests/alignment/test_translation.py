"""From one modality to another through the space: back to numbers, or to samples of a gallery."""

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import r2_score

from sklearn_crossmodal import CrossModalAligner, MultiModalFrame

N = 400


def make(seed=0):
    rng = np.random.default_rng(seed)
    maps = [np.random.default_rng(k).normal(size=(3, width)) for k, width in enumerate((8, 6))]
    factors = rng.normal(size=(N, 3))
    a, b = (factors @ one + 0.2 * rng.normal(size=(N, one.shape[1])) for one in maps)
    words = np.array(["low", "high"])[(factors[:, 0] > 0).astype(int)]
    texts = np.array([f"it is {word}" for word in words], dtype=object)
    return MultiModalFrame({"a": a, "b": 100 + 10 * b, "text": texts})


X, NEW = make(), make(1)


@pytest.mark.parametrize("kernel", ["linear", "rbf"])
def test_numbers_are_translated_in_their_units(kernel):
    aligner = CrossModalAligner(kernel=kernel, random_state=0).fit(X[["a", "b"]])
    found = aligner.translate(NEW, source="a", target="b")
    assert found.shape == NEW["b"].shape
    assert r2_score(NEW["b"], found) > (0.85 if kernel == "linear" else 0.6)
    near = aligner.translate(NEW, source="a", target="b", gallery=X[["b"]])
    assert r2_score(NEW["b"], near) > 0.6


def test_a_modality_translated_into_itself_is_what_it_was():
    aligner = CrossModalAligner(kernel="linear", shrinkage=0.01).fit(X[["a", "b"]])
    assert r2_score(NEW["b"], aligner.translate(NEW, source="b", target="b")) > 0.85


def test_texts_are_those_of_the_gallery():
    aligner = CrossModalAligner(random_state=0).fit(X[["a", "text"]])
    found = aligner.translate(NEW[["a"]], source="a", target="text", gallery=X[["text"]])
    assert np.mean(found == NEW["text"]) > 0.85
    with pytest.raises(ValueError, match="pass gallery="):
        aligner.translate(NEW[["a"]], source="a", target="text")


def test_pictures_are_drawn_from_the_space(rng):
    which = rng.integers(0, 4, 120)
    pictures = np.zeros((120, 8, 8, 3), dtype=np.uint8)
    pictures[np.arange(120), 2 * which] = 200
    pictures += rng.integers(0, 20, pictures.shape, dtype=np.uint8)
    frame = MultiModalFrame({"code": np.eye(4)[which] + 0.01, "picture": pictures})
    aligner = CrossModalAligner(kernel="linear", shrinkage=0.1, random_state=0).fit(frame)
    found = np.asarray(aligner.translate(frame[["code"]], source="code", target="picture"))
    assert found.shape == pictures.shape
    brightest = found.mean(axis=(2, 3)).argmax(axis=1)
    np.testing.assert_array_equal(brightest, 2 * which)


def test_tables_come_back_as_tables():
    tables = {name: pd.DataFrame(X[name]).add_prefix(name) for name in "ab"}
    aligner = CrossModalAligner(kernel="linear", shrinkage=0.1).fit(tables)
    found = aligner.translate(tables, source="a", target="b")
    assert np.asarray(found).shape == (N, 6)


def test_what_is_wrong_is_told():
    aligner = CrossModalAligner(kernel="linear", shrinkage=0.1).fit(X[["a", "b"]])
    with pytest.raises(ValueError, match="'z' is not among"):
        aligner.translate(NEW, source="a", target="z")
    present = np.arange(N) > 3
    lacking = MultiModalFrame(dict(NEW[["a", "b"]]), present={"a": present})
    with pytest.raises(ValueError, match=r"rows \[0, 1, 2, 3\] lack 'a'"):
        aligner.translate(lacking, source="a", target="b")
    semantic = CrossModalAligner(objective="semantic").fit(X[["a", "b"]], X["text"])
    with pytest.raises(ValueError, match="pass gallery="):
        semantic.translate(NEW, source="a", target="b")
    assert semantic.translate(NEW, source="a", target="b", gallery=X).shape == (N, 6)
