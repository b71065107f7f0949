"""Joint Gaussians: conditional means, contradictions, and covariances of incomplete samples."""

import time

import numpy as np
import pytest
from sklearn.linear_model import Ridge
from threadpoolctl import threadpool_limits

from sklearn_crossmodal.linear import _block_gaussian, _block_moments
from sklearn_crossmodal.linear._block_gaussian import CrossGaussian, ScaledGaussian


def explained(true, found):
    return 1 - ((true - found) ** 2).sum() / ((true - true.mean(axis=0)) ** 2).sum()


@pytest.fixture
def features():
    """Return three tables of mean zero that a factor goes through."""
    rng = np.random.default_rng(0)
    factor = rng.normal(size=(400, 2))
    found = {
        name: factor @ rng.normal(size=(2, width)) + rng.normal(size=(400, width))
        for name, width in {"a": 3, "b": 2, "c": 4}.items()
    }
    return {name: values - values.mean(axis=0) for name, values in found.items()}


def test_what_is_expected_is_ridge_regression(features):
    everywhere = np.ones((400, 3), dtype=bool)
    gaussian = CrossGaussian(shrinkage=0.05).fit(features, everywhere)
    others = np.hstack([features["a"], features["c"]])
    ridge = Ridge(alpha=0.05 * 400, fit_intercept=False).fit(others, features["b"])
    found = gaussian.conditional_mean(features, everywhere, {"b": 2}, leave_one_out=True)["b"]
    np.testing.assert_allclose(found, ridge.predict(others), atol=1e-8)
    first = gaussian.conditional_mean(features, everywhere, {"b": 1}, leave_one_out=True)["b"]
    np.testing.assert_allclose(first, found[:, :1])
    assert np.isnan(gaussian.conditional_mean(features, everywhere, {"b": 2})["b"]).all()


def test_each_sample_is_told_from_what_it_has(features):
    everywhere = np.ones((400, 3), dtype=bool)
    gaussian = CrossGaussian().fit(features, everywhere)
    present = everywhere.copy()
    present[:100, 2] = False
    present[100:150, :] = [False, True, False]
    hidden = {
        name: np.where(present[:, [m]], values, 1e6)
        for m, (name, values) in enumerate(features.items())
    }
    found = gaussian.conditional_mean(hidden, present, {"b": 2}, leave_one_out=True)["b"]
    ridge = Ridge(alpha=0.05 * 400, fit_intercept=False).fit(features["a"], features["b"])
    np.testing.assert_allclose(found[:100], ridge.predict(features["a"][:100]), atol=1e-8)
    assert np.isnan(found[100:150]).all()
    whole = gaussian.conditional_mean(features, everywhere, {"b": 2}, leave_one_out=True)["b"]
    np.testing.assert_allclose(found[150:], whole[150:])
    absent = present & [True, False, True]
    told = gaussian.conditional_mean(hidden, absent, {"b": 2})["b"]
    np.testing.assert_allclose(told, found)


def test_contradictions_are_minus_the_pointwise_information(features):
    everywhere = np.ones((400, 3), dtype=bool)
    gaussian = CrossGaussian(shrinkage=1e-9).fit(features, everywhere)
    found = gaussian.contradictions(features, everywhere)
    # Under the Gaussian itself the statistic has mean zero and variance one.
    np.testing.assert_allclose(found.mean(axis=0), 0, atol=0.1)
    np.testing.assert_allclose(found.std(axis=0), 1, atol=0.3)
    correlation = 0.8
    pair = np.linalg.cholesky([[1, correlation], [correlation, 1]])
    x, y = (np.random.default_rng(0).normal(size=(50_000, 2)) @ pair.T).T[:, :, np.newaxis]
    two = CrossGaussian(shrinkage=0.0).fit({"x": x, "y": y}, np.ones((len(x), 2), bool))
    by_hand = (x - correlation * y) ** 2 / (1 - correlation**2) - x**2
    scaled = (by_hand / (2 * correlation)).ravel()
    found = two.contradictions({"x": x, "y": y}, np.ones((len(x), 2), bool))[:, 0]
    assert np.corrcoef(found, scaled)[0, 1] > 0.999
    np.testing.assert_allclose(np.std(scaled), 1, atol=0.02)


