"""A grid of learning rates, weight decays and dropout: together, and one after another."""

from __future__ import annotations

import sys
import time

import numpy as np
from common import HEAD, above, interleaved, machine
from sklearn.model_selection import GridSearchCV

from sklearn_crossmodal import BatchedGridSearchCV, FusionClassifier, Numeric
from sklearn_crossmodal.nn.encoders import MLPEncoder
from sklearn_crossmodal.nn.fusion import ConcatFusion

N_COLUMNS, N_CLASSES, EPOCHS = 150, 10, 10
LIMITS = {32: 2.5, 128: 2.0}
GRID = {
    "learning_rate": [1e-3, 3e-3],
    "weight_decay": [1e-2, 1e-1],
    "fusion__dropout": [0.2, 0.5],
}
KINDS = {"together": BatchedGridSearchCV, "one after another": GridSearchCV}


def data(n):
    """Return two modalities side by side, and classes."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n, N_COLUMNS)).astype(np.float32)
    return X, (X @ rng.normal(size=(N_COLUMNS, N_CLASSES))).argmax(axis=1)


def classifier(batch_size, epochs):
    """Return the estimator: 100 and 50 columns, 128 and 64 units."""
    return FusionClassifier(
        [
            ("a", Numeric(encoder=MLPEncoder(128)), slice(0, 100)),
            ("b", Numeric(encoder=MLPEncoder(128)), slice(100, N_COLUMNS)),
        ],
        fusion=ConcatFusion(width=64),
        n_folds=None,
        batch_size=batch_size,
        max_epochs=epochs,
        random_state=0,
        dtype="float32",
    )


def rows(quick=False):
    """Return the rows of the table: 8 candidates on 3 folds."""
    n, epochs = (300, 1) if quick else (5_000, EPOCHS)
    X, y = data(n)
    found = []
    for batch_size, limit in LIMITS.items():
        results = {}

        def search(name, n_jobs, batch_size=batch_size, results=results):
            model = KINDS[name](
                classifier(batch_size, epochs), GRID, cv=3, n_jobs=n_jobs, refit=False
            )
            results[name] = model.fit(X, y).cv_results_["mean_test_score"]

        # The first round, which is not counted, starts the workers.
        seconds = interleaved(
            {
                f"{name}, n_jobs={n_jobs}": lambda name=name, n_jobs=n_jobs: search(name, n_jobs)
                for name in KINDS
                for n_jobs in (1, 2)
            },
            rounds=1 if quick else 3,
        )
        apart = np.abs(results["together"] - results["one after another"]).max()
        for name in KINDS:
            jobs = [f"{name}, n_jobs={n_jobs}" for n_jobs in (1, 2)]
            best = min(jobs, key=lambda job: np.median(seconds[job]))
            seconds[name] = seconds[best]
            results[name] = f"{best} {np.median(seconds[best]):.1f} s"
        note = f"{'; '.join(results[name] for name in KINDS)}; scores differ by {apart:.0e}"
        work = f"search, 8 candidates × 3 folds, n = {n}, batch {batch_size}"
        found.append(above(work, seconds, "together", "one after another", limit, note))
        for n_jobs in (1, 2):
            ours, other = (f"{name}, n_jobs={n_jobs}" for name in KINDS)
            found.append(above(f"{work}, n_jobs={n_jobs}", seconds, ours, other, 1.0))
    return found


if __name__ == "__main__":
    start = time.perf_counter()
    print(machine(), "", *HEAD, *rows("--quick" in sys.argv), sep="\n")
    print(f"\n{time.perf_counter() - start:.0f} s")
