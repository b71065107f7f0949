import pickle

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.callback import ScoringMonitor
from sklearn.model_selection import ShuffleSplit
from skorch.callbacks import Callback

from sklearn_crossmodal import (
    BatchedGridSearchCV,
    CrossModalRegressor,
    FusionClassifier,
    FusionRegressor,
    Image,
    MultiModalFrame,
    Sequence,
    Text,
)
from sklearn_crossmodal.exceptions import InterruptedFitWarning
from sklearn_crossmodal.utils._sklearn import InvalidParameterError


@pytest.fixture(scope="module")
def X():
    rng = np.random.default_rng(0)
    return MultiModalFrame({name: rng.normal(size=(90, 3)) for name in "ab"})


@pytest.fixture(scope="module")
def y(X):
    return np.digitize(np.asarray(X["a"])[:, 0] + np.asarray(X["b"])[:, 0], [-1, 1])


@pytest.fixture
def clf():
    return FusionClassifier(n_folds=3, max_epochs=4, random_state=0)


def test_scores_are_the_mean_of_those_of_a_network_a_fold(X, y, clf):
    clf.fit(X, y)
    networks = clf.network_.networks
    assert len(networks) == 3
    inputs = {name: clf._blocks(X)[name].values for name in "ab"}
    import torch

    values = {name: torch.from_numpy(np.asarray(one)) for name, one in inputs.items()}
    with torch.no_grad():
        scores = [network.eval()(values)["y"] for network in networks]
    mean = torch.stack(scores).mean(dim=0).softmax(dim=-1).numpy()
    np.testing.assert_allclose(clf.predict_proba(X), mean, rtol=1e-6)


def test_each_row_is_held_out_by_one_network(X, y, clf):
    data = clf._read(X, y, None)
    splits = [training.split for training in clf._plan(data)]
    held_out = np.concatenate([validation for _, validation in splits])
    assert sorted(held_out) == list(range(90))
    for training, validation in splits:
        assert not set(training) & set(validation)


def test_history_has_the_epochs_of_all_networks(X, y, clf):
    clf.fit(X, y)
    assert [row["fold"] for row in clf.history_] == [0] * 4 + [1] * 4 + [2] * 4
    assert all("valid_loss" in row for row in clf.history_)
    ends = [row["epoch"] for row in clf.history_ if "valid_loss_averaged" in row]
    assert ends == [4, 4, 4]
    assert clf.n_iter_ == 4


def test_latents_of_all_networks_stand_side_by_side(X, y, clf):
    one = FusionClassifier(max_epochs=1).fit(X, y).transform(X).shape[1]
    clf.fit(X, y)
    assert clf.transform(X).shape == (90, 3 * one)
    assert len(clf.get_feature_names_out()) == 3 * one


def test_it_is_pickled_and_cloned_and_repeats_itself(X, y, clf):
    clf.fit(X, y)
    expected = clf.predict_proba(X)
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(clf)).predict_proba(X), expected)
    np.testing.assert_array_equal(clone(clf).fit(X, y).predict_proba(X), expected)


def test_shares_of_the_blend_are_fitted_on_what_all_networks_held_out(rng):
    a, b = rng.normal(size=(2, 300, 2))
    X, y = MultiModalFrame({"a": a, "b": b}), (a[:, 0] + b[:, 0] > 0).astype(int)
    clf = FusionClassifier(n_folds=3, max_epochs=5, random_state=0).fit(X, y)
    shares = [network.heads.shares.tolist() for network in clf.network_.networks]
    assert shares[0] == shares[1] == shares[2]
    assert shares[0] != [0.5, 0.5, 1.0]


def test_numbers_too(X):
    y = np.asarray(X["a"])[:, 0]
    reg = FusionRegressor(n_folds=3, max_epochs=40, random_state=0).fit(X, y)
    assert reg.score(X, y) > 0.8
    assert reg.predict(X[["a"]]).shape == (90,)


