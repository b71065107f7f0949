"""Features before alignment: units, outliers, and the kernel in chunks of rows."""

import numpy as np
import pytest
from scipy import sparse
from scipy.spatial.distance import pdist
from sklearn.metrics.pairwise import rbf_kernel

from sklearn_crossmodal.alignment._spaces import _feature_map
from sklearn_crossmodal.alignment._spaces._feature_map import FeatureMap


def test_numbers_have_no_units_and_outliers_are_clipped(rng):
    table = rng.normal(size=(300, 4))
    table[0, 0] = 1e6
    scaled = table * [1.0, 1e3, 1e-3, 1.0]
    found = FeatureMap("linear", 0).fit([scaled], ["vector"]).transform([scaled])
    np.testing.assert_allclose(found[:, 1:].std(axis=0), 0.5, rtol=1e-2)
    assert abs(found).max() == pytest.approx(5 / 2)


def test_components_keep_their_relative_size(rng):
    components = rng.normal(size=(200, 3)) * [10.0, 1.0, 0.1]
    found = FeatureMap("linear", 0).fit([components], ["tokens"]).transform([components])
    assert found.var(axis=0).sum() == pytest.approx(1)
    ratio = found.std(axis=0) / components.std(axis=0)
    np.testing.assert_allclose(ratio, ratio[0])


def test_a_sparse_part_beside_another_counts_as_much(rng):
    words = sparse.random_array((100, 50), density=0.1, rng=rng).tocsr()
    parts = [words, 100 * rng.normal(size=(100, 7))]
    found = FeatureMap("linear", 0).fit(parts, ["tokens", "vector"]).transform(parts)
    assert found.shape == (100, 57)
    np.testing.assert_allclose(
        [found[:, :50].var(axis=0).sum(), found[:, 50:].var(axis=0).sum()], 1, rtol=1e-6
    )


def test_products_of_kernel_components_are_the_centered_kernel(rng):
    table = rng.normal(size=(80, 3))
    feature_map = FeatureMap("rbf", 0).fit([table], ["vector"])
    found = feature_map.transform([table])
    rows = feature_map._scaled([table])
    kernel = rbf_kernel(rows, gamma=0.5 / np.median(pdist(rows, "sqeuclidean")))
    center = np.eye(80) - 1 / 80
    np.testing.assert_allclose(found @ found.T, center @ kernel @ center, atol=1e-6)


def test_chunks_of_rows_change_nothing(rng, monkeypatch):
    table = rng.normal(size=(90, 3))
    feature_map = FeatureMap("rbf", 0).fit([table], ["vector"])
    whole = feature_map.transform([table])
    monkeypatch.setattr(_feature_map, "_ROWS", 7)
    np.testing.assert_allclose(feature_map.transform([table]), whole, atol=1e-12)


def test_more_rows_than_landmarks_are_close_to_the_whole_kernel(rng, monkeypatch):
    table = rng.normal(size=(400, 2))
    monkeypatch.setattr(_feature_map, "_N_LANDMARKS", 100)
    found = FeatureMap("rbf", 0).fit([table], ["vector"]).transform([table])
    rows = FeatureMap("linear", 0).fit([table], ["vector"]).transform([table])
    kernel = rbf_kernel(rows, gamma=0.5 / np.median(pdist(rows, "sqeuclidean")))
    assert found.shape[1] < 100
    kernel = kernel - kernel.mean(axis=0) - kernel.mean(axis=1)[:, None] + kernel.mean()
    found = found - found.mean(axis=0)
    assert np.linalg.norm(found @ found.T - kernel) < 0.1 * np.linalg.norm(kernel)


def test_rows_that_are_all_alike_have_no_kernel():
    same = np.ones((10, 3))
    found = FeatureMap("rbf", 0).fit([same], ["vector"]).transform([same])
    np.testing.assert_array_equal(found, 0)
