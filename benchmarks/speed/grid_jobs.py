"""A grid search on two workers against one."""

from __future__ import annotations

import time

import numpy as np
from common import Row
from fit_mlp import classifier, data
from sklearn.model_selection import GridSearchCV


def rows(quick=False):
    """Return the rows of the table."""
    X, y = data(1_500 if quick else 50_000)
    epochs = 1 if quick else 20
    grid = {"learning_rate": [3e-4, 1e-3, 3e-3]}

    def seconds(n_jobs):
        clf = classifier(max_epochs=epochs, batch_size=128)
        start = time.perf_counter()
        GridSearchCV(clf, grid, cv=3, n_jobs=n_jobs, refit=False).fit(X, y)
        return time.perf_counter() - start

    taken = [(seconds(1), seconds(2)) for _ in range(1 if quick else 2)]
    ratios = np.array([alone / together for alone, together in taken])
    note = f"{np.median([alone for alone, _ in taken]) / 9:.1f} s a fit alone"
    work, holds = "GridSearchCV, 3 × 3 fits, n_jobs=2", bool(np.median(ratios) >= 1.6)
    return [Row(work, "n_jobs=1", ratios, "≥ 1.60", holds, note)]


if __name__ == "__main__":
    print(*rows(), sep="\n")
