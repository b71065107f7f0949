"""Cells that cannot be read: named in one warning or error for all of them."""

from __future__ import annotations

import os
import warnings
from collections.abc import Mapping

from sklearn_crossmodal.exceptions import ModalityError

__all__ = ["name_cell", "report_unreadable"]


def name_cell(cell, row: int) -> str:
    """Return the path of a cell, or its type and row."""
    if isinstance(cell, str | os.PathLike):
        return repr(os.fspath(cell))
    return f"{type(cell).__name__} of row {row}"


def report_unreadable(
    what: str, outcome: str, reasons: Mapping[int, str], cells, on_error: str
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

    Raises
    ------
    ModalityError
        If `on_error` is "raise".
    """
    rows = sorted(reasons)[:3]
    first = "; ".join(f"{name_cell(cells[row], row)} ({reasons[row]})" for row in rows)
    if on_error == "raise":
        raise ModalityError(f"{what}, first {first}: leave them out, or pass on_error='absent'.")
    warnings.warn(f"{what}, first {first}; {outcome}.", stacklevel=3)
