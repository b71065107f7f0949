import numpy as np
import pytest
import torch
from torch import nn

from sklearn_crossmodal.training import OPTIMIZERS, Training, optimizer_settings, train


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_a_name_stands_for_an_optimizer_with_rate_and_decay(name):
    settings = optimizer_settings(name, 0.1, 0.02)
    assert settings["optimizer"] is OPTIMIZERS[name][0]
    assert settings["lr"] == 0.1
    assert settings["optimizer__weight_decay"] == 0.02


def test_a_class_gets_weight_decay_only_if_it_takes_it():
    assert "optimizer__weight_decay" in optimizer_settings(torch.optim.RMSprop, 0.1, 0.02)
    assert "optimizer__weight_decay" not in optimizer_settings(torch.optim.LBFGS, 0.1, 0.02)


@pytest.mark.parametrize("optimizer", [*OPTIMIZERS, torch.optim.RMSprop, torch.optim.LBFGS])
def test_every_optimizer_brings_the_loss_down(net, dataset, error, optimizer):
    data = dataset()
    one = net(optimizer=optimizer, learning_rate=0.03, weight_decay=1e-4, batch_size=20)
    before = error(one, data)
    train(Training(one, data, 6, split=None, seed=0))
    assert error(one, data) < 0.5 * before


@pytest.mark.parametrize("decay", [0.0, 0.1])
def test_weight_decay_spares_biases_and_norms(net, dataset, network, decay):
    module = network()
    module.bottleneck = nn.LayerNorm(12).double()
    one = net(module, optimizer="adamw", weight_decay=decay, learning_rate=0.5)
    before = {name: w.detach().clone() for name, w in module.named_parameters()}
    # Samples of no weight have no gradient: only the decay is left, over five steps.
    train(Training(one, dataset(sample_weight=np.zeros(40)), 1, split=None, seed=0))
    for name, weight in one.module_.named_parameters():
        factor = (1 - 0.5 * decay) ** 5 if weight.ndim > 1 else 1.0
        torch.testing.assert_close(weight.detach(), before[name] * factor)
    assert {weight.ndim for weight in before.values()} == {1, 2}


def test_weight_decay_keeps_the_groups_of_a_user(net):
    groups = [("decoders.*", {"lr": 0.5})]
    one = net(weight_decay=0.1, net_params={"optimizer__param_groups": groups})
    rates = {}
    for group in one.optimizer_.param_groups:
        for weight in group["params"]:
            rates[id(weight)] = group["lr"], group["weight_decay"]
    for name, weight in one.module_.named_parameters():
        lr = 0.5 if name.startswith("decoders") else 0.01
        assert rates[id(weight)] == (lr, 0.1 if weight.ndim > 1 else 0.0)
