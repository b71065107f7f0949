"""Automatic fusions on what goes wrong easily: rare classes, groups, weights, wrong parameters."""

import warnings

import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from sklearn.ensemble import GradientBoostingRegressor, HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import accuracy_score, r2_score
from sklearn.model_selection import GroupKFold, LeaveOneGroupOut, ShuffleSplit, TimeSeriesSplit

from sklearn_crossmodal import (
    AutoFusionClassifier,
    AutoFusionRegressor,
    FusionClassifier,
    FusionRegressor,
    MultiModalFrame,
)
from sklearn_crossmodal.exceptions import ModalityError

N = 60
RNG = np.random.default_rng(0)
A, B = RNG.normal(size=(2, N, 2))
X = MultiModalFrame({"a": A, "b": B})
NUMBERS = A[:, 0] + B[:, 1]
LABELS = (NUMBERS > 0).astype(int)
THREE_GROUPS = np.repeat([0, 1, 2], N // 3)


def auto(loss="cross_entropy", **params):
    network = FusionClassifier(loss=loss, n_folds=None, max_epochs=2)
    settings = {"estimator": network, "companions": None, "cv": 2, "random_state": 0}
    return AutoFusionClassifier(**settings | params)


def auto_regressor(loss="squared_error", **params):
    network = FusionRegressor(loss=loss, n_folds=None, max_epochs=2)
    settings = {"estimator": network, "companions": None, "cv": 2, "random_state": 0}
    return AutoFusionRegressor(**settings | params)


# Rare classes ------------------------------------------------------------------------------------


@pytest.mark.parametrize("loss", ["cross_entropy", "ordinal"])
@pytest.mark.parametrize("companions", [None, {"linear": LogisticRegression()}])
def test_a_modality_may_occur_with_one_class_alone(loss, companions):
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(2, 300, 2))
    y = (a[:, 0] > 0).astype(int)
    table = MultiModalFrame({"a": a, "b": b}, present={"b": y == 1})
    clf = auto(loss, companions=companions).fit(table, y)
    assert "b" not in clf.leaderboard_["model"]
    assert np.isfinite(clf.oof_predictions_).all()
    np.testing.assert_allclose(clf.predict_proba(table[["b"]][y == 1]).sum(axis=1), 1)


def test_one_modality_without_companions_is_enough():
    clf = auto(cv=3).fit(X[["a"]], LABELS)
    assert set(clf.leaderboard_["model"]) == {"joint", "fused"}
    assert clf.predict(X[["a"]]).shape == (N,)
    reg = auto_regressor(cv=3).fit(X[["a"]], NUMBERS)
    assert reg.predict(X[["a"]]).shape == (N,)


@pytest.mark.slow
@pytest.mark.parametrize("n_rare", [1, 2])
def test_a_rare_class_takes_no_folds_away(n_rare):
    y = LABELS.copy()
    y[:n_rare] = 2
    clf = auto(cv=5).fit(X, y)
    assert len(clf._base_models[0].models) == 5
    assert clf.classes_.tolist() == [0, 1, 2]


# Groups ------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_networks_hold_out_whole_groups():
    rng = np.random.default_rng(0)
    groups = np.repeat(np.arange(30), 10)
    a = rng.normal(size=(30, 3))[groups] + 0.05 * rng.normal(size=(300, 3))
    y = rng.normal(size=30)[groups]  # of a group, of which its samples tell nothing
    table = MultiModalFrame({"a": a, "b": rng.normal(size=(300, 2))})
    network = FusionRegressor(n_folds=None, max_epochs=40, batch_size=64, learning_rate=0.005)
    reg = auto_regressor(estimator=network, cv=3)
    n_epochs = [
        sum(
            model.estimator.n_iter_
            for model in reg.fit(table, y, groups=some)._base_models[0].models
        )
        for some in (groups, None)
    ]
    assert n_epochs[0] < n_epochs[1]  # what is not known again is not learned by heart


