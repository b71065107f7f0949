"""Time by the number of columns: an array, and pandas and polars frames of the same numbers.

For each number of columns, `infer_modalities`, `fit` of one epoch and `predict` of one row on 80
samples, in one thread; the least processor time of some calls. Writes COLUMNS.md beside this file.
"""

import time
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import torch

from sklearn_crossmodal import FusionClassifier, infer_modalities

N_ROWS, WIDTHS = 80, (2_500, 5_000, 10_000, 20_000)
FORMS = {"array": lambda frame: frame.to_numpy(), "pandas": lambda X: X, "polars": pl.from_pandas}
STEPS = ("infer_modalities", "fit", "predict of one row")


def least(function, n_times: int) -> float:
    """Return the least processor time of some calls, in milliseconds."""
    times = []
    for _ in range(n_times):
        start = time.process_time()
        function()
        times.append(time.process_time() - start)
    return 1e3 * min(times)


def measure(X, y) -> dict[str, float]:
    """Return the milliseconds that each step takes on X."""
    model = FusionClassifier(max_epochs=1, random_state=0)
    row = X[:1]
    return {
        "infer_modalities": least(lambda: infer_modalities(X), 10),
        "fit": least(lambda: model.fit(X, y), 3),
        "predict of one row": least(lambda: model.predict(row), 20),
    }


def table(found: dict) -> list[str]:
    """Return the lines of a table: milliseconds, and in brackets times those of the array."""
    lines = [
        "| step | form | " + " | ".join(f"{width:,} columns" for width in WIDTHS) + " | growth |",
        "|" + "---|" * (len(WIDTHS) + 3),
    ]
    for step in STEPS:
        for form in FORMS:
            times = [found[width][form][step] for width in WIDTHS]
            ratios = [one / found[width]["array"][step] for one, width in zip(times, WIDTHS)]
            cells = [f"{one:.1f} ({ratio:.1f})" for one, ratio in zip(times, ratios)]
            growth = f"{times[-1] / times[0]:.1f}"
            lines.append(f"| {step} | {form} | " + " | ".join(cells) + f" | {growth} |")
    return lines


def main():
    torch.set_num_threads(1)
    rng, y, found = np.random.default_rng(0), np.arange(N_ROWS) % 2, {}
    for width in WIDTHS:
        frame = pd.DataFrame(rng.normal(size=(N_ROWS, width))).add_prefix("g")
        found[width] = {form: measure(read(frame), y) for form, read in FORMS.items()}
    lines = [
        "# Time by the number of columns",
        "",
        "Made by `make bench-columns`, which runs `benchmarks/bench_columns.py`. Milliseconds of",
        f"processor time on {N_ROWS} samples, in brackets times those of an array of the same",
        f"numbers. Growth is from {WIDTHS[0]:,} to {WIDTHS[-1]:,} columns: linear time grows by",
        f"{WIDTHS[-1] / WIDTHS[0]:.0f}, time with the square of the columns by "
        f"{(WIDTHS[-1] / WIDTHS[0]) ** 2:.0f}.",
        "",
        *table(found),
        "",
        "`infer_modalities` of an array looks at its type alone; of a frame it returns the list of",
        "the names of its columns, which is what its time goes into.",
        "",
    ]
    Path(__file__).with_name("COLUMNS.md").write_text("\n".join(lines))
    print("\n".join(lines))


if __name__ == "__main__":
    main()
