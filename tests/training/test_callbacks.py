import copy

import numpy as np
import pytest
import torch
from skorch.callbacks import Callback, Freezer, LRScheduler, Unfreezer
from torch import nn

from sklearn_crossmodal.training import Net, Training, train
from sklearn_crossmodal.training._callbacks import N_AVERAGED

SPLIT = np.arange(0, 20), np.arange(20, 40)


class Rates(Callback):
    """Keep the learning rate of each epoch in the history."""

    def on_epoch_end(self, net, **kwargs):
        net.history.record("rate", net.optimizer_.param_groups[0]["lr"])


class Weights(Callback):
    """Keep the weights of each epoch."""

    def on_train_begin(self, net, **kwargs):
        net.kept = []

    def on_epoch_end(self, net, **kwargs):
        net.kept.append(copy.deepcopy(net.module_.state_dict()))


# Best epochs -------------------------------------------------------------------------------------


@pytest.fixture
def trained(net, dataset, network):
    """Return a function that trains a net on noise until it has learned it by heart."""

    def make(n_averaged=N_AVERAGED, **params):
        settings = {"learning_rate": 0.03, "n_iter_no_change": 10, "callbacks": [Weights()]}
        one, data = net(network(width=64), **{**settings, **params}), dataset(noise=3.0)
        one.callbacks_[0][1].n_averaged = n_averaged
        train(Training(one, data, 60, split=SPLIT, seed=0))
        return one, data

    return make


@pytest.fixture
def overfitted(trained):
    return trained(n_averaged=1)


def test_the_weights_of_the_best_epoch_come_back(overfitted, error):
    one, data = overfitted
    losses = one.history[:, "valid_loss"]
    best = int(np.argmin(losses))
    assert best < len(losses) - 1  # else there were nothing to bring back
    assert error(one, data.take(SPLIT[1])) == pytest.approx(losses[best])
    for name, weight in one.module_.state_dict().items():
        assert torch.equal(weight, one.kept[best][name])
        assert not torch.equal(weight, one.kept[-1][name]) or "absent" in name


def test_the_weights_of_the_best_epochs_are_averaged(trained, error):
    one, data = trained(n_averaged=4, learning_rate=0.05)
    losses = one.history[:, "valid_loss"]
    best = np.argsort(losses, kind="stable")[:4]
    found = error(one, data.take(SPLIT[1]))
    assert found < min(losses)
    tried = []
    for n in range(1, 5):  # of the best, the best two, ... that which is best
        kept = [one.kept[epoch] for epoch in best[:n]]
        mean = {k: torch.stack([weights[k] for weights in kept]).mean(dim=0) for k in kept[0]}
        one.module_.load_state_dict(mean)
        tried.append(error(one, data.take(SPLIT[1])))
    assert found == pytest.approx(min(tried))
    assert np.argmin(tried) > 0
    assert one.history[-1]["valid_loss_averaged"] == pytest.approx(found)
    assert not any("valid_loss_averaged" in row for row in one.history[:-1])


def test_a_mean_worse_than_the_best_epoch_is_not_taken(trained, monkeypatch):
    monkeypatch.setattr(Net, "loss_of", lambda net, data: np.inf)
    one, _ = trained()
    best = int(np.argmin(one.history[:, "valid_loss"]))
    for name, weight in one.module_.state_dict().items():
        assert torch.equal(weight, one.kept[best][name])
    assert one.history[-1]["valid_loss_averaged"] == min(one.history[:, "valid_loss"])


def test_weights_that_are_frozen_for_a_while_are_averaged_too(trained):
    freeze = Freezer("encoders*", at=1)
    thaw = Unfreezer("encoders*", at=4)
    one, _ = trained(callbacks=[Weights(), freeze, thaw])
    best = int(np.argmin(one.history[:, "valid_loss"]))
    assert best > 3
    assert set(one.module_.state_dict()) == set(one.kept[best])


def test_frozen_weights_stay_as_they_are_to_the_last_bit(trained, network):
    one, _ = trained(callbacks=[Weights(), Freezer("encoders*", at=1)])
    for name, weight in one.module_.state_dict().items():
        if name.startswith("encoders"):
            assert torch.equal(weight, one.kept[0][name])


def test_an_epoch_without_a_finite_loss_is_never_the_best(trained):
    one, _ = trained()
    keeper = one.callbacks_[0][1]
    keeper.n_kept_, keeper.best_ = 2, []
    for loss in (float("nan"), 0.5, float("inf"), 0.4, float("nan")):
        keeper._keep(loss, one.module_)
    assert [loss for loss, _ in keeper.best_] == [0.4, 0.5]


def test_of_large_networks_fewer_epochs_are_averaged(trained, monkeypatch):
    monkeypatch.setattr("sklearn_crossmodal.training._callbacks._KEPT_BYTES", 1)
    one, _ = trained()
    best = int(np.argmin(one.history[:, "valid_loss"]))
    for name, weight in one.module_.state_dict().items():
        assert torch.equal(weight, one.kept[best][name])


