"""skorch within reach: its callbacks, optimizers and parameters work as in skorch."""

import numpy as np
import pytest
import torch
from sklearn.base import clone
from sklearn.metrics import accuracy_score, r2_score, roc_auc_score
from skorch.callbacks import (
    BatchScoring,
    Callback,
    Checkpoint,
    EarlyStopping,
    EpochScoring,
    Freezer,
    GradientNormClipping,
    LRScheduler,
    PrintLog,
)

from sklearn_crossmodal import MultiModalFrame, Numeric, Text
from sklearn_crossmodal.training._adam import FusedAdam
from sklearn_crossmodal.utils.discovery import all_estimators

ESTIMATORS = [name for name, _ in all_estimators("network")]
REGRESSORS = ["FusionRegressor", "CrossModalRegressor"]
HALF = {"validation": 0.5}
#: What is fitted after training, beside the network, is none of skorch's concern.
ALONE = {"CrossModalRegressor": {"linear_path": False}}
HELD_OUT = []


class RecordHeldOut(Callback):
    def on_epoch_end(self, net, dataset_valid=None, **kwargs):
        HELD_OUT[:] = dataset_valid.rows.tolist()


class RecordRates(Callback):
    def on_batch_begin(self, net, training=None, **kwargs):
        self.rate = net.optimizer_.param_groups[0]["lr"]

    def on_epoch_end(self, net, **kwargs):
        net.history.record("rate", self.rate)


@pytest.fixture
def fit(X, targets, make):
    def fit_estimator(name, *callbacks, **params):
        return make(name, callbacks=list(callbacks), **params).fit(X, targets[name])

    return fit_estimator


def recorded(fitted, key):
    return [row[key] for row in fitted.history_]


# Scores ------------------------------------------------------------------------------------------


def test_epoch_scoring_of_accuracy_is_that_of_the_held_out_rows(fit, X, targets):
    y = targets["FusionClassifier"]
    # A rate of nearly zero, so that the restored epoch is no other network than the last one.
    clf = fit(
        "FusionClassifier",
        EpochScoring("accuracy", lower_is_better=False),
        RecordHeldOut(),
        learning_rate=1e-12,
        **HALF,
    )
    expected = accuracy_score(y[HELD_OUT], clf.predict(X[HELD_OUT]))
    assert recorded(clf, "accuracy")[-1] == pytest.approx(expected)
    assert "accuracy_best" in clf.history_[0]


def test_epoch_scoring_of_roc_auc_is_that_of_the_held_out_rows(fit, X, targets):
    y = targets["FusionClassifier"]
    scoring = EpochScoring("roc_auc", lower_is_better=False)
    clf = fit("FusionClassifier", scoring, RecordHeldOut(), learning_rate=1e-12, **HALF)
    expected = roc_auc_score(y[HELD_OUT], clf.predict_proba(X[HELD_OUT])[:, 1])
    assert recorded(clf, "roc_auc")[-1] == pytest.approx(expected)


@pytest.mark.parametrize(
    "scoring", ["neg_log_loss", "f1_macro", "roc_auc_ovr", "balanced_accuracy"]
)
def test_epoch_scoring_of_several_classes(scoring, X, make):
    y = np.array(["a", "b", "c", "d"])[np.arange(40) % 4]
    callbacks = [EpochScoring(scoring, lower_is_better=False)]
    clf = make("FusionClassifier", callbacks=callbacks, **HALF).fit(X, y)
    assert np.isfinite(recorded(clf, scoring)).all()


@pytest.mark.parametrize("name", REGRESSORS)
def test_epoch_scoring_of_r2_is_that_of_the_held_out_rows(name, fit, X, targets):
    y = targets[name]
    scoring = EpochScoring("r2", lower_is_better=False)
    reg = fit(name, scoring, RecordHeldOut(), learning_rate=1e-12, **HALF, **ALONE.get(name, {}))
    expected = r2_score(y[HELD_OUT], reg.predict(X[HELD_OUT]))
    assert recorded(reg, "r2")[-1] == pytest.approx(expected)


