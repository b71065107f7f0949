"""The base models of an automatic fusion, not yet fitted: networks and companions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from sklearn.base import BaseEstimator

from sklearn_crossmodal.ensemble.companions import COMPANIONS
from sklearn_crossmodal.exceptions import ModalityError
from sklearn_crossmodal.modalities import Categorical, Numeric
from sklearn_crossmodal.modalities._base import encoder_attribute
from sklearn_crossmodal.utils._cloning import clone_with_callbacks
from sklearn_crossmodal.utils._weight_routing import takes_weights

__all__ = [
    "CompanionModel",
    "NetworkModel",
    "cheapest_first",
    "check_names",
    "check_network",
    "comes_first",
    "has_frozen_encoder",
    "make_base_models",
    "named_companions",
    "sides_of",
]

#: Name of the network over all modalities.
_JOINT = "joint"
#: Names that the leaderboard has for it and for the combination.
_RESERVED = {_JOINT, "fused"}
#: Kinds of companions that are fitted first, since they take least time for what they are worth.
_FIRST = ("linear",)
#: Rank of a modality by its kind.
_COSTS = {"codes": 0, "vector": 0, "tokens": 1, "sequence": 2, "grid": 3}
#: Up to this number of sides there are companions on all sides but one.
_MAX_SIDES = 4


@dataclass(frozen=True)
class NetworkModel:
    """A network over some of the modalities.

    Parameters
    ----------
    name : str
        In the leaderboard.
    estimator : BaseEstimator
        Unfitted; it takes a `MultiModalFrame` in which modalities may be absent.
    modalities : tuple of str
        Those it uses.
    class_order : list, default=None
        All categories of y in their order; labels alone have none.
    """

    name: str
    estimator: BaseEstimator
    modalities: tuple[str, ...]
    class_order: list | None = None

    #: What error messages call it.
    description = "network"
    #: It is no companion of any kind.
    kind = None

    def serves(self, subset: tuple, kinds: dict) -> bool:
        """Return whether it is to predict from a subset of modalities."""
        return any(name in subset for name in self.modalities)

    def known_part(self, view, rows: np.ndarray) -> tuple[NetworkModel, np.ndarray]:
        """Return the model of the modalities that rows have, and the rows that have any."""
        there = view.present[:, [view.names.index(name) for name in self.modalities]]
        rows = rows[there[rows].any(axis=1)]
        known = there[rows].any(axis=0)  # a rare modality may be absent from all rows of a fold
        return self._only([n for n, one in zip(self.modalities, known, strict=True) if one]), rows

    def _only(self, names: list[str]) -> NetworkModel:
        if tuple(names) == self.modalities:
            return self
        entries = self.estimator.get_params(deep=False)["modalities"]
        entries = [entry for entry in entries if entry[0] in names]
        copy = clone_with_callbacks(self.estimator).set_params(modalities=entries)
        return replace(self, estimator=copy, modalities=tuple(names))

    def unfitted(self) -> BaseEstimator:
        """Return a copy to fit."""
        network = clone_with_callbacks(self.estimator)
        if self.class_order is not None:
            network._class_order = self.class_order
        return network

    def takes_weights(self, sample_weight) -> bool:
        """Return whether weights of the samples are passed to its fit."""
        return sample_weight is not None and takes_weights(self.estimator, sample_weight)


@dataclass(frozen=True)
class CompanionModel:
    """A companion on the features of a group of modalities.

    Parameters
    ----------
    name : str
        In the leaderboard.
    kind : str
        Name of the companion, which it shares with those of other groups.
    estimator : BaseEstimator
        Unfitted; it takes a table.
    n_components : int or None
        Of the features, see `Features`.
    modalities : tuple of str
        The group.
    n_sides : int
        Of how many sides the group consists; 0 for all of them.
    """

    name: str
    kind: str
    estimator: BaseEstimator
    n_components: int | None
    modalities: tuple[str, ...]
    n_sides: int = 0

    @property
    def description(self) -> str:
        """What error messages call it."""
        return f"companion {self.name!r}"

    def serves(self, subset: tuple, kinds: dict) -> bool:
        """Return whether it is to predict from a subset of modalities.

        Parameters
        ----------
        subset : tuple of str
            The modalities.
        kinds : dict of str to list of tuple of str
            For each kind of companion, the groups that are fitted.
        """
        if set(self.modalities) == set(subset):
            return True
        if self.n_sides == 1:
            return set(self.modalities) <= set(subset)
        if self.n_sides > 1:
            return False
        exact = any(set(group) == set(subset) for group in kinds[self.kind])
        return not exact and any(name in subset for name in self.modalities)


def make_base_models(
    network,
    companions: dict,
    entries: list[tuple],
    sides: Sequence[tuple[str, ...]],
    *,
    class_order,
    random_state: int,
) -> list:
    """Return all base models, those first that are worth most for their time.

    Parameters
    ----------
    network : FusionClassifier or FusionRegressor
        Whose parameters the network has.
    companions : dict of str to (estimator, int or None, bool)
        As `named_companions` and `check_companions` return them.
    entries : list of (str, Modality, columns)
        The modalities.
    sides : sequence of tuple of str
        Modalities that count as one.
    class_order : list or None
        As in `NetworkModel`.
    random_state : int
        Seed of the networks.

    Returns
    -------
    list of NetworkModel or CompanionModel
    """
    network = clone_with_callbacks(network).set_params(
        random_state=random_state, modalities=entries
    )
    names = tuple(name for name, *_ in entries)
    joint = NetworkModel(_JOINT, network, names, class_order)
    groups = _groups(names, sides)
    first = [*(g for g in groups if g[1] == 1), *(g for g in groups if g[1] == 0)]
    rest = [*(g for g in groups if g[1] == 0), *(g for g in groups if g[1] > 0)]
    models: list = []
    for kind in _FIRST:
        models += _companions_of(kind, companions, first)
    models.append(joint)
    others = [kind for kind in companions if kind not in _FIRST]
    for kind in others:  # all modalities first, of each kind
        models += _companions_of(kind, companions, rest[:1])
    for kind in [*_FIRST, *others]:
        left = [g for g in groups if g[1] > 1] if kind in _FIRST else rest[1:]
        models += _companions_of(kind, companions, left)
    return models


def cheapest_first(base_models: list, entries: list[tuple], embedding: dict[str, float]) -> list:
    """Return base models with those of single modalities first, in the order of their cost.

    Parameters
    ----------
    base_models : list of NetworkModel or CompanionModel
        As `make_base_models` returns them.
    entries : list of (str, Modality, columns)
        The modalities.
    embedding : dict of str to float
        Seconds that frozen encoders take.

    Returns
    -------
    list of NetworkModel or CompanionModel
        Tables before texts, texts before sounds, pictures and what frozen encoders read.
    """
    cost = {
        name: (embedding.get(name, 0.0), _COSTS[modality.kind]) for name, modality, _ in entries
    }
    first = [one for one in base_models if comes_first(one)]
    first.sort(key=lambda one: max(cost[name] for name in one.modalities))
    return [*first, *(one for one in base_models if one not in first)]


def comes_first(model) -> bool:
    """Return whether a base model is a linear one of a single modality."""
    return model.kind in _FIRST and model.n_sides == 1


def has_frozen_encoder(modality) -> bool:
    """Return whether a frozen encoder reads a modality, alone or beside another one."""
    return any(encoder_attribute(modality.encoder, name) for name in ("frozen", "frozen_part"))


def _groups(names, sides) -> list[tuple[tuple[str, ...], int, str]]:
    """Return the groups of modalities that companions are fitted on, with sizes and labels."""
    groups = [(names, 0, "")]
    if len(sides) < 2:
        return groups
    groups += [(side, 1, f" ({' + '.join(side)})") for side in sides]
    if 2 < len(sides) <= _MAX_SIDES:
        for side in sides:
            rest = tuple(name for name in names if name not in side)
            groups.append((rest, len(sides) - 1, f" (without {' + '.join(side)})"))
    return groups


def _companions_of(kind, companions, groups) -> list[CompanionModel]:
    if kind not in companions:
        return []
    estimator, n_components, is_grouped = companions[kind]
    return [
        CompanionModel(kind + label, kind, estimator, n_components, names, n_sides)
        for names, n_sides, label in groups
        if n_sides == 0 or is_grouped
    ]


def named_companions(names, build, spec) -> dict:
    """Return the companions of the registry that are named, ``"auto"`` for those it stands for.

    Parameters
    ----------
    names : "auto" or list of str
        Of `COMPANIONS`.
    build : callable
        From a companion and `spec` to its estimator, or None if it has none for the task.
    spec : CompanionSpec
        What is known of the fit.

    Returns
    -------
    dict of str to (estimator, int or None, bool)
        Estimator, number of components, and whether it is fitted on groups of modalities too.
    """
    if isinstance(names, str):
        chosen = {
            name: companion
            for name, companion in COMPANIONS.items()
            if companion.is_default and companion.min_rows <= spec.n_rows <= companion.max_rows
        }
    else:
        unknown = [name for name in names if name not in COMPANIONS]
        if unknown:
            raise ValueError(f"there are no companions {unknown}; known are {list(COMPANIONS)}.")
        chosen = {name: COMPANIONS[name] for name in names}
    found = {
        name: (build(companion(), spec), companion.n_components, companion.is_grouped)
        for name, companion in chosen.items()
    }
    return {name: parts for name, parts in found.items() if parts[0] is not None}


def check_network(owner: str, estimator, default) -> BaseEstimator:
    """Return the network whose parameters the networks have; raise if it is of another kind."""
    if estimator is None:
        return default
    if not isinstance(estimator, type(default)):
        raise TypeError(
            f"{owner}: estimator must be a {type(default).__name__}, got "
            f"{type(estimator).__name__}: give others as companions."
        )
    if estimator.get_params(deep=False).get("modalities") is not None:
        raise ModalityError(
            f"{owner}: estimator has modalities of its own: give them to {owner} instead."
        )
    return estimator


def check_names(owner: str, companions) -> None:
    """Raise if two rows of the leaderboard would have one name."""
    taken = sorted(_RESERVED & set(companions))
    if taken:
        raise ValueError(f"{owner}: companions need other names than {taken}.")


def sides_of(entries: list[tuple], inferred: bool) -> list[tuple[str, ...]]:
    """Return the modalities by side: numbers and categories of one table are one.

    Parameters
    ----------
    entries : list of (str, Modality, columns)
        The modalities, with columns as they were inferred, before inner columns are unnested.
    inferred : bool
        Whether they were found in the columns; those that a user names are a side each.

    Returns
    -------
    list of tuple of str
        In the order of the modalities.
    """
    sides: dict = {}
    for name, modality, columns in entries:
        is_table = inferred and isinstance(modality, Numeric | Categorical)
        key = ("table", _table_of(columns)) if is_table else ("alone", name)
        sides.setdefault(key, []).append(name)
    return [tuple(names) for names in sides.values()]


def _table_of(columns) -> object:
    """Return the entry of X that holds the columns; None for columns of X itself."""
    if isinstance(columns, dict):
        return next(iter(columns))
    return columns if isinstance(columns, str) else None
