"""Validate and join the cells of text columns: strings, or rows of token ids."""

from __future__ import annotations

import reprlib

import numpy as np

from sklearn_crossmodal.data import Columns, is_missing

__all__ = ["id_cells", "id_table", "is_id_table", "join_cells", "split_at", "text_cells"]


def text_cells(columns: Columns) -> np.ndarray:
    """Return strings (n, d), None where one is missing; raise for other types."""
    cells = np.asarray(columns.values, dtype=object)
    if cells.ndim > 2:
        raise ValueError(f"expected strings of shape (n,) or (n, d), got shape {cells.shape}.")
    cells = cells.reshape(len(cells), -1)
    return _checked(cells, columns, str, "a string is expected")


def id_cells(columns: Columns) -> np.ndarray:
    """Return rows of token ids (n, d), None where one is missing; raise for other types.

    Each row of a numeric table is one text. Missing numbers are dropped, so that texts may differ
    in length.
    """
    values = np.asarray(columns.values)
    if values.ndim > 2:
        raise ValueError(f"expected token ids of shape (n, t), got shape {values.shape}.")
    if is_id_table(values):
        cells = np.empty((len(values), 1), dtype=object)
        cells[:, 0] = [_whole(row) for row in values] or None
        return cells
    cells = values.astype(object).reshape(len(values), -1)
    expected = "a row of token ids is expected"
    return _checked(cells, columns, (list, tuple, np.ndarray), expected)


def is_id_table(values: np.ndarray) -> bool:
    """Return whether token ids are a numeric table, not a column of rows."""
    if values.ndim != 2:
        return False
    return values.dtype.kind in "biuf" or all(_is_number(cell) for cell in values.flat)


def id_table(rows, width: int) -> np.ndarray:
    """Convert rows of ids to a table of this width, truncated or padded with NaN."""
    rows = [row[:width] for row in rows]
    table = np.full((len(rows), width), np.nan)
    for filled, row in zip(table, rows, strict=True):
        filled[: len(row)] = row
    return table.astype(np.int64) if all(len(row) == width for row in rows) else table


def join_cells(cells: np.ndarray, *, ids: bool) -> list:
    """Join the cells of each row: strings with a space, ids by concatenation."""
    rows = [[cell for cell in row if cell is not None] for row in cells]
    if ids:
        return [[id_ for cell in row for id_ in cell] for row in rows]
    return [" ".join(row) for row in rows]


def split_at(ids: np.ndarray, first: int):
    """Split ids at the markers of columns, ids from `first` on; return the ids by column.

    Ids before the first marker belong to the first column.
    """
    before, *parts = np.split(ids, np.flatnonzero(ids >= first))
    found: dict[int, list[int]] = {0: before.tolist()} if len(before) else {}
    for marker, *part in parts:
        found.setdefault(int(marker) - first, []).extend(part)
    return found.items()


def _checked(cells: np.ndarray, columns: Columns, types, expected: str) -> np.ndarray:
    checked = np.empty(cells.shape, dtype=object)
    for place, name in enumerate(columns.names_of(cells.shape[1])):
        for row, cell in enumerate(cells[:, place]):
            if is_missing(cell):
                continue
            if not isinstance(cell, types):
                example = f"{reprlib.repr(cell)} ({type(cell).__name__})"
                raise ValueError(f"column {name!r} holds {example} where {expected}.")
            checked[row, place] = cell
    return checked


def _is_number(cell) -> bool:
    return isinstance(cell, int | float | np.number) or is_missing(cell)


def _whole(row: np.ndarray) -> list:
    """Return the observed numbers of a row, as integers where possible."""
    found = [number for number in row.tolist() if not is_missing(number)]
    return [int(number) if float(number).is_integer() else number for number in found]
