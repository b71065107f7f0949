"""Data in any form, as named modalities; and the `Block` that crosses to the networks."""

from sklearn_crossmodal.data._block import END, KINDS, PADDING, UNKNOWN, Block, BlockSpec
from sklearn_crossmodal.data._columns import (
    Columns,
    as_table,
    is_named,
    resolve_columns,
    select_columns,
)
from sklearn_crossmodal.data._frame import MultiModalFrame
from sklearn_crossmodal.data._rows import find_present, is_missing, take_rows

__all__ = [
    "END",
    "KINDS",
    "PADDING",
    "UNKNOWN",
    "Block",
    "BlockSpec",
    "Columns",
    "MultiModalFrame",
    "as_table",
    "find_present",
    "is_missing",
    "is_named",
    "resolve_columns",
    "select_columns",
    "take_rows",
]