@pytest.mark.slow
def test_a_search_over_it_finds_the_same_numbers(X, y, clf):
    grid = {"n_folds": [None, 2], "learning_rate": [1e-3, 1e-2]}
    search = BatchedGridSearchCV(clf, grid, cv=2).fit(X, y)
    expected = clone(clf).set_params(**search.best_params_).fit(X, y)
    np.testing.assert_allclose(search.predict_proba(X), expected.predict_proba(X), rtol=1e-6)


def test_callbacks_of_scikit_learn_see_every_epoch(X, y, clf):
    monitor = ScoringMonitor(scoring="accuracy")
    clf.set_callbacks(monitor).fit(X, y)
    epochs = [row for row in monitor.get_logs().data if row["task_name"] == "epoch"]
    assert len(epochs) == 3 * 4


def test_several_networks_cannot_be_trained_on(X, y, clf):
    with pytest.raises(ValueError, match="FusionClassifier: n_folds=3.*set n_folds=None"):
        clf.set_params(warm_start=True).fit(X, y)


WITH_FOLDS = [FusionClassifier, FusionRegressor, CrossModalRegressor]


@pytest.mark.parametrize("kind", WITH_FOLDS)
def test_partial_fit_is_there_where_it_can_work(kind, X):
    y, table = np.asarray(X["a"])[:, 0], np.asarray(X["b"])
    if kind is FusionClassifier:
        y = (y > 0).astype(int)
    assert not hasattr(kind(n_folds=2), "partial_fit")
    for n_folds in ("auto", None):
        one = kind(n_folds=n_folds)
        assert hasattr(one, "partial_fit")
        assert one.partial_fit(table, y).partial_fit(table, y).n_iter_ == 2
    several = kind(n_folds=2, max_epochs=1).fit(table, y)
    for n_folds in (2, "auto", None):
        assert not hasattr(several.set_params(n_folds=n_folds), "partial_fit")
    with pytest.raises(AttributeError, match="has no attribute 'partial_fit'") as error:
        several.partial_fit(table, y)
    assert "it was fitted with several networks" in str(error.value.__cause__)
    again = several.set_params(n_folds=None).fit(table, y)
    assert again.partial_fit(table, y).n_iter_ > 1


@pytest.mark.parametrize("n_folds", ["x", 1, 0, 2.5, True, -3])
@pytest.mark.parametrize("kind", WITH_FOLDS)
def test_a_wrong_number_of_folds_is_a_wrong_parameter_in_partial_fit_too(kind, n_folds, X):
    table, y = np.asarray(X["b"]), np.arange(90) % 2
    for warm_start in (False, True):
        one = kind(n_folds=n_folds, warm_start=warm_start)
        for fit in (one.fit, one.partial_fit):
            with pytest.raises(InvalidParameterError, match="'n_folds' parameter"):
                fit(table, y)


def test_more_folds_than_samples_of_a_class_still_train(X):
    y = np.array(["many"] * 88 + ["few"] * 2)
    clf = FusionClassifier(n_folds=5, max_epochs=1, random_state=0).fit(X, y)
    assert clf.predict_proba(X).shape == (90, 2)


def test_few_samples_of_tables_get_folds_unless_something_else_is_asked_for(rng):
    y = rng.integers(0, 2, 120)
    table = MultiModalFrame({"a": rng.normal(size=(120, 2)), "b": rng.choice(["x", "y"], 120)})
    default = FusionClassifier(max_epochs=1, random_state=0)
    assert len(default.fit(table, y).network_.networks) == 5
    for X, params in [
        (table[:99], {}),
        (table, {"validation": 0.15}),
        (table, {"validation": None}),
        (table, {"warm_start": True}),
        (table, {"n_folds": None}),
        (table, {"validation": ShuffleSplit(1, random_state=0)}),
    ]:
        one = clone(default).set_params(**params).fit(X, y[: len(X)])
        assert not hasattr(one.network_, "networks")