def test_epoch_scoring_without_cache_asks_the_net_again(fit):
    def share_of_yes(net, dataset, y=None):
        return np.mean(net.predict(dataset) == "yes")

    caches = [
        EpochScoring(share_of_yes, name=f"cache_{cache}", use_caching=cache)
        for cache in (True, False)
    ]
    clf = fit("FusionClassifier", *caches, **HALF)
    np.testing.assert_allclose(recorded(clf, "cache_True"), recorded(clf, "cache_False"))


@pytest.mark.parametrize(
    ("name", "scoring"), [("FusionClassifier", "accuracy"), *((name, "r2") for name in REGRESSORS)]
)
def test_epoch_scoring_on_the_training_rows(name, scoring, fit):
    fitted = fit(name, EpochScoring(scoring, lower_is_better=False, on_train=True), max_epochs=20)
    scores = recorded(fitted, scoring)
    assert len(scores) == 20
    assert scores[-1] > scores[0]


def test_epoch_scoring_takes_a_function_of_the_net(fit):
    def share_of_yes(net, X, y):
        assert set(y) == {"no", "yes"}
        return np.mean(net.predict(X) == "yes")

    clf = fit("FusionClassifier", EpochScoring(share_of_yes), **HALF)
    assert all(0 <= share <= 1 for share in recorded(clf, "share_of_yes"))


@pytest.mark.parametrize("name", ESTIMATORS)
def test_scoring_does_not_change_the_training(name, fit, X, numbers):
    def nothing(net, X, y=None):
        return 0.0

    plain = fit(name, **HALF)
    scored = fit(
        name, EpochScoring(nothing), EpochScoring(nothing, name="b", on_train=True), **HALF
    )
    np.testing.assert_array_equal(numbers(scored, X), numbers(plain, X))


@pytest.mark.parametrize("on_train", [True, False])
def test_batch_scoring_is_the_mean_over_the_batches(on_train, fit, X, targets):
    y = targets["FusionClassifier"]
    callback = BatchScoring("accuracy", lower_is_better=False, on_train=on_train)
    clf = fit("FusionClassifier", callback, RecordHeldOut(), learning_rate=1e-12, **HALF)
    rows = np.array(HELD_OUT)
    if on_train:
        assert 0 <= recorded(clf, "accuracy")[-1] <= 1
    else:
        expected = clf.score(X[rows], y[rows])
        assert recorded(clf, "accuracy")[-1] == pytest.approx(expected)


# Callbacks that steer ----------------------------------------------------------------------------


def test_learning_rate_scheduler_lowers_the_rate(fit):
    scheduler = LRScheduler("StepLR", step_size=1, gamma=0.1)
    clf = fit(
        "FusionClassifier",
        scheduler,
        RecordRates(),
        learning_rate=0.01,
        learning_rate_schedule="constant",
        max_epochs=4,
    )
    np.testing.assert_allclose(recorded(clf, "rate"), [1e-2, 1e-3, 1e-4, 1e-5])


def test_learning_rate_scheduler_is_not_undone_by_the_default_schedule(fit):
    scheduler = LRScheduler("StepLR", step_size=1, gamma=0.1)
    clf = fit("FusionClassifier", scheduler, RecordRates(), learning_rate=0.01, max_epochs=4)
    np.testing.assert_allclose(recorded(clf, "rate"), [1e-2, 1e-3, 1e-4, 1e-5])


def test_learning_rate_scheduler_that_watches_the_loss(fit):
    scheduler = LRScheduler("ReduceLROnPlateau", monitor="valid_loss", patience=0, threshold=10.0)
    clf = fit(
        "FusionClassifier",
        scheduler,
        RecordRates(),
        learning_rate_schedule="constant",
        max_epochs=4,
        **HALF,
    )
    assert recorded(clf, "rate")[-1] < 0.2 * recorded(clf, "rate")[0]


@pytest.mark.parametrize("name", ESTIMATORS)
def test_checkpoint_keeps_the_best_weights_in_a_folder(name, fit, tmp_path):
    checkpoint = Checkpoint(dirname=str(tmp_path), monitor="valid_loss_best")
    fitted = fit(name, checkpoint, max_epochs=5, **HALF, **ALONE.get(name, {}))
    kept = torch.load(tmp_path / "params.pt", weights_only=True)
    weights = fitted.network_.state_dict()  # early stopping has restored the best epoch too
    assert kept.keys() == weights.keys()
    assert all(torch.equal(kept[key], weights[key]) for key in kept)
    assert (tmp_path / "history.json").exists()


