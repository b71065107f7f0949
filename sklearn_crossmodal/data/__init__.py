"""Data in any form, as named modalities; and the `Block` that crosses to the networks."""

from sklearn_crossmodal.data._block import END, KINDS, PADDING, UNKNOWN, Block, BlockSpec
from sklearn_crossmodal.data._columns import (
    Columns,
    as_table,
    is_named,
    resolve_columns,
    select_columns,
)
from sklearn_crossmodal.data._fill import fill_missing, table_of
from sklearn_crossmodal.data._frame import MultiModalFrame
from sklearn_crossmodal.data._rows import as_column, find_present, is_missing, take_rows

__all__ = [
    "END",
    "KINDS",
    "PADDING",
    "UNKNOWN",
    "Block",
    "BlockSpec",
    "Columns",
    "MultiModalFrame",
    "as_column",
    "as_table",
    "fill_missing",
    "find_present",
    "is_missing",
    "is_named",
    "resolve_columns",
    "select_columns",
    "table_of",
    "take_rows",
]
