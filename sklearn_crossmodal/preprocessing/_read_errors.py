"""Cells that cannot be read: named in one warning or error for all of them."""

from __future__ import annotations

import os
from collections.abc import Mapping

import numpy as np

from sklearn_crossmodal.exceptions import ModalityError
from sklearn_crossmodal.utils._row_numbers import row_number
from sklearn_crossmodal.utils._validation import warn

__all__ = ["explain_unreadable", "name_cell", "report_unreadable"]


def name_cell(cell, row: int, numbers: np.ndarray | None = None) -> str:
    """Return the path of a cell, or its type and row, as `row_number` counts it."""
    if isinstance(cell, str | os.PathLike):
        name = repr(os.fspath(cell))
        return name if len(name) <= 300 else f"{name[:40]}..."  # no path, but what is in a file
    return f"{type(cell).__name__} of row {row_number(row, numbers)}"


def explain_unreadable(cell, row: int, reason: str, numbers: np.ndarray | None) -> str:
    """Name a cell, why it cannot be read, and its row where that is not its name."""
    place = f", row {row_number(row, numbers)}" if isinstance(cell, str | os.PathLike) else ""
    return f"{name_cell(cell, row, numbers)} ({reason}{place})"


def report_unreadable(
    what: str,
    outcome: str,
    reasons: Mapping[int, str],
    cells,
    on_error: str,
    numbers: np.ndarray | None = None,
) -> None:
    """Warn of cells that cannot be read, or raise if so asked, naming the first few.

    Parameters
    ----------
    what : str
        What is wrong, and with how many.
    outcome : str
        What becomes of them.
    reasons : mapping of int to str
        Why not, by row.
    cells : sequence
        All cells.
    on_error : {"absent", "raise"}
        Whether it is a warning or an error.
    numbers : ndarray of int, default=None
        As `current_row_numbers` returned them when the cells were taken; None means those of now.

    Raises
    ------
    ModalityError
        If `on_error` is "raise".
    """
    rows = sorted(reasons)[:3]
    first = "; ".join(explain_unreadable(cells[row], row, reasons[row], numbers) for row in rows)
    if on_error == "raise":
        raise ModalityError(f"{what}, first {first}: leave them out, or pass on_error='absent'.")
    warn(f"{what}, first {first}; {outcome}.", stacklevel=3)
