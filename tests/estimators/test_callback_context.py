"""Callbacks of scikit-learn: every task that begins ends, and what is scored is what is kept."""

import contextlib
import io

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.callback import ProgressBar, ScoringMonitor
from sklearn.ensemble import ExtraTreesClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import get_scorer
from sklearn.model_selection import GridSearchCV
from skorch.callbacks import Callback, EarlyStopping

from sklearn_crossmodal import (
    AutoFusionClassifier,
    AutoFusionRegressor,
    BatchedGridSearchCV,
    FusionClassifier,
    FusionRegressor,
    MultiModalAutoencoder,
    MultiModalImputer,
)
from sklearn_crossmodal.utils.discovery import all_estimators

ESTIMATORS = [name for name, _ in all_estimators("network")]
WITH_TARGET = [name for name in ESTIMATORS if name != "MultiModalAutoencoder"]
EARLY = {"validation": 0.3}
#: What is fitted after training, beside the network, is scored in the task of the fit alone.
ALONE = {
    "CrossModalRegressor": {"linear_path": False},
    "FusionClassifier": {"auxiliary_weight": 0.0},
    "FusionRegressor": {"auxiliary_weight": 0.0},
}


class Tasks:
    """Note which tasks begin and end; tell the fits below too, as `ProgressBar` does."""

    max_propagation_depth = None

    def __init__(self, stop_after=None):
        self.calls = []
        self.given = []
        self.stop_after = stop_after

    def setup(self, estimator, context):
        self.calls.append(("setup", type(estimator).__name__))

    def teardown(self, estimator, context):
        self.calls.append(("teardown", type(estimator).__name__))

    def on_fit_task_begin(self, estimator, context, *, X=None, y=None, metadata=None):
        self.calls.append(("begin", context.task_name))
        self.given.append((X, y, metadata))

    def on_fit_task_end(self, estimator, context, *, X=None, y=None, metadata=None):
        self.calls.append(("end", context.task_name))
        self.given.append((X, y, metadata))
        return context.task_name == "epoch" and self.n_ended("epoch") == self.stop_after

    def n_ended(self, name):
        return self.calls.count(("end", name))

    @property
    def names(self):
        return {name for what, name in self.calls if what in ("begin", "end")}

    def check(self, owner, n_below=0):
        assert self.calls[0] == ("setup", owner)
        assert self.calls[-1] == ("teardown", owner)
        for name in self.names:
            assert self.calls.count(("begin", name)) == self.n_ended(name), name
        assert self.calls[1] == ("begin", "fit")
        assert self.calls[-2] == ("end", "fit")
        assert self.n_ended("fit") == 1 + n_below


@pytest.fixture(scope="module")
def table():
    return np.random.default_rng(0).normal(size=(90, 4))


@pytest.fixture(scope="module")
def labels(table):
    return (table[:, 0] > 0).astype(int)


@pytest.fixture(scope="module")
def weight():
    return np.where(np.arange(90) % 3 == 0, 0.0, np.arange(90) % 5 + 1.0)


def shown(fit):
    """Return what a progress bar shows in the end."""
    text = io.StringIO()
    with contextlib.redirect_stdout(text):
        fit()
    return [line for line in text.getvalue().splitlines() if "%" in line]


# Of networks -------------------------------------------------------------------------------------

STOP = EarlyStopping(patience=1, threshold=1e9, threshold_mode="abs", sink=lambda text: None)
ENDS = {
    "max_epochs": {},
    "patience": {"n_iter_no_change": 1, "tol": 1e9, "max_epochs": 30, **EARLY},
    "skorch": {
        "callbacks": [STOP],
        "max_epochs": 30,
        **EARLY,
    },
}


@pytest.mark.parametrize("name", ESTIMATORS)
@pytest.mark.parametrize("end", ENDS)
def test_tasks_end_however_training_ends(name, end, X, targets, make):
    tasks = Tasks()
    fitted = make(name, **ENDS[end]).set_callbacks(tasks).fit(X, targets[name])
    tasks.check(name)
    assert tasks.n_ended("epoch") == fitted.n_iter_
    assert tasks.names == {"fit", "epoch"}


