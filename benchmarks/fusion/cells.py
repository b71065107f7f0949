"""One cell of the benchmark: a model fitted to a row with a seed, and its scores."""

from __future__ import annotations

import os
import platform
import time
import warnings

import numpy as np
import sklearn
import torch
from columns import COLUMNS, Work
from row import MultiModalFrame, Row, Split
from rows import ROWS
from scoring import score
from sklearn.exceptions import ConvergenceWarning

__all__ = ["fits", "measure", "seeds_of"]

#: Rows that are left of training and test in a quick run, which only shows that all work.
_QUICK_ROWS = 200


def fits(row: Row, column: str) -> bool:
    """Tell whether a column has something to fit in a row, in a time that can be waited for."""
    there = {None: True, "text": row.has_text, "classification": row.task == "classification"}
    return column not in row.skips and there[COLUMNS[column].needs]


def seeds_of(row: Row, column: str) -> range:
    """Return the seeds that are run: one where neither rows nor model depend on it."""
    if not fits(row, column):
        return range(0)
    return row.seeds if row.resplits or COLUMNS[column].draws else row.seeds[:1]


def measure(row_name: str, column: str, seed: int, quick: bool = False) -> dict:
    """Return what a cell gives: scores by test set, or the error that it ended in.

    Parameters
    ----------
    row_name, column : str
        Names of both.
    seed : int
        Of rows and model.
    quick : bool, default=False
        Whether to train on few rows and for few epochs.

    Returns
    -------
    dict
        As it is stored.
    """
    row = ROWS[row_name]
    result = {"row": row_name, "column": column, "seed": seed, "scores": {}, "machine": machine()}
    start = time.perf_counter()
    torch.set_num_threads(1)
    try:
        split = row.load(seed)
        if quick:
            split = _smaller(split)
        start = time.perf_counter()
        result["scores"] = _scores(row, column, split, seed, quick)
    except Exception as error:  # shown in the table, while the other cells go on
        result["error"] = f"{type(error).__name__}: {error}"[:300]
    return {**result, "seconds": round(time.perf_counter() - start, 2)}


def _scores(row, column, split, seed, quick) -> dict:
    work = Work(row.task, split.X_train, split.y_train, seed, row.without, quick)
    with warnings.catch_warnings():
        # A penalty of the grid that converges slowly is one of several, and seldom the best.
        warnings.simplefilter("ignore", ConvergenceWarning)
        model = COLUMNS[column].fit(work)
        found = {name: score(model, row.task, X, y) for name, (X, y) in split.tests.items()}
    return {
        name: {metric: round(value, 5) for metric, value in scores.items()}
        for name, scores in found.items()
    }


def _smaller(split: Split) -> Split:
    def few(X: MultiModalFrame, y):
        rows = np.random.default_rng(0).permutation(len(y))[:_QUICK_ROWS]
        return X[rows], y[rows]

    tests = {name: few(*test) for name, test in split.tests.items()}
    return Split(*few(split.X_train, split.y_train), tests)


def machine() -> str:
    """Return processors and versions."""
    return (
        f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}, "
        f"scikit-learn {sklearn.__version__}, torch {torch.__version__}"
    )
