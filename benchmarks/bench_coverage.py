"""How often sets and intervals of automatic fusions hold the truth, by pattern; writes COVERAGE.md.

Run by ``python benchmarks/bench_coverage.py``, with ``--repeats 5`` for a quick look. Each repeat
draws data anew, fits on a part, and asks about the rest, which tells for each pattern of modalities
the share of samples whose set or interval holds the truth.
"""

import argparse
import time
from pathlib import Path

import numpy as np
import torch
from joblib import Parallel, delayed
from sklearn.ensemble import ExtraTreesClassifier, ExtraTreesRegressor
from sklearn.linear_model import LogisticRegression, Ridge

from sklearn_crossmodal import (
    AutoFusionClassifier,
    AutoFusionRegressor,
    FusionClassifier,
    FusionRegressor,
    MultiModalFrame,
)
from sklearn_crossmodal.datasets import make_multimodal_classification, make_multimodal_regression
from sklearn_crossmodal.linear._kernel_ridge import KernelClassifier, KernelRegressor

CONFIDENCES = (0.8, 0.9, 0.95)
N_TRAIN, N_TEST = 1200, 4000
RESULTS = Path(__file__).with_name("COVERAGE.md")


def patterns(X):
    """Return the name of the pattern of each row."""
    there = {name: ~np.isnan(X[name]).any(axis=1) for name in X}
    return np.array(
        [" + ".join(name for name in there if there[name][row]) for row in range(len(X))]
    )


def drop_when_large(X, y, rng):
    """Return X where a sample lacks m1 the more often, the larger y is."""
    gone = rng.uniform(size=len(y)) < np.where(y > np.median(y), 0.6, 0.2)
    return MultiModalFrame({"m0": X["m0"], "m1": np.where(gone[:, np.newaxis], np.nan, X["m1"])})


def classification(seed, told=False):
    """Return X and y of three classes."""
    X, y = make_multimodal_classification(
        N_TRAIN + N_TEST,
        n_classes=3,
        class_sep=1.0,
        missing_rate=0 if told else 0.3,
        random_state=seed,
    )
    return (drop_when_large(X, y, np.random.default_rng(seed)), y) if told else (X, y)


def regression(seed, told=False):
    """Return X and y with noise that grows with what the first modality shows."""
    data = make_multimodal_regression(
        N_TRAIN + N_TEST, missing_rate=0 if told else 0.3, return_X_y=False, random_state=seed
    )
    rng = np.random.default_rng(seed)
    spread = np.exp(data.factors["m0"]["unique"][:, 0])
    y = data.y + 0.5 * spread * rng.normal(size=len(data.y))
    return (drop_when_large(data.X, y, rng), y) if told else (data.X, y)


def held_by_sets(X, y, rows, new):
    """Return a function from the confidence to which of the new rows are held by their set."""
    companions = {
        "linear": (LogisticRegression(), None),
        "kernel": (KernelClassifier(), None),
        "extra_trees": ExtraTreesClassifier(100, random_state=0),
    }
    network = FusionClassifier(max_epochs=10)
    auto = AutoFusionClassifier(estimator=network, companions=companions, random_state=0)
    auto.fit(X[rows], y[rows])
    return lambda confidence: auto.predict_set(X[new], confidence)[np.arange(len(new)), y[new]]


def held_by_intervals(X, y, rows, new):
    """Return a function from the confidence to which of the new rows their interval holds."""
    companions = {
        "linear": (Ridge(), None),
        "kernel": (KernelRegressor(), None),
        "extra_trees": ExtraTreesRegressor(100, random_state=0),
    }
    network = FusionRegressor(max_epochs=10)
    auto = AutoFusionRegressor(estimator=network, companions=companions, random_state=0)
    auto.fit(X[rows], y[rows])

    def held(confidence):
        low, high = auto.predict_interval(X[new], confidence).T
        return (low <= y[new]) & (y[new] <= high)

    return held


TASKS = {
    "sets of three classes": (classification, held_by_sets, False),
    "intervals, noise not equal": (regression, held_by_intervals, False),
    "sets, absence tells of y": (classification, held_by_sets, True),
    "intervals, absence tells of y": (regression, held_by_intervals, True),
}


def coverage(task, seed):
    """Return {(pattern, confidence): share} of one draw."""
    torch.set_num_threads(1)
    draw, held_by, told = TASKS[task]
    X, y = draw(seed, told)
    rows, new = np.arange(N_TRAIN), np.arange(N_TRAIN, len(y))
    held, found = held_by(X, y, rows, new), {}
    pattern = patterns(X[new])
    for confidence in CONFIDENCES:
        right = held(confidence)
        for one in np.unique(pattern):
            found[one, confidence] = right[pattern == one].mean()
    return found


def measure(task, n_repeats, n_jobs):
    """Return a line a pattern: the coverage at each confidence, with its standard error."""
    draws = Parallel(n_jobs)(delayed(coverage)(task, seed) for seed in range(n_repeats))
    lines = []
    for pattern in sorted({pattern for pattern, _ in draws[0]}, key=lambda one: (-len(one), one)):
        cells = []
        for confidence in CONFIDENCES:
            shares = np.array([draw[pattern, confidence] for draw in draws])
            error = shares.std(ddof=1) / np.sqrt(len(shares))
            cells.append(f"{100 * shares.mean():.1f} ± {100 * error:.1f}")
        lines.append(f"| {task} | {pattern} | {' | '.join(cells)} |")
        print(lines[-1], flush=True)
    return lines


def main():
    """Measure all tasks and write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=32)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--tasks", nargs="*", default=list(TASKS))
    given = parser.parse_args()
    start = time.time()
    lines = [line for task in given.tasks for line in measure(task, given.repeats, given.jobs)]
    head = " | ".join(f"{confidence:.0%}" for confidence in CONFIDENCES)
    RESULTS.write_text(
        "# Coverage of sets and intervals, by pattern of modalities\n\n"
        f"`python benchmarks/bench_coverage.py --repeats {given.repeats}`, "
        f"{N_TRAIN} samples to fit and {N_TEST} to ask about, drawn anew each time; percent with "
        f"the standard error over the repeats. {time.time() - start:.0f} s.\n\n"
        f"| task | modalities | {head} |\n|---|---|---|---|---|\n" + "\n".join(lines) + "\n"
    )


if __name__ == "__main__":
    main()