def test_checkpoint_of_every_epoch_can_be_loaded_again(fit, X, tmp_path):
    checkpoint = Checkpoint(
        dirname=str(tmp_path), monitor=None, f_params="{last_epoch[epoch]}.pt", f_history=None
    )
    clf = fit("FusionClassifier", checkpoint, max_epochs=3)
    last = clf.predict_proba(X)
    clf.net_.load_params(f_params=tmp_path / "1.pt")
    first = fit("FusionClassifier", max_epochs=1, learning_rate_schedule="constant")
    np.testing.assert_array_equal(clf.predict_proba(X), first.predict_proba(X))
    clf.net_.load_params(f_params=tmp_path / "3.pt")
    np.testing.assert_array_equal(clf.predict_proba(X), last)


@pytest.mark.parametrize("name", ESTIMATORS)
def test_frozen_weights_stay_as_they_were(name, fit, make, X, targets):
    # Rates of nearly zero show the first weights.
    untrained = fit(name, learning_rate=1e-12, weight_decay=0.0, dtype="float64")
    frozen = fit(name, Freezer("encoders.words.*"), dtype="float64")
    before, after = (dict(one.network_.named_parameters()) for one in (untrained, frozen))
    moved = {
        key: (before[key] - after[key]).abs().max().item() > 1e-6
        for key in before
        if before[key].is_floating_point() and "absent" not in key
    }
    assert not any(moves for key, moves in moved.items() if key.startswith("encoders.words"))
    assert all(
        moves
        for key, moves in moved.items()
        if not key.startswith("encoders.words") and key.endswith("weight")
    )


@pytest.mark.parametrize("name", ESTIMATORS)
def test_gradients_are_clipped(name, fit):
    class RecordNorm(Callback):
        def on_grad_computed(self, net, named_parameters=None, **kwargs):
            norms = [p.grad.norm() for _, p in named_parameters if p.grad is not None]
            self.largest = max(getattr(self, "largest", 0), float(torch.stack(norms).norm()))

        def on_epoch_end(self, net, **kwargs):
            net.history.record("norm", self.largest)

    free = fit(name, RecordNorm())
    clipped = fit(name, GradientNormClipping(1e-3), RecordNorm())
    assert recorded(free, "norm")[-1] > 2e-3
    assert recorded(clipped, "norm")[-1] == pytest.approx(1e-3, rel=1e-3)


def test_early_stopping_of_skorch_ends_training(fit):
    stop = EarlyStopping(patience=2, threshold=1.0, threshold_mode="rel", sink=lambda text: None)
    assert fit("FusionClassifier", stop, max_epochs=9, **HALF).n_iter_ == 3


def test_print_log_of_skorch_prints_its_table(fit, capsys):
    fit("FusionClassifier", PrintLog(), net_params={"verbose": 1}, **HALF)
    head, _, *rows = capsys.readouterr().out.strip().splitlines()
    assert {"epoch", "train_loss", "valid_loss", "dur"} <= set(head.split())
    assert len(rows) == 3


@pytest.mark.parametrize("name", ESTIMATORS)
def test_callbacks_are_called_as_skorch_calls_them(name, fit):
    calls = []

    class Record(Callback):
        def initialize(self):
            calls.append("initialize")
            return self

        def on_train_begin(self, net, X=None, y=None, **kwargs):
            calls.append("on_train_begin")

        def on_train_end(self, net, X=None, y=None, **kwargs):
            calls.append("on_train_end")

        def on_epoch_begin(self, net, dataset_train=None, dataset_valid=None, **kwargs):
            assert (len(dataset_train), len(dataset_valid)) == (20, 20)
            calls.append("on_epoch_begin")

        def on_epoch_end(self, net, dataset_train=None, dataset_valid=None, **kwargs):
            calls.append("on_epoch_end")

        def on_batch_begin(self, net, batch=None, training=None, **kwargs):
            calls.append(f"on_batch_begin {'train' if training else 'valid'}")

        def on_batch_end(self, net, batch=None, training=None, loss=None, y_pred=None, **kwargs):
            assert torch.isfinite(loss)
            assert y_pred is not None
            calls.append(f"on_batch_end {'train' if training else 'valid'}")

        def on_grad_computed(self, net, named_parameters=None, **kwargs):
            calls.append("on_grad_computed")

    fit(name, Record(), max_epochs=1, batch_size=10, **HALF)
    train = ["on_batch_begin train", "on_grad_computed", "on_batch_end train"]
    valid = ["on_batch_begin valid", "on_batch_end valid"]
    start, end = (
        ["initialize", "on_train_begin", "on_epoch_begin"],
        ["on_epoch_end", "on_train_end"],
    )
    assert calls == [*start, *2 * train, *2 * valid, *end]


