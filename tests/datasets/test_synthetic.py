import numpy as np
import pytest
from scipy.stats import norm
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.metrics import r2_score
from sklearn.model_selection import cross_val_score
from sklearn.tree import DecisionTreeClassifier

from sklearn_crossmodal.data import MultiModalFrame
from sklearn_crossmodal.datasets import (
    make_multimodal_classification,
    make_multimodal_regression,
)

GENERATORS = [make_multimodal_classification, make_multimodal_regression]
ONLY = {
    part: {"redundant": 0, "unique": 0, "synergy": 0, part: 1}
    for part in ("redundant", "unique", "synergy")
}


def draw_classes(**params):
    params = {"n_samples": 2000, "random_state": 0, "class_sep": 3.0, **params}
    return make_multimodal_classification(return_X_y=False, **params)


def accuracy(X, y, model=None):
    return cross_val_score(model or LogisticRegression(), X, y, cv=3).mean()


def shown_sum(data, part, names):
    """What the features show of one factor, added up over modalities."""
    return sum(data.X[name] @ data.loadings[name][part].T for name in names)


# What comes back ------------------------------------------------------------------------------


@pytest.mark.parametrize("make", GENERATORS)
def test_modalities_are_named_and_sized_as_asked(make):
    X, y = make(30, n_modalities=2, n_noise_modalities=1, n_features=[4, 5, 6], random_state=0)
    assert isinstance(X, MultiModalFrame)
    assert {name: X[name].shape for name in X} == {"m0": (30, 4), "m1": (30, 5), "m2": (30, 6)}
    assert y.shape == (30,)


@pytest.mark.parametrize("make", GENERATORS)
def test_same_seed_gives_the_same_data(make):
    first, again, other = (make(20, missing_rate=0.2, random_state=seed) for seed in (0, 0, 1))
    for name in first[0]:
        np.testing.assert_array_equal(first[0][name], again[0][name])
        assert not np.array_equal(first[0][name], other[0][name], equal_nan=True)
    np.testing.assert_array_equal(first[1], again[1])


@pytest.mark.parametrize("make", GENERATORS)
def test_global_random_state_is_left_alone(make):
    np.random.seed(0)
    expected = np.random.RandomState(0).uniform()
    make(20, random_state=3)
    assert np.random.uniform() == expected


@pytest.mark.parametrize("make", GENERATORS)
def test_frame_holds_the_same_as_the_default(make):
    pytest.importorskip("pandas")
    params = {"n_samples": 20, "n_features": 3, "missing_rate": 0.2, "random_state": 0}
    (X, y), (table, series) = make(**params), make(**params, as_frame=True)
    assert list(table.columns) == [f"{name}__x{i}" for name in ("m0", "m1") for i in range(3)]
    np.testing.assert_array_equal(table, np.hstack([X["m0"], X["m1"]]))
    np.testing.assert_array_equal(series, y)


def test_several_targets_have_one_column_each():
    pytest.importorskip("pandas")
    data = make_multimodal_regression(20, n_targets=3, return_X_y=False, random_state=0)
    assert data.y.shape == data.y_clean.shape == data.bayes_prediction.shape == (20, 3)
    _, y = make_multimodal_regression(20, n_targets=3, as_frame=True, random_state=0)
    assert list(y.columns) == ["target0", "target1", "target2"]


@pytest.mark.parametrize("n_classes", [2, 3, 5])
def test_classes_are_balanced(n_classes):
    _, y = make_multimodal_classification(
        5000, n_classes=n_classes, n_features=12, synergy=1, random_state=0
    )
    share = np.bincount(y, minlength=n_classes) / 5000
    np.testing.assert_allclose(share, 1 / n_classes, atol=0.03)


# The three parts of the signal, read with scikit-learn's models -----------------------------------


def test_redundant_signal_is_read_from_any_modality():
    data = draw_classes(**ONLY["redundant"], n_modalities=3)
    alone = [accuracy(data.X[name], data.y) for name in data.X]
    assert min(alone) > 0.88
    assert np.ptp(alone) < 0.03


def test_unique_signal_needs_its_modality():
    data = draw_classes(redundant=0, unique=[0, 1])
    assert accuracy(data.X["m0"], data.y) < 0.55
    assert accuracy(data.X["m1"], data.y) > 0.88


def test_unique_signals_add_up():
    data = draw_classes(redundant=0, unique=1)
    alone = max(accuracy(data.X[name], data.y) for name in data.X)
    assert accuracy(np.hstack(list(data.X.values())), data.y) > alone + 0.1


