"""Automatic fusions: out-of-fold base models, their combination, and the reported attributes."""

import pickle
import time

import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge
from sklearn.metrics import r2_score
from sklearn.model_selection import GridSearchCV, ShuffleSplit, cross_val_score
from sklearn.tree import DecisionTreeClassifier

from sklearn_crossmodal import (
    AutoFusionClassifier,
    AutoFusionRegressor,
    FusionClassifier,
    FusionRegressor,
    MultiModalFrame,
    Numeric,
    Text,
)
from sklearn_crossmodal.uncertainty._conformal import Calibration

N = 120
LIGHT = {"linear": (LogisticRegression(), None)}


@pytest.fixture
def rng():
    return np.random.default_rng(0)


@pytest.fixture
def y(rng):
    return rng.integers(0, 2, N)


@pytest.fixture
def X(rng, y):
    return modalities_of(rng, y)


@pytest.fixture(scope="module")
def fitted():
    """Return the automatic fusion of X and y, for tests that change nothing in it."""
    rng = np.random.default_rng(0)
    y = rng.integers(0, 2, N)
    return auto().fit(modalities_of(rng, y), y)


def modalities_of(rng, y):
    return MultiModalFrame(
        {
            "left": rng.normal(size=(N, 3)) + y[:, np.newaxis],
            "right": rng.normal(size=(N, 2)) + y[:, np.newaxis],
        }
    )


def auto(**params):
    network = FusionClassifier(n_folds=None, max_epochs=8)
    settings = {"estimator": network, "companions": LIGHT, "cv": 3, "random_state": 0}
    return AutoFusionClassifier(**settings | params)


def auto_regressor(**params):
    network, companions = FusionRegressor(n_folds=None, max_epochs=8), {"ridge": (Ridge(), None)}
    settings = {"estimator": network, "companions": companions, "cv": 3, "random_state": 0}
    return AutoFusionRegressor(**settings | params)


def test_base_models_are_a_network_and_companions(fitted):
    clf = fitted
    assert set(clf.leaderboard_["model"]) == {"joint", "linear", "fused"}
    read = dict(zip(clf.leaderboard_["model"], clf.leaderboard_["modalities"], strict=True))
    assert read["joint"] == read["linear"] == "left + right"


def test_leaderboard_is_a_table_with_the_best_first(fitted):
    table = pd.DataFrame(fitted.leaderboard_).set_index("model")
    assert table["score"].is_monotonic_decreasing
    assert table["standard_error"].between(0, 0.1).all()
    assert table.drop(index="fused")["weight"].sum() == pytest.approx(1)
    assert (table["seconds"] > 0).all()


def test_the_combination_is_no_worse_than_its_best_base_model(fitted):
    table = pd.DataFrame(fitted.leaderboard_).set_index("model")
    best = table.drop(index="fused")["score"].max()
    assert table.loc["fused", "score"] >= best - 0.03


@pytest.mark.slow
def test_a_base_model_that_predicts_nothing_has_no_weight(rng):
    y = rng.integers(0, 2, 600)
    X = MultiModalFrame({"a": rng.normal(size=(600, 2)) + 2 * y[:, np.newaxis]})
    companions = {"linear": LogisticRegression(), "guess": DummyClassifier()}
    clf = auto(companions=companions).fit(X, y)
    weights = dict(zip(clf.leaderboard_["model"], clf.leaderboard_["weight"], strict=True))
    assert weights["guess"] < 0.05
    assert "guess" not in {one.name for one in clf._base_models}  # and is not kept


def test_out_of_fold_predictions_were_not_learned_by_heart(rng):
    X = rng.normal(size=(N, 5))
    y = rng.integers(0, 2, N)  # nothing to be known
    clf = auto(companions={"linear": LogisticRegression(C=1e6)}).fit(X, y)
    assert (clf.classes_[clf.oof_predictions_.argmax(axis=1)] == y).mean() < 0.62
    np.testing.assert_allclose(clf.oof_predictions_.sum(axis=1), 1)


