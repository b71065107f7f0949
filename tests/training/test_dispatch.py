import copy
import itertools
from dataclasses import replace

import numpy as np
import pytest
import torch
from skorch.callbacks import Callback
from torch import nn

from sklearn_crossmodal import (
    Categorical,
    CrossModalRegressor,
    FusionClassifier,
    FusionRegressor,
    MultiModalAutoencoder,
    MultiModalFrame,
    Numeric,
)
from sklearn_crossmodal.exceptions import InterruptedFitWarning
from sklearn_crossmodal.nn.fusion import FUSIONS
from sklearn_crossmodal.training import Training, stack_key, train, train_each
from sklearn_crossmodal.training._fit_loop import choose_max_epochs
from sklearn_crossmodal.training._vectorized import _fit_loop
from sklearn_crossmodal.training._vectorized._stacked_nets import Stack


def trainings_of(make, dataset, splits=(None,), epochs=5):
    """Return a function that makes the trainings anew: net by net, split by split."""
    data = [dataset(n) for n in (40, 37)]

    def fresh():
        return [
            Training(net, one, epochs, split, seed=3)
            for split in splits
            for one in data
            for net in make()
            if split is None or len(one) == 40
        ]

    return fresh


def in_float32(data):
    values = {name: values.float() for name, values in data.values.items()}
    targets = {name: (parts[0].float(), *parts[1:]) for name, parts in data.targets.items()}
    return replace(data, values=values, targets=targets)


def assert_same(ours, theirs, atol=1e-12):
    for one, other in zip(ours, theirs, strict=True):
        weights = dict(other.net.module_.named_parameters())
        for name, weight in one.net.module_.named_parameters():
            torch.testing.assert_close(weight, weights[name], atol=atol, rtol=0)
        assert_same_history(one.net.history, other.net.history, atol)


def assert_same_history(one, other, atol):
    assert len(one) == len(other)
    for row, expected in zip(one, other, strict=True):
        timeless = {"dur", "batches"}
        assert row.keys() == expected.keys()
        for name in row.keys() - timeless:
            assert row[name] == pytest.approx(expected[name], abs=atol)


def assert_together_equals_alone(fresh, atol=1e-12, *, n_stacks=None, monkeypatch=None):
    alone, together, stacks = fresh(), fresh(), []
    for training in alone:
        train(training)
    if monkeypatch is not None:
        inner = _fit_loop.Stack
        monkeypatch.setattr(
            _fit_loop, "Stack", lambda nets: stacks.append(len(nets)) or inner(nets)
        )
    assert train_each(together) == [None] * len(together)
    assert_same(together, alone, atol)
    if n_stacks is not None:
        assert len(stacks) == n_stacks
    return together


SETTINGS = {
    "learning rates and weight decays": [
        {"learning_rate": rate, "weight_decay": decay}
        for rate in (1e-3, 0.05)
        for decay in (0, 0.5)
    ],
    "schedules": [{"learning_rate_schedule": name} for name in ("cosine", "constant")],
    "optimizers": [{"optimizer": name} for name in ("adam", "adamw")],
    "modality dropout": [{"modality_dropout": share} for share in (0.2, 0.5)],
    "noise": [{"input_noise": noise} for noise in (0.0, 0.2, 0.5)],
}


@pytest.mark.parametrize("precision", ["float64", "float32"])
@pytest.mark.parametrize("settings", SETTINGS.values(), ids=SETTINGS)
def test_nets_trained_together_are_those_trained_alone(
    net, dataset, settings, precision, network, monkeypatch
):
    def make():
        return [
            net(network(0.3).to(getattr(torch, precision)), precision=precision, **one)
            for one in settings
        ]

    def data(n):
        return dataset(n) if precision == "float64" else in_float32(dataset(n))

    atol = 1e-12 if precision == "float64" else 1e-5
    assert_together_equals_alone(
        trainings_of(make, data), atol, n_stacks=1, monkeypatch=monkeypatch
    )


