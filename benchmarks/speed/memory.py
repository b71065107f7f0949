"""Peak memory of a fit above its input, each in a process of its own (Linux alone tells it)."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
from common import Row

N_COLUMNS = 100


def measure(n, dtype, early_stopping, epochs):
    """Print the bytes of X, and by how much the peak rose in a fit."""
    from sklearn_crossmodal import FusionClassifier, Numeric

    rng = np.random.default_rng(0)
    X = np.empty((n, N_COLUMNS), dtype)
    for start in range(0, n, 10_000):
        X[start : start + 10_000] = rng.normal(size=(min(10_000, n - start), N_COLUMNS))
    y = rng.integers(0, 2, n)
    clf = FusionClassifier(
        [("a", Numeric(), slice(0, 50)), ("b", Numeric(), slice(50, N_COLUMNS))],
        max_epochs=epochs,
        batch_size=1024,
        random_state=0,
        validation=0.15 if early_stopping else None,
    )
    clf.fit(X[:3000], y[:3000])  # what a first fit imports is not counted
    Path("/proc/self/clear_refs").write_text("5")  # forgets the peak so far
    before = resident("VmRSS")
    clf.fit(X, y)
    print(json.dumps([X.nbytes, 1024 * (resident("VmHWM") - before)]))


def resident(entry):
    """Return the resident memory of this process in KiB: now (VmRSS), or at its peak (VmHWM)."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(entry))


def rows(quick=False):
    """Return the rows of the table."""
    found = []
    cases = [("float32", False, 1), ("float32", True, 1), ("float64", False, 1)]
    for dtype, early_stopping, epochs in [*cases, ("float32", False, 5)]:
        n = 50_000 if quick else 500_000
        settings = map(str, [n, dtype, int(early_stopping), epochs])
        command = [sys.executable, __file__, *settings]
        answer = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        size, extra = json.loads(answer)
        ratio = extra / size
        work = f"peak memory of fit, {n} × {N_COLUMNS} {dtype}" + (
            ", early stopping" if early_stopping else ""
        )
        work += f", {epochs} epochs" if epochs > 1 else ""
        note = f"{extra / 2**20:.0f} MiB above {size / 2**20:.0f}"
        found.append(Row(work, "the input", np.array([ratio]), "≤ 0.10", ratio <= 0.10, note))
    return found


if __name__ == "__main__":
    if len(sys.argv) > 1:
        measure(int(sys.argv[1]), sys.argv[2], bool(int(sys.argv[3])), int(sys.argv[4]))
    else:
        print(*rows(), sep="\n")
