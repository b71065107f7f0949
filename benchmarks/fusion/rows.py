"""All rows, in the order of the table and of the work: what takes long comes last."""

from rows_shared import HEAVY_ROWS, SHARED_ROWS
from rows_sklearn import EMOJI, SKLEARN_ROWS

__all__ = ["GROUPS", "LEFT_OUT", "ROWS"]

ROWS = {row.name: row for row in (*SKLEARN_ROWS, *SHARED_ROWS, EMOJI, *HEAVY_ROWS)}
#: Rows over which gaps and ranks are summed up.
GROUPS = {
    "classification, scikit-learn sets": [
        row.name for row in SKLEARN_ROWS if row.task == "classification"
    ],
    "classification, all": [row.name for row in ROWS.values() if row.task == "classification"],
    "regression, all": [row.name for row in ROWS.values() if row.task == "regression"],
}
LEFT_OUT = {
    "cifar10_imdb": "its pictures and reviews are two unpaired sets, so that there is nothing to "
    "fuse; `make bench-data` has both apart",
}
