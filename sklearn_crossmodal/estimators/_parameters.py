"""Parameters of the modalities as parameters of the estimator: ``photo__size``."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import fields
from numbers import Integral, Real
from os import PathLike

from sklearn.base import BaseEstimator

from sklearn_crossmodal.estimators._fitting._error_hints import remedy
from sklearn_crossmodal.estimators._targets._tags import takes_sparse, takes_strings
from sklearn_crossmodal.exceptions import ModalityError
from sklearn_crossmodal.modalities import (
    MODALITIES,
    Modality,
    ModalityBank,
    infer_for_columns,
    infer_from_table,
)
from sklearn_crossmodal.nn.fusion import FUSIONS
from sklearn_crossmodal.training import OPTIMIZERS, TrainingConfig
from sklearn_crossmodal.utils._cloning import clone_with_copied_callbacks
from sklearn_crossmodal.utils._sklearn import (
    HasMethods,
    Interval,
    InvalidParameterError,
    StrOptions,
    _clone_parametrized,
)
from sklearn_crossmodal.utils._validation import error_prefix
from sklearn_crossmodal.utils.discovery import reserved_names

__all__ = ["SHARED_CONSTRAINTS", "TRAINING_PARAMETERS", "ModalityParams", "listed_modalities"]

#: Constraints of the parameters that all estimators share.
SHARED_CONSTRAINTS = {
    "modalities": [list, dict, None],
    "fusion": [StrOptions(set(FUSIONS)), HasMethods("build"), callable],
    "max_epochs": [StrOptions({"auto"}), Interval(Integral, 1, None, closed="left")],
    "batch_size": [StrOptions({"auto"}), Interval(Integral, 1, None, closed="left")],
    "learning_rate": [Interval(Real, 0, None, closed="neither")],
    "learning_rate_schedule": [StrOptions({"cosine", "constant"})],
    "weight_decay": [Interval(Real, 0, None, closed="left")],
    "optimizer": [StrOptions(set(OPTIMIZERS)), callable],
    "validation": [
        StrOptions({"auto"}),
        Interval(Real, 0, 1, closed="neither"),
        HasMethods(["split", "get_n_splits"]),
        None,
    ],
    "n_iter_no_change": [Interval(Integral, 1, None, closed="left")],
    "tol": [Interval(Real, 0, None, closed="left")],
    "modality_dropout": [Interval(Real, 0, 1, closed="left")],
    "warm_start": ["boolean"],
    "device": [str],
    "dtype": [StrOptions({"auto", "float64", "float32", "bfloat16"})],
    "memory": [str, PathLike, HasMethods("cache"), None],
    "random_state": ["random_state"],
    "verbose": ["verbose"],
    "callbacks": [list, tuple, None],
    "net_params": [dict, None],
}

#: What X and y are read as does not depend on these; an estimator class adds its own.
TRAINING_PARAMETERS = frozenset(
    {
        *(field.name for field in fields(TrainingConfig)),
        "dtype",
        "fusion",
        "max_epochs",
        "random_state",
        "validation",
        "warm_start",
    }
)


class ModalityParams(BaseEstimator):
    """An estimator whose parameter `modalities` is a list of (name, modality, columns)."""

    def get_params(self, deep=True):
        """Get the parameters of the estimator, of its components and of its modalities.

        Parameters
        ----------
        deep : bool, default=True
            Whether parameters of components and modalities are included, as in ``photo__size``.

        Returns
        -------
        dict of str to object
        """
        params = super().get_params(deep=deep)
        if not deep:
            return params
        nested = {}
        for name, modality in _named_modalities(self).items():
            nested[name] = modality
            if isinstance(modality, Modality):
                for key, value in modality.get_params(deep=True).items():
                    nested[f"{name}__{key}"] = value
        return {**nested, **params}

    def set_params(self, **params):
        """Set parameters of the estimator, of its components or of its modalities.

        Parameters
        ----------
        **params : dict
            Names as `get_params` gives them.

        Returns
        -------
        object
            The estimator itself.

        Raises
        ------
        ValueError
            If a name is unknown, or if it is nested in a name of a registry or in modalities that
            are to be inferred; the message says what to pass instead.
        """
        if "modalities" in params:  # first, since other names may refer to its entries
            self.modalities = params.pop("modalities")
        for name in [name for name in params if name in _named_modalities(self)]:
            _replace_modality(self, name, params.pop(name))
        own = super().get_params(deep=False)
        _refuse_nested_in_names(self, params, own)
        for name in [name for name in params if name.partition("__")[0] not in own]:
            modality, _, key = name.partition("__")
            if key and modality in _named_modalities(self):
                _named_modalities(self)[modality].set_params(**{key: params.pop(name)})
        super().set_params(**params)
        return self

    def __sklearn_clone__(self):
        if getattr(self, "callbacks", None):
            return clone_with_copied_callbacks(self)
        return _clone_parametrized(self)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.input_tags.string = takes_strings(self.modalities)
        tags.input_tags.sparse = takes_sparse(self.modalities)
        return tags

    def _bind_modalities(self, X, table):
        """Return a bank of the modalities, listed, named or inferred, bound to columns of X."""
        owner = type(self).__name__
        if self.modalities is None:
            with error_prefix(owner):
                modalities = infer_from_table(table, joined=not isinstance(X, Mapping))
        elif isinstance(self.modalities, dict):
            _check_any(owner, self.modalities, "modalities")
            _check_names(owner, list(self.modalities), self.get_params(deep=False))
            with error_prefix(owner):
                modalities = infer_for_columns(table, X, self.modalities)
        else:
            params = self.get_params(deep=False)
            modalities = listed_modalities(owner, self.modalities, params=params)
        bank = ModalityBank(owner, modalities)
        bank.bind(X, table)
        return bank


def _named_modalities(estimator) -> dict:
    if not isinstance(estimator.modalities, list):
        return {}
    return {
        entry[0]: entry[1]
        for entry in estimator.modalities
        if isinstance(entry, tuple) and len(entry) == 3
    }


def _replace_modality(estimator, name, modality):
    # A new list: the one the user gave is never changed.
    estimator.modalities = [
        (entry[0], modality, entry[2]) if entry[0] == name else entry
        for entry in estimator.modalities
    ]


def _refuse_nested_in_names(estimator, params, own):
    """Say what to pass when a nested name leads into a registry name or into nothing."""
    for name in params:
        head, *path = name.split("__")
        if not path:
            continue
        if head not in own and not _named_modalities(estimator):
            raise ValueError(
                f"{type(estimator).__name__}: {name!r} needs modalities that are listed: pass "
                "modalities=infer_modalities(X), or a list of (name, modality, columns)."
            )
        part = params.get(head, own.get(head, _named_modalities(estimator).get(head)))
        for depth, key in enumerate(path):
            if isinstance(part, str):
                place = "__".join([head, *path[:depth]])
                raise ValueError(
                    f"{type(estimator).__name__}: {place}={part!r} is a name, which has no "
                    f"parameter {key!r}: {remedy(place, part, key, params[name])}"
                )
            if part is None and not depth and head in own:
                raise ValueError(
                    f"{type(estimator).__name__}: {head} is None, which has no parameter {key!r}: "
                    f"{remedy(head, None, key, params[name])}"
                )
            part = getattr(part, key, None)


def listed_modalities(
    owner: str, listed: list, parameter: str = "modalities", params: Collection[str] = ()
) -> list[tuple]:
    """Return listed modalities without the dropped, names of the registry as what they stand for.

    Parameters
    ----------
    owner : str
        Name of the estimator, for messages.
    listed : list of (str, Modality, columns)
        As the user gave it.
    parameter : str, default="modalities"
        What the list is called there.
    params : collection of str, default=()
        Names of the parameters of the estimator, beside those of the estimators of the package.

    Returns
    -------
    list of (str, Modality, columns)

    Raises
    ------
    ValueError
        If an entry, a name or a modality is wrong, or none is left.
    """
    _check_any(owner, listed, parameter)
    for entry in listed:
        if not (isinstance(entry, tuple) and len(entry) == 3 and isinstance(entry[0], str)):
            raise InvalidParameterError(
                f"{owner}: {parameter} must be a list of (name, modality, columns), got {entry!r}."
            )
    names = [entry[0] for entry in listed]
    _check_names(owner, names, params)
    kept = [
        (name, _resolve_modality(owner, name, modality), columns)
        for name, modality, columns in listed
        if not (isinstance(modality, str) and modality == "drop")
    ]
    if not kept:
        raise ModalityError(f"{owner}: no modality is left: {names} are all dropped.")
    return kept


def _check_names(owner: str, names: list[str], params: Collection[str]) -> None:
    reserved = reserved_names().union(params)
    for name in names:
        reason, other = _objection(name, names, reserved)
        if reason is not None:
            while other in reserved or other in names:
                other += "_"
            raise ModalityError(
                f"{owner}: modality {name!r} needs another name, such as {other!r}: {reason}."
            )


def _objection(name: str, names: list[str], reserved: Collection[str]) -> tuple[str | None, str]:
    """Return why a modality cannot have this name, None if it can, and another name."""
    if not name:
        return "a name has letters", "data"
    if "__" in name:
        other = re.sub("__+", "_", name).strip("_") or "data"
        return "'__' leads to its parameters", other
    if name in reserved:
        return "this one is that of a parameter, as max_epochs and loss are", f"{name}_data"
    if names.count(name) > 1:
        return "names are unique, and this one is there more than once", f"{name}_2"
    return None, name


def _resolve_modality(owner, name, modality) -> Modality:
    if isinstance(modality, str) and modality in MODALITIES:
        return MODALITIES[modality]()
    if isinstance(modality, Modality):
        return modality
    raise ModalityError(
        f"{owner}: modality {name!r} is {modality!r}: give a modality such as Numeric(), a name of "
        f"{sorted(MODALITIES)}, or 'drop'."
    )


def _check_any(owner: str, listed, parameter: str) -> None:
    if not listed:
        raise ModalityError(
            f"{owner}: {parameter}={listed!r} names none: list (name, modality, columns) of each, "
            "or pass None, so that they are inferred from X."
        )
