"""Infer the modality of each column."""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Mapping
from functools import partial
from itertools import count

import numpy as np
from sklearn.utils.validation import check_array

from sklearn_crossmodal.data import (
    MultiModalFrame,
    as_cells,
    as_rows,
    as_table,
    column_labels,
    columns_inside,
    entry_of,
    is_missing,
    is_named,
    read_inside,
    refuse_foreign,
    resolve_columns,
    select_columns,
)
from sklearn_crossmodal.exceptions import ModalityError
from sklearn_crossmodal.modalities._base import Modality
from sklearn_crossmodal.modalities._text_warnings import warn_of_texts
from sklearn_crossmodal.utils._validation import error_prefix
from sklearn_crossmodal.utils.discovery import check_pretrained, reserved_names

__all__ = ["infer_modalities"]


def infer_modalities(X, *, pretrained=False):
    """Infer the modalities of X from its columns.

    The numeric columns of an array or data frame form one modality, and so do the categorical ones.
    Each column of texts, images or missing cells only is a modality of its own. If every column is
    named ``prefix__column``, the prefixes name the modalities, as after a `ColumnTransformer` with
    ``set_output(transform="pandas")``. Each entry of a mapping or `MultiModalFrame` is a modality,
    also a single numeric column. An entry that is a table (a data frame, or a 2-D array of objects)
    with columns of several kinds gives one modality for each kind, with columns
    ``{entry: columns}``.

    Parameters
    ----------
    X : {MultiModalFrame, dataframe, mapping, array-like, sparse} of shape (n_samples, n_features)
        The samples. A 2-D array of objects is treated as a frame.
    pretrained : bool, default=False
        Whether images and texts get frozen pretrained encoders: "efficientnet_lite0", and "minilm"
        beside the bag of words. Their packages are needed; what is installed changes nothing.

    Returns
    -------
    list of (str, Modality, columns)
        As the parameter `modalities` of the estimators takes it. Columns are names, or positions if
        X has no names; ``{entry: columns}`` are inner columns of an entry of X.

    Raises
    ------
    ModalityError
        If no modality accepts a column; the message shows the type of its cells.
    TypeError
        If X is a container of another library that is not a table; the message names the remedy.
    ImportError
        If a pretrained encoder is not installed; the message names the command that installs it.

    See Also
    --------
    Pretrained : Other pretrained models.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_crossmodal import MultiModalFrame, infer_modalities
    >>> infer_modalities(np.zeros((4, 3)))
    [('numeric', Numeric(), slice(0, 3, None))]
    >>> clinical = np.array([[61, "I"], [48, "II"], [55, "I"]], dtype=object)
    >>> for entry in infer_modalities({"clinical": clinical, "scan": np.zeros((3, 8, 8))}):
    ...     print(entry)
    ('clinical_numeric', Numeric(), {'clinical': [0]})
    ('clinical_categorical', Categorical(), {'clinical': [1]})
    ('scan', Image(), 'scan')

    With pretrained encoders, where their packages are installed:

    >>> infer_modalities({"scan": np.zeros((3, 8, 8))}, pretrained=True)  # doctest: +SKIP
    [('scan', Image(encoder='efficientnet_lite0'), 'scan')]
    """
    if not isinstance(pretrained, bool | np.bool_):
        raise TypeError(f"infer_modalities: pretrained must be True or False, got {pretrained!r}.")
    refuse_foreign(X)
    if not is_named(X):
        X = check_array(as_rows(X), accept_sparse="csr", dtype=None, ensure_all_finite=False)
    found = infer_from_table(as_table(X), joined=not isinstance(X, Mapping))
    return (
        [(name, _with_pretrained(name, one), key) for name, one, key in found]
        if pretrained
        else found
    )


def _with_pretrained(name: str, modality: Modality) -> Modality:
    """Return a modality with the pretrained encoder of its type, if there is one."""
    if modality.pretrained is None:
        return modality
    with error_prefix(f"infer_modalities: modality {name!r}"):
        check_pretrained(modality.pretrained)
    return modality.set_params(encoder=modality.pretrained)


def infer_for_columns(table, X, columns: Mapping, parameter="modalities") -> list[tuple]:
    """Infer the modality of each named group of columns: {name: columns}, as the user passed it."""
    found: list[tuple] = []
    texts: dict = {}
    for name, key in columns.items():
        with error_prefix(f"modality {name!r}"):
            found += _infer_for_key(table, X, name, key, parameter)
            texts |= _texts_of(table, X, key)
    warn_of_texts(texts, parameter)
    return _with_unique_names(found)