def test_statistics_of_a_batch_normalisation_are_averaged_where_it_helps(net, dataset, network):
    module = network(width=64)
    module.bottleneck = nn.Sequential(nn.BatchNorm1d(128), nn.Identity()).double()
    one, data = net(module, learning_rate=0.03), dataset(noise=3.0)
    train(Training(one, data, 30, split=SPLIT, seed=0))
    assert one.loss_of(data.take(SPLIT[1])) <= min(one.history[:, "valid_loss"]) + 1e-12


def test_no_weights_are_kept_after_the_training(trained):
    one, _ = trained()
    assert one.callbacks_[0][1].best_ == []
    assert one.callbacks_[0][1].held_out_ is None


def test_training_stops_when_the_patience_is_used_up(overfitted):
    one, _ = overfitted
    losses = one.history[:, "valid_loss"]
    assert len(losses) == np.argmin(losses) + 1 + 10 < 60


def test_history_marks_the_epochs_that_were_the_best_so_far(overfitted):
    one, _ = overfitted
    losses = one.history[:, "valid_loss"]
    marks = [loss < min(losses[:place], default=np.inf) for place, loss in enumerate(losses)]
    assert one.history[:, "valid_loss_best"] == marks


def test_falls_smaller_than_tol_do_not_renew_the_patience_but_are_kept(net, dataset, error):
    one, data = net(tol=1e9, n_iter_no_change=4), dataset()
    train(Training(one, data, 30, split=SPLIT, seed=0))
    losses = one.history[:, "valid_loss"]
    assert len(losses) == 5  # the first epoch always counts as a fall
    assert np.argmin(losses) == 4
    assert error(one, data.take(SPLIT[1])) == pytest.approx(losses[4])


def test_without_held_out_rows_training_runs_to_its_end(net, dataset):
    one = net(n_iter_no_change=1, tol=1e9)
    train(Training(one, dataset(), 7, split=None, seed=0))
    assert len(one.history) == 7
    assert "valid_loss" not in one.history[-1]


def test_a_second_training_starts_the_patience_anew(net, dataset):
    one, data = net(tol=1e9, n_iter_no_change=3), dataset()
    for n_epochs in (4, 8):
        train(Training(one, data, 30, split=SPLIT, seed=0))
        assert len(one.history) == n_epochs


# Learning rate -----------------------------------------------------------------------------------


def test_rate_falls_along_half_a_cosine(net, dataset):
    one = net(learning_rate=0.01, learning_rate_schedule="cosine", callbacks=[Rates()])
    train(Training(one, dataset(), 5, split=None, seed=0))
    expected = 0.01 * (1 + np.cos(np.pi * np.arange(5) / 5)) / 2
    np.testing.assert_allclose(one.history[:, "rate"], expected)


def test_rate_starts_from_the_top_at_each_training(net, dataset):
    one = net(learning_rate=0.01, learning_rate_schedule="cosine", callbacks=[Rates()])
    for n_epochs in (2, 1, 1, 2):
        train(Training(one, dataset(), n_epochs, split=None, seed=0))
    np.testing.assert_allclose(one.history[:, "rate"], [0.01, 0.005, 0.01, 0.01, 0.01, 0.005])


def test_rate_is_constant_where_asked(net, dataset):
    one = net(learning_rate=0.01, learning_rate_schedule="constant", callbacks=[Rates()])
    train(Training(one, dataset(), 3, split=None, seed=0))
    assert one.history[:, "rate"] == [0.01] * 3


@pytest.mark.parametrize("named", [False, True])
def test_a_schedule_of_the_user_takes_the_place_of_the_cosine(net, dataset, named):
    schedule = LRScheduler(torch.optim.lr_scheduler.StepLR, step_size=1, gamma=0.1)
    callbacks = [Rates(), ("schedule", schedule) if named else schedule]
    one = net(learning_rate=0.01, learning_rate_schedule="cosine", callbacks=callbacks)
    train(Training(one, dataset(), 3, split=None, seed=0))
    np.testing.assert_allclose(one.history[:, "rate"], [0.01, 0.001, 0.0001])


# The line of an epoch ----------------------------------------------------------------------------


def test_one_line_an_epoch_tells_losses_time_and_the_best(net, dataset, capsys):
    one = net(verbose=1)
    train(Training(one, dataset(), 3, split=SPLIT, seed=0))
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 3
    for number, (line, row) in enumerate(zip(lines, one.history, strict=True), start=1):
        assert line.startswith(f"epoch {number:>3}  ")
        assert f"train_loss {row['train_loss']:.4f}" in line
        assert f"valid_loss {row['valid_loss']:.4f}" in line
        assert f"{row['dur']:.2f} s" in line
        assert line.endswith("best so far") == row["valid_loss_best"]


def test_nothing_is_printed_unless_asked(net, dataset, capsys):
    train(Training(net(verbose=0), dataset(), 2, split=SPLIT, seed=0))
    assert capsys.readouterr() == ("", "")
