"""Validation of the columns of a `MultiModalFrame`."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

__all__ = ["check_columns", "to_numbers"]


def check_columns(data: Mapping) -> None:
    """Raise if a value is not a column: None, a number or a single string; name it."""
    if absent := [name for name, values in data.items() if values is None]:
        raise TypeError(
            f"columns {absent} are None: leave them out where no sample has them; a sample that "
            "lacks one has None in its row."
        )
    single = {
        name: type(values).__name__
        for name, values in data.items()
        if isinstance(values, str | bytes | bytearray) or not hasattr(values, "__len__")
    }
    if single:
        raise TypeError(
            f"columns need one value for each sample, got {single}: pass a list or an array."
        )


def to_numbers(frame: Mapping, cells: np.ndarray, dtype) -> np.ndarray:
    """Convert the cells (n, d) of a frame to a dtype; the error names the columns that fail."""
    try:
        return cells.astype(dtype)
    except (ValueError, TypeError) as error:
        wrong = [
            name
            for name, column in zip(frame, cells.T, strict=True)
            if not _has_type(column, dtype)
        ]
        raise type(error)(
            f"the columns {wrong} of a MultiModalFrame hold no single numbers ({error}): "
            "numeric transformers such as StandardScaler do not take them. The modalities of "
            "an estimator scale their columns themselves; else transform numeric columns before "
            "they are put into the frame."
        ) from error


def _has_type(column: np.ndarray, dtype) -> bool:
    try:
        column.astype(dtype)
    except (ValueError, TypeError):
        return False
    return True