@pytest.mark.slow
def test_what_only_several_modalities_tell_is_found(rng):
    left, right = rng.choice([-1.0, 1.0], (2, 600))
    X = MultiModalFrame({"left": left[:, np.newaxis], "right": right[:, np.newaxis]})
    y = (left == right).astype(int)
    network = FusionClassifier(n_folds=None, max_epochs=20, learning_rate=0.01)
    clf = auto(estimator=network).fit(X[:400], y[:400])
    assert clf.score(X[400:], y[400:]) > 0.9
    gain = clf.fusion_gain_
    assert gain.gain > 0.3
    assert 0.2 < gain.interval[0] < gain.gain < gain.interval[1]
    assert gain.against in ("left", "right")


def test_one_modality_has_no_gain_by_fusing(X, y):
    clf = auto().fit(X[["left"]], y)
    assert clf.fusion_gain_ is None
    assert set(clf.leaderboard_["model"]) == {"joint", "linear", "fused"}


@pytest.mark.slow
@pytest.mark.parametrize("names", [["left"], ["right"]])
def test_a_sample_may_lack_a_modality(X, y, names):
    clf = auto().fit(X[:90], y[:90])
    assert clf.score(X[names][90:], y[90:]) > 0.6
    np.testing.assert_allclose(clf.predict_proba(X[names]).sum(axis=1), 1)


def test_samples_with_several_subsets_of_modalities_are_predicted_each_by_its_own(X, fitted):
    clf = fitted
    there = np.ones(N, dtype=bool)
    there[::2] = False
    mixed = MultiModalFrame({"left": X["left"], "right": X["right"]}, present={"left": there})
    found = clf.predict_proba(mixed)
    np.testing.assert_allclose(found[there], clf.predict_proba(X)[there])
    np.testing.assert_allclose(found[~there], clf.predict_proba(X[["right"]])[~there])


@pytest.mark.slow
def test_training_samples_may_lack_modalities(X, y):
    there = np.ones(N, dtype=bool)
    there[::3] = False
    X = MultiModalFrame({"left": X["left"], "right": X["right"]}, present={"right": there})
    clf = auto().fit(X, y)
    assert np.isfinite(clf.oof_predictions_).all()
    assert clf.score(X, y) > 0.8


@pytest.mark.slow
def test_a_subset_never_seen_gets_the_mean_of_base_models_that_support_it(rng):
    y = rng.integers(0, 2, 60)
    X = MultiModalFrame({name: rng.normal(size=(60, 1)) + y[:, np.newaxis] for name in "abcdef"})
    network = FusionClassifier(n_folds=None, max_epochs=2)
    clf = auto(cv=2, estimator=network, companions=["linear"]).fit(X, y)
    two = X[["b", "e"]]
    view, rows = clf._view(two), np.arange(60)
    predictions = [
        one.predict(view, ("b", "e"), rows, clf._predict_with)
        for one in clf._base_models
        if one.supports(("b", "e"))
    ]
    np.testing.assert_allclose(clf.predict_proba(two), np.mean(predictions, axis=0))


def test_no_modality_at_all_is_refused(X, fitted):
    clf = fitted
    gone = MultiModalFrame(
        {"left": X["left"], "right": X["right"]},
        present={name: np.arange(N) > 1 for name in ("left", "right")},
    )
    with pytest.raises(ValueError, match=r"AutoFusionClassifier: 2 samples have none .*\[0, 1\]"):
        clf.predict(gone)


class Slow(ClassifierMixin, BaseEstimator):
    """A companion that takes its time."""

    def fit(self, X, y):
        time.sleep(0.3)
        self.classes_ = np.unique(y)
        return self

    def predict_proba(self, X):
        return np.full((len(X), len(self.classes_)), 1 / len(self.classes_))


def test_time_is_kept(X, y):
    network = FusionClassifier(n_folds=None, max_epochs=100_000, learning_rate_schedule="constant")
    start = time.perf_counter()
    with pytest.warns(UserWarning, match=r"within time_limit=1.5 .*no time to fit \['joint'\]"):
        clf = auto(estimator=network, time_limit=1.5).fit(X, y)
    assert time.perf_counter() - start < 1.5 + 1
    assert clf.score(X, y) > 0.7


def test_a_network_alone_is_cut_short_rather_than_none(X, y):
    network = FusionClassifier(n_folds=None, max_epochs=100_000, learning_rate_schedule="constant")
    start = time.perf_counter()
    clf = auto(estimator=network, companions=None, time_limit=1.5).fit(X, y)
    assert time.perf_counter() - start < 1.5 + 1
    (model,) = clf._base_models[0].models
    assert 2 < len(model.estimator.history_) < 100_000
    assert clf.score(X, y) > 0.7


