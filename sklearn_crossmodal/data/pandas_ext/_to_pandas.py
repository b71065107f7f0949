"""Convert a `MultiModalFrame` to a pandas frame."""

from __future__ import annotations

import numpy as np

from sklearn_crossmodal.data._rows import object_array, with_gaps
from sklearn_crossmodal.data.cells._cells import as_row_array
from sklearn_crossmodal.data.tables._dataframe import is_frame, read_frame
from sklearn_crossmodal.utils import import_optional

__all__ = ["to_pandas"]


def to_pandas(frame):
    """Return a pandas frame with a column per modality; see `MultiModalFrame.to_pandas`."""
    pandas = import_optional("pandas", extra="dataframes", purpose="to_pandas")
    columns = {}
    for name, values in frame.items():
        stated = frame.stated(name)
        if is_frame(values):
            for inner, column in read_frame(values).items():
                columns[f"{name}__{inner}"] = _column(column, stated)
        else:
            columns[name] = _column(values, stated)
    return pandas.DataFrame(columns)


def _column(values, stated: np.ndarray):
    """Convert a column to a pandas array; cells are missing where `stated` is False."""
    from sklearn_crossmodal.data.pandas_ext._array import ModalityArray

    if hasattr(values, "cat"):
        return values.where(stated).array
    dates = isinstance(values, np.ndarray) and values.dtype.kind in "mM"
    cells = values if dates else as_row_array(values)
    holds_absence = cells.dtype.kind == "f" or stated.all()
    if cells.dtype.kind in "biuf" and (cells.ndim > 1 or not holds_absence):
        return ModalityArray(cells, stated)
    if cells.ndim > 1:
        cells = object_array(cells)
    return cells if stated.all() else with_gaps(cells, ~stated)