def test_each_net_has_dropout_of_its_own(net, dataset, network, monkeypatch):
    shares = (0.0, 0.2, 0.5)
    fresh = trainings_of(lambda: [net(network(share)) for share in shares], dataset)
    together = assert_together_equals_alone(fresh, n_stacks=1, monkeypatch=monkeypatch)
    first = [training.net.module_.encoders["a"].layers[0].weight for training in together[:3]]
    assert all(not torch.equal(a, b) for a, b in itertools.combinations(first, 2))


def test_seeds_differ_within_a_stack(net, dataset, network, monkeypatch):
    data = dataset(40)

    def fresh():
        return [
            Training(net(network(0.3), modality_dropout=0.2), data, 4, None, seed)
            for seed in range(3)
        ]

    assert_together_equals_alone(fresh, n_stacks=1, monkeypatch=monkeypatch)


@pytest.mark.slow
def test_each_net_stops_when_it_would_alone_and_gets_its_best_epoch(
    net, dataset, network, monkeypatch
):
    rows = np.arange(40)
    splits = [(rows[:30], rows[30:]), (rows[5:], rows[:5])]
    settings = [
        {"learning_rate": rate, "n_iter_no_change": patience, "tol": tol}
        for rate, patience, tol in ((0.001, 2, 1e-4), (0.3, 2, 0.0), (0.1, 4, 0.01), (0.03, 3, 0.1))
    ]
    fresh = trainings_of(
        lambda: [net(network(0.2), **one) for one in settings], dataset, splits, epochs=15
    )
    together = assert_together_equals_alone(fresh)
    lengths = [len(training.net.history) for training in together]
    assert len(set(lengths)) > 2  # they did end at different epochs
    for training in together:
        best = [row["valid_loss"] for row in training.net.history]
        assert training.net.history[:, "valid_loss_best"][int(np.argmin(best))]
        assert training.net.history[-1]["valid_loss_averaged"] <= min(best)


def test_numbers_of_epochs_differ(net, dataset):
    data = dataset(40)

    def fresh():
        return [Training(net(), data, epochs, None, 0) for epochs in (1, 7, 3, 2)]

    together = assert_together_equals_alone(fresh)
    assert [len(training.net.history) for training in together] == [1, 7, 3, 2]


def test_weights_and_absent_modalities_count_as_they_do_alone(net, dataset, rng):
    present = {"a": rng.random(40) > 0.3}
    weighted = dataset(40, sample_weight=rng.random(40), present=present)

    def fresh():
        return [Training(net(learning_rate=rate), weighted, 4, None, 0) for rate in (0.01, 0.1)]

    assert_together_equals_alone(fresh)


def test_batches_of_lanes_may_differ_in_number_and_size(net, dataset, monkeypatch):
    data = [dataset(n) for n in (40, 33, 17)]

    def fresh():
        return [
            Training(net(learning_rate=rate), one, 3, None, 0)
            for one in data
            for rate in (0.01, 0.1)
        ]

    assert_together_equals_alone(fresh, n_stacks=1, monkeypatch=monkeypatch)


def test_a_training_goes_on_together_or_alone_as_after_one_alone(net, dataset):
    data = dataset(40)
    ours, theirs = (
        [Training(net(learning_rate=r), data, 3, None, 0) for r in (0.01, 0.1)] for _ in "ab"
    )
    train_each(ours)
    for training in theirs:
        train(training)
    assert_same(ours, theirs)
    train_each(ours)
    for training in theirs:
        train(training)
    assert_same(ours, theirs)
    for training in (*ours, *theirs):
        train(training)
    assert_same(ours, theirs)


def test_weights_without_a_gradient_have_no_steps_behind_them(net, dataset, rng):
    whole, gaps = dataset(40), dataset(40, present={"a": rng.random(40) > 0.3})
    ours, theirs = (
        [Training(net(learning_rate=r), whole, 2, None, 0) for r in (0.01, 0.1)] for _ in "ab"
    )
    train_each(ours)
    for training in theirs:
        train(training)
    ours, theirs = ([replace(one, dataset=gaps) for one in some] for some in (ours, theirs))
    assert stack_key(ours[0]) == stack_key(theirs[0])
    assert "moved some weights more often" in stack_key(ours[0])
    train_each(ours)
    for training in theirs:
        train(training)
    assert_same(ours, theirs)


