"""How tables are written."""

from __future__ import annotations

import numpy as np

__all__ = ["mean_and_error", "short", "table"]


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
