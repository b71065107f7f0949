"""Embedding keeps the geometry of vectors."""

import numpy as np
import pytest

from sklearn_crossmodal import Embedding, MultiModalFrame, infer_modalities
from sklearn_crossmodal.data import object_array


def test_the_mean_squared_length_is_the_number_of_dimensions(rng):
    vectors = rng.normal(3, [1, 10, 0.1], size=(50, 3))
    values = Embedding().fit(vectors).transform(vectors).values
    np.testing.assert_allclose(values.mean(axis=0), 0, atol=1e-12)
    np.testing.assert_allclose((values**2).sum(axis=1).mean(), 3)


def test_distances_keep_their_proportions(rng):
    vectors = rng.normal(3, [1, 10, 0.1], size=(20, 3))
    values = Embedding().fit(vectors).transform(vectors).values
    ratio = np.linalg.norm(values[1:] - values[0], axis=1) / np.linalg.norm(
        vectors[1:] - vectors[0], axis=1
    )
    np.testing.assert_allclose(ratio, ratio[0])


def test_normalize_makes_length_irrelevant(rng):
    vectors = rng.normal(size=(20, 4))
    longer = vectors * rng.uniform(1, 9, size=(20, 1))
    embedding = Embedding(normalize=True).fit(vectors)
    np.testing.assert_allclose(
        embedding.transform(longer).values, embedding.transform(vectors).values
    )
    assert not np.allclose(
        Embedding().fit(vectors).transform(longer).values, embedding.transform(longer).values
    )


@pytest.mark.parametrize("normalize", [True, False])
def test_vectors_of_zeros_and_equal_vectors_are_safe(normalize):
    embedding = Embedding(normalize=normalize)
    for vectors in (np.zeros((3, 4)), np.full((3, 4), 0.1)):
        assert not embedding.fit(vectors).transform(vectors).values.any()
    mixed = np.vstack([np.zeros(4), np.eye(4)])
    assert np.isfinite(embedding.fit(mixed).transform(mixed).values).all()


def test_weights_are_repeated_rows(rng):
    vectors, weight = rng.normal(size=(20, 4)), rng.integers(0, 4, size=20)
    weighted = Embedding().fit(vectors, weight)
    repeated = Embedding().fit(np.repeat(vectors, weight, axis=0))
    np.testing.assert_allclose(
        weighted.transform(vectors).values, repeated.transform(vectors).values
    )


def test_a_vector_of_nan_or_none_is_absent(rng):
    vectors = rng.normal(size=(4, 3))
    gaps = vectors.copy()
    gaps[1] = np.nan
    for column in (gaps, object_array([gaps[0], None, gaps[2], gaps[3]])):
        embedding, block = Embedding().fit_transform(column)
        assert block.present.tolist() == [True, False, True, True]
        assert not block.values[1].any()
        np.testing.assert_allclose(embedding.mean_, vectors[[0, 2, 3]].mean(axis=0))


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_the_floating_type_comes_back(rng, dtype):
    vectors = rng.normal(size=(5, 3)).astype(dtype)
    embedding, block = Embedding().fit_transform(vectors)
    back = embedding.inverse_transform(block.values)
    assert back.dtype == dtype
    np.testing.assert_allclose(back, vectors, rtol=1e-2)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ([[1.0, np.nan], [1.0, 2.0]], r"1 vectors hold NaN or infinity, first rows \[0\]"),
        ([[1.0, np.inf], [1.0, 2.0]], "1 vectors hold NaN or infinity"),
        (object_array([np.ones(2), np.ones(3)]), r"cells are not vectors.*\(2,\), \(3,\)"),
        (np.ones(3), r"expected vectors \(n, d\), got float64 of shape \(3,\)"),
        (np.full((2, 2), np.nan), "all vectors are missing"),
    ],
)
def test_what_is_no_vector_is_refused(wrong, message):
    with pytest.raises(ValueError, match=message):
        Embedding().fit(wrong)


def test_another_number_of_dimensions_is_refused():
    with pytest.raises(ValueError, match="vectors have 3 dimensions, those in `fit` had 2"):
        Embedding().fit(np.eye(2)).transform(np.eye(3))


def test_a_wrong_parameter_is_named():
    with pytest.raises(ValueError, match="'normalize' parameter of Embedding"):
        Embedding(normalize="yes").fit(np.eye(2))


@pytest.mark.parametrize(
    ("column", "expected"),
    [
        (object_array([np.ones(32), np.zeros(32), None]), "Embedding"),
        (object_array([np.ones(31), np.zeros(31)]), "Numeric"),
        (np.ones((2, 64)), "Numeric"),
    ],
)
def test_long_vectors_in_a_column_of_objects_are_embeddings(column, expected):
    ((_, found, _),) = infer_modalities(MultiModalFrame({"x": column}))
    assert type(found).__name__ == expected
