"""What automatic fusion costs, what a time limit leaves of it, and what it says; writes AUTO.md.

``make bench-auto``; ``bench_auto.py --parts limits --sets emoji`` runs a part, and leaves the other
parts of the page as they are. Test rows are looked at here and nowhere else.
"""

from __future__ import annotations

import argparse
import os
import pickle
import platform
import re
import sys
import time
import warnings
from pathlib import Path

# One thread, before NumPy and torch read it: times are compared in one process.
os.environ.setdefault("OMP_NUM_THREADS", "1")
sys.path.insert(0, str(Path(__file__).parent / "fusion"))

import numpy as np
import torch
from rows import ROWS
from sklearn.ensemble import StackingClassifier
from sklearn.linear_model import LogisticRegression, RidgeCV
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline

from sklearn_crossmodal import (
    AutoFusionClassifier,
    AutoFusionRegressor,
    ModalityVectorizer,
    MultiModalFrame,
)
from sklearn_crossmodal.datasets import load_emoji, make_multimodal_classification
from sklearn_crossmodal.ensemble._fitting._features import DenseReducer
from sklearn_crossmodal.ensemble.companions import COMPANIONS, CompanionSpec

RESULTS = Path(__file__).with_name("AUTO.md")
LIMITS = 5, 15, 30, 60, 120
LIMITED = "emoji", "clothing, Rating", "mv_scene15", "emoji with a table"
STACKED = "wine", "breast cancer", "rosmap", "mv_scene15"
N_DRAWS = 20


# Sets ------------------------------------------------------------------------------------------


def _load(name):
    """Return X and y to train on, X and y to test on, and the automatic fusion of the task."""
    if name != "emoji with a table":
        split = ROWS[name].load(0)
        kind = AutoFusionClassifier if ROWS[name].task == "classification" else AutoFusionRegressor
        return split.X_train, split.y_train, *next(iter(split.tests.values())), kind
    parts = []
    for part in ("train", "test"):
        data = load_emoji(split=part)
        parts += [_with_table(data), data.target]
    return *parts, AutoFusionClassifier


def _with_table(emoji):
    """Return images, texts, and of the code points the last two digits and how many there are."""
    points = [[int(one, 16) for one in code.split("-")] for code in emoji.hexcode]
    table = [[each[0] % 256, each[-1] % 256, len(each)] for each in points]
    return MultiModalFrame(
        {"image": emoji.data["image"], "text": emoji.data["text"], "table": np.array(table, float)}
    )


# Time limits -----------------------------------------------------------------------------------


def limits(names):
    """Yield lines: scores and seconds under time limits, beside linear models by modality."""
    yield "Score of test rows (accuracy, R² of Rating) and seconds of `fit`; linear: the best of "
    yield "logistic regression or ridge on one modality, its penalty by cross-validation."
    yield ""
    yield f"| data set | linear | {' | '.join(f'{one} s' for one in LIMITS)} | no limit |"
    yield f"|---|---|{'---|' * (len(LIMITS) + 1)}"
    for name in names:
        X, y, X_test, y_test, kind = _load(name)
        cells = [f"{_best_linear(X, y, X_test, y_test, kind):.3f}"]
        for limit in (*LIMITS, None):
            start = time.perf_counter()
            auto = kind(time_limit=limit, random_state=0).fit(X, y)
            seconds = time.perf_counter() - start
            cells.append(f"{auto.score(X_test, y_test):.3f} ({seconds:.0f} s)")
            print(name, limit, cells[-1], dict(_used(auto)), flush=True)
        yield f"| {name} | {' | '.join(cells)} |"


def _best_linear(X, y, X_test, y_test, kind):
    scores = []
    for name in X:
        model = RidgeCV(10.0 ** np.arange(-3, 5))
        if kind is AutoFusionClassifier:
            grid = {"C": 10.0 ** np.arange(-3, 2)}
            model = GridSearchCV(LogisticRegression(max_iter=300), grid, cv=3)
        model = make_pipeline(ModalityVectorizer(), model).fit(X[[name]], y)
        scores.append(model.score(X_test[[name]], y_test))
    return max(scores)


def _used(auto):
    table = auto.leaderboard_
    return zip(table["model"], np.round(table["weight"], 2).tolist(), strict=True)


# Beside stacking -------------------------------------------------------------------------------


def stacking(names):
    """Yield lines: seconds beside scikit-learn's stacking of the same companions, and sizes."""
    yield "`StackingClassifier` has the same companions on the features of `ModalityVectorizer`, "
    yield "five folds, and logistic regression on top."
    yield ""
    yield "| data set | stacking, s | `AutoFusionClassifier`, s | times | accuracy | stacking's |"
    yield "|---|---|---|---|---|---|"
    for name in names:
        X, y, X_test, y_test, _ = _load(name)
        start = time.perf_counter()
        stacked = StackingClassifier(list(_companions(len(y))), LogisticRegression(max_iter=1000))
        floor = stacked.fit(X, y).score(X_test, y_test)
        half = time.perf_counter()
        auto = AutoFusionClassifier(random_state=0).fit(X, y)
        times = half - start, time.perf_counter() - half
        yield (
            f"| {name} | {times[0]:.1f} | {times[1]:.1f} | {times[1] / times[0]:.1f} | "
            f"{auto.score(X_test, y_test):.3f} | {floor:.3f} |"
        )


