import signal

import numpy as np
import pytest
import skorch
import torch
from skorch.callbacks import Callback
from torch import nn
from torch.nn import functional

from sklearn_crossmodal import FusionClassifier
from sklearn_crossmodal.exceptions import InterruptedFitWarning
from sklearn_crossmodal.training import Net, NetClassifier, NetRegressor, Training, train
from sklearn_crossmodal.training._objectives._criterion import Criterion

HOOKS = [
    "on_train_begin",
    "on_epoch_begin",
    "on_batch_begin",
    "on_grad_computed",
    "on_batch_end",
    "on_epoch_end",
    "on_train_end",
]


class Recorder(Callback):
    """Keep which hooks were called, in order, and with what."""

    def on_train_begin(self, net, **kwargs):
        net.calls, net.last = [], {}
        self._record("on_train_begin", net, kwargs)

    def _record(self, hook, net, kwargs):
        net.calls.append(hook)
        net.last[hook] = kwargs


def _hook(name):
    return lambda self, net, *args, **kwargs: self._record(name, net, kwargs)


for name in HOOKS[1:]:
    setattr(Recorder, name, _hook(name))


# The engine is skorch ----------------------------------------------------------------------------


@pytest.mark.parametrize("net_class", [Net, NetClassifier, NetRegressor])
def test_the_net_is_a_net_of_skorch(net_class):
    assert issubclass(net_class, skorch.NeuralNet)
    for method in ("partial_fit", "fit_loop", "validation_step", "notify"):
        assert getattr(net_class, method) is getattr(skorch.NeuralNet, method)


def test_callbacks_are_called_as_skorch_calls_them(net, dataset):
    one = net(callbacks=[Recorder()], batch_size=20)
    train(Training(one, dataset(), 1, split=(np.arange(30), np.arange(30, 40)), seed=0))
    step = ["on_batch_begin", "on_grad_computed", "on_batch_end"]
    epoch = ["on_epoch_begin", *step, *step, "on_batch_begin", "on_batch_end", "on_epoch_end"]
    assert one.calls == ["on_train_begin", *epoch, "on_train_end"]
    assert len(one.last["on_epoch_end"]["dataset_valid"]) == 10
    assert set(one.last["on_batch_end"]) == {"batch", "training", "loss", "y_pred"}
    assert one.last["on_batch_end"]["training"] is False


def test_callbacks_see_the_target_as_the_user_gave_it(net, dataset):
    labels = np.array(["yes", "no"] * 20)
    one = net(callbacks=[Recorder()], batch_size=40)
    train(Training(one, dataset(labels=labels), 1, split=None, seed=0))
    _, shown = one.last["on_batch_begin"]["batch"]
    assert shown.tolist() == labels.tolist()


def test_history_is_that_of_skorch_and_forgets_old_batches(net, dataset):
    one = net(callbacks=[Recorder()])
    train(Training(one, dataset(), 3, split=None, seed=0))
    assert isinstance(one.history, skorch.history.History)
    assert one.history[:, "epoch"] == [1, 2, 3]
    assert [len(row["batches"]) for row in one.history] == [0, 0, 5]
    assert one.history[-1, "batches", :, "train_batch_size"] == [8] * 5


def test_batches_that_nobody_watches_are_not_recorded_and_give_the_same(net, dataset):
    watched, lean = net(callbacks=[Recorder()]), net()
    for one in (watched, lean):
        train(Training(one, dataset(), 3, split=(np.arange(30), np.arange(30, 40)), seed=0))
    assert [len(row["batches"]) for row in lean.history] == [0, 0, 0]
    assert "batches" in watched.history[-1]
    for name in ("train_loss", "valid_loss"):
        np.testing.assert_allclose(lean.history[:, name], watched.history[:, name], rtol=1e-12)


# Losses ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("batch_size", [2, 3, 7, 20])
def test_loss_of_an_epoch_is_weighted_by_the_samples_whatever_the_batches(
    net, dataset, network, batch_size
):
    weight = np.random.default_rng(0).uniform(0, 5, size=20)
    data = dataset(20, sample_weight=weight)
    one = net(optimizer="sgd", learning_rate=1e-30, batch_size=batch_size, n_samples=20)
    train(Training(one, data, 1, split=None, seed=0))
    with torch.inference_mode():
        scores = network()(data.values)["y"]
    errors = functional.mse_loss(scores, data.targets["y"][0], reduction="none")[:, 0]
    expected = np.average(errors.numpy(), weights=weight)
    assert one.history[-1, "train_loss"] == pytest.approx(expected)


def test_loss_of_an_epoch_counts_each_sample_alike_in_batches_of_two_sizes(net, dataset, error):
    data = dataset(10)
    one = net(optimizer="sgd", learning_rate=1e-30, batch_size=7, n_samples=10)
    before = error(one, data)
    train(Training(one, data, 1, split=None, seed=0))
    assert one.history[-1, "train_loss"] == pytest.approx(before)


def test_samples_of_no_weight_do_not_count(net, dataset):
    def run(weight, n):
        data = dataset(40, sample_weight=weight).take(np.arange(n))
        one = net(batch_size=40)  # one batch: else the rows that count differ by batch
        train(Training(one, data, 3, split=None, seed=0))
        return [weight.detach() for weight in one.module_.parameters()]

    weight = np.r_[np.ones(25), np.zeros(15)]
    for first, second in zip(run(weight, 40), run(None, 25), strict=True):
        torch.testing.assert_close(first, second)


