import numpy as np
import pytest

from sklearn_crossmodal.utils._moments import vector_moments


def test_moments_are_those_of_repeated_rows(rng):
    vectors, repeats = rng.normal(3, 2, (30, 4)), np.arange(30) % 4
    mean, spread = vector_moments(vectors, repeats.astype(float))
    repeated = np.repeat(vectors, repeats, axis=0)
    np.testing.assert_allclose(mean, repeated.mean(axis=0))
    assert spread == pytest.approx(np.sqrt(repeated.var(axis=0).mean()))


def test_rounding_is_no_spread(rng):
    weight = rng.uniform(size=50)
    assert vector_moments(np.full((50, 3), 0.1), weight)[1] == 0
    assert vector_moments(np.zeros((50, 3)), weight)[1] == 0
    vectors = np.array([[1.0], [1.0 + 1e-6]])
    assert vector_moments(vectors)[1] == pytest.approx(5e-7)
    assert vector_moments(vectors, tolerance=1e-6)[1] == 0
