"""Where the data is, and how tables are written."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np

__all__ = ["data_folder", "mean_and_error", "short", "table"]


def data_folder():
    """Return the folder of real data: as the variable says, or beside the repository."""
    given = os.environ.get("SKLEARN_CROSSMODAL_DATA")
    return Path(given) if given else Path(__file__).parents[3] / "shared" / "data"


def mean_and_error(values, digits=3):
    """Return mean and standard error of values, as in ``.912 ± .004``."""
    values = np.asarray(values, dtype=float)
    error = values.std(ddof=1) / np.sqrt(len(values)) if len(values) > 1 else 0.0
    return f"{short(values.mean(), digits)} ± {short(error, digits)}"


def short(number, digits):
    """Return a number without the zero before its point."""
    return (
        f"{number:.{digits}f}".replace("0.", ".", 1) if abs(number) < 1 else f"{number:.{digits}f}"
    )


def table(header, rows):
    """Return the lines of a table in Markdown."""
    lines = [header, ["---"] * len(header), *rows]
    return ["| " + " | ".join(map(str, line)) + " |" for line in lines]