@pytest.mark.slow
@pytest.mark.parametrize(("make", "y"), [(auto, LABELS), (auto_regressor, NUMBERS)])
def test_folds_are_no_more_than_groups(make, y):
    model = make(cv="auto").fit(X, y, groups=THREE_GROUPS)
    assert len(model._base_models[0].models) == 3
    owner = type(model).__name__
    with pytest.raises(ValueError, match=f"{owner}: cv=4 needs as many groups .* there are 3"):
        make(cv=4).fit(X, y, groups=THREE_GROUPS)
    with pytest.raises(ValueError, match=f"{owner}: cv='auto' needs .* there are 1"):
        make(cv="auto").fit(X, y, groups=np.zeros(N))


@pytest.mark.parametrize(("make", "y"), [(auto, LABELS), (auto_regressor, NUMBERS)])
@pytest.mark.parametrize(
    ("groups", "message"),
    [
        (THREE_GROUPS[:10], "X has 60 rows, but there are 10 groups"),
        (np.r_[THREE_GROUPS, THREE_GROUPS], "there are 120 groups"),
        (np.zeros((N, 2)), "1d array"),
        (["a", None] * 30, "30 samples have no group"),
    ],
)
def test_wrong_groups_say_so(make, y, groups, message):
    with pytest.raises(ValueError, match=f"{type(make()).__name__}: groups: .*{message}"):
        make().fit(X, y, groups=groups)


@pytest.mark.slow
def test_few_groups_make_no_folds_of_a_network():
    table = MultiModalFrame({"a": np.tile(A, (4, 1)), "b": np.tile(B, (4, 1))})
    reg = auto_regressor(estimator=FusionRegressor(max_epochs=2), cv="auto")
    reg.fit(table, np.tile(NUMBERS, 4), groups=np.tile(THREE_GROUPS, 4))
    assert len(reg._base_models[0].models) == 3


# Weights -----------------------------------------------------------------------------------------


def test_a_sample_of_weight_zero_counts_nowhere():
    weight = np.r_[0, np.ones(N - 1)]
    wild = np.r_[1e4, NUMBERS[1:]]
    weighted = auto_regressor().fit(X, wild, sample_weight=weight)
    without = auto_regressor().fit(X[1:], NUMBERS[1:])
    for key in ("score", "standard_error"):
        np.testing.assert_allclose(weighted.leaderboard_[key], without.leaderboard_[key])
    assert weighted.fusion_gain_.gain == pytest.approx(without.fusion_gain_.gain)
    np.testing.assert_allclose(weighted.predict_interval(X, 0.8), without.predict_interval(X, 0.8))


@pytest.mark.slow
def test_scores_are_weighted():
    weight = np.random.default_rng(1).uniform(0.1, 3, N)
    reg = auto_regressor().fit(X, NUMBERS, sample_weight=weight)
    clf = auto().fit(X, LABELS, sample_weight=weight)
    found = r2_score(NUMBERS, reg.oof_predictions_, sample_weight=weight)
    assert pd.DataFrame(reg.leaderboard_).set_index("model")["score"]["fused"] == pytest.approx(
        found
    )
    found = accuracy_score(LABELS, clf.oof_predictions_.argmax(axis=1), sample_weight=weight)
    assert pd.DataFrame(clf.leaderboard_).set_index("model")["score"]["fused"] == pytest.approx(
        found
    )


# Targets -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("companions", [None, {"ridge": Ridge()}])
@pytest.mark.parametrize("n_columns", [1, 2])
def test_networks_of_quantiles_predict_the_one_in_the_middle(companions, n_columns):
    y = NUMBERS if n_columns == 1 else np.column_stack([NUMBERS, -NUMBERS])
    reg = auto_regressor("quantile", companions=companions).fit(X, y)
    assert reg.predict(X).shape == y.shape
    model = reg._base_models[0].models[0].estimator
    middle = model.predict(X)[..., 1]
    np.testing.assert_allclose(reg._predict_with(model, X), np.clip(middle, y.min(0), y.max(0)))


