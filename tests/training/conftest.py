"""A net over two modalities of numbers, as an estimator makes it, small enough for a blink."""

import numpy as np
import pytest
import torch
from torch import nn

from sklearn_crossmodal.data import Block, BlockSpec
from sklearn_crossmodal.nn import MultiModalNetwork, build_fusion, build_loss
from sklearn_crossmodal.nn.encoders import MLPEncoder
from sklearn_crossmodal.nn.fusion import ConcatFusion
from sklearn_crossmodal.training import BlockDataset, Net, TrainingConfig, make_net

WIDTHS = {"a": 3, "b": 2}


def block_of(values, present=None):
    present = np.ones(len(values), dtype=bool) if present is None else present
    return Block(values, present, BlockSpec("vector", values.shape[1:]))


@pytest.fixture(autouse=True)
def _seeded():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        yield


@pytest.fixture
def blocks():
    """Return a function that makes the blocks of two modalities and of a target."""

    def make(n=40, noise=0.1, present=None):
        rng = np.random.default_rng(0)
        inputs = {name: rng.normal(size=(n, width)) for name, width in WIDTHS.items()}
        y = inputs["a"][:, :1] - inputs["b"][:, :1] + noise * rng.normal(size=(n, 1))
        present = present or {}
        found = {name: block_of(values, present.get(name)) for name, values in inputs.items()}
        return found, {"y": block_of(y, present.get("y"))}

    return make


@pytest.fixture
def dataset(blocks):
    """Return a function that makes a data set of these blocks."""

    def make(n=40, noise=0.1, sample_weight=None, present=None, labels=None):
        inputs, targets = blocks(n, noise, present)
        return BlockDataset.from_blocks(inputs, torch.float64, targets, sample_weight, labels)

    return make


@pytest.fixture
def network():
    """Return a function that makes the network, the same at each call."""

    def make(dropout=0.0, width=6):
        torch.manual_seed(1)
        encoders = {
            name: MLPEncoder(width=width, dropout=dropout).build(BlockSpec("vector", (size,)))
            for name, size in WIDTHS.items()
        }
        head = {"y": nn.Linear(2 * width, 1)}
        fusion = build_fusion(ConcatFusion(width=0), [width] * 2)
        return MultiModalNetwork(encoders, fusion, nn.Identity(), head).double()

    return make


@pytest.fixture
def net(network):
    """Return a function that makes a net with an estimator's parameters, but for those given."""

    def make(module=None, net_class=Net, n_samples=40, precision="float64", **params):
        plain = {
            "batch_size": 8,
            "learning_rate": 0.01,
            "learning_rate_schedule": "constant",
            "weight_decay": 0.0,
            "modality_dropout": 0.0,
        }
        return make_net(
            net_class,
            network() if module is None else module,
            {"y": build_loss("squared_error", BlockSpec("vector", (1,)))},
            TrainingConfig(**plain | params),
            n_samples=n_samples,
            device="cpu",
            precision=precision,
        )

    return make


@pytest.fixture
def error():
    """Return a function that gives the mean squared error of a net on a data set."""

    def measure(net, dataset):
        net.module_.eval()
        inputs, targets, _ = dataset.batch(dataset.rows)
        with torch.inference_mode():
            return float(((net.module_(**inputs)["y"] - targets["y"][0]) ** 2).mean())

    return measure
