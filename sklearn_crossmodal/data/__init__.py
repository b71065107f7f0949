"""Data in any form, as named modalities; and the `Block` that crosses to the networks."""

import sys
from importlib import import_module

from sklearn_crossmodal.data._columns import Columns, as_table, select_columns
from sklearn_crossmodal.data._imputation import fill_missing, table_of
from sklearn_crossmodal.data._masked_arrays import unmask
from sklearn_crossmodal.data._masking import hide_cells
from sklearn_crossmodal.data._rows import (
    as_column,
    find_present,
    is_missing,
    object_array,
    take_rows,
)
from sklearn_crossmodal.data._unnesting import (
    InnerLabel,
    columns_inside,
    entry_of,
    inner_labels,
    read_inside,
    resolve_inside,
    unfold,
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
from sklearn_crossmodal.data.tables._column_labels import column_labels, find_order, shown
from sklearn_crossmodal.data.tables._column_selection import is_named, resolve_columns
from sklearn_crossmodal.data.tables._dataframe import LEAST_WIDTH, order_of_categories
from sklearn_crossmodal.utils import import_optional

__all__ = [
    "END",
    "KINDS",
    "LEAST_WIDTH",
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
    "column_labels",
    "columns_inside",
    "date_kind",
    "encoded_kind",
    "entry_of",
    "fill_missing",
    "find_order",
    "find_present",
    "hide_cells",
    "inner_labels",
    "is_lazy",
    "is_missing",
    "is_named",
    "is_quantity",
    "object_array",
    "order_of_categories",
    "read_inside",
    "refuse_foreign",
    "resolve_columns",
    "resolve_inside",
    "select_columns",
    "shown",
    "table_of",
    "take_rows",
    "to_number",
    "to_quantities",
    "unfold",
    "unmask",
]

#: What needs pandas, which is imported when one of them is.
_OF_PANDAS = {"ModalityArray": "pandas_ext._array", "ModalityDtype": "pandas_ext._dtype"}


def __getattr__(name):
    if name not in _OF_PANDAS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import_optional("pandas", extra="dataframes", purpose=name)
    return getattr(import_module(f"{__name__}.{_OF_PANDAS[name]}"), name)


if "pandas" in sys.modules:  # so that `read_parquet` knows the type by its name
    import_module(f"{__name__}.pandas_ext._dtype")
