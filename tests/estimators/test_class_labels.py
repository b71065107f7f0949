"""Targets of a classifier other than one column of classes without an order."""

import pickle

import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from scipy.special import expit
from sklearn.base import clone
from sklearn.metrics import accuracy_score, balanced_accuracy_score
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.utils.class_weight import compute_sample_weight
from skorch.callbacks import Callback, EpochScoring

from sklearn_crossmodal import (
    AutoFusionClassifier,
    BatchedGridSearchCV,
    FusionClassifier,
    Numeric,
)

N = 300


@pytest.fixture(scope="module")
def X():
    return np.random.default_rng(0).normal(size=(N, 4))


@pytest.fixture(scope="module")
def indicator(X):
    return np.column_stack([X[:, 0] > 0, X[:, 1] + X[:, 2] > 1, X[:, 3] > -0.5]).astype(int)


@pytest.fixture(scope="module")
def columns(X):
    """Return a column of three words and one of two numbers."""
    words = np.array(["high", "low", "middle"])[np.digitize(X[:, 0], [-0.5, 0.5])]
    return pd.DataFrame({"words": words, "numbers": np.where(X[:, 1] > 0, 7, -2)})


@pytest.fixture(scope="module")
def ladder():
    """Return X and five ordered classes that noise moves to their neighbours."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(1200, 5))
    latent = X @ [1, -1, 0.5, 0, 0] + 0.7 * rng.normal(size=1200)
    return X, np.digitize(latent, [-2, -0.7, 0.7, 2]) * 10


def plain(**params):
    """Return a classifier with nothing random but its first weights: one batch, no dropout."""
    settings = {
        "modalities": [("x", Numeric(scaling="standard"), slice(None))],
        "fusion": "sum",
        "batch_size": 10_000,
        "modality_dropout": 0.0,
        "validation": None,
        "max_epochs": 20,
        "dtype": "float64",
        "random_state": 0,
    }
    return FusionClassifier(**{**settings, **params})


# An order of classes -----------------------------------------------------------------------------


def test_probabilities_of_an_order_are_the_chain_of_conditional_ones(ladder):
    X, y = ladder
    clf = FusionClassifier(loss="ordinal", n_folds=None, max_epochs=5, random_state=0).fit(X, y)
    head = clf.network_.decoders["y"].linear
    assert head.out_features == 4
    logits = clf.transform(X) @ head.weight.detach().double().numpy().T
    beyond = expit(logits + head.bias.detach().double().numpy()).cumprod(axis=1)
    beyond = np.column_stack([np.ones(len(X)), beyond, np.zeros(len(X))])
    proba = clf.predict_proba(X)
    np.testing.assert_allclose(proba, beyond[:, :-1] - beyond[:, 1:], atol=1e-6)
    np.testing.assert_allclose(proba.sum(axis=1), 1)
    np.testing.assert_allclose(clf.predict_log_proba(X), np.log(proba), atol=1e-9)
    np.testing.assert_array_equal(clf.predict(X), clf.classes_[proba.argmax(axis=1)])
    decision = clf.decision_function(X)
    assert decision.shape == (len(X), 5)
    np.testing.assert_array_equal(clf.predict(X), clf.classes_[decision.argmax(axis=1)])


@pytest.mark.slow
def test_an_order_is_learned_with_errors_no_larger_than_without_it(ladder):
    X, y = ladder
    errors = {}
    for loss in ("cross_entropy", "ordinal"):
        found = [
            np.abs(
                FusionClassifier(loss=loss, random_state=seed).fit(X[:300], y[:300]).predict(X) - y
            )
            for seed in range(2)
        ]
        errors[loss] = np.mean(np.stack(found)[:, 300:])
    assert errors["ordinal"] <= errors["cross_entropy"] + 0.1
    assert errors["ordinal"] < 6


def test_two_classes_in_order_are_a_logistic_regression(X):
    y = np.where(X[:, 0] > 0, "b", "a")
    clf = FusionClassifier(loss="ordinal", max_epochs=10, random_state=0).fit(X, y)
    decision = clf.decision_function(X)
    assert decision.shape == (N,)
    np.testing.assert_allclose(expit(decision), clf.predict_proba(X)[:, 1])
    np.testing.assert_array_equal(clf.classes_[(decision > 0).astype(int)], clf.predict(X))


def test_loss_in_the_history_is_the_cross_entropy_of_the_chain(ladder):
    X, y = ladder
    clf = plain(loss="ordinal", max_epochs=1, learning_rate=1e-12).fit(X, y)
    chosen = clf.predict_proba(X)[np.arange(len(y)), y // 10]
    assert clf.history_[0]["train_loss"] == pytest.approx(-np.log(chosen).mean())


def test_one_class_has_no_order(X):
    with pytest.raises(ValueError, match=r"FusionClassifier: loss='ordinal' needs two classes"):
        FusionClassifier(loss="ordinal").fit(X, np.zeros(N))


@pytest.mark.slow
def test_an_order_is_searched_over_in_lockstep(ladder):
    X, y = ladder[0][:200], ladder[1][:200]
    clf = FusionClassifier(max_epochs=5, random_state=0)
    grid = {"loss": ["cross_entropy", "ordinal"], "learning_rate": [1e-3, 1e-2]}
    found = [
        search(clf, grid, cv=2, error_score="raise").fit(X, y).cv_results_["mean_test_score"]
        for search in (GridSearchCV, BatchedGridSearchCV)
    ]
    np.testing.assert_allclose(found[0], found[1])


# An indicator ------------------------------------------------------------------------------------


@pytest.mark.slow
def test_labels_are_learned_as_well_as_each_alone(X, indicator):
    clf = FusionClassifier(random_state=0).fit(X[:200], indicator[:200])
    together = (clf.predict(X[200:]) == indicator[200:]).mean(axis=0)
    for label, accuracy in enumerate(together):
        alone = FusionClassifier(random_state=0).fit(X[:200], indicator[:200, label])
        assert accuracy > alone.score(X[200:], indicator[200:, label]) - 0.05


def test_answers_for_an_indicator_are_those_of_scikit_learn(X, indicator):
    clf = FusionClassifier(max_epochs=10, random_state=0).fit(X, indicator)
    proba, decision, labels = clf.predict_proba(X), clf.decision_function(X), clf.predict(X)
    np.testing.assert_array_equal(clf.classes_, [0, 1, 2])
    assert proba.shape == decision.shape == labels.shape == (N, 3)
    assert labels.dtype == int
    np.testing.assert_allclose(proba, expit(decision))
    np.testing.assert_allclose(clf.predict_log_proba(X), np.log(proba))
    np.testing.assert_array_equal(labels, decision > 0)
    assert clf.score(X, indicator) == accuracy_score(indicator, labels)


@pytest.mark.parametrize(
    "form", [list, pd.DataFrame, sparse.csr_array, sparse.csc_matrix, np.bool_]
)
def test_an_indicator_may_come_in_any_form(X, indicator, form):
    clf = FusionClassifier(max_epochs=2, random_state=0)
    expected = clone(clf).fit(X, indicator).predict_proba(X)
    np.testing.assert_array_equal(clf.fit(X, form(indicator)).predict_proba(X), expected)
    assert clf.score(X, form(indicator)) == clf.score(X, indicator)


def test_two_labels_are_two_columns(X, indicator):
    clf = FusionClassifier(max_epochs=2, random_state=0).fit(X, indicator[:, :2])
    assert clf.decision_function(X).shape == clf.predict_proba(X).shape == (N, 2)


def test_an_indicator_has_no_order(X, indicator):
    with pytest.raises(ValueError, match=r"FusionClassifier: loss='ordinal' .* 3 columns: take"):
        FusionClassifier(loss="ordinal").fit(X, indicator)


# Several columns of classes ----------------------------------------------------------------------


@pytest.mark.slow
def test_columns_are_learned_as_well_as_each_alone(X, columns):
    clf = FusionClassifier(random_state=0).fit(X[:200], columns[:200])
    together = (clf.predict(X[200:]) == columns[200:].to_numpy()).mean(axis=0)
    for place, name in enumerate(columns):
        alone = FusionClassifier(random_state=0).fit(X[:200], columns[name][:200])
        assert together[place] > alone.score(X[200:], columns[name][200:]) - 0.06


@pytest.mark.parametrize("loss", ["cross_entropy", "ordinal"])
def test_answers_for_columns_are_those_of_scikit_learn(X, columns, loss):
    clf = FusionClassifier(loss=loss, max_epochs=10, random_state=0).fit(X, columns)
    assert [one.tolist() for one in clf.classes_] == [["high", "low", "middle"], [-2, 7]]
    proba, labels = clf.predict_proba(X), clf.predict(X)
    assert [one.shape for one in proba] == [(N, 3), (N, 2)]
    assert labels.shape == (N, 2)
    for place, classes in enumerate(clf.classes_):
        np.testing.assert_allclose(proba[place].sum(axis=1), 1)
        assert (labels[:, place] == classes[proba[place].argmax(axis=1)]).all()
        decision = clf.decision_function(X)[place]
        assert (decision.argmax(axis=1) == proba[place].argmax(axis=1)).all()
        log_proba = clf.predict_log_proba(X)[place]
        np.testing.assert_allclose(log_proba, np.log(proba[place]), atol=1e-9)
    right = (labels == columns.to_numpy()).all(axis=1)
    assert clf.score(X, columns) == right.mean()
    assert clf.score(X, columns, np.arange(N)) == np.average(right, weights=np.arange(N))


def test_numbers_that_are_no_indicator_are_classes(X, indicator):
    clf = FusionClassifier(max_epochs=2, random_state=0).fit(X, indicator + 1)
    assert [one.tolist() for one in clf.classes_] == [[1, 2]] * 3
    assert clf.predict(X).dtype.kind == "i"


# Around it ---------------------------------------------------------------------------------------


@pytest.mark.slow
def test_what_kind_of_target_it_was_survives_pickle_and_clone(X, columns, indicator):
    for y in (columns.astype(str), indicator):  # scikit-learn splits no y of mixed types
        clf = FusionClassifier(max_epochs=2, random_state=0).fit(X, y)
        twin = pickle.loads(pickle.dumps(clf))
        np.testing.assert_array_equal(twin.predict(X), clf.predict(X))
        assert np.isfinite(cross_val_score(clf, X, y, cv=2, error_score="raise")).all()
        grid = {"learning_rate": [1e-3, 1e-2]}
        BatchedGridSearchCV(clf, grid, cv=2, error_score="raise").fit(X, y)


def test_the_net_answers_in_labels_so_that_skorch_can_score_them(X, indicator):
    callbacks = [EpochScoring("accuracy", name="exact")]
    clf = FusionClassifier(max_epochs=3, validation=0.15, callbacks=callbacks, random_state=0)
    clf.fit(X, indicator)
    assert all(0 <= row["exact"] <= 1 for row in clf.history_)


@pytest.mark.slow
def test_partial_fit_goes_on_with_the_kind_of_its_first_call(X, indicator, columns):
    clf = FusionClassifier(random_state=0, learning_rate=3e-2)
    for _ in range(20):
        clf.partial_fit(X, indicator)
    assert clf.score(X, indicator) > 0.8
    clf = FusionClassifier(random_state=0, learning_rate=3e-2)
    for _ in range(20):
        clf.partial_fit(X, columns)
    assert clf.score(X, columns) > 0.8


def test_partial_fit_is_told_classes_that_its_first_samples_lack(X):
    y = np.column_stack([np.arange(N) % 2, np.arange(N) % 3])
    clf = FusionClassifier(random_state=0)
    clf.partial_fit(X[:2], [[0, 0], [1, 1]], classes=[[0, 1], [0, 1, 2]]).partial_fit(X, y)
    assert [len(one) for one in clf.classes_] == [2, 3]
    clf = FusionClassifier(random_state=0).partial_fit(X[:2], [[0, 0], [1, 1]], classes=[0, 1])
    np.testing.assert_array_equal(clf.classes_, [0, 1])
    with pytest.raises(ValueError, match=r"FusionClassifier: y has other values than 0 and 1"):
        clf.partial_fit(X, y)


def test_partial_fit_refuses_another_kind_or_number_of_columns(X, indicator, columns):
    first = {"indicator": indicator, "columns": columns, "one": indicator[:, 0]}
    wrong = {
        "indicator": (indicator[:, :2], "y has 2 columns, that of the first call had 3"),
        "columns": (columns.assign(words="new"), "column 0 of y has classes .*new.*not among"),
        "one": (indicator, "y has 3 columns, that of the first call had one"),
    }
    for name, y in first.items():
        clf = FusionClassifier(random_state=0).partial_fit(X, y)
        with pytest.raises(ValueError, match=f"FusionClassifier: {wrong[name][1]}"):
            clf.partial_fit(X, wrong[name][0])
        with pytest.raises(ValueError, match=r"FusionClassifier: .*classes.*5"):
            clf.partial_fit(X, y, classes=[0, 5])


def test_classes_of_columns_are_a_list_of_arrays(X, columns):
    with pytest.raises(ValueError, match=r"FusionClassifier: y has 2 columns .* a list of one"):
        FusionClassifier().partial_fit(X, columns, classes=["high", "low", "middle"])


@pytest.mark.parametrize(
    ("y", "expected"),
    [
        (np.full((4, 2), 0.5), "column 0 of y: Unknown label type: continuous"),
        (np.array([["a", 1], [2, 1], ["b", 2], ["a", 1]], object), "column 0 of y: it holds both"),
        (np.array([[0, np.nan]] * 4), "y contains NaN"),
        (np.zeros((3, 2)), "X has 4 rows, y has 3"),
    ],
)
def test_columns_that_hold_no_labels_are_refused(y, expected):
    with pytest.raises(ValueError, match=expected):
        FusionClassifier().fit(np.ones((4, 2)), y)


def test_class_weights_of_columns_are_multiplied(X, indicator, columns):
    for y in (indicator, columns):
        weight = compute_sample_weight("balanced", np.asarray(y))
        weighted = plain().fit(X, y, weight).predict(X)
        np.testing.assert_array_equal(plain(class_weight="balanced").fit(X, y).predict(X), weighted)
    weights = [{0: 2.0}, {1: 3.0}, {}]
    expected = plain().fit(X, indicator, compute_sample_weight(weights, indicator)).predict_proba(X)
    found = plain(class_weight=weights).fit(X, indicator).predict_proba(X)
    np.testing.assert_allclose(found, expected)


def test_class_weights_that_do_not_suit_the_target_are_refused(X, indicator):
    with pytest.raises(ValueError, match=r"FusionClassifier: class_weight=.* 3 columns: pass"):
        FusionClassifier(class_weight={0: 2.0}).fit(X, indicator)
    with pytest.raises(ValueError, match=r"FusionClassifier: class_weight=.*pass a dict"):
        FusionClassifier(class_weight=[{0: 2.0}]).fit(X, indicator[:, 0])


def test_weight_two_is_a_row_twice(X, indicator, columns, ladder):
    twice = np.r_[np.arange(60), np.arange(20)]
    weight = np.r_[np.full(20, 2.0), np.ones(40)]
    targets = {"cross_entropy": [indicator, columns.to_numpy()], "ordinal": [ladder[1]]}
    for loss, several in targets.items():
        for y in several:
            weighted = plain(loss=loss).fit(X[:60], y[:60], weight).decision_function(X)
            repeated = plain(loss=loss).fit(X[twice], y[twice]).decision_function(X)
            pairs = zip(weighted, repeated, strict=True)
            assert all(np.allclose(one, other, rtol=1e-6, atol=1e-8) for one, other in pairs)


@pytest.mark.slow
def test_balanced_classes_raise_the_balanced_accuracy_where_one_is_rare():
    rng = np.random.default_rng(0)
    y = (np.arange(2000) % 20 == 0).astype(int)
    X = rng.normal(size=(2000, 3)) + y[:, np.newaxis]
    found = [
        balanced_accuracy_score(
            y[1000:],
            FusionClassifier(class_weight=weight, max_epochs=10, random_state=0)
            .fit(X[:1000], y[:1000])
            .predict(X[1000:]),
        )
        for weight in (None, "balanced")
    ]
    assert found[1] > found[0] + 0.1


class RecordHeldOut(Callback):
    def on_epoch_begin(self, net, dataset_valid=None, **kwargs):
        RecordHeldOut.rows = dataset_valid.rows.numpy()


def test_held_out_rows_have_the_combinations_of_labels_in_their_proportions(X, indicator):
    clf = FusionClassifier(max_epochs=1, validation=0.15, callbacks=[RecordHeldOut()])
    clf.fit(X, indicator)
    held_out = indicator[RecordHeldOut.rows]
    np.testing.assert_allclose(held_out.mean(axis=0), indicator.mean(axis=0), atol=0.05)
    rare = np.column_stack([np.arange(N) // 3, np.arange(N) % 7])  # then there are no strata
    clf.fit(X, rare)
    assert len(RecordHeldOut.rows) == round(0.15 * N)


# What is not there, and what is missing ----------------------------------------------------------


@pytest.mark.parametrize("class_weight", [None, "balanced", {0: 1, 1: 2}])
def test_a_class_of_samples_of_weight_zero_is_not_there(X, class_weight):
    y = (X[:, 0] > 0).astype(int)
    weight = np.r_[0, np.ones(N - 1)]
    clf = FusionClassifier(class_weight=class_weight, n_folds=None, max_epochs=2, random_state=0)
    found = clone(clf).fit(X, np.r_[5, y[1:]], sample_weight=weight)
    assert found.classes_.tolist() == [0, 1]
    expected = clone(clf).fit(X[1:], y[1:]).predict_proba(X)
    np.testing.assert_allclose(found.predict_proba(X), expected)


def test_balanced_factors_are_of_samples_that_count():
    from sklearn_crossmodal.estimators._targets._label_validation import label_weights

    y, weight = np.array([5, 0, 0, 0, 1]), np.array([0.0, 1, 1, 1, 1])
    found = label_weights("balanced", np.array([0, 1]), y, weight)
    np.testing.assert_allclose(found, [1, 2 / 3, 2 / 3, 2 / 3, 2])


def test_other_values_of_samples_of_weight_zero_leave_an_indicator_one(X, indicator):
    y = np.r_[[[7, 7, 7]], indicator[1:]]
    clf = FusionClassifier(n_folds=None, max_epochs=2, random_state=0)
    clf.fit(X, y, sample_weight=np.r_[0, np.ones(N - 1)])
    assert clf.predict_proba(X).shape == (N, 3)


@pytest.mark.parametrize(
    ("y", "message"),
    [
        (pd.DataFrame({"u": ["a", None] * 150, "v": ["x", "y"] * 150}), "column 'u' of y"),
        (pd.DataFrame({"u": [1, 2] * 150, "v": ["x", np.nan] * 150}), "column 'v' of y"),
        (pd.DataFrame({"u": pd.array([1, pd.NA] * 150), "v": [1, 2] * 150}), "column 'u' of y"),
        (np.array([[1, 2.0], [2, np.nan]] * 150), "column 1 of y: Input y contains NaN"),
    ],
)
def test_a_missing_label_names_its_column(X, y, message):
    with pytest.raises(ValueError, match=f"FusionClassifier: {message}"):
        FusionClassifier().fit(X, y)


@pytest.mark.parametrize("make", [FusionClassifier, AutoFusionClassifier])
@pytest.mark.parametrize(
    ("y", "message"),
    [
        (np.array([0, 1, np.nan] * 100), "Input y contains NaN"),
        (np.array([0, 1, np.inf] * 100), "Input y contains infinity"),
        (pd.Series([0, 1, pd.NA] * 100, dtype="Int64"), "Input y contains NaN"),
        (["a", "b", None] * 100, r"100 samples have no label, first rows \[2, 5, 8, 11, 14\]"),
        (np.array(["a", "b", np.nan] * 100, dtype=object), "100 samples have no label"),
        (pd.Series(["a", "b", None] * 100, dtype="category"), "100 samples have no label"),
        (pd.Series(["a", "b", None] * 100, dtype="string"), "100 samples have no label"),
    ],
)
def test_what_is_no_label_is_refused_in_the_name_of_the_estimator(X, make, y, message):
    with pytest.raises(ValueError, match=f"^{make.__name__}: {message}"):
        make().fit(X, y)


def test_strings_of_0_and_1_are_columns_of_classes(X, indicator):
    clf = FusionClassifier(n_folds=None, max_epochs=2).fit(X, indicator.astype(str))
    assert [found.tolist() for found in clf.classes_] == [["0", "1"]] * 3


def test_scores_take_y_as_a_fit_does(X, indicator):
    y = indicator + np.arange(3)
    clf = FusionClassifier(n_folds=None, max_epochs=2, random_state=0).fit(X, sparse.csr_array(y))
    assert clf.score(X, sparse.csr_array(y)) == clf.score(X, y) == clf.score(X, y.tolist())
    with pytest.raises(ValueError, match="FusionClassifier: y has 1 columns, .* had 3"):
        clf.score(X, y[:, 0])
    with pytest.raises(ValueError, match="FusionClassifier: .*X has 300 rows, y has 5"):
        clf.score(X, y[:5])
    one = clf.fit(X, y[:, 0])
    with pytest.raises(ValueError, match="FusionClassifier: y has 3 columns, .* had 1"):
        one.score(X, y)


def test_going_on_with_another_loss_is_refused(X, indicator):
    clf = FusionClassifier(warm_start=True, n_folds=None, max_epochs=2).fit(X, indicator[:, 0])
    clf.fit(X, indicator[:, 0])
    clf.set_params(loss="ordinal")
    for go_on in (clf.fit, clf.partial_fit):
        with pytest.raises(ValueError, match="loss='ordinal' differs .* set warm_start=False"):
            go_on(X, indicator[:, 0])
    clf.set_params(warm_start=False).fit(X, indicator[:, 0])