def _infer_for_key(table, X, name: str, key, parameter: str) -> list[tuple]:
    """Return (name, modality, columns) for each kind in a group of columns."""
    if isinstance(key, Mapping) and isinstance(table, MultiModalFrame):
        columns, single = read_inside(table, key)
        values = next(iter(columns.values())) if single else None
        wrap: Callable = partial(_inside, entry_of(key))
    else:
        positions, single = resolve_columns(X if callable(key) else table, key)
        values = select_columns(table, positions, single=single)[0].values
        if single and isinstance(table, MultiModalFrame):
            values = _as_inspected(table[list(table)[positions[0]]])
        columns, wrap = _columns_of(table, positions, single, values)
    group = _split(name, columns, wrap, values)
    return group or [(name, _inferred(modality_for(values, name, parameter)), key)]


def _columns_of(table, positions, single, values) -> tuple[dict, Callable]:
    """Return the columns of a group of several possible kinds, and the function for their keys."""
    named = isinstance(table, MultiModalFrame)
    labels = [list(table)[place] for place in positions] if named else positions
    if single and named:
        return columns_inside(labels[0], table[labels[0]]), partial(_inside, labels[0])
    mixed = hasattr(values, "iloc") or values.dtype.kind == "O"
    if single or not mixed:
        return {}, list
    cells = [table[label] if named else table[:, label] for label in labels]
    return {label: as_cells(one) for label, one in zip(labels, cells, strict=True)}, list


def infer_from_table(table, *, joined: bool = True) -> list[tuple]:
    """Infer the modalities of a table, as `as_table` returns it; `joined` joins numeric columns."""
    if not isinstance(table, MultiModalFrame):
        if table.dtype.kind not in "OUS":
            return [("numeric", modality_for(table, "0")(), slice(0, table.shape[1]))]
        cells = {place: table[:, place].astype(object) for place in range(table.shape[1])}
        columns = {place: as_cells(column) for place, column in cells.items()}
        warn_of_texts(columns)
        kinds = {place: _kind_of(column, place) for place, column in columns.items()}
        return _with_unique_names(_group(kinds))
    warn_of_texts(_texts_of(table, table, slice(None)))
    split = {}
    if not joined:
        for name, values in table.items():
            split[name] = _split(name, columns_inside(name, values), partial(_inside, name), values)
    kinds = _kinds_of(table, [name for name in table if not split.get(name)])
    return _with_unique_names(_in_place(_infer_named(kinds, joined), split))


def _texts_of(table, X, key) -> dict:
    """Return the text columns that a key selects, inner columns included."""
    if not isinstance(table, MultiModalFrame):
        if table.dtype != object:
            return {}
        places = resolve_columns(X if callable(key) else table, key)[0]
        return {place: table[:, place] for place in places}
    if isinstance(key, Mapping):
        return read_inside(table, key)[0]
    found: dict = {}
    same_type, names = table.first_of_same_type(), list(table)
    for place in resolve_columns(X if callable(key) else table, key)[0]:
        label = names[place]
        if label not in same_type:
            found |= columns_inside(label, table[label]) or {label: _as_inspected(table[label])}
    return found


def _as_inspected(values):
    """Return the input of `Modality.accepts`: cells, unless they are data frames."""
    frames = column_labels(values) is not None and not is_named(values)
    return values if frames else as_cells(values)


def kinds_inside(columns: Mapping) -> dict[str, list]:
    """Group the labels of columns, as of `as_cells`, by inferred modality, for messages."""
    found: dict[str, list] = {}
    for label, cells in columns.items():
        found.setdefault(modality_for(cells, label).__name__.lower(), []).append(label)
    return found


def _infer_named(kinds: Mapping, joined: bool) -> list[tuple]:
    """Return (name, modality, columns) for named columns; common prefixes name the modalities."""
    if not all("__" in name.strip("_") for name in kinds):
        return _group(kinds, joined)
    prefixed: dict[str, list] = {}
    for name in kinds:
        prefixed.setdefault(name.strip("_").partition("__")[0], []).append(name)
    found = []
    for prefix, labels in prefixed.items():
        group = _group({label: kinds[label] for label in labels}, joined)
        found += [(_prefixed(name, prefix, len(group)), *rest) for name, *rest in group]
    return found


