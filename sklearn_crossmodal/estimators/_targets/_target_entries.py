"""Which modalities a target has, and with which losses they are learned."""

from __future__ import annotations

import numpy as np
from sklearn.base import clone

from sklearn_crossmodal.data import as_cells, as_column, as_table, is_named
from sklearn_crossmodal.exceptions import ModalityError
from sklearn_crossmodal.modalities import MODALITIES, Modality, infer_for_columns, modality_for
from sklearn_crossmodal.nn import resolve
from sklearn_crossmodal.nn._protocols import flag
from sklearn_crossmodal.nn.decoders import MLPDecoder
from sklearn_crossmodal.nn.losses import LOSSES
from sklearn_crossmodal.utils._sklearn import InvalidParameterError

__all__ = ["entries_of", "is_several", "modality_of", "widen"]

#: From how many numbers on a target that is not given with its decoder has a wide one. What it is
#: worth: see the user guide, "Where defaults come from".
_WIDE = 32


def modality_of(target, loss, y):
    """Return the modality of a target that is but one.

    Parameters
    ----------
    target : str, Modality or None
        As the user gave it.
    loss : str, component, dict or None
        As the user gave it.
    y : ndarray with n rows
        The target.

    Returns
    -------
    Modality
        Unfitted.
    """
    _check_losses(loss, ["y"])
    return _made("y", modality_for(y, "y", "target") if target is None else target, loss)


def is_several(y) -> bool:
    """Tell whether y is a data frame whose columns are of several modalities.

    Parameters
    ----------
    y : object
        As the user gave it.

    Returns
    -------
    bool
        False where one modality takes all columns together.
    """
    if not is_named(y) or np.ndim(y) < 2 or y.shape[1] < 2:
        return False
    try:
        modality_for(as_column(y), "y")
    except ModalityError:
        table = as_table(y)
        return len({modality_for(as_cells(table[name]), name, "target") for name in table}) > 1
    return False


def entries_of(target, loss, table, y):
    """Return the modalities of a target that is a table.

    Parameters
    ----------
    target : list, dict or None
        As the user gave it.
    loss : str, component, dict or None
        As the user gave it.
    table : MultiModalFrame or ndarray of shape (n, d)
        The target.
    y : mapping, data frame or array
        The same as the user gave it, which a callable is called with.

    Returns
    -------
    list of (str, Modality, columns)
        Unfitted.

    Raises
    ------
    ValueError
        If an entry is none, names are not unique, or a loss is that of no target.
    """
    if isinstance(target, list):
        entries = [entry for entry in map(_checked, target) if entry[1] != "drop"]
    elif target is None or isinstance(target, dict):
        columns = {name: name for name in table} if target is None else target
        found = infer_for_columns(table, y, columns, "target")
        entries = [(name, type(modality), key) for name, modality, key in found]
    else:
        raise InvalidParameterError(
            f"target={target!r} is one modality, but y is a mapping of {list(table)}: pass its "
            "values alone, or target=[(name, modality, columns), ...]."
        )
    names = [name for name, *_ in entries]
    if not names or len(set(names)) < len(names):
        raise ModalityError(f"targets need names that differ, got {names}.")
    _check_losses(loss, names)
    return [(name, _made(name, modality, loss), key) for name, modality, key in entries]


def widen(modality, target, name="y"):
    """Set the decoder of a fitted target of many numbers to a wide one, unless the user gave it.

    Parameters
    ----------
    modality : Modality
        Fitted.
    target : str, Modality, list, dict or None
        As the user gave it.
    name : str, default="y"
        Of the modality, in a list.
    """
    entries = target if isinstance(target, list) else [("y", target, None)]
    given = any(entry[0] == name and isinstance(entry[1], Modality) for entry in entries)
    n_numbers = 0 if modality.kind != "vector" else modality.spec_.size
    n_numbers -= len(modality.indicators_)
    if not given and n_numbers >= _WIDE:
        modality.decoder = MLPDecoder((512, 512), dropout=0.3)


def _check_losses(loss, names):
    if isinstance(loss, dict) and (unknown := sorted(set(loss) - set(names))):
        raise InvalidParameterError(f"loss names {unknown}, which are none of the targets {names}.")


def _made(name, modality, loss):
    """Return a modality with its loss; one that is given by class or name is made for it."""
    part = loss.get(name) if isinstance(loss, dict) else loss
    if not isinstance(modality, Modality):
        component = None if part is None else resolve(part, LOSSES, "loss")
        modality = _made_for(MODALITIES.get(modality, modality), component)
    return modality if part is None else clone(modality).set_params(loss=part)


def _made_for(modality, loss):
    """Return a modality of a class, as a target that is learned with a loss; None is its own."""
    scaling = flag(loss, "scaling")
    if modality is MODALITIES["numeric"]:
        # Numbers are predicted in the whole of their range: nothing may be clipped.
        return modality(scaling=scaling)
    if modality is MODALITIES["image"] and scaling in (None, "mean"):
        return modality(scaling="unit")
    return modality()


def _checked(entry):
    """Return an entry of the list `target`; raise if it is none."""
    if isinstance(entry, tuple) and len(entry) == 3 and isinstance(entry[0], str):
        name, modality, _ = entry
        if isinstance(modality, Modality) or modality in {*MODALITIES, "drop"}:
            return entry
        raise ModalityError(
            f"{name!r} is {modality!r}: give a modality such as Numeric(), a name of "
            f"{sorted(MODALITIES)}, or 'drop'."
        )
    raise InvalidParameterError(
        f"it must be a modality, or a list of (name, modality, columns), got {entry!r}."
    )