def test_afterwards_a_net_holds_no_more_than_its_own(net, dataset):
    data = dataset(40)
    trainings = [Training(net(), data, 2, None, 0) for _ in range(4)]
    train_each(trainings)
    for training in trainings:
        for weight, state in training.net.optimizer_.state.items():
            for tensor in (weight, *state.values()):
                assert tensor.untyped_storage().nbytes() == tensor.numel() * tensor.element_size()
    steps = [state["step"] for state in trainings[0].net.optimizer_.state.values()]
    assert len({step.data_ptr() for step in steps}) == len(steps)


def test_one_that_diverges_leaves_the_others_alone(net, dataset):
    data = dataset(40)
    rates = (0.01, 1e200, 0.1)
    trainings = [Training(net(learning_rate=rate), data, 3, None, 0) for rate in rates]
    errors = train_each(trainings)
    assert [error is None for error in errors] == [True, False, True]
    with pytest.raises(ValueError, match="Training diverged"):
        raise errors[1]
    for training, rate in zip(trainings, rates, strict=True):
        if rate < 1:
            other = Training(net(learning_rate=rate), data, 3, None, 0)
            train(other)
            assert_same([training], [other])


def test_the_network_runs_once_a_batch_for_all(net, dataset, monkeypatch):
    runs = []
    inner = Stack.run
    monkeypatch.setattr(Stack, "run", lambda self, *args: runs.append(1) or inner(self, *args))
    data = dataset(40)
    train_each([Training(net(learning_rate=r), data, 3, None, 0) for r in (0.1, 0.2, 0.3)])
    assert len(runs) == 3 * 5  # epochs times batches


def test_large_networks_are_trained_a_few_at_a_time(net, dataset, monkeypatch):
    from sklearn_crossmodal.training._vectorized import _dispatch

    one = net()
    n_numbers = sum(weight.numel() for weight in one.module_.parameters())
    monkeypatch.setattr(_dispatch, "STACKED_NUMBERS", 2 * n_numbers)
    data = dataset(40)

    def fresh():
        return [Training(net(learning_rate=0.01 * r), data, 2, None, 0) for r in (1, 2, 3, 4, 5)]

    assert_together_equals_alone(fresh, n_stacks=2, monkeypatch=monkeypatch)


def test_an_interrupted_stack_is_usable_as_far_as_it_came(net, dataset, monkeypatch):
    inner, runs = Stack.run, []

    def run(self, *args):
        runs.append(1)
        if len(runs) == 8:  # in the second epoch of 5 batches
            raise KeyboardInterrupt
        return inner(self, *args)

    monkeypatch.setattr(Stack, "run", run)
    trainings = [Training(net(learning_rate=r), dataset(40), 3, None, 0) for r in (0.1, 0.2)]
    with pytest.warns(InterruptedFitWarning, match="2 networks was interrupted"):
        assert train_each(trainings) == [None, None]
    assert [len(training.net.history) for training in trainings] == [2, 2]
    assert all(np.isfinite(t.net.history[0]["train_loss"]) for t in trainings)


# What does not stack ----------------------------------------------------------------------------


class Watching(Callback):
    def on_batch_end(self, net, **kwargs):
        pass


ALONE = {
    "callbacks look at batches": {"callbacks": [Watching()]},
    "the optimizer is not": {"optimizer": "sgd"},
    "it computes in bfloat16": {"precision": "bfloat16"},
    "parts that are not known": {"module": "recurrent"},
}


