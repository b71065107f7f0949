"""Ctrl-C ends all that is under way; a fit by itself leaves the model as far as it came."""

import os
import pickle
import signal

import numpy as np
import pytest
from sklearn.ensemble import BaggingClassifier, VotingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import (
    GridSearchCV,
    RandomizedSearchCV,
    cross_val_predict,
    cross_val_score,
    cross_validate,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from skorch.callbacks import Callback, EarlyStopping

from sklearn_crossmodal import (
    AutoFusionClassifier,
    AutoFusionRegressor,
    BatchedGridSearchCV,
    BatchedRandomizedSearchCV,
    FusionClassifier,
    FusionRegressor,
    MultiModalAutoencoder,
    MultiModalImputer,
)
from sklearn_crossmodal.exceptions import InterruptedFitWarning
from sklearn_crossmodal.utils._interrupts import Interrupt
from sklearn_crossmodal.utils.discovery import all_estimators

ESTIMATORS = [name for name, _ in all_estimators("network")]
HOOKS = ["on_epoch_begin", "on_batch_begin", "on_batch_end", "on_grad_computed", "on_epoch_end"]


class Press(Callback):
    """Press Ctrl-C in the second epoch of the first network that is trained, at some hook."""

    def __init__(self, hook):
        self.hook = hook
        self.trained = 0

    def on_train_begin(self, net, **kwargs):
        self.trained += 1

    def _press(self, name, net):
        if name == self.hook and len(net.history) == 2 and self.trained == 1:
            self.trained += 1000
            os.kill(os.getpid(), signal.SIGINT)
            for _ in range(1000):  # it comes within some steps of the interpreter
                pass


for hook in HOOKS:

    def press(self, net, *args, _hook=hook, **kwargs):
        self._press(_hook, net)

    setattr(Press, hook, press)


@pytest.fixture(autouse=True)
def _ctrl_c_interrupts():
    # A shell starts jobs in the background with the signal ignored.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler  # as it was before
    signal.signal(signal.SIGINT, before)


@pytest.fixture(scope="module")
def table():
    return np.random.default_rng(0).normal(size=(60, 4))


@pytest.fixture(scope="module")
def labels(table):
    return (table[:, 0] > 0).astype(int)


def classifier(hook="on_batch_end", **params):
    settings = {"max_epochs": 4, "n_folds": None, "random_state": 0, "callbacks": [Press(hook)]}
    return FusionClassifier(**{**settings, **params})


# By itself ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ESTIMATORS)
@pytest.mark.parametrize("hook", HOOKS)
def test_a_fit_by_itself_leaves_a_usable_model(name, hook, X, targets, make, numbers):
    estimator = make(name, max_epochs=6, callbacks=[Press(hook)])
    with pytest.warns(InterruptedFitWarning, match="interrupted in epoch 2;.* usable"):
        assert estimator.fit(X, targets[name]) is estimator
    assert estimator.n_iter_ == 2
    assert np.isfinite(numbers(estimator, X)).all()
    again = pickle.loads(pickle.dumps(estimator))
    np.testing.assert_array_equal(numbers(again, X), numbers(estimator, X))
    again.set_params(warm_start=True).fit(X, targets[name])


@pytest.mark.parametrize("hook", ["on_batch_end", "on_epoch_end"])
def test_networks_of_the_other_folds_are_not_begun(hook, table, labels):
    clf = classifier(hook, n_folds=3)
    with pytest.warns(InterruptedFitWarning):
        clf.fit(table, labels)
    assert clf.callbacks[0].trained == 1001
    assert clf.predict(table).shape == (60,)


def test_an_imputer_is_usable_as_far_as_it_came(table):
    X = table.copy()
    X[::7, 2] = np.nan
    network = MultiModalAutoencoder(max_epochs=4, callbacks=[Press("on_batch_end")])
    with pytest.warns(InterruptedFitWarning):
        imputer = MultiModalImputer(network).fit(X)
    assert np.isfinite(imputer.transform(X)).all()


@pytest.mark.parametrize("method", ["fit", "partial_fit", "fit_transform"])
def test_any_method_that_fits_may_be_interrupted(method, table, labels):
    clf = classifier(warm_start=True, callbacks=[PressAtOnce()])
    with pytest.warns(InterruptedFitWarning):
        getattr(clf, method)(table, labels)
    assert clf.predict(table).shape == (60,)


class PressAtOnce(Callback):
    def on_batch_end(self, net, **kwargs):
        os.kill(os.getpid(), signal.SIGINT)


def test_a_function_of_a_user_that_fits_is_not_a_search(table, labels):
    class Mine(FusionClassifier):
        def fit(self, X, y, sample_weight=None, groups=None):
            return super().fit(X, y, sample_weight, groups)

    def fit():
        return Mine(max_epochs=4, n_folds=None, callbacks=[Press("on_epoch_end")]).fit(
            table, labels
        )

    with pytest.warns(InterruptedFitWarning):
        assert fit().n_iter_ == 2


def test_a_callback_that_ends_training_is_no_ctrl_c(table, labels):
    stop = EarlyStopping(patience=1, threshold=1e9, threshold_mode="abs", sink=lambda text: None)
    clf = classifier(callbacks=[stop], max_epochs=9, validation=0.15)
    search = GridSearchCV(clf, {"tol": [1e-4, 1e-3]}, cv=2, error_score="raise")
    search.fit(table, labels)  # warnings are errors here
    assert search.best_estimator_.n_iter_ == 2


# As a part ---------------------------------------------------------------------------------------

AROUND = {
    "GridSearchCV": lambda est, X, y: GridSearchCV(est, {"tol": [0.1, 0.2]}, cv=2).fit(X, y),
    "RandomizedSearchCV": lambda est, X, y: RandomizedSearchCV(
        est, {"tol": [0.1, 0.2]}, n_iter=2, cv=2
    ).fit(X, y),
    "cross_val_score": lambda est, X, y: cross_val_score(est, X, y, cv=2),
    "cross_validate": lambda est, X, y: cross_validate(est, X, y, cv=2),
    "cross_val_predict": lambda est, X, y: cross_val_predict(est, X, y, cv=2),
    "BaggingClassifier": lambda est, X, y: BaggingClassifier(est, 3).fit(X, y),
    "VotingClassifier": lambda est, X, y: VotingClassifier(
        [("a", est), ("b", LogisticRegression())]
    ).fit(X, y),
    "pipeline": lambda est, X, y: make_pipeline(StandardScaler(), est).fit(X, y),
    "search over a pipeline": lambda est, X, y: GridSearchCV(
        make_pipeline(StandardScaler(), est), {"fusionclassifier__tol": [0.1, 0.2]}, cv=2
    ).fit(X, y),
    "BatchedGridSearchCV": lambda est, X, y: BatchedGridSearchCV(
        est, {"tol": [0.1, 0.2]}, cv=2
    ).fit(X, y),
    "BatchedRandomizedSearchCV": lambda est, X, y: BatchedRandomizedSearchCV(
        est, {"tol": [0.1, 0.2]}, n_iter=2, cv=2
    ).fit(X, y),
    "AutoFusionClassifier": lambda est, X, y: AutoFusionClassifier(estimator=est, cv=2).fit(X, y),
}
LOG = []


class Log(Callback):
    """Count the networks that are trained, where callbacks are copied."""

    def on_train_begin(self, net, **kwargs):
        LOG.append(net)


@pytest.mark.parametrize("around", AROUND)
@pytest.mark.parametrize("hook", HOOKS)
def test_what_is_around_the_fit_ends_too(around, hook, table, labels):
    LOG.clear()
    clf = classifier(hook, callbacks=[Log(), Press(hook)])
    with pytest.raises(KeyboardInterrupt):  # and no warning: they are errors here
        AROUND[around](clf, table, labels)
    assert len(LOG) == 1


@pytest.mark.parametrize("around", ["GridSearchCV", "BatchedGridSearchCV", "AutoFusionClassifier"])
def test_networks_on_folds_end_with_the_search(around, table, labels):
    LOG.clear()
    clf = classifier(callbacks=[Log(), Press("on_epoch_end")], n_folds=3)
    with pytest.raises(KeyboardInterrupt):
        AROUND[around](clf, table, labels)
    assert len(LOG) == 1


def test_a_search_that_was_interrupted_has_no_results(table, labels):
    search = GridSearchCV(classifier(), {"tol": [0.1, 0.2]}, cv=2)
    with pytest.raises(KeyboardInterrupt):
        search.fit(table, labels)
    assert not hasattr(search, "cv_results_")
    auto = AutoFusionRegressor(
        estimator=FusionRegressor(max_epochs=4, n_folds=None, callbacks=[Press("on_batch_end")]),
        cv=2,
    )
    with pytest.raises(KeyboardInterrupt):
        auto.fit(table, table[:, 0])
    assert not hasattr(auto, "leaderboard_")


def test_the_fitted_step_of_a_pipeline_is_usable(table, labels):
    pipeline = make_pipeline(StandardScaler(), classifier())
    with pytest.raises(KeyboardInterrupt):
        pipeline.fit(table, labels)
    assert pipeline.predict(table).shape == (60,)


@pytest.mark.parametrize("at", [2, 5])
def test_networks_that_are_trained_side_by_side_end_with_the_search(at, table, labels, monkeypatch):
    from sklearn_crossmodal.training._vectorized._stacked_nets import Stack

    inner, runs = Stack.run, []

    def run(self, *args):
        runs.append(1)
        if len(runs) == at:
            os.kill(os.getpid(), signal.SIGINT)
        return inner(self, *args)

    monkeypatch.setattr(Stack, "run", run)
    clf = classifier(callbacks=None)
    with pytest.raises(KeyboardInterrupt):
        BatchedGridSearchCV(clf, {"learning_rate": [0.1, 0.2]}, cv=2).fit(table, labels)
    runs.clear()
    folds = classifier(callbacks=None, n_folds=3)
    with pytest.warns(InterruptedFitWarning):
        folds.fit(table, labels)
    assert folds.predict(table).shape == (60,)


# Handlers ----------------------------------------------------------------------------------------


def test_the_handler_of_the_user_is_called_first(table, labels):
    calls = []

    def handler(number, frame):
        calls.append(number)  # and goes on

    before = signal.signal(signal.SIGINT, handler)
    clf = classifier().fit(table, labels)
    assert signal.signal(signal.SIGINT, before) is handler
    assert calls == [signal.SIGINT]
    assert clf.n_iter_ == 4


def test_a_signal_that_is_ignored_stays_so(table, labels):
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    clf = classifier().fit(table, labels)
    assert signal.signal(signal.SIGINT, before) is signal.SIG_IGN
    assert clf.n_iter_ == 4


def test_a_thread_that_gets_no_signals_fits_as_ever(table, labels):
    from threading import Thread

    clf = classifier(callbacks=None)
    thread = Thread(target=clf.fit, args=(table, labels))
    thread.start()
    thread.join()
    assert clf.n_iter_ == 4


def test_an_interrupt_is_a_keyboard_interrupt():
    assert issubclass(Interrupt, KeyboardInterrupt)
