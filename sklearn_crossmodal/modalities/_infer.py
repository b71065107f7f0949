"""Which modality suits which column."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from sklearn.utils.validation import check_array

from sklearn_crossmodal.data import (
    MultiModalFrame,
    as_table,
    is_missing,
    is_named,
    resolve_columns,
    select_columns,
)
from sklearn_crossmodal.exceptions import ModalityError
from sklearn_crossmodal.modalities._base import Modality

__all__ = ["infer_modalities"]


def infer_modalities(X):
    """Find the modalities of X from its columns.

    Numeric columns form one modality together; each column of texts, and each of images, is one of
    its own. If every column is named ``prefix__column``, the prefixes name the modalities, as after
    a `ColumnTransformer` with ``set_output(transform="pandas")``.

    Parameters
    ----------
    X : {MultiModalFrame, dataframe, mapping, array-like} of shape (n_samples, n_features)
        The samples. A 2-D array of objects is looked at column by column, as a frame.

    Returns
    -------
    list of (str, Modality, columns)
        As the parameter `modalities` of the estimators takes it; columns are names, or positions
        where X has no names.

    Raises
    ------
    ModalityError
        If no modality takes a column; the message says what its cells are.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_crossmodal import MultiModalFrame, infer_modalities
    >>> infer_modalities(np.zeros((4, 3)))
    [('numeric', Numeric(), slice(0, 3, None))]
    """
    if not is_named(X):
        X = check_array(X, dtype=None, ensure_all_finite=False)
    return infer_from_table(as_table(X))


def infer_for_columns(table, X, columns: Mapping) -> list[tuple]:
    """Find the modality of each named group of columns: {name: columns}, as the user gave it."""
    found = []
    for name, key in columns.items():
        positions, single = resolve_columns(X, key)
        values = select_columns(table, positions, single=single)[0].values
        found.append((name, modality_for(values, name)(), key))
    return found


def infer_from_table(table) -> list[tuple]:
    """Find the modalities of a table, as `as_table` returns it."""
    if not isinstance(table, MultiModalFrame):
        if table.dtype.kind not in "OUS":
            return [("numeric", modality_for(table, "0")(), slice(0, table.shape[1]))]
        columns = {place: table[:, place].astype(object) for place in range(table.shape[1])}
        return _group(columns)
    columns = {name: table[name] for name in table}
    if not all("__" in name.strip("_") for name in columns):
        return _group(columns)
    prefixes: dict[str, dict] = {}
    for name, values in columns.items():
        prefixes.setdefault(name.partition("__")[0], {})[name] = values
    groups = [(prefix, _group(named)) for prefix, named in prefixes.items()]
    return [
        (prefix if len(group) == 1 else f"{prefix}_{name}".replace("__", "_"), *rest)
        for prefix, group in groups
        for name, *rest in group
    ]


def modality_for(values, label) -> type[Modality]:
    """Return the first registered modality that accepts a column; `label` is for the message."""
    from sklearn_crossmodal.modalities import MODALITIES  # the registry imports this file

    for modality in MODALITIES.values():
        if modality.accepts(values):
            return modality
    cells = np.asarray(values, dtype=object).reshape(-1)
    kind = next((type(cell).__name__ for cell in cells if not is_missing(cell)), "nothing")
    raise ModalityError(
        f"no modality takes column {str(label)!r}, which holds {kind}: name its modality in "
        f"`modalities`, one of {sorted(MODALITIES)}."
    )


def _group(columns: Mapping) -> list[tuple]:
    """Return (name, modality, columns): what joins columns gets one entry, the rest one each."""
    found: list[tuple] = []
    joined: dict[type[Modality], tuple] = {}
    for label, values in columns.items():
        modality = modality_for(values, label)
        if not modality.joins_columns or np.ndim(values) > 1 or hasattr(values, "columns"):
            found.append((str(label).replace("__", "_"), modality(), label))
        elif modality in joined:
            joined[modality][2].append(label)
        else:
            joined[modality] = (modality.__name__.lower(), modality(), [label])
            found.append(joined[modality])
    taken: set[str] = set()
    return [(_unique(name, taken), modality, labels) for name, modality, labels in found]


def _unique(name: str, taken: set[str]) -> str:
    while name in taken:
        name += "_"
    taken.add(name)
    return name
