"""The base models of an automatic fusion, not yet fitted: networks and companions."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import dataclass, replace

from sklearn.base import BaseEstimator

from sklearn_crossmodal.ensemble.companions import COMPANIONS
from sklearn_crossmodal.ensemble.companions._pipeline import companion_pipeline
from sklearn_crossmodal.exceptions import ModalityError
from sklearn_crossmodal.utils._cloning import clone_with_callbacks
from sklearn_crossmodal.utils._weight_routing import takes_weights

__all__ = ["BaseModel", "check_names", "check_network", "default_companions", "make_base_models"]

#: Name of the network over all modalities.
_JOINT = "joint"
#: Names that the leaderboard has for it and for the combination.
_RESERVED = {_JOINT, "fused"}


@dataclass(frozen=True)
class BaseModel:
    """A model of some of the modalities.

    Parameters
    ----------
    name : str
        In the leaderboard.
    estimator : BaseEstimator
        Unfitted; it takes a `MultiModalFrame` in which modalities may be absent.
    modalities : tuple of str
        Those it uses.
    is_network : bool
        Whether it trains in epochs, so that it can be stopped.
    class_order : list, default=None
        All categories of y in their order, for a network; labels alone have none.
    """

    name: str
    estimator: BaseEstimator
    modalities: tuple[str, ...]
    is_network: bool
    class_order: list | None = None

    def only(self, names) -> BaseModel:
        """Return the same model of some of its modalities."""
        if tuple(names) == self.modalities:
            return self
        key = "modalities" if self.is_network else f"{self.estimator.steps[0][0]}__modality"
        entries = [entry for entry in self.estimator.get_params()[key] if entry[0] in names]
        copy = clone_with_callbacks(self.estimator).set_params(**{key: entries})
        return replace(self, estimator=copy, modalities=tuple(names))

    @property
    def description(self) -> str:
        """What it is, for error messages."""
        return "network" if self.is_network else f"companion {self.name!r}"

    def fit(self, X, y, sample_weight=None, groups=None, callback=None, task=None) -> BaseEstimator:
        """Return a fitted copy; groups and the callback are for networks alone."""
        copy = clone_with_callbacks(self.estimator)
        last, params = (copy if self.is_network else copy[-1]), {}
        if self.is_network:
            self._set_up(copy, callback)
            params = {} if groups is None else {"groups": groups}  # it holds out rows itself
        if sample_weight is not None and takes_weights(last, sample_weight):
            params["sample_weight"] = sample_weight
        with nullcontext() if task is None else task.around(last):
            # Step by step: a pipeline passes on what is requested with metadata routing, and what
            # has the prefix of a step without it.
            for _, step in () if self.is_network else copy.steps[:-1]:
                X = step.fit_transform(X, y)
            last.fit(X, y, **params)
        return copy

    def _set_up(self, network, callback) -> None:
        if self.class_order is not None:
            network._class_order = self.class_order
        if callback is not None:
            network.set_callbacks(*getattr(network, "_skl_callbacks", ()), callback)


def make_base_models(
    network, companions: dict, entries: list[tuple], *, class_order, random_state: int
) -> list[BaseModel]:
    """Return all base models, those first that are worth most for their time.

    Parameters
    ----------
    network : FusionClassifier or FusionRegressor
        Whose other parameters all networks have.
    companions : dict of str to (estimator, int or None)
        As `check_companions` returns them.
    entries : list of (str, Modality, columns)
        The modalities.
    class_order : list or None
        As in `BaseModel`.
    random_state : int
        Seed of the networks, and of the reductions of features.

    Returns
    -------
    list of BaseModel
        A network over all modalities, the companions, and a network over each modality if there
        are several.
    """
    network = clone_with_callbacks(network).set_params(random_state=random_state)
    settings = {
        "memory": network.get_params(deep=False).get("memory"),
        "random_state": random_state,
    }
    names = tuple(name for name, *_ in entries)
    others = [
        BaseModel(name, companion_pipeline(*pair, entries, **settings), names, is_network=False)
        for name, pair in companions.items()
    ]
    joint = _network_model(_JOINT, network, entries, class_order)
    single = entries if len(entries) > 1 else []
    return [
        joint,
        *others,
        *(_network_model(entry[0], network, [entry], class_order) for entry in single),
    ]


def _network_model(name, network, entries, class_order) -> BaseModel:
    return BaseModel(
        name,
        clone_with_callbacks(network).set_params(modalities=entries),
        tuple(modality for modality, *_ in entries),
        is_network=True,
        class_order=class_order,
    )


def default_companions(build, spec) -> dict:
    """Return what ``companions="auto"`` stands for.

    Parameters
    ----------
    build : callable
        From a companion and `spec` to its estimator, or None if it has none for the task.
    spec : CompanionSpec
        What is known of the fit.

    Returns
    -------
    dict of str to (estimator, int or None)
    """
    found = {
        name: (build(companion(), spec), companion.n_components)
        for name, companion in COMPANIONS.items()
        if companion.min_rows <= spec.n_rows <= companion.max_rows
    }
    return {name: pair for name, pair in found.items() if pair[0] is not None}


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


def check_names(owner: str, entries: list[tuple], companions) -> None:
    """Raise if two rows of the leaderboard would have one name."""
    modalities = {name for name, *_ in entries}
    taken = sorted(_RESERVED & modalities)
    if taken:
        raise ModalityError(
            f"{owner}: modalities need other names than {taken}, such as {taken[0] + '_data'!r}: "
            "the leaderboard has these for the network over all modalities and for the combination."
        )
    taken = sorted((_RESERVED | modalities) & set(companions))
    if taken:
        raise ValueError(f"{owner}: companions need other names than {taken}.")
