"""Callbacks of skorch are the user's own objects, whoever fits how many networks."""

import copy
import pickle
import threading

import numpy as np
import pytest
import sklearn
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV
from skorch.callbacks import Callback, EarlyStopping, EpochScoring, LRScheduler

from sklearn_crossmodal import (
    AutoFusionClassifier,
    BatchedGridSearchCV,
    BatchedRandomizedSearchCV,
    FusionClassifier,
    FusionRegressor,
    MultiModalAutoencoder,
    MultiModalImputer,
)
from sklearn_crossmodal.utils.discovery import all_estimators

ESTIMATORS = [name for name, _ in all_estimators("network")]
FOLDED = ["FusionClassifier", "FusionRegressor", "CrossModalRegressor"]
EARLY = {"validation": 0.3}


class Recorder(Callback):
    """Keep what is called, on which net, in a list of the user."""

    def __init__(self, sink):
        self.sink = sink

    def initialize(self):
        self.sink.append(("initialize", None))
        return self

    def on_train_begin(self, net, **kwargs):
        self.sink.append(("on_train_begin", net))

    def on_epoch_end(self, net, **kwargs):
        self.sink.append(("on_epoch_end", net))

    def on_train_end(self, net, **kwargs):
        self.sink.append(("on_train_end", net))


class Lock(Callback):
    """Hold what cannot be copied, as a writer of files does."""

    def __init__(self):
        self.lock = threading.Lock()


class PrunedError(Exception):
    """As that of optuna."""


class Prune(Callback):
    n_epochs = 0

    def on_epoch_end(self, net, **kwargs):
        self.n_epochs += 1
        raise PrunedError


class Count(Callback):
    """Set an attribute that `__init__` does not take, whose name does not end in ``_``."""

    def on_epoch_end(self, net, **kwargs):
        self.seen = len(net.history)


def names_of(sink):
    return [name for name, _ in sink]


def n_seen(sink):
    return names_of(sink).count("on_epoch_end")


def of_one_net(n_epochs):
    return ["initialize", "on_train_begin", *["on_epoch_end"] * n_epochs, "on_train_end"]


@pytest.fixture(scope="module")
def table():
    return np.random.default_rng(0).normal(size=(90, 4))


@pytest.fixture(scope="module")
def labels(table):
    return (table[:, 0] + table[:, 1] > 0).astype(int)


def small(**params):
    return FusionClassifier(**{"max_epochs": 2, "n_folds": None, "random_state": 0, **params})


# One network -------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ESTIMATORS)
@pytest.mark.parametrize("form", [list, tuple, lambda entries: [("mine", *entries)]])
def test_the_object_of_the_user_is_called(name, form, X, targets, make):
    recorder = Recorder([])
    fitted = make(name, callbacks=form([recorder])).fit(X, targets[name])
    assert names_of(recorder.sink) == of_one_net(fitted.n_iter_)
    assert {id(net) for _, net in recorder.sink if net is not None} == {id(fitted.net_)}
    assert recorder in dict(fitted.net_.callbacks_).values()


@pytest.mark.parametrize("name", ESTIMATORS)
def test_the_last_epoch_is_seen_where_patience_ends_training(name, X, targets, make):
    recorder = Recorder([])
    ends = {"n_iter_no_change": 1, "tol": 1e9, "max_epochs": 50}
    fitted = make(name, callbacks=[recorder], **EARLY, **ends).fit(X, targets[name])
    assert fitted.n_iter_ < 50
    assert n_seen(recorder.sink) == fitted.n_iter_


@pytest.mark.parametrize("name", ESTIMATORS)
def test_what_cannot_be_copied_is_called_too(name, X, targets, make):
    assert make(name, callbacks=[Lock()]).fit(X, targets[name]).n_iter_ > 0


@pytest.mark.parametrize("name", ESTIMATORS)
def test_watching_changes_nothing(name, X, targets, make, numbers):
    watched = make(name, callbacks=[Recorder([]), Count()]).fit(X, targets[name])
    alone = make(name).fit(X, targets[name])
    np.testing.assert_array_equal(numbers(watched, X), numbers(alone, X))


def test_going_on_does_not_initialise_a_callback_again_but_a_new_one(table, labels):
    recorder, other = Recorder([]), Recorder([])
    clf = small(callbacks=[recorder], warm_start=True).fit(table, labels).fit(table, labels)
    clf.partial_fit(table, labels)
    assert names_of(recorder.sink).count("initialize") == 1
    assert n_seen(recorder.sink) == 2 + 2 + 1
    clf.set_params(callbacks=[recorder, other]).partial_fit(table, labels)
    assert names_of(recorder.sink).count("initialize") == 1
    assert names_of(other.sink) == of_one_net(1)
    clf.set_params(warm_start=False).fit(table, labels)
    assert names_of(recorder.sink).count("initialize") == 2


