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
    epochs = 1 if quick else 14
    grid = {"learning_rate": [3e-4, 1e-3, 3e-3]}

    def seconds(n_jobs):
        clf = classifier(max_epochs=epochs, batch_size=128)
        start = time.perf_counter()
        GridSearchCV(clf, grid, cv=3, n_jobs=n_jobs, refit=False).fit(X, y)
        return time.perf_counter() - start

    alone, together = seconds(1), seconds(2)
    ratio = alone / together
    note = f"{alone / 9:.1f} s a fit alone"
    work = "GridSearchCV, 3 × 3 fits, n_jobs=2"
    return [Row(work, "n_jobs=1", np.full(3, ratio), "≥ 1.60", ratio >= 1.6, note)]


if __name__ == "__main__":
    print(*rows(), sep="\n")