def _split(name: str, columns: Mapping, wrap: Callable, values) -> list[tuple]:
    """Return (name, modality, columns) for each kind of columns; [] for a single kind."""
    kinds = {label: _kind_of(cells, label) for label, cells in columns.items()}
    several = {kind for label, (kind, _) in kinds.items() if not _is_empty(columns[label])}
    if len(several) < 2 and (values is None or not several or _accepts(several.pop(), values)):
        return []
    group = _group(kinds)
    return [(_prefixed(inner, name, 2), modality, wrap(key)) for inner, modality, key in group]


def _accepts(modality: type[Modality], values) -> bool:
    """Return whether a modality accepts several columns at once."""
    try:
        return modality.accepts(as_cells(values))
    except ValueError:  # cells that are arrays cannot be stacked
        return False


def _inside(entry: Hashable, key) -> dict:
    return {entry: key}


def _in_place(found: list[tuple], split: Mapping) -> list[tuple]:
    """Insert the modalities of split entries at the positions of the entries."""
    if not any(split.values()):
        return found
    unsplit = {key: (name, modality, key) for name, modality, key in found}
    return [one for entry in split for one in split[entry] or [unsplit[entry]]]


def modality_for(values, label, parameter="modalities") -> type[Modality]:
    """Return the first registered modality that accepts a column; raise if none does."""
    from sklearn_crossmodal.modalities import MODALITIES  # the registry imports this file

    for modality in MODALITIES.values():
        if modality.accepts(values):
            return modality
    cells = np.asarray(values, dtype=object).reshape(-1)
    kind = next((type(cell).__name__ for cell in cells if not is_missing(cell)), "nothing")
    raise ModalityError(
        f"no modality accepts column {str(label)!r}, which holds {kind}: name its modality in "
        f"`{parameter}`, one of {sorted(MODALITIES)}."
    )


def _kind_of(cells, label) -> tuple[type[Modality], bool]:
    """Return the modality of a column, and whether it may be joined with others."""
    modality = modality_for(cells, label)
    return modality, modality.joins_columns and _is_flat(cells) and not _is_empty(cells)


def _kinds_of(table: MultiModalFrame, names: list[str]) -> dict:
    """Return `_kind_of` for columns; one column represents all numeric ones of its dtype."""
    same_type = table.first_of_same_type()
    patterns = {name: same_type.get(name, name) for name in names}
    kinds = {
        name: _kind_of(_as_inspected(table[name]), name)
        for name in dict.fromkeys(patterns.values())
    }
    return {name: kinds[pattern] for name, pattern in patterns.items()}


def _group(kinds: Mapping, join: bool = True) -> list[tuple]:
    """Return (name, modality, columns): one for joined columns of a modality, one for each other.

    Names have no ``__``, the separator of nested parameters.
    """
    found: list[tuple] = []
    joined: dict[type[Modality], tuple] = {}
    for label, (modality, joins) in kinds.items():
        if not (join and joins):
            found.append((_single_underscores(str(label)), _inferred(modality), label))
        elif modality in joined:
            joined[modality][2].append(label)
        else:
            joined[modality] = (modality.__name__.lower(), _inferred(modality), [label])
            found.append(joined[modality])
    return found


def _inferred(modality: type[Modality]) -> Modality:
    instance = modality()
    instance.inferred = True
    return instance


def _is_flat(values) -> bool:
    """Return whether a column holds scalars, not arrays."""
    cells = np.asarray(values)
    if cells.dtype.kind != "O":
        return cells.ndim == 1
    return cells.ndim == 1 and not any(np.ndim(cell) for cell in cells)


def _is_empty(values) -> bool:
    """Return whether all cells are missing, so that the column may hold anything."""
    cells = np.asarray(values)
    return cells.dtype.kind == "O" and all(map(is_missing, cells.flat))


def _prefixed(name: str, prefix: str, n_modalities: int) -> str:
    """Return the name of a modality with a prefix: the prefix itself if it is the only one."""
    if n_modalities == 1:
        return prefix
    return name if name.startswith(f"{prefix}_") else _single_underscores(f"{prefix}_{name}")


def _single_underscores(name: str) -> str:
    return re.sub("_{2,}", "_", name)


def _with_unique_names(found: list[tuple]) -> list[tuple]:
    """Append numbers to duplicate names."""
    unique: dict[str, tuple] = {}
    for name, *rest in found:
        name += "_" if name in reserved_names() else ""
        numbered = (name if place == 1 else f"{name}_{place}" for place in count(1))
        unique[next(free for free in numbered if free not in unique)] = tuple(rest)
    return [(name, *rest) for name, rest in unique.items()]