def test_classes_of_callbacks_are_made_for_each_network(table, labels):
    clf = FusionClassifier(n_folds=2, max_epochs=2, callbacks=[Count]).fit(table, labels)
    assert isinstance(dict(clf.net_.callbacks_)["Count"], Count)
    assert clf.callbacks == [Count]


# Several networks --------------------------------------------------------------------------------


@pytest.mark.parametrize("name", FOLDED)
def test_the_object_sees_the_networks_of_all_folds_one_after_another(name, X, targets, make):
    recorder = Recorder([])
    make(name, callbacks=[recorder], n_folds=3, max_epochs=2).fit(X, targets[name])
    assert names_of(recorder.sink) == 3 * of_one_net(2)
    nets = [net for called, net in recorder.sink if called == "on_train_begin"]
    assert len({id(net) for net in nets}) == 3
    for place, net in enumerate(nets):
        seen = recorder.sink[place * 5 + 1 : place * 5 + 5]
        assert all(one is net for _, one in seen)


def test_state_of_one_network_is_not_that_of_the_next(table, labels):
    def callbacks():
        return [
            EpochScoring("accuracy", lower_is_better=False),
            LRScheduler("StepLR", step_size=1, gamma=0.1),
            EarlyStopping(patience=2, sink=lambda text: None),
        ]

    shared = callbacks()
    data = small(n_folds=3, max_epochs=6, callbacks=shared)
    data.fit(table, labels)
    splits = [t.split for t in data._plan(data._read(table, labels, None))]
    rows = {fold: [r for r in data.history_ if r["fold"] == fold] for fold in range(3)}
    for fold, split in enumerate(splits):
        best = [row["accuracy_best"] for row in rows[fold]]
        losses = [row["valid_loss"] for row in rows[fold]]
        assert best[0]  # nothing of the fold before counts
        assert len(losses) >= 2
        assert len(split[1]) > 0
    again = small(n_folds=3, max_epochs=6, callbacks=callbacks()).fit(table, labels)
    timeless = [
        [{k: v for k, v in r.items() if k != "dur"} for r in e.history_] for e in (data, again)
    ]
    assert timeless[0] == timeless[1]


def test_the_object_sees_all_networks_of_an_automatic_fusion(table, labels):
    recorder = Recorder([])
    network = small(callbacks=[recorder, Lock()])
    auto = AutoFusionClassifier(
        {"a": [0, 1], "b": [2, 3]}, estimator=network, companions=None, cv=2, random_state=0
    ).fit(table, labels)
    assert names_of(recorder.sink) == 2 * of_one_net(2)  # folds
    assert auto.estimator is network
    assert network.callbacks[0] is recorder


def test_the_object_sees_the_network_of_an_imputer(table):
    recorder = Recorder([])
    MultiModalImputer(MultiModalAutoencoder(max_epochs=2, callbacks=[recorder, Lock()])).fit(table)
    assert names_of(recorder.sink) == of_one_net(2)


@pytest.mark.parametrize("search", [BatchedGridSearchCV, BatchedRandomizedSearchCV])
def test_the_object_sees_all_networks_of_a_search(search, table, labels):
    recorder, rates = Recorder([]), {"learning_rate": [1e-3, 1e-2]}
    clf = small(callbacks=[recorder, Lock()])
    settings = {} if search is BatchedGridSearchCV else {"n_iter": 2, "random_state": 0}
    found = search(clf, rates, cv=2, error_score="raise", **settings).fit(table, labels)
    assert names_of(recorder.sink) == (2 * 2 + 1) * of_one_net(2)  # rates, folds, refit
    assert found.best_estimator_.callbacks[0] is recorder


@pytest.mark.slow
def test_a_search_finds_the_same_with_callbacks_that_are_shared(table, labels):
    grid = {"learning_rate": [1e-3, 1e-2], "n_iter_no_change": [1, 3]}
    stop = EarlyStopping(patience=2, sink=lambda text: None)
    clf = small(callbacks=[stop], max_epochs=8, **EARLY)
    ours, theirs = (
        kind(clf, grid, cv=2, error_score="raise").fit(table, labels)
        for kind in (BatchedGridSearchCV, GridSearchCV)
    )
    for key in ("mean_test_score", "split0_test_score"):
        np.testing.assert_array_equal(ours.cv_results_[key], theirs.cv_results_[key])


# Errors ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("params", [{}, {"n_folds": 3}], ids=["one", "folds"])
def test_what_a_callback_raises_ends_the_fit(params, table, labels):
    prune = Prune()
    clf = small(callbacks=[prune], **params)
    with pytest.raises(PrunedError):
        clf.fit(table, labels)
    assert prune.n_epochs == 1  # no network is begun after it
    assert not hasattr(clf, "net_")
    prune = Prune()
    auto = AutoFusionClassifier(estimator=small(callbacks=[prune], **params), cv=2)
    with pytest.raises(PrunedError):
        auto.fit(table, labels)
    assert prune.n_epochs == 1
    with pytest.raises(PrunedError):
        BatchedGridSearchCV(clf, {"tol": [0.1]}, cv=2, error_score="raise").fit(table, labels)