@pytest.mark.parametrize("name", ESTIMATORS)
def test_a_callback_ends_training(name, X, targets, make):
    tasks = Tasks(stop_after=2)
    fitted = make(name, max_epochs=9).set_callbacks(tasks).fit(X, targets[name])
    tasks.check(name)
    assert fitted.n_iter_ == 2


def test_tasks_of_folds_end(table, labels):
    tasks = Tasks()
    clf = FusionClassifier(n_folds=3, max_epochs=2).set_callbacks(tasks).fit(table, labels)
    tasks.check("FusionClassifier")
    assert tasks.n_ended("epoch") == len(clf.history_) == 6


@pytest.mark.parametrize("params", [{}, {"n_folds": 3}, EARLY], ids=["one", "folds", "early"])
def test_a_progress_bar_reaches_its_end(params, table, labels):
    settings = {"n_folds": None, "n_iter_no_change": 1, "tol": 1e9, "max_epochs": 30, **params}
    clf = FusionClassifier(**settings).set_callbacks(ProgressBar())
    assert all("100%" in line for line in shown(lambda: clf.fit(table, labels)))


@pytest.mark.parametrize("weighted", [False, True])
def test_callbacks_get_what_the_user_gave(weighted, table, labels, weight):
    tasks, weight = Tasks(), weight if weighted else None
    FusionClassifier(max_epochs=1, n_folds=None).set_callbacks(tasks).fit(table, labels, weight)
    assert len(tasks.given) == 4
    for X, y, metadata in tasks.given:
        assert X is table
        assert y is labels
        assert metadata is None if weight is None else metadata["sample_weight"] is weight