@pytest.mark.parametrize("n_modalities", [2, 3])
def test_synergy_is_invisible_without_all_modalities_and_clear_with_them(n_modalities):
    data = draw_classes(**ONLY["synergy"], n_modalities=n_modalities, n_features=3)
    names = list(data.X)
    tree = DecisionTreeClassifier(max_depth=6, random_state=0)
    all_but_one = np.hstack([data.X[name] for name in names[1:]])
    assert accuracy(all_but_one, data.y, tree) == pytest.approx(0.5, abs=0.05)
    assert accuracy(np.hstack(list(data.X.values())), data.y) == pytest.approx(0.5, abs=0.05)
    product = np.prod([shown_sum(data, "synergy", [name]) for name in names], axis=0)
    assert accuracy(product, data.y) > 0.98


def test_synergy_of_three_classes_is_the_sum_of_the_codes_modulo_three():
    data = draw_classes(**ONLY["synergy"], n_classes=3, class_sep=10)
    corners = np.unique(data.factors["m0"]["synergy"].round(9), axis=0)
    codes = [
        ((data.factors[name]["synergy"][:, None] - corners) ** 2).sum(axis=2).argmin(axis=1)
        for name in data.X
    ]
    # The corners' own order is lost, so any rule from pairs of codes to classes will do, if it is
    # a Latin square: each code of one modality leaves every class open.
    classes = {(a, b): set(data.y[(codes[0] == a) & (codes[1] == b)]) for a, b in np.ndindex(3, 3)}
    assert all(len(found) == 1 for found in classes.values())
    for a in range(3):
        assert set.union(*(classes[a, b] for b in range(3))) == {0, 1, 2}
        assert set.union(*(classes[b, a] for b in range(3))) == {0, 1, 2}


def test_noise_modality_tells_nothing():
    data = draw_classes(n_noise_modalities=1)
    assert data.factors["m2"] == data.loadings["m2"] == {}
    assert accuracy(data.X["m2"], data.y) == pytest.approx(0.5, abs=0.04)


def test_regression_parts_are_read_from_the_modalities_that_show_them():
    data = make_multimodal_regression(
        2000, unique=[0, 2], synergy=1, signal=10, return_X_y=False, random_state=0
    )
    parts = np.hstack(
        [
            shown_sum(data, "redundant", ["m0", "m1"]),
            shown_sum(data, "unique", ["m1"]),
            shown_sum(data, "synergy", ["m0"]) * shown_sum(data, "synergy", ["m1"]),
        ]
    )
    assert list(data.loadings["m0"]) == ["redundant", "synergy"]
    assert LinearRegression().fit(parts, data.y).score(parts, data.y) > 0.97
    assert LinearRegression().fit(parts[:, :2], data.y).score(parts[:, :2], data.y) < 0.85


# The truth ---------------------------------------------------------------------------------------


def test_loadings_find_the_factors_in_the_features():
    data = draw_classes(n_classes=3, synergy=1, class_sep=100)
    for name in data.X:
        assert list(data.factors[name]) == ["redundant", "unique", "synergy"]
        rows = np.vstack(list(data.loadings[name].values()))
        np.testing.assert_allclose(rows @ rows.T, np.eye(6), atol=1e-12)
        for part, factor in data.factors[name].items():
            shown = data.X[name] @ data.loadings[name][part].T / 100
            np.testing.assert_allclose(shown, factor, atol=0.06)
    shared = [data.factors[name]["redundant"] for name in data.X]
    np.testing.assert_array_equal(*shared)


@pytest.mark.parametrize(
    "params",
    [
        {},
        {"synergy": 1, "redundant": 0, "unique": 0},
        {"n_classes": 3, "synergy": 1.5, "missing_rate": 0.3, "flip_y": 0.2},
        {"n_classes": 3, "n_modalities": 3, "unique": [0, 1, 2], "n_noise_modalities": 1},
    ],
)
def test_bayes_proba_is_calibrated_whatever_one_looks_at(params):
    data = draw_classes(n_samples=8000, class_sep=1.0, **params)
    proba = data.bayes_proba
    np.testing.assert_allclose(proba.sum(axis=1), 1)
    surprise = np.eye(proba.shape[1])[data.y] - proba
    # E[(1[y = k] - P(y = k | x)) g(x)] = 0 for any g: none of these may be found guilty.
    looks = np.hstack([np.ones((8000, 1)), proba, proba**2, np.nan_to_num(data.X["m0"])])
    products = looks[:, :, None] * surprise[:, None, :]
    z = products.sum(axis=0) / np.sqrt((products**2).sum(axis=0))
    assert np.abs(z).max() < 4


