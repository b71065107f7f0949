"""Column labels: validation, order and display."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from scipy import sparse

from sklearn_crossmodal.data._rows import is_missing, object_array
from sklearn_crossmodal.data.tables._dataframe import frame_names, is_frame
from sklearn_crossmodal.exceptions import ModalityError
from sklearn_crossmodal.utils._validation import plain

__all__ = [
    "check_feature_names",
    "column_labels",
    "find_order",
    "first_cell",
    "preview",
    "take_columns",
]


def first_cell(cells):
    """Return the first cell that is not missing, None if there is none."""
    return next((cell for cell in cells if not is_missing(cell)), None)


def column_labels(values) -> tuple[str, ...] | None:
    """Return the names of the columns of a data frame, or of cells that are data frames.

    None where the columns are identified by position.
    """
    if type(values) is np.ndarray and (values.dtype != object or values.ndim != 1):
        return None
    if is_frame(values):
        return tuple(frame_names(values))
    if getattr(getattr(values, "dtype", None), "kind", None) != "O":
        return None
    first = first_cell(np.asarray(values, dtype=object).flat)
    if isinstance(first, str):  # avoids the slower check by narwhals
        return None
    return tuple(frame_names(first)) if is_frame(first) else None


def check_feature_names(values: Mapping, feature_names: Mapping) -> dict[str, tuple[str, ...]]:
    """Validate the parameter `feature_names` of a frame with these entries."""
    checked = {}
    for name, labels in feature_names.items():
        labels = tuple(map(str, labels))
        shape = np.shape(values[name]) if name in values else None
        if shape is None or len(shape) != 2 or shape[1] != len(labels):
            what = f"it has shape {shape}" if shape else f"X has {list(values)} alone"
            raise ValueError(
                f"feature_names[{name!r}] holds {len(labels)} names of columns, but {what}."
            )
        if len(set(labels)) < len(labels):
            raise ValueError(f"feature_names[{name!r}] holds a name more than once.")
        checked[name] = labels
    return checked


def find_order(
    found: Sequence[str], fitted: Sequence[str], where: str = "`fit`"
) -> list[int] | None:
    """Return the position of each label of `fit` among the current labels; None if all are equal.

    Raise a `ModalityError` that lists missing and new labels if they differ; `where` names the
    origin of the former.

    Examples
    --------
    >>> from sklearn_crossmodal.data import find_order
    >>> find_order(("b", "a"), ("a", "b"))
    [1, 0]
    """
    if tuple(found) == tuple(fitted):
        return None
    places = {label: place for place, label in enumerate(found)}
    missing = [label for label in fitted if label not in places]
    known = set(fitted)
    new = [label for label in places if label not in known]
    if missing or new:
        raise ModalityError(
            f"its columns are not those of {where}: missing {preview(missing)}, new "
            f"{preview(new)}. Give them the names they have in {where}."
        )
    return [places[label] for label in fitted]


def preview(labels: Sequence, most: int = 10) -> str:
    """Format the first few labels for a message."""
    first = plain(list(labels[:most]))
    more = f" and {len(labels) - most} more" if len(labels) > most else ""
    return f"{first}{more}"


def take_columns(values, order: list[int]):
    """Return the columns of one entry, as of `as_cells`, in another order of positions.

    The columns of a cell that is an array are on its last axis.
    """
    if hasattr(values, "iloc"):
        return values.iloc[:, order]
    if sparse.issparse(values):
        return values.tocsr()[:, order]
    if values.ndim > 1:
        return values[:, order]
    return object_array([one if is_missing(one) else one[..., order] for one in values])
