"""Cells of a ModalityArray in JSON and CSV files: nested lists and text."""

from __future__ import annotations

import json

import numpy as np

from sklearn_crossmodal.data._rows import is_missing, object_array

__all__ = ["WholeCell", "cells_as_lists", "parse_cells", "whole_cells"]


#: How pandas writes booleans.
_WORDS = {"True": True, "False": False}


class WholeCell(np.ndarray):
    """A cell whose `str` is a JSON list of all its numbers.

    `DataFrame.to_csv` writes the `str` of each object, which NumPy abbreviates for large arrays.
    Results of computations with such a cell are plain arrays.
    """

    def __str__(self) -> str:
        return json.dumps(self.tolist())

    def __array_wrap__(self, array, context=None, return_scalar=False):
        return array[()] if return_scalar else np.asarray(array)


def whole_cells(cells: np.ndarray) -> np.ndarray:
    """Convert arrays among object cells to `WholeCell`."""
    return object_array(
        [cell.view(WholeCell) if isinstance(cell, np.ndarray) else cell for cell in cells]
    )


def cells_as_lists(numbers: np.ndarray, missing: np.ndarray) -> np.ndarray:
    """Convert each row to a nested list of Python numbers, None where it is missing."""
    cells = object_array(numbers.tolist())
    cells[missing] = None
    return cells


def parse_cells(texts) -> list:
    """Parse cells that were written as text: nested lists of numbers, or numbers."""
    return [cell if is_missing(cell) else _parse(cell) for cell in texts]


def _parse(text: str):
    if text in _WORDS:
        return _WORDS[text]
    try:
        return json.loads(text)
    except (json.JSONDecodeError, TypeError) as error:
        raise ValueError(
            f"a cell of a ModalityArray is written as a nested list of numbers, got {text!r:.60}."
        ) from error
