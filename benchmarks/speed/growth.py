"""Seconds an epoch as rows and epochs grow."""

from __future__ import annotations

import numpy as np
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
    ratios = []
    for _ in range(1 if quick else 3):  # in turns
        small = np.median(seconds_an_epoch(X[:few], y[:few], 6)[1:])
        large = np.median(seconds_an_epoch(X, y, 3)[1:])
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
    ratios = longer[-quarter:] / np.median(longer[:quarter])
    middle = float(np.median(ratios))
    flat = Row(
        f"seconds an epoch, the last of {len(longer)}",
        "the first",
        ratios,
        "≤ 1.10",
        middle <= 1.1,
    )
    return [linear, flat]


if __name__ == "__main__":
    print(*rows(), sep="\n")
