"""Report unreadable cells in a single warning or error."""

from __future__ import annotations

import os
from collections.abc import Mapping

import numpy as np

from sklearn_crossmodal.exceptions import ModalityError
from sklearn_crossmodal.utils._row_numbers import row_number
from sklearn_crossmodal.utils._validation import warn

__all__ = ["describe_error", "explain_unreadable", "name_cell", "report_unreadable"]


def describe_error(error: Exception) -> str:
    """Return the type and message of an error; of a system error without the path."""
    return f"{type(error).__name__}: {getattr(error, 'strerror', None) or error}"


def name_cell(cell, row: int, numbers: np.ndarray | None = None) -> str:
    """Return the path of a cell, or its type and row number in X."""
    if isinstance(cell, str | os.PathLike):
        name = repr(os.fspath(cell))
        return name if len(name) <= 300 else f"{name[:40]}..."  # file content, not a path
    return f"{type(cell).__name__} of row {row_number(row, numbers)}"


def explain_unreadable(cell, row: int, reason: str, numbers: np.ndarray | None) -> str:
    """Return the name of a cell, the reason why it cannot be read, and its row."""
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
    """Warn of unreadable cells, or raise if `on_error` is "raise", naming the first few.

    Parameters
    ----------
    what, outcome : str
        The problem with the number of cells, and how they are treated, for the message.
    reasons : mapping of int to str
        Reason why a row cannot be read, by row.
    cells : sequence
        All cells.
    on_error : {"absent", "raise"}
        Whether to warn or to raise.
    numbers : ndarray of int, default=None
        An earlier result of `current_row_numbers`. None takes the current one.
    """
    rows = sorted(reasons)[:3]
    first = "; ".join(explain_unreadable(cells[row], row, reasons[row], numbers) for row in rows)
    if on_error == "raise":
        raise ModalityError(f"{what}, first {first}: leave them out, or pass on_error='absent'.")
    warn(f"{what}, first {first}; {outcome}.", stacklevel=3)