def test_a_modality_that_is_absent_contradicts_nothing(features):
    present = np.ones((400, 3), dtype=bool)
    present[0] = [True, False, False]
    present[1] = [True, True, False]
    found = CrossGaussian().fit(features, present).contradictions(features, present)
    assert np.isnan(found[0]).all()
    assert np.isnan(found[1]).tolist() == [False, False, True]


def shown_of(features, present):
    """Return features with zeros where a modality is absent."""
    parts = zip(features.items(), present.T, strict=True)
    return {name: np.where(there[:, np.newaxis], part, 0) for (name, part), there in parts}


def test_the_covariance_is_that_of_all_where_modalities_are_absent_at_random(rng):
    factor = rng.normal(size=(3000, 3))
    whole = {
        name: factor @ rng.normal(size=(3, 6)) + 0.3 * rng.normal(size=(3000, 6)) for name in "abcd"
    }
    whole = {name: (part - part.mean(axis=0)) / part.std(axis=0) for name, part in whole.items()}
    everywhere, present = np.ones((3000, 4), bool), rng.random((3000, 4)) > 0.5
    shown = {
        name: np.where(present[:, [m]], part, 0) for m, (name, part) in enumerate(whole.items())
    }
    expected = CrossGaussian().fit(whole, everywhere).covariance_
    found = CrossGaussian().fit(shown, present).covariance_
    assert np.abs(found - expected).max() < 0.15
    assert np.linalg.eigvalsh(found).min() > 0.04
    scores = CrossGaussian(1e-3).fit(shown, present).contradictions(whole, everywhere)
    assert np.abs(scores.mean(axis=0)).max() < 0.3
    assert np.abs(scores.std(axis=0) - 1).max() < 0.4


def test_pairs_alone_make_a_covariance_too(rng, monkeypatch):
    monkeypatch.setattr(_block_moments, "_MAX_PRODUCTS", 0)
    factor = rng.normal(size=(200, 2))
    whole = {
        name: factor @ rng.normal(size=(2, 12)) + 0.1 * rng.normal(size=(200, 12))
        for name in "abcd"
    }
    present = rng.random((200, 4)) > 0.5
    shown = {
        name: np.where(present[:, [m]], part, 0) for m, (name, part) in enumerate(whole.items())
    }
    found = CrossGaussian().fit(shown, present).covariance_
    assert np.linalg.eigvalsh(found).min() > 0.03
    told = (
        CrossGaussian()
        .fit(shown, present)
        .conditional_mean(whole, np.ones((200, 4), bool), {"a": 12}, leave_one_out=True)
    )
    assert explained(whole["a"], told["a"]) > 0.9


def test_a_weight_of_two_is_a_sample_twice(features):
    present = np.random.default_rng(0).random((400, 3)) > 0.3
    shown = {
        name: np.where(present[:, [m]], part, 0) for m, (name, part) in enumerate(features.items())
    }
    twice = np.r_[np.arange(400), np.arange(100)]
    weight = np.where(np.arange(400) < 100, 2.0, 1.0)
    found = CrossGaussian().fit(shown, present, weight).covariance_
    doubled = {name: part[twice] for name, part in shown.items()}
    np.testing.assert_allclose(found, CrossGaussian().fit(doubled, present[twice]).covariance_)