def _companions(n_rows):
    spec = CompanionSpec(n_rows, 1, 0)
    for name, companion in COMPANIONS.items():
        if companion.is_default:
            vectors = ModalityVectorizer(n_components=companion.n_components, random_state=0)
            reducer = [] if companion.n_components is None else [DenseReducer()]
            yield name, make_pipeline(vectors, *reducer, companion().classifier(spec))


def sizes(names):
    """Yield lines: seconds, size and time of one row."""
    yield "| data set | seconds | MB of a pickle | ms to predict one row | score |"
    yield "|---|---|---|---|---|"
    for name in names:
        X, y, X_test, y_test, kind = _load(name)
        start = time.perf_counter()
        auto = kind(random_state=0).fit(X, y)
        seconds, size = time.perf_counter() - start, len(pickle.dumps(auto)) / 1e6
        one = X_test[[0]]
        rows = [_seconds_of(auto.predict, one) for _ in range(30)]
        yield (
            f"| {name} | {seconds:.0f} | {size:.1f} | {1e3 * np.median(rows):.0f} | "
            f"{auto.score(X_test, y_test):.3f} |"
        )


def _seconds_of(function, *arguments):
    start = time.perf_counter()
    function(*arguments)
    return time.perf_counter() - start


# What fusion_gain_ says ------------------------------------------------------------------------


def gains(_):
    """Yield lines: how often intervals of `fusion_gain_` hold the truth on generated data."""
    right = {"useless, holds 0": 0, "two useful, both above 0": 0, "XOR, both above 0": 0}
    for seed in range(N_DRAWS):
        table = _gains_of(*_useful_and_useless(seed), seed)
        right["useless, holds 0"] += table["noise"][0] <= 0 <= table["noise"][1]
        right["two useful, both above 0"] += min(table["good"][0], table["also"][0]) > 0
        xor = {"redundant": 0, "unique": 0, "synergy": 1, "random_state": seed}
        table = _gains_of(*make_multimodal_classification(800, **xor), seed)
        right["XOR, both above 0"] += min(lower for lower, _ in table.values()) > 0
        print(seed, right, flush=True)
    yield f"95 % intervals of what a modality adds to the rest, {N_DRAWS} draws each."
    yield ""
    yield "| modality | right |"
    yield "|---|---|"
    yield from (f"| {name} | {count} of {N_DRAWS} |" for name, count in right.items())


def _useful_and_useless(seed):
    rng = np.random.default_rng(seed)
    y = rng.integers(0, 2, 400)
    good, also = (rng.normal(size=(400, 3)) + y[:, np.newaxis] * 0.8 for _ in range(2))
    return MultiModalFrame({"good": good, "also": also, "noise": rng.normal(size=(400, 5))}), y


def _gains_of(X, y, seed):
    table = AutoFusionClassifier(random_state=seed).fit(X, y).fusion_gain_.table
    bounds = zip(table["lower"], table["upper"], strict=True)
    return dict(zip(table["modality"], bounds, strict=True))


#: Part -> (heading, what yields its lines, default sets).
PARTS = {
    "stacking": ("Beside stacking", stacking, STACKED),
    "sizes": ("Time and size", sizes, ("wine", "mv_scene15", "emoji", "clothing, Rating")),
    "limits": ("Under a time limit", limits, LIMITED),
    "gains": ("What `fusion_gain_` says", gains, ()),
}


def main(parts, sets):
    """Run parts, print them and write them into the page."""
    warnings.simplefilter("ignore")
    torch.set_num_threads(int(os.environ["OMP_NUM_THREADS"]))
    text = RESULTS.read_text(encoding="utf-8") if RESULTS.exists() else ""
    found = dict(re.findall(r"^## (.*?)\n\n(.*?)(?=\n## |\Z)", text, re.MULTILINE | re.DOTALL))
    for part in parts:
        heading, run, default = PARTS[part]
        found[heading] = "\n".join(run(sets or default)) + "\n"
        print(found[heading], flush=True)
    lines = [
        "# Automatic fusion: time, limits, and what it says of modalities",
        "",
        f"`make bench-auto`; torch {torch.__version__}, {torch.get_num_threads()} thread, "
        f"{platform.machine()}, defaults, seed 0.",
        "",
    ]
    lines.append("")
    ordered = [heading for heading, *_ in PARTS.values() if heading in found]
    body = "\n".join(f"## {heading}\n\n{found[heading]}" for heading in ordered)
    RESULTS.write_text("\n".join(lines) + body, encoding="utf-8")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=list(PARTS))
    parser.add_argument("--sets", nargs="+")
    arguments = parser.parse_args()
    main(arguments.parts, arguments.sets)