# Scores ------------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.covering
@pytest.mark.parametrize("name", WITH_TARGET)
@pytest.mark.parametrize("weighted", [False, True])
def test_what_is_kept_is_scored_with_the_weights_of_fit(name, weighted, X, targets, make):
    weight = np.where(np.arange(40) % 4 == 0, 0.0, np.arange(40) % 3 + 1.0) if weighted else None
    scoring = "accuracy" if name in ("FusionClassifier", "CrossModalGenerator") else "r2"
    settings = {"max_epochs": 12, "n_iter_no_change": 3, "learning_rate": 0.05, **EARLY}
    one = make(name, **settings, **ALONE.get(name, {}))
    monitor = ScoringMonitor(scoring=scoring)
    fitted = clone(one).set_callbacks(monitor).fit(X, targets[name], sample_weight=weight)
    rows = monitor.get_logs().data
    expected = get_scorer(scoring)(fitted, X, targets[name], sample_weight=weight)
    (whole,) = [row[scoring] for row in rows if row["task_name"] == "fit"]
    epochs = [row[scoring] for row in rows if row["task_name"] == "epoch"]
    assert whole == pytest.approx(expected)
    assert len(epochs) == fitted.n_iter_
    assert epochs[-1] == pytest.approx(expected)  # of the best epochs, not the last
    # And each as if training had ended there, which watching does not change.
    for n_epochs in (1, fitted.n_iter_ // 2 + 1):
        short = clone(one).set_params(callbacks=[EndAfter(n_epochs)])
        short.fit(X, targets[name], sample_weight=weight)
        score = get_scorer(scoring)(short, X, targets[name], sample_weight=weight)
        assert epochs[n_epochs - 1] == pytest.approx(score)


class EndAfter(Callback):
    def __init__(self, n_epochs):
        self.n_epochs = n_epochs

    def on_epoch_end(self, net, **kwargs):
        if len(net.history) == self.n_epochs:
            raise KeyboardInterrupt  # skorch's way for a callback to end training


@pytest.mark.slow
@pytest.mark.parametrize("name", WITH_TARGET)
def test_scoring_changes_nothing(name, X, targets, make, numbers):
    settings = {"max_epochs": 6, "learning_rate": 0.05, **EARLY}
    scoring = "accuracy" if name in ("FusionClassifier", "CrossModalGenerator") else "r2"
    watched = make(name, **settings).set_callbacks(ScoringMonitor(scoring=scoring))
    alone = make(name, **settings).fit(X, targets[name])
    np.testing.assert_array_equal(numbers(watched.fit(X, targets[name]), X), numbers(alone, X))


# Of what fits networks ---------------------------------------------------------------------------

AUTO = {
    AutoFusionClassifier: FusionClassifier(max_epochs=2, n_folds=None),
    AutoFusionRegressor: FusionRegressor(max_epochs=2, n_folds=None),
}
MODALITIES = {"a": [0, 1], "b": [2, 3]}


@pytest.mark.parametrize("kind", AUTO)
def test_an_automatic_fusion_has_tasks_of_its_own_and_of_its_networks(kind, table, labels):
    tasks = Tasks()
    auto = kind(MODALITIES, estimator=AUTO[kind], companions=None, cv=2).set_callbacks(tasks)
    auto.fit(table, labels)
    tasks.check(kind.__name__, n_below=2)
    assert tasks.names == {"fit", "joint", "epoch"}  # a fold is the fit of its network
    assert tasks.n_ended("joint") == 1
    assert tasks.n_ended("epoch") == 2 * 2
    assert not hasattr(auto._base_models[0].models[0].estimator, "_skl_callbacks")


@pytest.mark.slow
@pytest.mark.parametrize("kind", AUTO)
def test_watching_an_automatic_fusion_changes_nothing(kind, table, labels):
    auto = kind(MODALITIES, estimator=AUTO[kind], cv=2, random_state=0)
    alone = clone(auto).fit(table, labels).predict(table)
    watched = clone(auto).set_callbacks(Root()).fit(table, labels).predict(table)
    np.testing.assert_array_equal(watched, alone)


class Root(Tasks):
    """Look at the outermost fit alone."""

    max_propagation_depth = 0


@pytest.mark.slow
@pytest.mark.parametrize("depth", [0, 1])
def test_a_progress_bar_of_an_automatic_fusion_reaches_its_end(depth, table, labels):
    companions = {"trees": ExtraTreesClassifier(5), "linear": LogisticRegression()}
    network = AUTO[AutoFusionClassifier]
    auto = AutoFusionClassifier(MODALITIES, estimator=network, companions=companions, cv=2)
    auto.set_callbacks(ProgressBar(max_propagation_depth=depth))
    lines = shown(lambda: auto.fit(table, labels))  # warnings are errors here
    assert lines
    assert all("100%" in line for line in lines)
    assert any("trees" in line for line in lines)


def test_an_automatic_fusion_is_scored_itself_and_so_are_its_networks(table, labels, weight):
    monitor, below = ScoringMonitor(scoring="accuracy"), ScoringMonitor(scoring="accuracy")
    network = clone(AUTO[AutoFusionClassifier]).set_callbacks(below)
    auto = AutoFusionClassifier(estimator=network, companions=None, cv=2, time_limit=1000)
    auto.set_callbacks(monitor).fit(table, labels, sample_weight=weight)
    (row,) = monitor.get_logs().data
    assert row["accuracy"] == pytest.approx(auto.score(table, labels, weight))
    names = [one["task_name"] for one in below.get_logs().data]
    assert names.count("epoch") == 2 * 2  # folds, epochs, beside the clock of the time limit


def test_an_imputer_has_tasks(table, weight):
    tasks = Tasks()
    imputer = MultiModalImputer(MultiModalAutoencoder(max_epochs=3)).set_callbacks(tasks)
    imputer.fit(table, sample_weight=weight)
    tasks.check("MultiModalImputer", n_below=1)
    assert tasks.n_ended("epoch") == 3
    bar = MultiModalImputer(MultiModalAutoencoder(max_epochs=3)).set_callbacks(ProgressBar())
    assert all("100%" in line for line in shown(lambda: bar.fit(table)))


@pytest.mark.parametrize("kind", [GridSearchCV, BatchedGridSearchCV])
def test_a_progress_bar_of_a_search_reaches_its_end(kind, table, labels):
    clf = FusionClassifier(max_epochs=2, n_folds=None)
    search = kind(clf, {"tol": [0.1, 0.2]}, cv=2).set_callbacks(ProgressBar())
    lines = shown(lambda: search.fit(table, labels))
    assert lines
    assert all("100%" in line for line in lines)