@pytest.mark.parametrize(
    ("y", "message"),
    [
        (np.column_stack([LABELS, 1 - LABELS]), r"y should be a 1d .*\(60, 2\).*FusionClassifier"),
        (sparse.csr_array(np.eye(N, 3, dtype=int)), r"y should be a 1d .*\(60, 3\)"),
        (NUMBERS, "Unknown label type: continuous.*AutoFusionRegressor"),
        (np.zeros(N), r"y has one class, \[0.0\]"),
    ],
)
def test_wrong_labels_say_so(y, message):
    with pytest.raises(ValueError, match=f"AutoFusionClassifier: {message}"):
        auto().fit(X, y)


@pytest.mark.parametrize("y", [["a", "b"] * 30, np.array(["a", None] * 30, dtype=object)])
def test_labels_are_no_numbers(y):
    with pytest.raises(ValueError, match=r"AutoFusionRegressor: y must hold numbers .*Classifier"):
        auto_regressor().fit(X, y)


# Parameters --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("companion", "error", "message"),
    [
        (LogisticRegression, TypeError, "is the class LogisticRegression: pass an instance"),
        (
            (LogisticRegression(), 3, 4),
            ValueError,
            "must be .* a pair of one and a number.*got 3 parts",
        ),
        ((LogisticRegression(), 0), ValueError, "number of components must be 1 or more"),
        ("logistic", TypeError, "must be an estimator with fit, got 'logistic'"),
    ],
)
def test_wrong_companions_say_so(companion, error, message):
    with pytest.raises(error, match=f"AutoFusionClassifier: companion 'own'.* {message}"):
        auto(companions={"own": companion}).fit(X, LABELS)


def test_names_of_the_leaderboard_are_taken():
    with pytest.raises(ValueError, match=r"companions need other names than \['fused'\]"):
        auto(companions={"fused": LogisticRegression()}).fit(X, LABELS)


def test_a_companion_of_one_number_says_so():
    y = np.column_stack([NUMBERS, NUMBERS])
    with pytest.raises(ValueError, match="AutoFusionRegressor: companion 'own': "):
        auto_regressor(companions={"own": GradientBoostingRegressor()}).fit(X, y)


@pytest.mark.slow
def test_folds_may_be_lists_or_masks():
    rows = np.arange(N)
    half = rows < N // 2
    found = [
        auto(cv=cv).fit(X, LABELS).oof_predictions_
        for cv in (
            [(rows[half], rows[~half])],
            [(rows[half].tolist(), rows[~half].tolist())],
            [(half, ~half)],
        )
    ]
    for other in found[1:]:
        np.testing.assert_array_equal(found[0], other)


@pytest.mark.parametrize(
    ("cv", "message"),
    [
        ([], "cv=list: it gives no fold"),
        ([(np.arange(N), [])], "cv=list: it gives no fold, or one without rows"),
        ([(np.arange(30), np.arange(30, 90))], "cv=list: it names rows from 30 to 89"),
        ([(np.arange(30) > 0, np.arange(30) < 1)], "cv=list: a fold is a pair of arrays"),
        (GroupKFold(2), r"cv=GroupKFold\(...\): The 'groups' parameter should not be None"),
    ],
)
def test_wrong_folds_say_so(cv, message):
    with pytest.raises(ValueError, match=f"AutoFusionClassifier: {message}"):
        auto(cv=cv).fit(X, LABELS)


@pytest.mark.slow
def test_a_splitter_gets_the_groups():
    clf = auto(cv=LeaveOneGroupOut()).fit(X, LABELS, groups=THREE_GROUPS)
    assert len(clf._base_models[0].models) == 3


def warnings_of(action):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        action()
    return [str(one.message) for one in caught]


def test_texts_of_numbers_are_warned_of_once_with_all_rows_counted():
    texts = [f"{number:.3f}" for number in NUMBERS]
    texts[7] = "unknown"
    table = pd.DataFrame({"a": texts, "b": A[:, 0]})
    model = auto(cv=3)
    (message,) = warnings_of(lambda: model.fit(table, LABELS))
    assert message.startswith("AutoFusionClassifier: modality 'numeric'")
    assert "1 of 60 texts" in message
    assert len(warnings_of(lambda: model.predict(table))) == 1