@pytest.mark.parametrize(("reason", "settings"), ALONE.items(), ids=ALONE)
def test_what_cannot_be_done_together_is_done_alone_and_said(
    net, dataset, network, reason, settings, capsys
):
    settings = dict(settings)

    def make(rate):
        module = network()
        if settings.get("module"):
            module.bottleneck = nn.Tanh()
        if settings.get("precision"):
            module.float()
        plain = {key: value for key, value in settings.items() if key != "module"}
        return net(module, learning_rate=rate, **plain)

    def fresh():
        data = in_float32(dataset(40)) if settings.get("precision") else dataset(40)
        return [Training(make(rate), data, 2, None, 0) for rate in (0.01, 0.1)]

    key = stack_key(fresh()[0])
    assert isinstance(key, str)
    assert reason in key
    together = fresh()
    train_each(together, verbose=1)
    assert f"2 networks are trained one after another: {key}." in capsys.readouterr().out
    alone = fresh()
    for training in alone:
        train(training)
    assert_same(together, alone)


def test_networks_that_differ_in_more_than_weights_do_not_meet(net, dataset, network):
    data = dataset(40)
    kinds = [
        net(),
        net(network(width=7)),
        net(batch_size=9),
        net(modality_dropout=0.1),
        net(precision="float32"),
    ]
    keys = {stack_key(Training(one, data, 2, None, 0)) for one in kinds}
    assert len(keys) == len(kinds)
    again = Training(net(learning_rate=0.5, weight_decay=0.3, tol=1.0), data, 9, None, 1)
    assert stack_key(again) in keys


# Every part that says it stacks -----------------------------------------------------------------


def frame(n=60):
    rng = np.random.default_rng(0)
    colors = rng.choice(["red", "green", "blue"], size=n)
    return MultiModalFrame(
        {"a": rng.normal(size=(n, 4)), "b": rng.normal(size=(n, 3)), "color": colors}
    )


def estimators():
    plain = {"max_epochs": 4, "batch_size": 16, "validation": 0.15, "dtype": "float64"}
    numeric = [("a", Numeric(), "a"), ("b", Numeric(), "b")]
    for fusion in sorted(FUSIONS.keys() - {"attention"}):  # whose kernel has no rule for stacks
        yield f"fusion {fusion}", FusionClassifier(numeric, fusion=fusion, **plain), "classes"
    for encoder in ("mlp", "periodic", "piecewise_linear"):
        listed = [("a", Numeric(encoder=encoder), "a"), ("b", Numeric(), "b")]
        yield f"encoder {encoder}", FusionRegressor(listed, **plain), "numbers"
    listed = [*numeric, ("color", Categorical(), "color")]
    yield "embedding", FusionClassifier(listed, **plain), "classes"
    yield "codes", CrossModalRegressor(numeric, target="categorical", **plain), "classes"
    yield "autoencoder", MultiModalAutoencoder(listed, n_components=3, **plain), None


def target_of(kind, X):
    numbers = X["a"][:, 0] + X["b"][:, 0]
    return {"numbers": numbers, "classes": np.where(numbers > 0, "up", "down"), None: None}[kind]


@pytest.mark.parametrize(
    ("estimator", "kind"),
    [case[1:] for case in estimators()],
    ids=[case[0] for case in estimators()],
)
def test_every_stacking_part_computes_in_a_stack_what_it_computes_alone(
    estimator, kind, monkeypatch
):
    X = frame()
    y = target_of(kind, X)

    def fresh():
        found = []
        for seed, rate in ((0, 1e-3), (0, 1e-2), (1, 1e-2)):
            one = copy.deepcopy(estimator).set_params(random_state=seed, learning_rate=rate)
            one.set_params(max_epochs=4)
            found += one._prepare(X, y, None)
        return found

    assert_together_equals_alone(fresh, 1e-10, n_stacks=1, monkeypatch=monkeypatch)


@pytest.mark.slow
def test_auto_epochs_are_those_of_each_training_alone(net, dataset):
    data = dataset(40)
    training = Training(net(), data, "auto", None, 0)
    expected = choose_max_epochs("auto", n_samples=40, batch_size=8, held_out=False)
    train_each([training, Training(net(), data, 2, None, 0)])
    assert len(training.net.history) == expected
