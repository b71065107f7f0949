"""ModalityDtype: the dtype of a pandas column with an array in each row."""

from __future__ import annotations

import re
from importlib import import_module

import numpy as np
from pandas.api.extensions import ExtensionDtype, register_extension_dtype

from sklearn_crossmodal.data._rows import is_missing
from sklearn_crossmodal.data.pandas_ext._arrow import from_arrow

__all__ = ["ModalityDtype", "empty_cell", "stack_rows"]


@register_extension_dtype
class ModalityDtype(ExtensionDtype):
    """Dtype of a column with an array of fixed shape in each row.

    Parameters
    ----------
    subtype : str or numpy.dtype, default="float64"
        Type of the numbers.
    shape : tuple of int, default=()
        Shape of one row.

    Attributes
    ----------
    name : str
        As pandas shows it, ``"modality[subtype, shape]"``; also what `astype` takes.

    Examples
    --------
    >>> from sklearn_crossmodal.data import ModalityDtype
    >>> ModalityDtype("uint8", (8, 8, 3))
    modality[uint8, (8, 8, 3)]
    """

    _metadata = ("subtype", "shape")
    na_value = np.nan
    kind = "O"
    #: Identifies such a column without importing pandas.
    holds_modality = True

    def __init__(self, subtype="float64", shape=()):
        self.subtype = np.dtype(subtype)
        self.shape = tuple(map(int, shape))
        if self.subtype.kind not in "biuf":
            raise TypeError(
                f"a ModalityArray holds numbers, got {self.subtype}: keep texts and images of "
                "several sizes in a column of objects."
            )

    @property
    def type(self):
        """Type of one cell."""
        # Not the type of the numbers: pandas would treat the column as numeric, and sum it.
        return np.ndarray if self.shape else np.generic

    @property
    def name(self) -> str:
        """Name of the dtype in pandas."""
        return f"modality[{self.subtype}, {self.shape}]"

    def __repr__(self) -> str:
        return self.name

    @classmethod
    def construct_array_type(cls):
        """Return the type of the arrays."""
        return import_module("sklearn_crossmodal.data.pandas_ext._array").ModalityArray

    @classmethod
    def construct_from_string(cls, string):
        """Return the dtype of a name."""
        if not isinstance(string, str):
            raise TypeError(f"'construct_from_string' expects a string, got {type(string)}")
        found = re.fullmatch(r"modality\[([<>]?\w+), \(([\d, ]*)\)\]", string)
        if found is None:
            raise TypeError(f"Cannot construct a '{cls.__name__}' from '{string}'")
        return cls(found[1], [int(length) for length in re.findall(r"\d+", found[2])])

    def __from_arrow__(self, array):
        """Return an Arrow array of lists of fixed size as a ModalityArray."""
        return self.construct_array_type()(
            *from_arrow(array, self.subtype, self.shape, empty_cell(self))
        )

    def _get_common_dtype(self, dtypes):
        ours = [dtype for dtype in dtypes if isinstance(dtype, ModalityDtype)]
        if len(ours) < len(dtypes) or len({dtype.shape for dtype in ours}) > 1:
            return None
        return ModalityDtype(np.result_type(*(dtype.subtype for dtype in ours)), self.shape)


def empty_cell(dtype: ModalityDtype):
    """Return the number that fills missing rows."""
    return np.nan if dtype.subtype.kind == "f" else dtype.subtype.type(0).item()


def stack_rows(cells: list, dtype: ModalityDtype | None) -> tuple[np.ndarray, np.ndarray]:
    """Stack cells to one array; return it and which of them are present."""
    present = np.array([not is_missing(cell) for cell in cells], dtype=bool)
    rows = [np.asarray(cell) for cell, known in zip(cells, present, strict=True) if known]
    if dtype is None:
        subtype = np.result_type(*rows) if rows else np.float64
        dtype = ModalityDtype(subtype, rows[0].shape if rows else ())
    shapes = {row.shape for row in rows} | {dtype.shape}
    if len(shapes) > 1:
        raise ValueError(
            f"the rows of a ModalityArray have one shape, got {sorted(shapes)}: keep arrays of "
            "several shapes in a column of objects."
        )
    values = np.full((len(cells), *dtype.shape), empty_cell(dtype), dtype.subtype)
    if rows:
        values[present] = rows
    return values, present
