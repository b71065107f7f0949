"""Canonical correlations against another package, in the space of rows, and with absent sets."""

import numpy as np
import pytest

from sklearn_crossmodal.linear._canonical_correlation import CanonicalCorrelation


def sets(rng, n, widths, noise=1.0):
    """Return sets of features that three factors go through."""
    factors = rng.normal(size=(n, 3))
    found = {}
    for k, width in enumerate(widths):
        values = factors @ rng.normal(size=(3, width)) + noise * rng.normal(size=(n, width))
        found[f"s{k}"] = (values - values.mean(axis=0)) / values.std(axis=0)
    return found


def correlations(model, features):
    """Return the mean correlation of two sets in each direction."""
    parts = [model.project(name, values) for name, values in features.items()]
    pairs = [
        [np.corrcoef(a[:, k], b[:, k])[0, 1] for k in range(a.shape[1])]
        for i, a in enumerate(parts)
        for b in parts[i + 1 :]
    ]
    return np.mean(pairs, axis=0)


@pytest.mark.parametrize("shrinkage", [0.0, 0.1, 0.6])
@pytest.mark.parametrize("widths", [(6, 5), (6, 5, 8)])
def test_correlations_are_those_of_cca_zoo(shrinkage, widths, rng):
    cca_zoo = pytest.importorskip("cca_zoo.linear")
    features = sets(rng, 300, widths)
    # Ours is the covariance of the rows, theirs that of a sample of them.
    scale = np.sqrt(300 / 299)
    views = [values / scale for values in features.values()]
    theirs = cca_zoo.MCCA(n_components=4, shrinkage=shrinkage).fit(views)
    parts = theirs.transform(views)
    expected = np.mean(
        [
            [np.corrcoef(a[:, k], b[:, k])[0, 1] for k in range(4)]
            for i, a in enumerate(parts)
            for b in parts[i + 1 :]
        ],
        axis=0,
    )
    ours = CanonicalCorrelation(4, shrinkage).fit(features, np.ones((300, len(widths)), bool))
    np.testing.assert_allclose(correlations(ours, features), expected, atol=1e-6)


def test_without_shrinkage_correlations_are_what_projections_have(rng):
    features = sets(rng, 400, (6, 5))
    model = CanonicalCorrelation(5, 0.0).fit(features, np.ones((400, 2), bool))
    np.testing.assert_allclose(model.correlations_, correlations(model, features), atol=1e-8)
    for name, values in features.items():
        covariance = np.cov(model.project(name, values).T, bias=True)
        np.testing.assert_allclose(covariance, np.eye(5), atol=1e-8)


def test_more_features_than_rows_are_the_same_in_the_space_of_rows(rng):
    features = sets(rng, 40, (60, 5))
    present = np.ones((40, 2), bool)
    model = CanonicalCorrelation(3, 0.3).fit(features, present)
    # Rows that are there often enough to be more than the features.
    often = {name: np.tile(values, (3, 1)) for name, values in features.items()}
    other = CanonicalCorrelation(3, 0.3).fit(often, np.ones((120, 2), bool))
    np.testing.assert_allclose(model.correlations_, other.correlations_, rtol=1e-8)
    for name, values in features.items():
        np.testing.assert_allclose(
            abs(model.project(name, values)), abs(other.project(name, values)), atol=1e-8
        )


def test_a_weight_of_two_is_a_row_twice(rng):
    features, twice = sets(rng, 60, (4, 3, 5)), np.r_[np.arange(60), np.arange(10)]
    weight = np.ones(60)
    weight[:10] = 2
    model = CanonicalCorrelation(3).fit(features, np.ones((60, 3), bool), weight)
    repeated = {name: values[twice] for name, values in features.items()}
    other = CanonicalCorrelation(3).fit(repeated, np.ones((70, 3), bool))
    np.testing.assert_allclose(model.correlations_, other.correlations_, rtol=1e-10)


def test_rows_that_lack_a_set_serve_the_others(rng):
    features = sets(rng, 600, (4, 4, 4))
    present = np.ones((600, 3), bool)
    present[:200, 0] = present[200:400, 1] = present[400:, 2] = False
    hidden = {
        name: np.where(there[:, None], values, np.nan)
        for (name, values), there in zip(features.items(), present.T, strict=True)
    }
    model = CanonicalCorrelation(3).fit(hidden, present)
    whole = CanonicalCorrelation(3).fit(features, np.ones((600, 3), bool))
    np.testing.assert_allclose(model.correlations_, whole.correlations_, atol=0.1)
    assert correlations(model, features)[0] > 0.9 * correlations(whole, features)[0]


def test_constant_features_and_a_single_set_have_an_answer(rng):
    features = sets(rng, 50, (4, 3))
    features["s0"][:, 1] = 0.0
    model = CanonicalCorrelation(10).fit(features, np.ones((50, 2), bool))
    assert np.isfinite(model.weights_["s0"]).all()
    assert len(model.correlations_) <= 4
    alone = CanonicalCorrelation(2).fit({"s0": features["s0"]}, np.ones((50, 1), bool))
    np.testing.assert_array_equal(alone.correlations_, 1.0)
    projected = alone.project("s0", features["s0"])
    assert projected.shape == (50, 2)
    constant = {"a": np.ones((20, 2)), "b": np.ones((20, 3))}
    none = CanonicalCorrelation(2).fit(constant, np.ones((20, 2), bool))
    assert none.correlations_.shape == (0,)


@pytest.mark.parametrize("widths", [(30, 40), (40, 30)])
def test_few_of_many_directions_are_the_first_of_all(widths, rng):
    features, present = sets(rng, 300, widths), np.ones((300, 2), bool)
    few = CanonicalCorrelation(3).fit(features, present)
    every = CanonicalCorrelation(30).fit(features, present)
    np.testing.assert_allclose(few.correlations_, every.correlations_[:3], rtol=1e-8)
    for name, weights in few.weights_.items():
        np.testing.assert_allclose(weights, every.weights_[name][:, :3], atol=1e-7)
