"""What modalities tell of each other: closed forms, imputation past the latent, contradictions."""

import numpy as np
import pytest
from sklearn.linear_model import Ridge
from sklearn.metrics import roc_auc_score

from sklearn_crossmodal import Image, MultiModalAutoencoder, MultiModalFrame, Numeric, Text
from sklearn_crossmodal.estimators._cross_gaussian import CrossGaussian

QUICK = {"max_epochs": 30, "learning_rate": 0.01, "random_state": 0}


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
    found = gaussian.expected(features, everywhere, "b")
    np.testing.assert_allclose(found, ridge.predict(others), atol=1e-8)
    np.testing.assert_allclose(gaussian.expected(features, everywhere, "b", 1), found[:, :1])


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
    found = gaussian.expected(hidden, present, "b")
    ridge = Ridge(alpha=0.05 * 400, fit_intercept=False).fit(features["a"], features["b"])
    np.testing.assert_allclose(found[:100], ridge.predict(features["a"][:100]), atol=1e-8)
    assert np.isnan(found[100:150]).all()
    whole = gaussian.expected(features, everywhere, "b")
    np.testing.assert_allclose(found[150:], whole[150:])


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


@pytest.fixture(scope="module")
def wide():
    """Return a table of ten factors, and one that is nearly a rotation of it."""
    rng = np.random.default_rng(0)
    a = rng.normal(size=(500, 10))
    b = a @ np.linalg.qr(rng.normal(size=(10, 10)))[0] + 0.1 * rng.normal(size=(500, 10))
    return MultiModalFrame({"a": a, "b": b})


def explained(true, found):
    return 1 - ((true - found) ** 2).sum() / ((true - true.mean(axis=0)) ** 2).sum()


def test_numbers_are_imputed_past_a_narrow_latent(wide):
    fitted = MultiModalAutoencoder(n_components=2, **QUICK).fit(wide)
    holes = MultiModalFrame(
        dict(wide), present={"a": np.ones(500, bool), "b": np.arange(500) % 2 > 0}
    )
    gone = np.arange(500) % 2 == 0
    narrow = fitted.translate(wide, source="a", target="b")
    assert explained(wide["b"], fitted.reconstruct(holes)["b"]) < 0.5
    assert explained(wide["b"], narrow) > 0.95
    filled = np.asarray(fitted.impute(holes)["b"])
    np.testing.assert_allclose(filled[gone], narrow[gone])
    np.testing.assert_array_equal(filled[~gone], wide["b"][~gone])


def test_the_linear_path_does_not_count_where_it_tells_nothing():
    rng = np.random.default_rng(0)
    a = rng.normal(size=(600, 1))
    X = MultiModalFrame({"a": a, "b": np.hstack([a**2, np.abs(a)])})
    fitted = MultiModalAutoencoder(n_components=3, **{**QUICK, "max_epochs": 80}).fit(X)
    assert fitted._relations._weights["b"] < 1
    assert explained(X["b"], fitted.translate(X, source="a", target="b")) > 0.7


def test_samples_that_contradict_themselves_are_found(wide):
    fitted = MultiModalAutoencoder(n_components=4, **QUICK).fit(wide[:350])
    true = wide[350:]
    swapped = MultiModalFrame({"a": true["a"], "b": np.roll(true["b"], 1, axis=0)})
    scores = [fitted.inconsistency(some) for some in (true, swapped)]
    assert roc_auc_score(np.repeat([0, 1], 150), np.concatenate(scores)) > 0.99
    larger = MultiModalFrame({"a": 3 * true["a"], "b": 3 * true["b"]})
    assert np.median(fitted.inconsistency(larger)) < np.median(scores[1])


def test_one_modality_contradicts_nothing(wide):
    alone = MultiModalAutoencoder(n_components=2, **QUICK).fit(wide["a"])
    np.testing.assert_array_equal(alone.inconsistency(wide["a"]), np.zeros(500))
    fitted = MultiModalAutoencoder(n_components=2, **QUICK).fit(wide)
    one = MultiModalFrame(dict(wide), present={"a": np.ones(500, bool), "b": np.arange(500) > 0})
    assert fitted.inconsistency(one)[0] == 0
    assert fitted.inconsistency(one)[1:].all()


def test_texts_and_pictures_can_contradict_each_other():
    rng = np.random.default_rng(0)
    color = rng.integers(0, 3, size=240)
    photo = np.zeros((240, 8, 8, 3), dtype=np.uint8)
    photo[np.arange(240), 2:6, 2:6, color] = rng.integers(150, 250, size=(240, 1, 1))
    words = np.array(["red rose", "green grass", "blue sky"], dtype=object)[color]
    X = MultiModalFrame({"photo": photo, "words": words})
    modalities = [
        ("photo", Image(encoder="mlp", decoder="mlp"), "photo"),
        ("words", Text(), "words"),
    ]
    fitted = MultiModalAutoencoder(modalities, n_components=4, **QUICK).fit(X[:160])
    other = np.array(["red rose", "green grass", "blue sky"], dtype=object)[(color + 1) % 3]
    swapped = MultiModalFrame({"photo": photo, "words": other})
    assert fitted.inconsistency(X[160:]).max() < fitted.inconsistency(swapped[160:]).min()


def test_the_path_is_found_where_no_sample_is_complete(wide):
    there = np.arange(500) % 2 == 0
    holes = MultiModalFrame(dict(wide), present={"a": there, "b": ~there})
    fitted = MultiModalAutoencoder(n_components=2, **QUICK).fit(holes)
    assert np.isfinite(np.asarray(fitted.impute(holes)["a"])).all()
    assert (fitted.inconsistency(holes) == 0).all()


def test_very_wide_tables_have_no_path():
    rng = np.random.default_rng(0)
    X = MultiModalFrame({"a": rng.normal(size=(60, 1100)), "b": rng.normal(size=(60, 3))})
    modalities = [("a", Numeric(), "a"), ("b", Numeric(), "b")]
    fitted = MultiModalAutoencoder(modalities, n_components=2, max_epochs=2, random_state=0).fit(X)
    assert fitted._relations._numbers == ["b"]
    assert fitted.translate(X, source="b", target="a").shape == (60, 1100)
