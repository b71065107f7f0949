"""Containers of multimodal data, and the `Block` that the networks receive."""

import sys
from importlib import import_module

from sklearn_crossmodal.data._columns import Columns, as_table, select_columns
from sklearn_crossmodal.data._imputation import fill_missing, table_of
from sklearn_crossmodal.data._masking import mask_cells
from sklearn_crossmodal.data._rows import (
    as_column,
    is_missing,
    object_array,
    row_presence,
    take_rows,
    unmask,
)
from sklearn_crossmodal.data._unnesting import (
    InnerLabel,
    columns_inside,
    entry_of,
    inner_labels,
    read_inside,
    resolve_unnested,
    unnest,
)
from sklearn_crossmodal.data.blocks._block import (
    END,
    KINDS,
    MISSING,
    PADDING,
    RARE,
    UNKNOWN,
    Block,
    BlockSpec,
    embeddings_of,
)
from sklearn_crossmodal.data.blocks._lazy_rows import LazyRows, is_lazy
from sklearn_crossmodal.data.cells._cells import as_cells
from sklearn_crossmodal.data.cells._datetime_cells import (
    date_kind,
    is_quantity,
    to_number,
    to_quantities,
)
from sklearn_crossmodal.data.cells._file_cells import encoded_kind
from sklearn_crossmodal.data.cells._nested_cells import as_rows
from sklearn_crossmodal.data.frame._foreign_containers import refuse_foreign
from sklearn_crossmodal.data.frame._frame import MultiModalFrame
from sklearn_crossmodal.data.tables._column_labels import column_labels, find_order, preview
from sklearn_crossmodal.data.tables._column_selection import is_named, resolve_columns
from sklearn_crossmodal.data.tables._dataframe import MIN_EMBEDDING_WIDTH, category_orders
from sklearn_crossmodal.utils import import_optional

__all__ = [
    "END",
    "KINDS",
    "MIN_EMBEDDING_WIDTH",
    "MISSING",
    "PADDING",
    "RARE",
    "UNKNOWN",
    "Block",
    "BlockSpec",
    "Columns",
    "InnerLabel",
    "LazyRows",
    "ModalityArray",
    "ModalityDtype",
    "MultiModalFrame",
    "as_cells",
    "as_column",
    "as_rows",
    "as_table",
    "category_orders",
    "column_labels",
    "columns_inside",
    "date_kind",
    "embeddings_of",
    "encoded_kind",
    "entry_of",
    "fill_missing",
    "find_order",
    "inner_labels",
    "is_lazy",
    "is_missing",
    "is_named",
    "is_quantity",
    "mask_cells",
    "object_array",
    "preview",
    "read_inside",
    "refuse_foreign",
    "resolve_columns",
    "resolve_unnested",
    "row_presence",
    "select_columns",
    "table_of",
    "take_rows",
    "to_number",
    "to_quantities",
    "unmask",
    "unnest",
]

#: Classes that need pandas, which is imported on first use.
_PANDAS_CLASSES = {"ModalityArray": "pandas_ext._array", "ModalityDtype": "pandas_ext._dtype"}


def __getattr__(name):
    if name not in _PANDAS_CLASSES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import_optional("pandas", extra="dataframes", purpose=name)
    return getattr(import_module(f"{__name__}.{_PANDAS_CLASSES[name]}"), name)


if "pandas" in sys.modules:  # registers the dtype, which `read_parquet` finds by name
    import_module(f"{__name__}.pandas_ext._dtype")