@pytest.mark.parametrize(
    ("modality", "values", "n_networks"),
    [
        (Text(), ["some words here"] * 120, 5),
        (Text(encoder="gru"), ["some words here"] * 120, 1),
        (Sequence(), np.random.default_rng(0).normal(size=(120, 32, 2)), 5),
        (Sequence(), np.random.default_rng(0).normal(size=(120, 33, 2)), 1),
        (Image(), np.random.default_rng(0).random(size=(120, 6, 6)), 1),
    ],
    ids=["bag of words", "words in order", "short series", "long series", "images"],
)
def test_several_networks_are_trained_where_they_are_small(rng, modality, values, n_networks):
    X = MultiModalFrame({"a": rng.normal(size=(120, 2)), "b": values})
    clf = FusionClassifier(
        [("a", "numeric", "a"), ("b", modality, "b")], max_epochs=1, random_state=0
    )
    clf.fit(X, rng.integers(0, 2, 120))
    assert len(getattr(clf.network_, "networks", [clf.network_])) == n_networks


@pytest.mark.parametrize("n_groups", [1, 3])
def test_fewer_groups_than_folds_make_fewer_folds(rng, n_groups):
    X = MultiModalFrame({"a": rng.normal(size=(120, 2)), "b": rng.normal(size=(120, 2))})
    y, groups = rng.integers(0, 2, 120), np.arange(120) % n_groups
    clf = FusionClassifier(max_epochs=1, random_state=0).fit(X, y, groups=groups)
    n_networks = len(getattr(clf.network_, "networks", [clf.network_]))
    assert n_networks == n_groups
    with pytest.raises(ValueError, match="FusionClassifier: n_folds=5"):
        FusionClassifier(n_folds=5, max_epochs=1).fit(X, y, groups=groups)


@pytest.mark.parametrize(
    "params",
    [
        {"callbacks": [Callback()]},
        {"optimizer": "sgd"},
        {"fusion": "attention"},
        {"dtype": "bfloat16"},
    ],
    ids=lambda params: next(iter(params)),
)
def test_how_networks_are_trained_does_not_tell_how_many_there_are(rng, params):
    X = MultiModalFrame({"a": rng.normal(size=(120, 2)), "b": rng.normal(size=(120, 2))})
    clf = FusionClassifier(max_epochs=1, random_state=0, **params)
    assert len(clf.fit(X, rng.integers(0, 2, 120)).network_.networks) == 5


class Stop(Callback):
    """Interrupt the third batch."""

    n_batches = 0

    def on_batch_begin(self, net, **kwargs):
        Stop.n_batches += 1
        if Stop.n_batches == 3:
            raise KeyboardInterrupt


def test_an_interrupted_fold_ends_the_fit_and_half_an_epoch_does_not_count(X, y, clf):
    Stop.n_batches = 0
    with pytest.warns(InterruptedFitWarning):
        clf.set_params(callbacks=[Stop()], batch_size=10).fit(X, y)
    assert not hasattr(clf.network_, "networks")
    assert clf.predict(X).shape == (90,)


def test_callbacks_of_scikit_learn_see_the_network_that_is_trained(X, y, clf):
    seen = []

    class Look(ScoringMonitor):
        def on_fit_task_end(self, estimator, context, **task):
            if context.task_name == "epoch":
                seen.append(len(estimator.net_.history))

    clf.set_callbacks(Look(scoring="accuracy")).fit(X, y)
    assert seen == [epoch for epoch in (1, 2, 3, 4) for _ in range(3)]  # side by side


def test_a_rare_class_leaves_the_others_in_their_shares(X, rng):
    y = np.array(["a"] * 60 + ["b"] * 28 + ["rare"] * 2)
    clf = FusionClassifier(n_folds=5, max_epochs=1, random_state=0)
    for training in clf._plan(clf._read(X, y, None)):
        _, held_out = training.split
        assert (y[held_out] == "b").sum() in (5, 6)


def test_groups_are_not_parted_by_folds(X, y, clf):
    groups = np.repeat(np.arange(30), 3)
    data = clf._read(X, y, None, groups=groups)
    for training in clf._plan(data):
        rows, held_out = training.split
        assert not set(groups[rows]) & set(groups[held_out])
