import copy
import pickle

import numpy as np
import pytest
import torch
from sklearn.callback import ScoringMonitor
from skorch.callbacks import Callback, Checkpoint, EpochScoring, Freezer, GradientNormClipping
from torch.nn import functional

from sklearn_crossmodal import FusionRegressor
from sklearn_crossmodal.training import Training, train
from sklearn_crossmodal.training._fit_loop import choose_batch_size, choose_max_epochs


def weights_of(net):
    return {name: weight.detach().clone() for name, weight in net.module_.named_parameters()}


def test_training_equals_a_loop_written_by_hand(net, dataset, network):
    data, seed = dataset(40), 11
    one = net(batch_size=8, optimizer="adam", learning_rate=0.01)
    train(Training(one, data, 4, split=None, seed=seed))  # 4 epochs of 5 batches: 20 steps

    model = network()
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01, foreach=False, fused=False)
    generator, y, losses = torch.Generator().manual_seed(seed), data.targets["y"][0], []
    for _ in range(4):
        for rows in torch.randperm(40, generator=generator).split(8):
            values = {name: block[rows] for name, block in data.values.items()}
            loss = functional.mse_loss(model(values)["y"], y[rows])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses.append(loss.item())

    for name, weight in model.named_parameters():
        found = one.module_.get_parameter(name)
        torch.testing.assert_close(found, weight, atol=1e-6, rtol=0)
        assert not torch.equal(weight, network().get_parameter(name)) or "absent" in name
    means = np.reshape(losses, (4, 5)).mean(axis=1)
    np.testing.assert_allclose(one.history[:, "train_loss"], means, atol=1e-6)


def test_the_seed_decides_the_weights_to_the_bit(net, dataset, network):
    def run(seed):
        one = net(network(dropout=0.3), modality_dropout=0.3)
        torch.manual_seed(0)  # of dropout, which an estimator sets by `seeded`
        train(Training(one, dataset(), 3, split=None, seed=seed))
        return weights_of(one)

    first, again, other = run(0), run(0), run(1)
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert any(not torch.equal(first[name], other[name]) for name in first)


def test_a_second_training_goes_on_from_the_first_in_another_order(net, dataset):
    class Order(Callback):
        def on_train_begin(self, net, **kwargs):
            net.order = getattr(net, "order", [])

        def on_batch_begin(self, net, batch=None, training=None, **kwargs):
            net.order.append(batch[0]["values"]["a"][:, 0].tolist())

    one, data = net(callbacks=[Order()]), dataset()
    train(Training(one, data, 1, split=None, seed=0))
    before = weights_of(one)
    train(Training(one, data, 1, split=None, seed=0))
    assert len(one.history) == 2
    assert one.history[1, "train_loss"] < one.history[0, "train_loss"]
    assert any(not torch.equal(before[name], weight) for name, weight in weights_of(one).items())
    assert one.order[:5] != one.order[5:]


def test_held_out_rows_are_not_trained_on_but_measured(net, dataset, error):
    data = dataset()
    split = np.arange(0, 30), np.arange(30, 40)
    one = net(n_iter_no_change=100)
    train(Training(one, data, 1, split=split, seed=0))
    assert one.history[-1, "valid_loss"] == pytest.approx(error(one, data.take(split[1])))
    changed = copy.deepcopy(data)
    changed.targets["y"][0][30:] += 100
    other = net(n_iter_no_change=100)
    train(Training(other, changed, 1, split=split, seed=0))
    for name, weight in weights_of(one).items():
        assert torch.equal(weights_of(other)[name], weight)


def test_validation_hides_no_modality_and_drops_nothing_out(net, dataset, network, error):
    data, split = dataset(), (np.arange(0, 20), np.arange(20, 40))
    one = net(network(dropout=0.5), modality_dropout=0.8)
    train(Training(one, data, 1, split=split, seed=0))
    assert one.history[-1, "valid_loss"] == pytest.approx(error(one, data.take(split[1])))


def test_a_split_is_of_one_training_alone(net, dataset):
    one, data = net(), dataset()
    train(Training(one, data, 1, split=(np.arange(0, 30), np.arange(30, 40)), seed=0))
    train(Training(one, data, 1, split=None, seed=0))
    assert "valid_loss" in one.history[0]
    assert "valid_loss" not in one.history[1]


# What skorch offers ------------------------------------------------------------------------------


def test_net_params_reach_skorch(net):
    one = net(optimizer="sgd", net_params={"optimizer__momentum": 0.3})
    assert one.optimizer_.param_groups[0]["momentum"] == 0.3