class Slower(Slow):
    """Takes a time that grows as the number of rows, or as its square."""

    def __init__(self, seconds=0.05, power=1):
        self.seconds = seconds
        self.power = power

    def fit(self, X, y):
        time.sleep(self.seconds * len(X) ** self.power)
        self.classes_ = np.unique(y)
        return self


@pytest.mark.slow
@pytest.mark.parametrize("power", [1, 2])
def test_a_companion_whose_folds_do_not_fit_into_the_time_is_left_out(X, y, power):
    limit, per_fold = 3.0, 4.0  # trials take 1.25 s: time for all networks is left
    slow = Slower(per_fold / (2 / 3 * N) ** power, power)
    network = FusionClassifier(n_folds=None, max_epochs=2)
    start = time.perf_counter()
    with pytest.warns(UserWarning, match=r"within time_limit=3.0 .*no time to fit \['slow'\]"):
        clf = auto(estimator=network, companions={"slow": slow}, time_limit=limit).fit(X, y)
    assert time.perf_counter() - start < limit + per_fold / 2  # not even one of the folds
    assert set(clf.leaderboard_["model"]) == {"joint", "fused"}


@pytest.mark.slow
def test_a_companion_whose_folds_fit_into_the_time_is_kept(X, y):
    network, slow = (
        FusionClassifier(n_folds=None, max_epochs=2),
        Slow(),
    )  # 0.3 s, on few rows as on many
    clf = auto(estimator=network, companions={"slow": slow}, time_limit=20).fit(X, y)
    assert "slow" in clf.leaderboard_["model"]


class SlowerByAndBy(Slow):
    """Takes longer than a part of the rows let expect."""

    def fit(self, X, y):
        time.sleep(0.8 if len(X) > N / 2 else 0)
        self.classes_ = np.unique(y)
        return self


@pytest.mark.slow
def test_of_several_folds_all_base_models_get_as_many_as_there_is_time_for(X, y):
    network, companions = FusionClassifier(n_folds=None, max_epochs=2), {"slow": SlowerByAndBy()}
    start = time.perf_counter()
    clf = auto(estimator=network, companions=companions, cv=8, time_limit=5).fit(X, y)
    assert time.perf_counter() - start < 5 + 1.5
    assert set(clf.leaderboard_["model"]) == {"joint", "slow", "fused"}
    n_known = np.isfinite(clf.oof_predictions_).all(axis=1).sum()
    assert N / 8 <= n_known < N


class Interruptible(Slow):
    """Takes very long, in steps."""

    def fit(self, X, y):
        for _ in range(1000):
            time.sleep(0.01)
        return super().fit(X, y)


def test_a_companion_that_takes_too_long_is_stopped_and_leaves_time_for_the_others(X, y):
    companions = {"slow": Interruptible(), "tree": DecisionTreeClassifier()}
    network = FusionClassifier(n_folds=None, max_epochs=2)
    start = time.perf_counter()
    with pytest.warns(UserWarning, match=r"no time to fit \['slow'\]"):
        clf = auto(estimator=network, companions=companions, time_limit=4).fit(X, y)
    assert time.perf_counter() - start < 4 + 1
    assert set(clf.leaderboard_["model"]) == {"joint", "tree", "fused"}


def test_of_the_first_base_model_some_folds_may_be_left_out(X, y):
    with pytest.warns(UserWarning, match=r"no time to fit \['joint'\]"):
        clf = auto(time_limit=1e-3).fit(X, y)
    assert clf.leaderboard_["model"].tolist() in (["linear", "fused"], ["fused", "linear"])
    assert len(clf._base_models[0].models) == 1
    assert np.isnan(clf.oof_predictions_).any()
    assert np.isfinite(clf.predict_proba(X)).all()


# Rare modalities ---------------------------------------------------------------------------------


def with_rare(X, rows):
    """Return X with a modality that only some rows have."""
    there = np.isin(np.arange(N), rows)
    rare = np.random.default_rng(1).normal(size=(N, 2))
    columns = {name: X[name] for name in ("left", "right")}
    return MultiModalFrame(columns | {"rare": rare}, present={"rare": there})


