"""Searches: exact ones are those of a full product, whatever the blocks are."""

import pickle

import numpy as np
import pytest

from sklearn_crossmodal.alignment import _index
from sklearn_crossmodal.alignment._index import INDEXES, ExactIndex


def unit(n, k=16, seed=0):
    vectors = np.random.default_rng(seed).normal(size=(n, k)).astype(np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def brute_force(queries, gallery, n_neighbors):
    similarities = queries @ gallery.T
    order = np.argsort(-similarities, axis=1, kind="stable")[:, :n_neighbors]
    return np.take_along_axis(similarities, order, 1), order


@pytest.mark.parametrize("most", [2**25, 700, 64])
@pytest.mark.parametrize("n_neighbors", [1, 7, 300])
@pytest.mark.parametrize("n_queries", [1, 33])
def test_exact_search_is_a_full_product(most, n_neighbors, n_queries, monkeypatch):
    monkeypatch.setattr(_index, "_MOST", most)
    monkeypatch.setattr(_index, "_QUERIES", 10)
    gallery, queries = unit(300), unit(n_queries, seed=1)
    index = ExactIndex(16)
    for part in np.array_split(gallery, 4):
        index.add(part)
    assert len(index) == 300
    similarities, places = index.search(queries, n_neighbors)
    expected = brute_force(queries, gallery, n_neighbors)
    np.testing.assert_allclose(similarities, expected[0], atol=1e-6)
    np.testing.assert_array_equal(places, expected[1])


@pytest.mark.parametrize("most", [2**25, 64])
def test_equal_items_are_in_the_order_of_their_places(most, monkeypatch):
    monkeypatch.setattr(_index, "_MOST", most)
    gallery = np.repeat(unit(5, 4), 40, axis=0)[np.arange(200).reshape(5, 40).T.ravel()]
    index = ExactIndex(4)
    index.add(gallery)
    _, places = index.search(gallery[:5], 6)
    np.testing.assert_array_equal(places, [[k + 5 * step for step in range(6)] for k in range(5)])


@pytest.mark.parametrize("name", INDEXES)
def test_every_search_finds_nearly_all_and_goes_on_after_a_pickle(name):
    if name != "exact":
        pytest.importorskip(name)
    gallery, queries = unit(3000), unit(50, seed=1)
    index = INDEXES[name](16)
    index.add(gallery[:2000])
    index.add(gallery[2000:])
    similarities, places = index.search(queries, 10)
    expected = brute_force(queries, gallery, 10)[1]
    found = np.mean([len(set(a) & set(b)) / 10 for a, b in zip(places, expected, strict=True)])
    assert found > 0.95
    np.testing.assert_allclose(
        similarities, np.einsum("qk,qnk->qn", queries, gallery[places]), atol=1e-5
    )
    again = pickle.loads(pickle.dumps(index))
    np.testing.assert_array_equal(again.search(queries, 10)[1], places)


def test_a_missing_library_is_named(monkeypatch):
    import sys

    for name, extra in {"hnswlib": "hnswlib", "faiss": "search"}.items():
        monkeypatch.setitem(sys.modules, name, None)
        with pytest.raises(ImportError, match=rf"algorithm='{name}' needs .*\[{extra}\]"):
            INDEXES[name](4)
