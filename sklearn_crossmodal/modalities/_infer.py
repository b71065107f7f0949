"""Which modality suits which column."""

from __future__ import annotations

import re
from collections.abc import Mapping
from itertools import count

import numpy as np
from sklearn.utils.validation import check_array

from sklearn_crossmodal.data import (
    MultiModalFrame,
    as_cells,
    as_table,
    is_missing,
    is_named,
    resolve_columns,
    select_columns,
)
from sklearn_crossmodal.exceptions import ModalityError
from sklearn_crossmodal.modalities._base import RESERVED_NAMES, Modality
from sklearn_crossmodal.utils._validation import said_by

__all__ = ["infer_modalities"]


def infer_modalities(X):
    """Find the modalities of X from its columns.

    Numeric columns of an array or data frame form one modality together; each column of texts, and
    each of images, is one of its own, and so are each entry of a mapping and a column of objects
    that are all missing. If every column is named
    ``prefix__column``, the prefixes name the modalities, as after a `ColumnTransformer` with
    ``set_output(transform="pandas")``.

    Parameters
    ----------
    X : {MultiModalFrame, dataframe, mapping, array-like, sparse} of shape (n_samples, n_features)
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
        X = check_array(X, accept_sparse="csr", dtype=None, ensure_all_finite=False)
    return infer_from_table(as_table(X), joined=not isinstance(X, Mapping))


def infer_for_columns(table, X, columns: Mapping, parameter="modalities") -> list[tuple]:
    """Find the modality of each named group of columns: {name: columns}, as the user gave it."""
    found = []
    for name, key in columns.items():
        with said_by(f"modality {name!r}"):
            positions, single = resolve_columns(X if callable(key) else table, key)
            values = select_columns(table, positions, single=single)[0].values
        found.append((name, modality_for(values, name, parameter)(), key))
    return found


def infer_from_table(table, *, joined: bool = True) -> list[tuple]:
    """Find the modalities of a table, as `as_table` returns it; numbers joined into one or not."""
    if not isinstance(table, MultiModalFrame):
        if table.dtype.kind not in "OUS":
            return [("numeric", modality_for(table, "0")(), slice(0, table.shape[1]))]
        cells = {place: table[:, place].astype(object) for place in range(table.shape[1])}
        columns = {place: as_cells(column) for place, column in cells.items()}
        kinds = {place: _kind_of(column, place) for place, column in columns.items()}
        return _with_unique_names(_group(kinds))
    kinds = _kinds_of(table)
    if not all("__" in name.strip("_") for name in table):
        return _with_unique_names(_group(kinds, joined))
    prefixed: dict[str, list] = {}
    for name in table:
        prefixed.setdefault(name.strip("_").partition("__")[0], []).append(name)
    found = []
    for prefix, labels in prefixed.items():
        group = _group({label: kinds[label] for label in labels}, joined)
        found += [(_prefixed(name, prefix, len(group)), *rest) for name, *rest in group]
    return _with_unique_names(found)


def modality_for(values, label, parameter="modalities") -> type[Modality]:
    """Return the first registered modality that accepts a column; the rest is for the message."""
    from sklearn_crossmodal.modalities import MODALITIES  # the registry imports this file

    for modality in MODALITIES.values():
        if modality.accepts(values):
            return modality
    cells = np.asarray(values, dtype=object).reshape(-1)
    kind = next((type(cell).__name__ for cell in cells if not is_missing(cell)), "nothing")
    raise ModalityError(
        f"no modality takes column {str(label)!r}, which holds {kind}: name its modality in "
        f"`{parameter}`, one of {sorted(MODALITIES)}."
    )


def _kind_of(cells, label) -> tuple[type[Modality], bool]:
    """Return the modality of a column, and whether it may stand beside others of its kind."""
    modality = modality_for(cells, label)
    return modality, modality.joins_columns and _is_flat(cells) and not _is_empty(cells)


def _kinds_of(table: MultiModalFrame) -> dict:
    """Return what `_kind_of` finds for each column; of many of one type of numbers it sees one."""
    alike = table.alike()
    patterns = {name: alike.get(name, name) for name in table}
    kinds = {
        name: _kind_of(as_cells(table[name]), name) for name in dict.fromkeys(patterns.values())
    }
    return {name: kinds[pattern] for name, pattern in patterns.items()}


def _group(kinds: Mapping, join: bool = True) -> list[tuple]:
    """Return (name, modality, columns): what joins columns gets one entry, the rest one each.

    A name has no ``__`` in it, which stands between the names of nested parameters.
    """
    found: list[tuple] = []
    joined: dict[type[Modality], tuple] = {}
    for label, (modality, joins) in kinds.items():
        if not (join and joins):
            found.append((_single_underscores(str(label)), modality(), label))
        elif modality in joined:
            joined[modality][2].append(label)
        else:
            joined[modality] = (modality.__name__.lower(), modality(), [label])
            found.append(joined[modality])
    return found


def _is_flat(values) -> bool:
    """Tell whether a column holds one value a row, not an array."""
    cells = np.asarray(values)
    if cells.dtype.kind != "O":
        return cells.ndim == 1
    return cells.ndim == 1 and not any(np.ndim(cell) for cell in cells)


def _is_empty(values) -> bool:
    """Tell whether no cell says what the column holds: it may be anything in other rows."""
    cells = np.asarray(values)
    return cells.dtype.kind == "O" and all(map(is_missing, cells.flat))


def _prefixed(name: str, prefix: str, n_modalities: int) -> str:
    """Return the name of one of the modalities of a prefix: the prefix, if it is the only one."""
    if n_modalities == 1:
        return prefix
    return name if name.startswith(f"{prefix}_") else _single_underscores(f"{prefix}_{name}")


def _single_underscores(name: str) -> str:
    return re.sub("_{2,}", "_", name)


def _with_unique_names(found: list[tuple]) -> list[tuple]:
    """Number the later ones of equal names."""
    unique: dict[str, tuple] = {}
    for name, *rest in found:
        name += "_" if name in RESERVED_NAMES else ""
        numbered = (name if place == 1 else f"{name}_{place}" for place in count(1))
        unique[next(free for free in numbered if free not in unique)] = tuple(rest)
    return [(name, *rest) for name, rest in unique.items()]