def test_parameters_of_callbacks_are_not_written_to(X, targets, make):
    scoring = EpochScoring("accuracy", lower_is_better=False)
    scheduler = LRScheduler("StepLR", step_size=1)
    before = [callback.get_params() for callback in (scoring, scheduler)]
    callbacks = [("score", scoring), scheduler]
    clf = make("FusionClassifier", callbacks=callbacks, **HALF)
    clf.fit(X, targets["FusionClassifier"]).fit(X, targets["FusionClassifier"])
    assert [callback.get_params() for callback in (scoring, scheduler)] == before
    assert callbacks == [("score", scoring), scheduler]
    assert clf.callbacks is callbacks
    assert clone(clf).fit(X, targets["FusionClassifier"]).n_iter_ == 3


def test_two_callbacks_of_one_name_are_told_apart(fit):
    first, second = (EpochScoring(scoring, lower_is_better=False) for scoring in ("accuracy", "f1"))
    clf = fit(
        "FusionClassifier",
        ("a", first),
        ("b", EpochScoring("roc_auc", lower_is_better=False)),
        **HALF,
    )
    assert {"accuracy", "roc_auc"} <= set(clf.history_[0])
    assert {"a", "b"} <= set(dict(clf.net_.callbacks_))
    assert second.scoring == "f1"


# Optimizers and parameters of the net -------------------------------------------------------------


@pytest.mark.covering
@pytest.mark.parametrize("name", ESTIMATORS)
@pytest.mark.parametrize(
    ("optimizer", "kind"),
    [
        ("adamw", FusedAdam),
        ("adam", FusedAdam),
        ("sgd", torch.optim.SGD),
        (torch.optim.SGD, torch.optim.SGD),
        (torch.optim.Adagrad, torch.optim.Adagrad),
        (torch.optim.NAdam, torch.optim.NAdam),
    ],
)
def test_optimizer_is_a_name_or_a_class(name, optimizer, kind, fit):
    settings = {"learning_rate": 0.01, "modality_dropout": 0.0, "max_epochs": 8}
    fitted = fit(name, optimizer=optimizer, **settings)
    assert type(fitted.net_.optimizer_) is kind
    assert fitted.history_[-1]["train_loss"] < fitted.history_[0]["train_loss"]


@pytest.mark.parametrize(("optimizer", "kind"), [("adamw", "AdamW"), ("adam", "Adam")])
@pytest.mark.parametrize(
    "asked", [{"callbacks": [Callback()]}, {"net_params": {"optimizer__betas": (0.8, 0.99)}}]
)
def test_who_may_ask_for_an_optimizer_of_torch_gets_one(optimizer, kind, asked, X, targets, make):
    clf = make("FusionClassifier", optimizer=optimizer, **asked)
    fitted = clf.fit(X, targets["FusionClassifier"])
    assert type(fitted.net_.optimizer_) is getattr(torch.optim, kind)


def test_lbfgs_minimises_on_all_samples(X, targets, make):
    modalities = [("table", Numeric(), "table")]
    settings = {"modalities": modalities, "batch_size": 40, "max_epochs": 5}
    rates = {"learning_rate": 1.0, "learning_rate_schedule": "constant", "weight_decay": 0.0}
    reg = make("FusionRegressor", optimizer=torch.optim.LBFGS, **settings, **rates)
    reg.fit(X, targets["FusionRegressor"])
    assert reg.history_[-1]["train_loss"] < 0.02


def test_factory_stands_in_for_an_optimizer_class(fit):
    def optimizer(groups, lr, momentum=0.0):
        return torch.optim.SGD(groups, lr=lr, momentum=momentum)

    clf = fit("FusionClassifier", optimizer=optimizer, net_params={"optimizer__momentum": 0.5})
    assert clf.net_.optimizer_.param_groups[0]["momentum"] == 0.5