@pytest.mark.slow
@pytest.mark.covering
@pytest.mark.parametrize("rows", [[5, 50, 90], [7]])
@pytest.mark.parametrize("companions", ["auto", LIGHT])
def test_a_modality_of_few_rows_breaks_no_fold(X, y, rows, companions):
    rare = with_rare(X, rows)
    clf = auto(companions=companions, cv=3).fit(rare, y)
    assert "rare" not in clf.leaderboard_["model"]
    assert np.isfinite(clf.oof_predictions_).all()
    assert clf.score(rare, y) > 0.8
    np.testing.assert_allclose(clf.predict_proba(rare[["rare"]][rows]).sum(axis=1), 1)


@pytest.mark.slow
def test_a_modality_that_a_fold_lacks_leaves_its_models_without_it(X, y):
    there = np.arange(60, 90)
    cv = [(np.arange(60), np.arange(60, N)), (np.arange(60, N), np.arange(60))]
    clf = auto(cv=cv).fit(with_rare(X, there), y)
    base_models = {one.name: one for one in clf._base_models}
    assert "rare" not in base_models
    assert [len(model.modalities) for model in base_models["joint"].models] == [2, 3]
    assert len(clf.predict(with_rare(X, there)[["rare"]][there])) == 30


@pytest.mark.slow
def test_a_row_of_a_modality_that_others_lack_gets_no_out_of_fold_prediction(rng, y):
    left = np.arange(N) != 7
    X = MultiModalFrame(
        {"left": rng.normal(size=(N, 2)), "rare": rng.normal(size=(N, 2))},
        present={"left": left, "rare": ~left},
    )
    clf = auto(companions="auto").fit(X, y)
    assert np.flatnonzero(np.isnan(clf.oof_predictions_).any(axis=1)).tolist() == [7]
    assert np.isfinite(clf.predict_proba(X)).all()


@pytest.mark.slow
def test_a_modality_that_no_fold_was_trained_on_alone_is_refused(X, y):
    rare = with_rare(X, np.arange(100, N))
    cv = [(np.arange(50), np.arange(50, N)), (np.arange(50, 100), np.arange(50))]
    clf = auto(cv=cv, companions=None).fit(rare, y)
    with pytest.raises(
        ValueError,
        match=r"AutoFusionClassifier: no fold was trained on samples .* \['rare'\]: give a cv",
    ):
        clf.predict(rare[["rare"]][100:])


@pytest.mark.slow
def test_numbers_are_predicted_where_few_rows_have_a_modality(X, y):
    rare = with_rare(X, [5, 50, 90])
    reg = auto_regressor(companions="auto", cv=3).fit(rare, y.astype(float))
    assert np.isfinite(reg.oof_predictions_).all()
    assert np.isfinite(reg.predict(rare[["rare"]][[5]])).all()


@pytest.mark.slow
def test_a_modality_of_no_row_is_left_out(X, y, fitted):
    with pytest.warns(UserWarning, match="AutoFusionClassifier: modality 'rare'.*left out"):
        clf = auto().fit(with_rare(X, []), y)
    np.testing.assert_allclose(clf.predict_proba(X), fitted.predict_proba(X))


@pytest.mark.slow
def test_samples_of_weight_zero_are_not_there(X, y):
    weight = np.ones(N)
    weight[:30] = 0
    wrong = y.copy()
    wrong[:30] = 1 - y[:30]
    weighted, left_out = auto().fit(X, wrong, sample_weight=weight), auto().fit(X[30:], y[30:])
    np.testing.assert_allclose(weighted.predict_proba(X), left_out.predict_proba(X))


class Groups(Slow):
    """Keeps the groups, which stand in its column, that it was fitted on."""

    def fit(self, X, y):
        self.classes_, self.groups_ = np.unique(y), set(X[:, 0])
        return self

    def predict_proba(self, X):
        assert not self.groups_ & set(X[:, 0]) or len(X) == N
        return np.full((len(X), 2), 0.5)


