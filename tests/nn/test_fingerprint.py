import copy
import functools
import pickle
import subprocess
import sys
import threading

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from sklearn_crossmodal.nn.pretrained._fingerprint import fingerprint, is_describable


class Scaled(nn.Module):
    def __init__(self, factor=1.0, sizes=(1, 2)):
        super().__init__()
        self.linear = nn.Linear(2, 2)
        nn.init.ones_(self.linear.weight)
        nn.init.zeros_(self.linear.bias)
        self.register_buffer("shift", torch.tensor(0.5))
        self.factor = factor
        self.sizes = sizes

    def forward(self, values):
        return self.factor * self.linear(values) + self.shift


class OtherCode(Scaled):
    def forward(self, values):
        return self.factor * self.linear(values) - self.shift


OtherCode.__qualname__ = Scaled.__qualname__


def test_equal_modules_have_one_fingerprint():
    module = Scaled()
    expected = fingerprint(module)
    for twin in (Scaled(), copy.deepcopy(module), pickle.loads(pickle.dumps(module))):
        assert fingerprint(twin) == expected
    assert fingerprint(module.eval().requires_grad_(False)) == expected


@pytest.mark.slow
def test_it_is_the_same_in_another_process():
    code = (
        "from torch import nn;"
        "from sklearn_crossmodal.nn.pretrained._fingerprint import fingerprint;"
        "print(fingerprint(nn.Conv2d(1, 1, 3, padding=1).requires_grad_(False).apply("
        "lambda part: [weight.zero_() for weight in part.parameters()])))"
    )
    module = nn.Conv2d(1, 1, 3, padding=1).requires_grad_(False)
    for weight in module.parameters():
        weight.zero_()
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert result.stdout.strip() == fingerprint(module)


def change_a_weight(module):
    with torch.no_grad():
        module.linear.weight[1, 1] += 1e-6


def change_a_buffer(module):
    module.shift.fill_(0.25)


def change_a_setting(module):
    module.factor = 2.0


def change_a_setting_of_several(module):
    module.sizes = (1, 3)


def change_the_precision(module):
    module.double()


@pytest.mark.parametrize(
    "change",
    [
        change_a_weight,
        change_a_buffer,
        change_a_setting,
        change_a_setting_of_several,
        change_the_precision,
    ],
)
def test_what_changes_the_result_changes_the_fingerprint(change):
    module = Scaled()
    before = fingerprint(module)
    change(module)
    assert fingerprint(module) != before


def test_other_code_with_the_same_weights_has_another_fingerprint():
    assert fingerprint(OtherCode()) != fingerprint(Scaled())


def test_the_order_of_layers_counts():
    first, second = nn.Sequential(nn.ReLU(), nn.Tanh()), nn.Sequential(nn.Tanh(), nn.ReLU())
    assert fingerprint(first) != fingerprint(second)


class Setting(nn.Module):
    def __init__(self, setting, name="setting"):
        super().__init__()
        setattr(self, name, setting)


class Point:
    def __init__(self, x):
        self.x = x


def times(factor):
    return lambda values: factor * values


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (F.relu, torch.tanh),
        (torch.tanh, torch.sigmoid),
        (times(2), times(3)),
        (lambda values: values + 1, lambda values: values + 2),
        (functools.partial(F.softmax, dim=0), functools.partial(F.softmax, dim=1)),
        (nn.ReLU, nn.Tanh),
        ({"a": 1}, {"a": 2}),
        ({1, 2}, {1, 3}),
        (torch.float32, torch.float64),
        (np.arange(3), np.arange(3) + 1),
        (torch.zeros(2), torch.ones(2)),
        ([nn.Dropout(0.1)], [nn.Dropout(0.2)]),
        (Point(1), Point([2])),
    ],
)
@pytest.mark.parametrize("name", ["setting", "_setting"])
def test_settings_of_every_type_count(one, other, name):
    assert fingerprint(Setting(one, name)) != fingerprint(Setting(other, name))
    assert fingerprint(Setting(one, name)) == fingerprint(copy.deepcopy(Setting(one, name)))
    assert is_describable(Setting(one, name))


def test_hooks_and_repeated_layers_count():
    hooked = nn.Linear(2, 2)
    before = fingerprint(hooked)
    hooked.register_forward_hook(lambda module, given, output: 2 * output)
    assert fingerprint(hooked) != before
    layer, other = nn.Linear(2, 2), nn.Tanh()
    assert fingerprint(nn.Sequential(layer, other, layer)) != fingerprint(
        nn.Sequential(layer, other)
    )


def test_layers_of_torch_are_described_and_locks_are_not():
    for layer in (nn.LSTM(2, 3), nn.TransformerEncoderLayer(4, 2), nn.Conv2d(1, 1, 3)):
        assert is_describable(layer)
        assert fingerprint(pickle.loads(pickle.dumps(layer))) == fingerprint(layer)
    assert not is_describable(Setting(threading.Lock()))
    assert not is_describable(nn.Sequential(Setting({"generator": torch.Generator()})))


def test_a_setting_may_hold_its_module():
    module = Setting(None)
    module.setting = [module, module.forward]
    assert fingerprint(module) == fingerprint(copy.deepcopy(module))
