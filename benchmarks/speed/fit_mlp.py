"""Training of a two-branch MLP: ours, a loop written by hand, the best such loop, plain skorch."""

from __future__ import annotations

import copy
import time

import numpy as np
import torch
from common import DEVICE, below, interleaved
from skorch import NeuralNetClassifier
from torch import nn
from torch.nn import functional

from sklearn_crossmodal import FusionClassifier, Numeric
from sklearn_crossmodal.nn.encoders import MLPEncoder
from sklearn_crossmodal.nn.fusion import ConcatFusion

N_COLUMNS, N_CLASSES, EPOCHS = 150, 10, 5
LIMITS = {64: 0.80, 128: 0.80, 512: 0.90}


def data(n):
    """Return two modalities side by side, and classes."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n, N_COLUMNS)).astype(np.float32)
    return X, rng.integers(0, N_CLASSES, n)


def classifier(**params):
    """Return the estimator: 100 and 50 columns, 128 and 64 units."""
    settings = {"max_epochs": EPOCHS, "validation": None, "modality_dropout": 0.0}
    return FusionClassifier(
        [
            ("a", Numeric(scaling=None, encoder=MLPEncoder(128)), slice(0, 100)),
            ("b", Numeric(scaling=None, encoder=MLPEncoder(128)), slice(100, N_COLUMNS)),
        ],
        fusion=ConcatFusion(width=64),
        n_folds=None,
        random_state=0,
        learning_rate_schedule="constant",
        **(settings | params),
    )


class Plain(nn.Module):
    """The same network for skorch, which hands on a dict of columns."""

    def __init__(self, network):
        super().__init__()
        self.network = network

    def forward(self, a, b):
        return self.network({"a": a, "b": b})["y"]


def by_hand(network, a, b, y, batch_size, epochs=EPOCHS):
    """Train with the loop of the tutorials, on tensors: default Adam, one gather a batch."""
    optimizer = torch.optim.Adam(network.parameters())
    for _ in range(epochs):
        for rows in torch.randperm(len(y), device=y.device).split(batch_size):
            scores = network({"a": a.index_select(0, rows), "b": b.index_select(0, rows)})["y"]
            loss = functional.cross_entropy(scores, y.index_select(0, rows))
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()


def at_best(network, a, b, y, batch_size, epochs=EPOCHS):
    """Train with the best such loop known: fused Adam, 4096 rows gathered at once."""
    optimizer = torch.optim.Adam(network.parameters(), fused=True)
    n = 4096 // batch_size * batch_size
    for _ in range(epochs):
        for chunk in torch.randperm(len(y), device=y.device).split(n):
            parts = [tensor.index_select(0, chunk).split(batch_size) for tensor in (a, b, y)]
            for a_batch, b_batch, y_batch in zip(*parts, strict=True):
                scores = network({"a": a_batch, "b": b_batch})["y"]
                loss = functional.cross_entropy(scores, y_batch)
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()


def rows(quick=False):
    """Return the rows of the table."""
    n = 600 if quick else 50_000
    X, y = data(n)
    views = X[:, :100].copy(), X[:, 100:].copy()
    tensors = [torch.from_numpy(view).to(DEVICE) for view in views]
    few = classifier(max_epochs=1, dtype="float32").fit(X[:500], y[:500])
    network = copy.deepcopy(few.network_).train()
    labels = torch.from_numpy(y).to(DEVICE)

    def skorch(batch_size):
        net = NeuralNetClassifier(
            Plain(copy.deepcopy(network)),
            criterion=nn.CrossEntropyLoss,
            optimizer=torch.optim.Adam,
            lr=1e-3,
            max_epochs=EPOCHS,
            batch_size=batch_size,
            train_split=None,
            verbose=0,
            device=DEVICE,
        )
        net.fit(dict(zip("ab", views, strict=True)), y)

    def compared(batch_size):
        """Return the seconds of each, for one batch size."""
        runs = {
            "ours": lambda: classifier(batch_size=batch_size).fit(X, y),
            "loop by hand": lambda: by_hand(copy.deepcopy(network), *tensors, labels, batch_size),
            "best loop by hand": lambda: at_best(
                copy.deepcopy(network), *tensors, labels, batch_size
            ),
            "skorch as it comes": lambda: skorch(batch_size),
        }
        return interleaved(runs, rounds=1 if quick else 3)

    found = []
    for batch_size, limit in LIMITS.items():
        seconds = compared(batch_size)
        work = f"fit, two-branch MLP, n = {n}, batch {batch_size}"
        note = f"{np.median(seconds['ours']) / EPOCHS:.2f} s an epoch"
        found += [
            below(work, seconds, "ours", "loop by hand", limit, note),
            below(work, seconds, "ours", "best loop by hand", 1.10),
            below(work, seconds, "ours", "skorch as it comes", 0.45),
        ]
    return found


if __name__ == "__main__":
    start = time.perf_counter()
    print(*rows(), sep="\n")
    print(f"{time.perf_counter() - start:.0f} s")
