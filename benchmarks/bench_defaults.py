"""What the defaults of fusions are better than, on generated data; writes DEFAULTS.md.

Run by ``python benchmarks/bench_defaults.py``, with ``--seeds 1`` for a quick look. Each setting
changes one parameter. It is compared with the defaults on the same samples: what is shown is the
mean over all pairs of a set and a seed of the difference, with its standard error.
"""

from __future__ import annotations

import argparse
import os
import time
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import torch
from joblib import Parallel, delayed
from sklearn.metrics import log_loss
from skorch.callbacks import GradientNormClipping

from sklearn_crossmodal import FusionClassifier, FusionRegressor
from sklearn_crossmodal.datasets import make_multimodal_classification, make_multimodal_regression

RESULTS = Path(__file__).with_name("DEFAULTS.md")
N_TEST = 2000
#: Where the figures of what was removed begin, which are kept.
REMOVED = "## No longer offered"

#: Name -> (how many samples to train on, what makes the data, its settings).
SETS = {
    "shared and own parts": (600, make_multimodal_classification, {"n_classes": 3, "class_sep": 1}),
    "four modalities": (800, make_multimodal_classification, {"n_modalities": 4, "n_classes": 4}),
    "five of noise": (600, make_multimodal_classification, {"n_noise_modalities": 5}),
    "only together": (
        800,
        make_multimodal_classification,
        {"redundant": 0, "unique": 0, "synergy": 1},
    ),
    "one weak": (500, make_multimodal_classification, {"unique": (2.0, 0.3), "class_sep": 1}),
    "few and wide": (240, make_multimodal_classification, {"n_features": 200, "n_modalities": 3}),
    "some absent": (600, make_multimodal_classification, {"n_modalities": 3, "missing_rate": 0.3}),
    "labels wrong": (600, make_multimodal_classification, {"flip_y": 0.3}),
    "numbers": (600, make_multimodal_regression, {"n_modalities": 3, "noise": 0.5}),
    "numbers, together": (800, make_multimodal_regression, {"synergy": 1.0, "noise": 0.3}),
}
#: One network that trains on all rows, to which its own changes are to be compared.
ONE = {"n_folds": None, "validation": None}
#: What is changed of the defaults.
SETTINGS = {
    "the defaults": {},
    "no heads": {"auxiliary_weight": 0},
    "heads as heavy as the fusion": {"auxiliary_weight": 1.0},
    "no modality dropout": {"modality_dropout": 0.0},
    "modality dropout .3": {"modality_dropout": 0.3},
    "gated": {"fusion": "gated"},
    "attention": {"fusion": "attention"},
    "low rank": {"fusion": "low_rank"},
    "late": {"fusion": "late"},
    "constant learning rate": {"learning_rate_schedule": "constant"},
    "no weight decay": {"weight_decay": 0.0},
    "one network, rows held out": {"validation": 0.15},
    "one network": ONE,
    "one network, gradients clipped at 1": {**ONE, "callbacks": [GradientNormClipping(1.0)]},
}
MEASURES = ("score", "log-loss", "one modality", "seconds")


def measure(set_name, setting, seed):
    """Return the measures of a setting on a set."""
    torch.set_num_threads(1)
    n_train, make, settings = SETS[set_name]
    X, y = make(n_train + N_TEST, random_state=seed, **settings)
    kind = FusionClassifier if make is make_multimodal_classification else FusionRegressor
    start = time.perf_counter()
    model = kind(random_state=seed, **SETTINGS[setting]).fit(X[:n_train], y[:n_train])
    seconds = time.perf_counter() - start
    X_new, y_new = X[n_train:], y[n_train:]
    loss = np.nan
    if kind is FusionClassifier:
        loss = log_loss(y_new, model.predict_proba(X_new), labels=model.classes_)
    alone = np.mean([_score_of_one(model, X_new, y_new, name) for name in ("m0", "m1")])
    return model.score(X_new, y_new), loss, alone, seconds


def _score_of_one(model, X, y, name):
    """Score the samples that have a modality by that alone."""
    there = ~np.isnan(X[name]).any(axis=1)
    return model.score(X[[name]][there], y[there])


def differences(found):
    """Return {setting: (mean, standard error)} of each measure against the defaults'."""
    plain = found["the defaults"]
    table = {}
    for setting, values in found.items():
        apart = values - plain
        apart[:, 3] = values[:, 3] / plain[:, 3]
        n_pairs = np.isfinite(apart).sum(axis=0)
        table[setting] = np.nanmean(apart, axis=0), np.nanstd(apart, axis=0) / np.sqrt(n_pairs)
    return table


def report(found, n_seeds):
    """Return the table as Markdown."""
    plain = np.nanmean(found["the defaults"], axis=0)
    lines = [
        "# What the defaults are better than",
        "",
        f"`python benchmarks/bench_defaults.py --seeds {n_seeds}`, on {os.cpu_count()} CPUs, torch "
        f"{torch.__version__}. {len(SETS)} generated sets ({', '.join(SETS)}), {n_seeds} seeds.",
        "Differences from the defaults, whose means are "
        f"{plain[0]:.4f} accuracy or R², {plain[1]:.4f} log-loss, {plain[2]:.4f} accuracy or R² "
        "from one modality alone; and how many times their seconds of training. ± is one standard "
        "error over the pairs of set and seed.",
        "",
        "| changed | score | log-loss | one modality | times as long |",
        "|---|---|---|---|---|",
    ]
    for setting, (mean, error) in differences(found).items():
        if setting != "the defaults":
            cells = [f"{mean[place]:+.4f} ± {error[place]:.4f}" for place in range(3)]
            lines.append(f"| {setting} | {' | '.join(cells)} | {mean[3]:.1f} |")
    return "\n".join(lines) + "\n"


def main(n_seeds, n_jobs):
    """Measure all settings, and write the table."""
    tasks = [
        (name, setting, seed) for seed in range(n_seeds) for name in SETS for setting in SETTINGS
    ]
    results = Parallel(n_jobs=n_jobs, verbose=1)(delayed(measure)(*task) for task in tasks)
    found = {setting: [] for setting in SETTINGS}
    for (_, setting, _), values in zip(tasks, results, strict=True):
        found[setting].append(values)
    found = {setting: np.array(values) for setting, values in found.items()}
    _, *removed = RESULTS.read_text(encoding="utf-8").partition(REMOVED)
    RESULTS.write_text(f"{report(found, n_seeds)}\n{''.join(removed)}", encoding="utf-8")
    print(RESULTS.read_text(encoding="utf-8"))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--jobs", type=int, default=2, help="fits at a time")
    arguments = parser.parse_args()
    main(arguments.seeds, arguments.jobs)