def conditional(C, features, present, asked):
    """Return what is expected of a modality given the others, row by row, by the covariance."""
    ends = np.cumsum([0, *(part.shape[1] for part in features.values())])
    joined, found = np.hstack([*features.values()]), []
    for row, there in zip(joined, present, strict=True):
        parts = [np.arange(*ends[m : m + 2]) for m in np.flatnonzero(there) if m != asked]
        known, own = np.concatenate(parts), np.arange(*ends[asked : asked + 2])
        found.append(C[np.ix_(own, known)] @ np.linalg.solve(C[np.ix_(known, known)], row[known]))
    return np.array(found)


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_any_pattern_is_what_the_covariance_says(share, rng):
    factor = rng.normal(size=(60, 3))
    features = {
        name: factor @ rng.normal(size=(3, width)) + rng.normal(size=(60, width))
        for name, width in zip("abcde", [2, 7, 1, 4, 3], strict=True)
    }
    features = {name: part - part.mean(axis=0) for name, part in features.items()}
    present = rng.random((60, 5)) >= share
    present[:, 1:3] |= ~present[:, [0]]
    present[:, 1] |= present.sum(axis=1) < 2
    gaussian = CrossGaussian().fit(features, np.ones_like(present))
    shown = shown_of(features, present)
    for m, (name, part) in enumerate(features.items()):
        found = gaussian.conditional_mean(
            shown, present, {name: part.shape[1]}, leave_one_out=True
        )[name]
        told = ~np.isnan(found[:, 0])
        assert told.sum() > 20
        several = {key: values[told] for key, values in features.items()}
        by_hand = conditional(gaussian.covariance_, several, present[told], m)
        np.testing.assert_allclose(found[told], by_hand, atol=1e-9)


@pytest.mark.parametrize("n", [60, 150])
def test_few_rows_of_many_features_are_found_in_the_space_of_rows(n, rng, monkeypatch):
    z = rng.normal(size=(n + 20, 3))
    features = {
        name: z @ rng.normal(size=(3, width)) + 0.3 * rng.normal(size=(n + 20, width))
        for name, width in {"a": 200, "b": 30, "c": 300}.items()
    }
    everywhere, one = np.ones((n, 3), bool), np.ones(n)
    factors = {name: np.ones(part.shape[1]) for name, part in features.items()}
    seen = {name: part[:n] for name, part in features.items()}
    present = np.ones((n + 20, 3), bool)
    present[n:, 1] = np.arange(20) % 2 == 0
    wanted, found = {"b": 30, "c": 7}, []
    for few in (10_000, 10):
        monkeypatch.setattr(_block_gaussian, "_MAX_FULL_WIDTH", few)
        model = ScaledGaussian(seen, everywhere, one, factors)
        told = model.conditional_mean(features, present, wanted, leave_one_out=True)
        found.append([model.contradictions(features, present), *told.values()])
    assert len(model.gaussian.covariance_) == 2 * n + 30 - (2 if n < 200 else 0)
    for whole, reduced in zip(*found, strict=True):
        np.testing.assert_allclose(whole, reduced, atol=1e-6)


def test_very_many_features_are_cut_to_principal_components(rng, monkeypatch):
    monkeypatch.setattr(_block_gaussian, "_MAX_TOTAL", 60)
    z = rng.normal(size=(400, 3))
    features = {
        name: z @ rng.normal(size=(3, width)) + 0.3 * rng.normal(size=(400, width))
        for name, width in {"a": 300, "b": 10, "c": 300}.items()
    }
    everywhere = np.ones((400, 3), bool)
    factors = {name: np.ones(part.shape[1]) for name, part in features.items()}
    model = ScaledGaussian(features, everywhere, np.ones(400), factors)
    assert len(model.gaussian.covariance_) == 60
    told = model.conditional_mean(features, everywhere, {"c": 300}, leave_one_out=True)["c"]
    assert explained(features["c"], told) > 0.9


def test_many_patterns_are_not_slowed_down_by_threads_that_wait(rng):
    n, M = 120, 20
    features = {f"m{m}": rng.normal(size=(n, 40)) for m in range(M)}
    present = rng.random((n, M)) < 0.7
    present[:, 0] = True
    gaussian = CrossGaussian().fit(features, present)
    asked = dict.fromkeys(features, 2)
    seconds = {}
    for limit in (1, None):
        with threadpool_limits(limits=limit):
            start = time.perf_counter()
            gaussian.conditional_mean(features, present, asked, leave_one_out=True)
            seconds[limit] = time.perf_counter() - start
    assert seconds[None] < 3 * seconds[1]