def test_criterion_is_the_mean_over_the_targets():
    class Constant(nn.Module):
        def __init__(self, value):
            super().__init__()
            self.value = torch.tensor(value)

        def forward(self, prediction, target, mask, weight):
            assert (prediction, target) == ("scores", "target")
            return self.value

    scores, targets = dict.fromkeys("ab", "scores"), dict.fromkeys("ab", ("target", None, None))
    both = Criterion({"a": Constant(1.0), "b": Constant(4.0)})
    assert both(scores, targets) == 2.5
    assert Criterion({"b": Constant(4.0)})(scores, targets) == 4


def test_losses_of_samples_are_those_that_training_averages(net, blocks, dataset):
    one, data = net(optimizer="sgd", learning_rate=1e-30, batch_size=40), dataset()
    inputs, targets = blocks()
    losses = one.sample_losses(inputs, targets)
    assert losses.shape == (40, 1)
    train(Training(one, data, 1, split=None, seed=0))
    assert losses.mean() == pytest.approx(one.history[-1, "train_loss"])


# Answers -----------------------------------------------------------------------------------------


def test_outputs_are_those_of_the_network_without_dropout(net, blocks, network):
    module = network(dropout=0.5)
    one, (inputs, _) = net(module), blocks()
    values = {name: torch.from_numpy(block.values) for name, block in inputs.items()}
    for step, run in (("forward", lambda: module(values)["y"]), ("encode", None)):
        (found,) = one.outputs(inputs, step=step)
        assert not module.training
        expected = run() if run else module.encode(values)
        torch.testing.assert_close(found["y"] if step == "forward" else found, expected)


def test_decoded_latents_are_those_of_the_network(net, blocks):
    one, (inputs, _) = net(), blocks()
    (latent,), (scores,) = one.outputs(inputs, step="encode"), one.outputs(inputs)
    (decoded,) = one.decoded(latent.numpy())
    torch.testing.assert_close(decoded["y"], scores["y"])


def test_answers_need_no_gradients_and_come_in_large_batches(net, blocks):
    inputs, _ = blocks(5000)
    found = list(net().outputs(inputs))
    assert [len(scores["y"]) for scores in found] == [2048, 2048, 904]
    assert not any(scores["y"].requires_grad for scores in found)


def test_bfloat16_computes_in_it_and_answers_in_float32(net, network, blocks):
    module, seen = network().float(), []
    module.decoders["y"].register_forward_hook(lambda m, x, out: seen.append(out.dtype))
    one = net(module, precision="bfloat16")
    (scores,) = one.outputs(blocks()[0])
    assert seen == [torch.bfloat16]
    assert scores["y"].dtype == torch.float32
    assert all(weight.dtype == torch.float32 for weight in module.parameters())


# Interrupts --------------------------------------------------------------------------------------


class Interrupt(Callback):
    """Interrupt in the middle of the third epoch, as a callback or as Ctrl-C does."""

    def __init__(self, how, training=True):
        self.how = how
        self.training = training

    def on_batch_end(self, net, training=None, **kwargs):
        if len(net.history) == 3 and training == self.training:
            if self.how == "signal":
                signal.raise_signal(signal.SIGINT)
            raise KeyboardInterrupt


@pytest.fixture
def _ctrl_c_interrupts():
    # A shell starts jobs in the background with the signal ignored.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("_ctrl_c_interrupts")
@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("how", ["callback", "signal"])
def test_an_interrupt_in_an_epoch_warns_and_brings_the_best_epoch_back(
    net, dataset, error, how, training
):
    one, data = net(callbacks=[Interrupt(how, training)]), dataset()
    split = np.arange(0, 30), np.arange(30, 40)
    with pytest.warns(InterruptedFitWarning, match="interrupted in epoch 3; .* usable"):
        train(Training(one, data, 20, split=split, seed=0))
    assert len(one.history) == 3
    best = min(row["valid_loss"] for row in one.history[:2])
    assert error(one, data.take(split[1])) == pytest.approx(best)


@pytest.mark.usefixtures("_ctrl_c_interrupts")
def test_an_interrupted_estimator_answers_and_goes_on():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(60, 3))
    y = X[:, 0] > 0
    clf = FusionClassifier(max_epochs=20, random_state=0, callbacks=[Interrupt("signal")])
    with pytest.warns(InterruptedFitWarning, match="epoch 3"):
        clf.fit(X, y)
    assert clf.n_iter_ == 3
    assert np.isfinite(clf.predict_proba(X)).all()
    assert clf.score(X, y) > 0.5
    clf.partial_fit(X, y)
    assert clf.n_iter_ == 4


def test_a_callback_that_ends_training_between_epochs_does_not_warn(net, dataset):
    class Stop(Callback):
        def on_epoch_end(self, net, **kwargs):
            if len(net.history) == 2:
                raise KeyboardInterrupt  # skorch's way, also of its EarlyStopping

    one = net(callbacks=[Stop()])
    train(Training(one, dataset(), 20, split=None, seed=0))  # warnings are errors here
    assert len(one.history) == 2
