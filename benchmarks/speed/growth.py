"""Seconds an epoch on one thread as rows and epochs grow."""

from __future__ import annotations

import numpy as np
import torch
from common import Row
from fit_mlp import classifier, data


def seconds_an_epoch(X, y, epochs):
    """Return the seconds of each epoch."""
    clf = classifier(max_epochs=epochs, batch_size=512, dtype="float32").fit(X, y)
    return np.array([row["dur"] for row in clf.history_])


def rows(quick=False):
    """Return the rows of the table."""
    few, many = (2_000, 8_000) if quick else (100_000, 1_000_000)
    X, y = data(many)
    before = torch.get_num_threads()
    torch.set_num_threads(1)  # two are slowed at times by other work, which would look like growth
    ratios = []
    for _ in range(1 if quick else 3):  # in turns
        small = seconds_an_epoch(X[:few], y[:few], 6).min()  # what other work slows is not meant
        large = seconds_an_epoch(X, y, 3).min()
        ratios.append(large / small / (many / few))
    ratio = float(np.median(ratios))
    linear = Row(
        f"seconds an epoch, n = {many}",
        f"n = {few}, a row",
        np.array(ratios),
        "0.90 to 1.10",
        0.9 <= ratio <= 1.1,
        f"{large:.1f} s",
    )
    longer = seconds_an_epoch(X[:few], y[:few], 4 if quick else 40)
    quarter = len(longer) // 4
    ratio = longer[-quarter:].min() / longer[:quarter].min()
    work = f"seconds an epoch, the least of the last {quarter} of {len(longer)}"
    flat = Row(work, f"of the first {quarter}", np.array([ratio]), "≤ 1.10", ratio <= 1.1)
    torch.set_num_threads(before)
    return [linear, flat]


if __name__ == "__main__":
    print(*rows(), sep="\n")