def test_bayes_proba_of_two_classes_has_the_closed_form():
    # One modality, redundant factor only: P(y = 1 | x) = Phi(posterior mean / its deviation).
    data = draw_classes(n_modalities=1, **ONLY["redundant"], class_sep=2.0)
    evidence = shown_sum(data, "redundant", ["m0"])[:, 0]
    expected = norm.cdf((2 * evidence / 5) / np.sqrt(1 / 5))
    np.testing.assert_allclose(data.bayes_proba[:, 1], expected, atol=1e-9)


def test_no_model_beats_the_bayes_prediction():
    data = make_multimodal_regression(
        4000, n_features=4, missing_rate=0.2, return_X_y=False, random_state=0
    )
    best = r2_score(data.y, data.bayes_prediction)
    X = np.nan_to_num(np.hstack(list(data.X.values())))
    assert LinearRegression().fit(X, data.y).score(X, data.y) < best
    # 1 - posterior variance / variance, where nothing is absent.
    whole = ~np.isnan(np.hstack(list(data.X.values()))).any(axis=1)
    expected = 1 - (1 / 9 + 2 / 5) / 3
    assert r2_score(data.y[whole], data.bayes_prediction[whole]) == pytest.approx(
        expected, abs=0.02
    )


def test_flip_y_redraws_the_classes():
    data = draw_classes(n_classes=4, flip_y=0.4)
    assert np.mean(data.y != data.y_clean) == pytest.approx(0.4 * 3 / 4, abs=0.04)
    np.testing.assert_array_equal(draw_classes().y, draw_classes().y_clean)


def test_noise_has_the_given_standard_deviation():
    data = make_multimodal_regression(4000, noise=0.5, return_X_y=False, random_state=0)
    assert np.std(data.y - data.y_clean) == pytest.approx(0.5, rel=0.05)
    assert np.var(data.y_clean) == pytest.approx(3, rel=0.1)


# Absent modalities -------------------------------------------------------------------------------


@pytest.mark.parametrize("make", GENERATORS)
@pytest.mark.parametrize(("n_modalities", "rate"), [(2, 0.5), (3, 0.3), (4, 0.75)])
def test_absent_rate_is_realised_and_no_sample_is_left_bare(make, n_modalities, rate):
    X, _ = make(5000, n_modalities=n_modalities, missing_rate=rate, random_state=0)
    present = np.column_stack([X.presence(name) for name in X])
    np.testing.assert_allclose(1 - present.mean(axis=0), rate, atol=0.03)
    assert present.any(axis=1).all()
    for column, name in enumerate(X):
        assert np.isnan(X[name][~present[:, column]]).all()
        assert np.isfinite(X[name][present[:, column]]).all()


@pytest.mark.parametrize("make", GENERATORS)
def test_absence_is_independent_of_the_target(make):
    X, y = make(5000, missing_rate=0.4, random_state=0)
    assert abs(np.corrcoef(X.presence("m0"), y)[0, 1]) < 0.05


# Wrong input -------------------------------------------------------------------------------------


@pytest.mark.parametrize("make", GENERATORS)
@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"redundant": 0, "unique": 0}, "redundant, unique and synergy are all 0"),
        ({"redundant": -1}, "'redundant' parameter"),
        ({"unique": [1, 2, 3]}, "unique must be one number or 2, one for each modality"),
        ({"unique": [1, -1]}, "unique must hold finite numbers of at least 0"),
        ({"unique": ["a", "b"]}, "unique must be one number or 2"),
        ({"n_modalities": 1, "synergy": 1}, "synergy needs n_modalities of at least 2"),
        ({"n_features": 1}, "Modality 'm0' has 2 factors of 1 dimensions.*at least 2, got 1"),
        ({"n_features": [2.5, 3.0]}, "n_features must hold integers"),
        ({"n_features": [5, 5, 5]}, "n_features must be one number or 2"),
        ({"missing_rate": 0.6}, "missing_rate must be at most 0.5 with 2 modalities"),
        ({"n_noise_modalities": -1}, "'n_noise_modalities' parameter"),
        ({"random_state": "seed"}, "'random_state' parameter"),
    ],
)
def test_wrong_parameters_are_named(make, params, message):
    with pytest.raises(ValueError, match=message):
        make(**params)