def test_callbacks_of_the_user_are_called_themselves(net, dataset):
    class Counter(Callback):
        n_epochs = 0

        def on_epoch_end(self, net, **kwargs):
            self.n_epochs += 1
            net.n_counted = self.n_epochs

    mine = Counter()
    one = net(callbacks=[mine])
    train(Training(one, dataset(), 3, split=None, seed=0))
    assert one.n_counted == 3
    assert mine.n_epochs == 3


def test_a_callback_of_scikit_learn_is_sent_where_it_belongs(net):
    with pytest.raises(TypeError, match="ScoringMonitor is one of scikit-learn.*`set_callbacks`"):
        net(callbacks=[ScoringMonitor(scoring="r2")])


def test_frozen_weights_stay(net, dataset):
    one = net(callbacks=[Freezer("encoders.*")])
    before = weights_of(one)
    train(Training(one, dataset(), 2, split=None, seed=0))
    for name, weight in weights_of(one).items():
        assert torch.equal(weight, before[name]) == (name.startswith("encoders") or "abs" in name)


def test_gradients_are_clipped(net, dataset):
    one = net(
        optimizer="sgd",
        learning_rate=1.0,
        callbacks=[GradientNormClipping(1e-6)],
        net_params={"optimizer__momentum": 0, "optimizer__nesterov": False},
    )
    before = weights_of(one)
    train(Training(one, dataset(), 1, split=None, seed=0))  # five steps of at most 1e-6
    change = sum(((w - before[name]) ** 2).sum() for name, w in weights_of(one).items()) ** 0.5
    assert 0 < change <= 5e-6 + 1e-12


def test_a_checkpoint_brings_weights_optimizer_and_history_back(net, dataset, tmp_path):
    checkpoint = Checkpoint(monitor=None, dirname=str(tmp_path), f_pickle=None)
    one = net(callbacks=[checkpoint], learning_rate_schedule="cosine")
    train(Training(one, dataset(), 3, split=None, seed=0))
    other = net(learning_rate_schedule="cosine")
    other.load_params(checkpoint=Checkpoint(dirname=str(tmp_path)))
    for name, weight in weights_of(one).items():
        assert torch.equal(weights_of(other)[name], weight)
    assert len(other.history) == 3


def test_a_score_of_the_users_own_is_recorded_each_epoch(net, dataset):
    def mean_error(net, X, y):
        return -len(X) / 100

    one = net(callbacks=[EpochScoring(mean_error, name="mine")])
    split = np.arange(0, 30), np.arange(30, 40)
    train(Training(one, dataset(), 2, split=split, seed=0))
    assert one.history[:, "mine"] == [-0.1, -0.1]


def test_a_trained_net_survives_pickle_and_goes_on_with_fresh_moments(net, dataset):
    one, data = net(learning_rate_schedule="cosine"), dataset()
    train(Training(one, data, 2, split=None, seed=0))
    twin = pickle.loads(pickle.dumps(one))
    for name, weight in weights_of(one).items():
        assert torch.equal(weights_of(twin)[name], weight)
    one.initialize_optimizer()
    for each in (one, twin):
        train(Training(each, data, 2, split=None, seed=0))
    for name, weight in weights_of(one).items():
        assert torch.equal(weights_of(twin)[name], weight)


def test_a_pickle_carries_weights_alone(net, dataset, network):
    one = net(network(width=200))
    train(Training(one, dataset(), 2, split=None, seed=0))
    size = sum(weight.nbytes for weight in one.module_.parameters())
    assert len(pickle.dumps(one)) < size + 20_000
    assert one.optimizer_.state  # the net that was pickled is as it was


# Sizes -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("n", "expected"), [(10, 10), (100, 16), (2400, 100), (10**6, 256)])
def test_batch_size_follows_the_number_of_samples(n, expected):
    assert choose_batch_size("auto", n) == expected


def test_a_batch_is_no_larger_than_the_data():
    assert choose_batch_size(1000, 30) == 30
    assert choose_batch_size(7, 30) == 7


@pytest.mark.parametrize(
    ("n", "held_out", "expected"),
    [(50, True, 200), (10**6, True, 200), (16, False, 200), (160, False, 80), (10**6, False, 40)],
)
def test_number_of_epochs_follows_the_number_of_steps(n, held_out, expected):
    found = choose_max_epochs("auto", n_samples=n, batch_size=16, held_out=held_out)
    assert found == expected
    assert choose_max_epochs(3, n_samples=n, batch_size=16, held_out=held_out) == 3


def test_training_that_diverges_is_an_error_and_leaves_the_estimator_as_it_was():
    X, y = np.arange(20.0)[:, np.newaxis], np.arange(20.0)
    reg = FusionRegressor(optimizer="sgd", learning_rate=1e12, max_epochs=30, random_state=0)
    with pytest.raises(ValueError, match="Training diverged: the loss of epoch"):
        reg.fit(X, y)
    assert not hasattr(reg, "net_")