def test_weight_decay_spares_biases_and_norms(fit):
    clf = fit("FusionClassifier", weight_decay=0.3)
    names = {id(weight): name for name, weight in clf.network_.named_parameters()}
    for group in clf.net_.optimizer_.param_groups:
        for weight in group["params"]:
            assert (group["weight_decay"] == 0.3) == (weight.ndim > 1), names[id(weight)]


def test_parameters_of_the_optimizer_go_through_net_params(fit):
    clf = fit("FusionClassifier", net_params={"optimizer__betas": (0.5, 0.6)})
    assert all(group["betas"] == (0.5, 0.6) for group in clf.net_.optimizer_.param_groups)


def test_rates_of_some_weights_go_through_net_params(fit):
    slow = [("encoders.words.*", {"lr": 1e-7})]
    clf = fit(
        "FusionClassifier",
        net_params={"optimizer__param_groups": slow},
        learning_rate_schedule="constant",
    )
    rates = {
        name: group["lr"]
        for group in clf.net_.optimizer_.param_groups
        for name, weight in clf.network_.named_parameters()
        if any(weight is one for one in group["params"])
    }
    for name, rate in rates.items():
        assert rate == (1e-7 if name.startswith("encoders.words") else 2e-3)


def test_unknown_parameter_of_the_net_is_named(fit):
    with pytest.raises((TypeError, ValueError), match="no_such_thing"):
        fit("FusionClassifier", net_params={"no_such_thing": 1})


def test_net_params_are_not_written_to(fit):
    net_params = {"optimizer__betas": (0.5, 0.6)}
    clf = fit("FusionClassifier", net_params=net_params)
    assert clf.net_params is net_params
    assert net_params == {"optimizer__betas": (0.5, 0.6)}


def test_net_answers_in_class_labels(fit, X, targets):
    seen = []

    class Ask(Callback):
        def on_epoch_end(self, net, dataset_valid=None, **kwargs):
            seen.append(net.predict(dataset_valid))

    fit("FusionClassifier", Ask(), **HALF)
    assert len(seen) == 3
    assert all(set(answer) <= {"no", "yes"} and len(answer) == 20 for answer in seen)


@pytest.mark.parametrize("name", REGRESSORS)
def test_net_answers_in_the_units_of_the_target(name, fit, targets):
    seen = []

    class Ask(Callback):
        def on_train_end(self, net, X=None, **kwargs):
            seen.append(net.predict(X))

    fitted = fit(name, Ask(), max_epochs=20)
    assert seen[0].shape == targets[name].shape
    assert r2_score(targets[name], seen[0]) > 0.2
    assert fitted.net_.history[-1]["epoch"] == 20


def test_net_of_a_text_predictor_answers_in_texts(X, make):
    seen = []

    class Ask(Callback):
        def on_train_end(self, net, X=None, **kwargs):
            seen.extend(net.predict(X))

    modalities = [("table", Numeric(), "table")]
    make("CrossModalRegressor", modalities=modalities, target=Text(), callbacks=[Ask()]).fit(
        MultiModalFrame({"table": X["table"]}), X["words"]
    )
    assert len(seen) == 40
    assert all(isinstance(text, str) for text in seen)


def test_epoch_scoring_sees_what_a_generator_says_untaught(fit, X):
    said = []

    def keep(net, X, y):
        said[:] = net.predict(X)
        return 0.0

    scoring = EpochScoring(keep, name="kept")
    # A rate of nearly zero, so that each epoch has the network that is left in the end.
    fitted = fit("CrossModalGenerator", scoring, RecordHeldOut(), learning_rate=1e-12, **HALF)
    assert said == fitted.set_params(n_beams=1).predict(X[HELD_OUT]).tolist()


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:The .grad attribute of a Tensor:UserWarning")
def test_the_network_can_be_compiled(X, targets, make, numbers):
    settings = {"compile": True, "compile__backend": "eager"}
    y = targets["FusionClassifier"]
    compiled = make("FusionClassifier", net_params=settings).fit(X, y)
    assert "Optimized" in type(compiled.network_).__name__
    plain = make("FusionClassifier").fit(X, y)
    np.testing.assert_allclose(numbers(compiled, X), numbers(plain, X), atol=1e-6)
