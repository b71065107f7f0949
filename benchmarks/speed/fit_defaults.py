"""A whole fit at default settings on a small table, early stopping included."""

from __future__ import annotations

import copy

import numpy as np
import torch
from common import DEVICE, below, interleaved
from torch.nn import functional

from sklearn_crossmodal import FusionClassifier


def by_hand(network, X, y, epochs, batch_size):
    """Train and validate for so many epochs on tensors, keeping the best weights."""
    optimizer = torch.optim.Adam(network.parameters())
    order = torch.randperm(len(y), device=y.device)
    n_valid = round(0.15 * len(y))
    train, valid = order[n_valid:], order[:n_valid]
    best, kept = np.inf, None
    for _ in range(epochs):
        network.train()
        for rows in train[torch.randperm(len(train), device=y.device)].split(batch_size):
            scores = network({"columns": X.index_select(0, rows)})["y"]
            loss = functional.cross_entropy(scores, y.index_select(0, rows))
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        network.eval()
        with torch.no_grad():
            loss = functional.cross_entropy(network({"columns": X[valid]})["y"], y[valid]).item()
        if loss < best:
            best, kept = loss, copy.deepcopy(network.state_dict())
    network.load_state_dict(kept)


def rows(quick=False):
    """Return the rows of the table."""
    rng = np.random.default_rng(0)
    n = 300 if quick else 2_000
    X = rng.normal(size=(n, 40)).astype(np.float32)
    y = (X[:, :3].sum(axis=1) + rng.normal(size=n) > 0).astype(int)

    def ours():
        return FusionClassifier(validation=0.15, random_state=0).fit(X, y)

    fitted = ours()
    epochs = fitted.n_iter_
    network = copy.deepcopy(fitted.network_).float()  # as it is by hand
    network._modalities = {"columns": next(iter(network._modalities.values()))}
    tensors = torch.from_numpy(X).to(DEVICE), torch.from_numpy(y).to(DEVICE)
    seconds = interleaved(
        {
            "ours": ours,
            "loop by hand": lambda: by_hand(
                copy.deepcopy(network), *tensors, epochs, fitted.net_.batch_size
            ),
        },
        rounds=1 if quick else 7,
    )
    work = f"fit, {n} × 40, defaults with early stopping, {epochs} epochs"
    return [
        below(
            work, seconds, "ours", "loop by hand", 1.15, f"in {fitted.dtype_}, by hand in float32"
        )
    ]


if __name__ == "__main__":
    print(*rows(), sep="\n")
