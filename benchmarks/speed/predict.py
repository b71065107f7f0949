"""Prediction: many rows, and one."""

from __future__ import annotations

import time

import numpy as np
import torch
from common import DEVICE, Row, above, below, interleaved
from fit_mlp import Plain, classifier, data
from sklearn.neural_network import MLPClassifier
from skorch import NeuralNetClassifier


def many(fitted, X, quick):
    """Return the rows of `predict_proba` on all of X."""
    views = {"a": X[:, :100].copy(), "b": X[:, 100:].copy()}
    a, b = (torch.from_numpy(view).to(DEVICE) for view in views.values())

    def bare(size):
        with torch.inference_mode():
            batches = zip(a.split(size), b.split(size), strict=True)
            scores = [fitted.network_({"a": x, "b": z})["y"].softmax(1) for x, z in batches]
            return torch.cat(scores).cpu().numpy()

    net = NeuralNetClassifier(Plain(fitted.network_), device=DEVICE).initialize()
    seconds = interleaved(
        {
            "ours": lambda: fitted.predict_proba(X),
            "network alone, batches of 4096": lambda: bare(4096),
            "network alone, batches of 1024": lambda: bare(1024),
            "skorch as it comes": lambda: net.predict_proba(views),
        },
        rounds=1 if quick else 5,
    )
    best = min((k for k in seconds if "alone" in k), key=lambda k: np.median(seconds[k]))
    work = f"predict_proba, {len(X)} rows"
    return [
        below(work, seconds, "ours", best, 1.15, f"{np.median(seconds['ours']):.2f} s"),
        above(work, seconds, "ours", "skorch as it comes", 7.0, "times as fast"),
    ]


def one(fitted, X, y, quick):
    """Return the rows of `predict` on one row, in turns of single calls."""
    row = X[:1]
    a, b = (torch.from_numpy(part.copy()).to(DEVICE) for part in (row[:, :100], row[:, 100:]))
    rival = MLPClassifier((128, 64), max_iter=1).fit(X[:2000], y[:2000])

    def bare():
        with torch.inference_mode():
            return fitted.network_({"a": a, "b": b})["y"]

    calls = {"ours": lambda: fitted.predict(row), "bare": bare, "MLP": lambda: rival.predict(row)}
    taken = {name: [] for name in calls}
    for _ in range(20 if quick else 2000):
        for name, call in calls.items():
            start = time.perf_counter()
            call()
            taken[name].append(1e3 * (time.perf_counter() - start))
    ours, alone, mlp = (np.median(taken[name]) for name in calls)
    more = np.subtract(taken["ours"], taken["bare"])
    work, note = "predict, one row", f"{ours:.2f} ms; alone {alone:.2f}; MLPClassifier {mlp:.2f}"
    over = Row(
        work,
        "network alone",
        more,
        "≤ 0.25 ms more",
        ours - alone <= 0.25,
        note,
    )
    ratios = np.divide(taken["ours"], taken["MLP"])
    return [over, Row(work, "MLPClassifier", ratios, "≤ 1.00", bool(np.median(ratios) <= 1))]


def rows(quick=False):
    """Return the rows of the table."""
    X, y = data(5_000 if quick else 200_000)
    fitted = classifier(max_epochs=1, dtype="float32").fit(X[:3000], y[:3000])
    return many(fitted, X, quick) + one(fitted, X, y, quick)


if __name__ == "__main__":
    torch.set_num_threads(1)
    print(*rows(), sep="\n")
