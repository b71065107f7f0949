"""The models that an automatic fusion combines."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import dataclass, replace

from scipy import sparse
from sklearn.base import BaseEstimator, TransformerMixin, clone
from sklearn.decomposition import PCA
from sklearn.pipeline import make_pipeline

from sklearn_crossmodal.estimators._vectorizer import ModalityVectorizer
from sklearn_crossmodal.utils._cloning import clone_with_callbacks
from sklearn_crossmodal.utils._weight_routing import takes_weights

__all__ = [
    "JOINT",
    "Member",
    "companion_members",
    "network_members",
]

#: Name of the network over all modalities.
JOINT = "joint"


@dataclass(frozen=True)
class Member:
    """A model that reads some of the modalities.

    Parameters
    ----------
    name : str
        In the leaderboard.
    estimator : BaseEstimator
        Unfitted; it takes a `MultiModalFrame` from which modalities may be absent.
    modalities : tuple of str
        Those it reads.
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

    def only(self, names) -> Member:
        """Return the same model over some of its modalities."""
        if tuple(names) == self.modalities:
            return self
        key = "modalities" if self.is_network else f"{self.estimator.steps[0][0]}__modality"
        entries = [entry for entry in self.estimator.get_params()[key] if entry[0] in names]
        copy = clone_with_callbacks(self.estimator).set_params(**{key: entries})
        return replace(self, estimator=copy, modalities=tuple(names))

    @property
    def described(self) -> str:
        """What it is, for messages."""
        return "network" if self.is_network else f"companion {self.name!r}"

    def fit(self, X, y, sample_weight=None, groups=None, callback=None, task=None) -> BaseEstimator:
        """Return a fitted copy.

        Weights are not passed to a companion that takes none, see `takes_weights`. Groups are for
        networks, which hold rows out themselves; a callback is for them too, beside their own.
        """
        copy, params = clone_with_callbacks(self.estimator), {}
        last = copy if self.is_network else copy[-1]
        if self.is_network and groups is not None:
            params["groups"] = groups
        if self.class_order is not None:
            copy._class_order = self.class_order
        if callback is not None and self.is_network:
            copy.set_callbacks(*getattr(copy, "_skl_callbacks", ()), callback)
        if sample_weight is not None and takes_weights(last, sample_weight):
            params["sample_weight"] = sample_weight
        with nullcontext() if task is None else task.around(last):
            if not self.is_network:
                # Step by step: a pipeline passes on what is requested with metadata routing, and
                # what has the prefix of a step without it.
                for _, step in copy.steps[:-1]:
                    X = step.fit_transform(X, y)
            last.fit(X, y, **params)
        return copy


def network_members(estimator, entries: list[tuple]) -> list[Member]:
    """Return the network over all modalities, and one over each alone if there are several.

    Parameters
    ----------
    estimator : FusionClassifier or FusionRegressor
        Whose other parameters they have.
    entries : list of (str, Modality, columns)
        The modalities.

    Returns
    -------
    list of Member
    """
    groups = {JOINT: entries}
    if len(entries) > 1:
        groups |= {entry[0]: [entry] for entry in entries}
    return [
        Member(
            name,
            clone_with_callbacks(estimator).set_params(modalities=some),
            tuple(one for one, *_ in some),
            is_network=True,
        )
        for name, some in groups.items()
    ]


def companion_members(companions, entries: list[tuple], *, memory, random_state) -> list[Member]:
    """Return models of other kinds on the features of all modalities side by side.

    Parameters
    ----------
    companions : dict of str to (estimator, int or None)
        With how many components each text, series, image and pretrained vector is given to it;
        None means all.
    entries : list of (str, Modality, columns)
        The modalities.
    memory : str, path, joblib.Memory or None
        Where features of pretrained models are kept.
    random_state : int
        Of the reductions.

    Returns
    -------
    list of Member
    """
    names = tuple(name for name, *_ in entries)
    found = []
    for name, (estimator, n_components) in companions.items():
        view = ModalityVectorizer(
            entries, n_components=n_components, memory=memory, random_state=random_state
        )
        steps = [] if n_components is None else [_Narrow(random_state=random_state)]
        model = make_pipeline(view, *steps, clone(estimator))
        found.append(Member(name, model, names, is_network=False))
    return found


class _Narrow(TransformerMixin, BaseEstimator):
    """A dense table of at most so many columns: of a wider one, its principal components.

    Trees take long on many columns, of which embeddings have the most.
    """

    def __init__(self, n_most=256, random_state=None):
        self.n_most = n_most
        self.random_state = random_state

    def fit(self, X, y=None):
        self.n_features_in_, self.components_ = X.shape[1], None
        if X.shape[1] > self.n_most:
            n_components = min(self.n_most // 4, X.shape[0] - 1)
            self.components_ = PCA(max(n_components, 1), random_state=self.random_state)
            self.components_.fit(_dense(X))
        return self

    def transform(self, X):
        table = _dense(X)
        return table if self.components_ is None else self.components_.transform(table)


def _dense(table):
    return table.toarray() if sparse.issparse(table) else table