def test_a_group_is_in_one_fold(y):
    groups = np.repeat(np.arange(N // 4), 4).astype(float)
    table = MultiModalFrame({"group": groups[:, np.newaxis]})
    modalities = [("group", Numeric(scaling=None), "group")]
    clf = auto(modalities=modalities, companions={"groups": Groups()})
    clf.fit(table, y, groups=groups)
    with pytest.raises(AssertionError):  # as it would be without
        clf.fit(table, y)


@pytest.mark.slow
def test_any_splitter_and_rows_that_it_never_asks_about(X, y):
    clf = auto(cv=ShuffleSplit(2, test_size=0.3, random_state=0)).fit(X, y)
    assert np.isnan(clf.oof_predictions_).any()
    assert np.isfinite(clf.leaderboard_["score"]).all()


def test_a_class_that_a_fold_lacks_gets_zero_from_its_models(rng):
    y = np.array(["a", "b"] * 30 + ["rare"])
    X = rng.normal(size=(61, 2)) + (y == "b")[:, np.newaxis]
    clf = auto(cv=2).fit(X, y)
    assert clf.classes_.tolist() == ["a", "b", "rare"]
    assert clf.predict_proba(X).shape == (61, 3)


@pytest.mark.slow
@pytest.mark.parametrize("form", ["array", "pandas", "sparse"])
def test_x_in_any_form(form, rng, y):
    from scipy import sparse

    table = rng.normal(size=(N, 4)) + y[:, np.newaxis]
    columns, modalities = table, {"left": [0, 1], "right": [2, 3]}
    if form == "sparse":
        columns = sparse.csr_array(table)
    if form == "pandas":
        texts = np.array(["bad film", "good one"])[y]
        columns = pd.DataFrame(table, columns=list("abcd")).assign(text=texts)
        modalities = [("left", Numeric(), ["a", "b"]), ("text", Text(), "text")]
    clf = auto(modalities=modalities).fit(columns, y)
    assert clf.score(columns, y) > 0.8
    assert clf.predict(columns[:1]).shape == (1,)


@pytest.mark.slow
def test_columns_without_names_are_known_by_position(rng, y):
    table = rng.normal(size=(N, 4)) + y[:, np.newaxis]
    named = pd.DataFrame(table, columns=["left__a", "left__b", "right__a", "right__b"])
    clf = auto().fit(named, y)
    with pytest.warns(UserWarning, match="X does not have valid feature names"):
        found = clf.predict_proba(table)
    np.testing.assert_allclose(found, clf.predict_proba(named))


@pytest.mark.slow
def test_scikit_learn_takes_it(X, y):
    assert cross_val_score(auto(companions=None, cv=2), X, y, cv=2).min() > 0.6
    search = GridSearchCV(auto(cv=2), {"companions": [None, LIGHT]}, cv=2).fit(X, y)
    again = pickle.loads(pickle.dumps(search))
    np.testing.assert_array_equal(again.predict_proba(X), search.predict_proba(X))
    assert clone(search.best_estimator_).get_params()["cv"] == 2


@pytest.mark.slow
def test_the_same_seed_gives_the_same_numbers(X, y, fitted):
    np.testing.assert_array_equal(auto().fit(X, y).predict_proba(X), fitted.predict_proba(X))


@pytest.mark.slow  # one regressor in two processes is quick, in test_speed_and_watching.py
def test_two_processes_give_the_same_numbers(X, y, fitted):
    found = auto(n_jobs=2).fit(X, y).predict_proba(X)
    np.testing.assert_allclose(found, fitted.predict_proba(X))


def test_wrong_parameters_say_so(X, y):
    with pytest.raises(ValueError, match=r"companions need other names than \['joint'\]"):
        auto(companions={"joint": LogisticRegression()}).fit(X, y)
    network = FusionClassifier({"left": "left"})
    with pytest.raises(ValueError, match="estimator has modalities of its own"):
        auto(estimator=network).fit(X, y)
    with pytest.raises(TypeError, match="estimator must be a FusionClassifier, got Ridge"):
        auto(estimator=Ridge()).fit(X, y)
    with pytest.raises(ValueError, match=r"companions \['ridge'\] have no predict_proba"):
        auto(companions={"ridge": Ridge()}).fit(X, y)
    with pytest.raises(ValueError, match="'time_limit'"):
        auto(time_limit=0).fit(X, y)


# Numbers -----------------------------------------------------------------------------------------


def test_numbers_are_predicted_within_their_range(rng):
    X = rng.normal(size=(N, 4))
    y = X @ [1.0, 2.0, 0.5, 1.0]
    modalities = {"left": [0, 1], "right": [2, 3]}
    reg = auto_regressor(modalities=modalities).fit(X, y)
    far = reg.predict(100 * X)
    assert y.min() <= far.min() < far.max() <= y.max()
    assert reg.score(X, y) > 0.95
    table = pd.DataFrame(reg.leaderboard_).set_index("model")
    assert table.loc["fused", "score"] == pytest.approx(r2_score(y, reg.oof_predictions_))
    assert reg.fusion_gain_.against == "left"
    assert reg.fusion_gain_.interval[0] > 0


@pytest.mark.slow
def test_several_numbers_at_once(rng):
    X = rng.normal(size=(N, 3))
    y = X[:, :2] * [1.0, 1000.0]
    reg = auto_regressor(companions="auto", cv=2).fit(X, y)
    assert reg.predict(X).shape == (N, 2)
    assert r2_score(y, reg.predict(X), multioutput="raw_values").min() > 0.8


def test_least_squares_find_the_better_base_model(rng):
    X = rng.normal(size=(400, 2))
    y = X.sum(axis=1)
    companions = {"linear": LinearRegression(), "poor": Ridge(alpha=1e6)}
    reg = auto_regressor(companions=companions).fit(X, y)
    weights = dict(zip(reg.leaderboard_["model"], reg.leaderboard_["weight"], strict=True))
    assert weights["linear"] == pytest.approx(1, abs=0.05)


# Sets and intervals ------------------------------------------------------------------------------


@pytest.mark.slow
def test_sets_hold_the_class_as_often_as_promised(rng):
    y = rng.integers(0, 3, 1500)
    X = MultiModalFrame({name: rng.normal(size=(1500, 2)) + y[:, np.newaxis] for name in "ab"})
    clf = auto(companions=LIGHT, cv=2).fit(X[:700], y[:700])
    for names in (["a", "b"], ["a"]):
        for confidence in (0.7, 0.9):
            sets = clf.predict_set(X[names][700:], confidence)
            held = sets[np.arange(800), y[700:]].mean()
            assert abs(held - confidence) < 0.045  # three standard errors
    assert clf.predict_set(X[["a"]], 0.9).sum() > clf.predict_set(X, 0.9).sum()


def test_intervals_hold_the_number_as_often_as_promised(rng):
    X = rng.normal(size=(1500, 2))
    y = X.sum(axis=1) + rng.normal(size=1500)
    reg = auto_regressor(modalities={"a": [0], "b": [1]}, cv=2).fit(X[:700], y[:700])
    for confidence in (0.7, 0.9):
        low, high = reg.predict_interval(X[700:], confidence).T
        assert abs(((low <= y[700:]) & (y[700:] <= high)).mean() - confidence) < 0.045


@pytest.mark.slow
def test_sets_keep_their_promise_where_absence_tells_of_the_class(rng):
    y = rng.integers(0, 2, 3000)
    there = rng.random(3000) < np.where(y == 1, 0.9, 0.2)
    columns = {name: rng.normal(size=(3000, 2)) + 0.7 * y[:, np.newaxis] for name in "ab"}
    X = MultiModalFrame(columns, present={"b": there})
    clf = auto(estimator=FusionClassifier(n_folds=None, max_epochs=3), cv=2).fit(X[:1500], y[:1500])
    held = clf.predict_set(X[1500:], 0.8)[np.arange(1500), y[1500:]]
    for rows in (there[1500:], ~there[1500:]):
        assert abs(held[rows].mean() - 0.8) < 0.07  # three standard errors


def test_rows_that_have_just_a_pattern_calibrate_it_if_they_are_enough():
    scores, exact = np.arange(600.0), np.arange(600) >= 300
    assert Calibration({("a",): scores}, {("a",): exact}).bound(("a",), 0.5) == 450
    few = Calibration({("a",): scores}, {("a",): np.arange(600) >= 500})
    assert few.bound(("a",), 0.5) == 300
    assert few.bound(("b",), 0.5) == 300


def test_too_few_rows_promise_nothing(X, y):
    clf = auto().fit(X[:20], y[:20])
    assert clf.predict_set(X, 0.999).all()
    with pytest.raises(ValueError, match="confidence=1.5 must lie between 0 and 1"):
        clf.predict_set(X, 1.5)