@pytest.mark.slow
def test_pixels_of_another_range_are_warned_of_once_in_each_predict():
    pictures = np.random.default_rng(0).random((N, 6, 6))
    model = auto(cv=3).fit(MultiModalFrame({"picture": pictures, "b": B}), LABELS)
    for _ in range(2):
        bright = MultiModalFrame({"picture": pictures * 255, "b": B})
        (message,) = warnings_of(lambda later=bright: model.predict(later))
        assert "255 times as large" in message


@pytest.mark.parametrize("params", [{"verbose": 1}, {"time_limit": 60}])
def test_folds_may_be_in_any_order(params):
    cv = ShuffleSplit(2, random_state=0)
    auto(companions=["linear"], cv=cv, **params).fit(X, LABELS).predict(X)


def test_a_network_on_one_fold_is_that_of_the_latest_rows():
    network = FusionClassifier(n_folds=None, max_epochs=100_000)
    clf = auto(estimator=network, companions=None, cv=TimeSeriesSplit(4), time_limit=0.5)
    (model,) = clf.fit(X, LABELS)._base_models[0].models
    assert len(model.estimator._target.labels.classes) == 2
    assert np.isnan(clf.oof_predictions_).any(axis=1).nonzero()[0].tolist() == list(range(48))


@pytest.mark.parametrize("n_rare", [2, 4])
def test_a_rare_class_breaks_no_linear_companion(n_rare):
    y = np.zeros(N, int)
    y[:n_rare] = 1
    clf = auto(companions=["linear"], cv=2).fit(X, y)
    assert np.isfinite(clf.predict_proba(X)).all()


def test_the_score_of_rows_is_by_their_own_spread(rng):
    y = np.r_[30 * rng.choice([-1, 1], 60), 0.1 * rng.normal(size=60)]
    there = np.arange(120) >= 60
    frame = MultiModalFrame(
        {"l": rng.normal(size=(120, 2)), "r": rng.normal(size=(120, 2))}, present={"r": there}
    )
    reg = auto_regressor(companions=["linear"], cv=2).fit(frame, y)
    board = dict(zip(reg.leaderboard_["model"], reg.leaderboard_["score"], strict=True))
    assert board["linear (r)"] < 0.3  # there is nothing to know of these rows


def test_words_that_fill_a_table_may_be_absent_later():
    texts = np.array(["one two three four five six"] * 20 + ["six five four three two one"] * 20)
    y = np.repeat([0, 1], 20)
    companions = {"boosting": (HistGradientBoostingClassifier(), None)}
    clf = auto(companions=companions, cv=2).fit(MultiModalFrame({"t": texts}), y)
    assert len(clf.predict(MultiModalFrame({"t": np.array(["one", "six", "two"])}))) == 3


def test_folds_that_never_saw_a_modality_say_so(rng):
    there = np.arange(60) < 30
    frame = MultiModalFrame(
        {"l": rng.normal(size=(60, 2)), "r": rng.normal(size=(60, 2))},
        present={"l": there, "r": ~there},
    )
    cv = [(np.arange(30), np.arange(30, 60)), (np.arange(30, 60), np.arange(30))]
    y = np.arange(60) % 2
    with pytest.raises(ModalityError, match="AutoFusionClassifier: no fold was trained on"):
        auto(companions=["linear"], cv=cv).fit(frame, y)


def test_a_callback_that_ends_a_fit_is_no_time_limit():
    class Ends:
        def setup(self, estimator, context):
            pass

        def teardown(self, estimator, context):
            pass

        def on_fit_task_begin(self, estimator, context, **task):
            pass

        def on_fit_task_end(self, estimator, context, **task):
            return context.task_name == "linear (a)"

    frame = MultiModalFrame({"a": A, "b": B})
    clf = auto(companions=["linear"]).set_callbacks(Ends()).fit(frame, LABELS)
    assert set(clf.leaderboard_["model"]) == {"linear (a)", "fused"}