# Copies ------------------------------------------------------------------------------------------


def test_clone_copies_callbacks_without_what_a_training_left(table, labels):
    recorder, count, score = Recorder(["mine"]), Count(), EpochScoring("accuracy")
    clf = small(callbacks=[recorder, ("count", count), score], **EARLY).fit(table, labels)
    copied = clone(clf)
    (recorder_, (name, count_), score_) = copied.callbacks
    assert (name, type(count_), type(score_)) == ("count", Count, EpochScoring)
    assert recorder_ is not recorder
    assert recorder_.sink is not recorder.sink
    assert recorder_.sink[0] == "mine"
    assert hasattr(score, "best_score_")
    assert not hasattr(score_, "best_score_")
    assert len(recorder.sink) == len(of_one_net(2)) + 1
    copied.fit(table, labels)
    assert len(recorder.sink) == len(of_one_net(2)) + 1
    assert clf.callbacks[0] is recorder


def test_clone_says_which_callbacks_cannot_be_copied():
    with pytest.raises(TypeError, match="FusionClassifier: callbacks cannot be copied by clone"):
        clone(small(callbacks=[Lock()]))


def test_clone_copies_what_is_beside_callbacks(table):
    with sklearn.config_context(enable_metadata_routing=True):
        clf = small(callbacks=(Count(),)).set_fit_request(sample_weight=True)
    clf.set_output(transform="pandas")
    copied = clone(clf)
    assert isinstance(copied.callbacks, tuple)
    assert copied._metadata_request.fit.requests["sample_weight"] is True
    assert copied._sklearn_output_config == {"transform": "pandas"}
    assert not hasattr(clone(clf.fit(table, table[:, 0] > 0)), "net_")


def test_scikit_learns_search_calls_copies(table, labels):
    recorder = Recorder([])
    GridSearchCV(small(callbacks=[recorder]), {"tol": [0.1]}, cv=2).fit(table, labels)
    assert recorder.sink == []


@pytest.mark.parametrize("params", [{}, {"n_folds": 2}], ids=["one", "folds"])
def test_a_pickle_and_a_copy_go_on(params, table, labels):
    score = EpochScoring("accuracy", lower_is_better=False)
    clf = small(callbacks=[("score", score), Count()], **EARLY)
    if params:
        clf.set_params(validation="auto", **params)
    clf.fit(table, labels)
    for other in (pickle.loads(pickle.dumps(clf)), copy.deepcopy(clf)):
        np.testing.assert_array_equal(other.predict_proba(table), clf.predict_proba(table))
        assert dict(other.net_.callbacks_)["score"] is other.callbacks[0][1]
        if not params:
            other.partial_fit(table, labels)
            assert other.callbacks[1].seen == 3
            assert count_of(clf) == 2
        other.fit(table, labels)


def count_of(clf):
    return clf.callbacks[1].seen


# Other packages ----------------------------------------------------------------------------------


def test_tensorboard_writes_each_epoch(table, labels, tmp_path):
    pytest.importorskip("tensorboard")
    from skorch.callbacks import TensorBoard
    from torch.utils.tensorboard import SummaryWriter

    small(callbacks=[TensorBoard(SummaryWriter(tmp_path))]).fit(table, labels)
    assert list(tmp_path.iterdir())


def test_optuna_prunes(table, labels):
    optuna = pytest.importorskip("optuna")
    integration = pytest.importorskip("optuna_integration")

    def objective(trial):
        prune = integration.SkorchPruningCallback(trial, "valid_loss")
        rate = trial.suggest_categorical("learning_rate", [1e-2, 1e-9])
        clf = small(callbacks=[prune], max_epochs=5, learning_rate=rate, **EARLY)
        return clf.fit(table, labels).history_[-1]["valid_loss"]

    pruner = optuna.pruners.ThresholdPruner(upper=-1.0, n_warmup_steps=1)
    study = optuna.create_study(pruner=pruner)
    study.optimize(objective, n_trials=2)
    assert [trial.state.name for trial in study.trials] == ["PRUNED"] * 2
    assert [len(trial.intermediate_values) for trial in study.trials] == [2, 2]


def test_numbers_of_a_regressor_are_seen_too(table):
    recorder = Recorder([])
    reg = FusionRegressor(max_epochs=2, n_folds=2, callbacks=[recorder]).fit(table, table[:, 0])
    assert names_of(recorder.sink) == 2 * of_one_net(2)
    assert reg.n_iter_ == 2
