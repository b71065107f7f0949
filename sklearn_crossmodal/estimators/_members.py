"""The models that an automatic fusion combines, and the view of the data that each reads."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy import sparse
from sklearn.base import BaseEstimator, TransformerMixin, clone
from sklearn.decomposition import PCA
from sklearn.pipeline import make_pipeline
from sklearn.utils.validation import has_fit_parameter

from sklearn_crossmodal.data import MultiModalFrame
from sklearn_crossmodal.estimators._vectorizer import ModalityVectorizer
from sklearn_crossmodal.exceptions import ModalityError
from sklearn_crossmodal.modalities import ModalityBank

__all__ = ["JOINT", "Member", "View", "companion_members", "network_members"]

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
    """

    name: str
    estimator: BaseEstimator
    modalities: tuple[str, ...]
    is_network: bool

    def only(self, names) -> Member:
        """Return the same model over some of its modalities."""
        if tuple(names) == self.modalities:
            return self
        key = "modalities" if self.is_network else f"{self.estimator.steps[0][0]}__modality"
        entries = [entry for entry in self.estimator.get_params()[key] if entry[0] in names]
        copy = clone(self.estimator).set_params(**{key: entries})
        return replace(self, estimator=copy, modalities=tuple(names))

    def fit(self, X, y, sample_weight=None, callback=None) -> BaseEstimator:
        """Return a fitted copy; weights are not given to a companion that takes none."""
        copy, weights = clone(self.estimator), {}
        if callback is not None and self.is_network:
            copy.set_callbacks(callback)
        if sample_weight is not None:
            last = copy if self.is_network else copy[-1]
            if has_fit_parameter(last, "sample_weight"):
                prefix = "" if self.is_network else f"{copy.steps[-1][0]}__"
                weights = {f"{prefix}sample_weight": sample_weight}
        return copy.fit(X, y, **weights)


class View:
    """Samples by modality, so that modalities can be left out.

    Parameters
    ----------
    bank : ModalityBank
        Bound to the columns of `table`.
    table : MultiModalFrame, ndarray or CSR array of shape (n, d)
        The samples.
    """

    def __init__(self, bank: ModalityBank, table) -> None:
        table = _with_names(bank, table)
        self.names = tuple(bound.name for bound in bank.bound)
        named = isinstance(table, MultiModalFrame)
        self._labels = {
            bound.name: list(bound.labels) if named else [bound.name] for bound in bank.bound
        }
        self.keys = {
            name: labels[0] if bound.single or not named else labels
            for bound, (name, labels) in zip(bank.bound, self._labels.items(), strict=True)
        }
        parts = bank.parts(table)
        self.present = np.column_stack([present for _, present in parts.values()])
        self.frame = table
        if not named:
            self.frame = MultiModalFrame({name: part.values for name, (part, _) in parts.items()})

    def entries(self, bank: ModalityBank) -> list[tuple]:
        """Return the modalities with the columns that they have in this view."""
        return [
            (name, modality, self.keys[name])
            for name, modality, _ in bank.modalities
            if name in self.keys
        ]

    def absent_in(self, rows) -> list[str]:
        """Return the modalities that none of these rows has."""
        there = self.present[rows].any(axis=0)
        return [name for name, one in zip(self.names, there, strict=True) if not one]

    def only(self, names, rows) -> MultiModalFrame:
        """Return some rows with the columns of some modalities."""
        labels = [label for name in names for label in self._labels[name]]
        there = [label for label in dict.fromkeys(labels) if label in self.frame]
        return self.frame[there][rows]

    def patterns(self) -> list[tuple]:
        """Return the patterns of modalities that samples have."""
        return [tuple(np.array(self.names)[row]) for row in np.unique(self.present, axis=0)]

    def is_pattern(self, names) -> np.ndarray:
        """Tell which samples have just these modalities."""
        return (self.present == [name in names for name in self.names]).all(axis=1)

    def check_any_present(self, owner: str) -> None:
        """Raise if a sample has no modality."""
        empty = np.flatnonzero(~self.present.any(axis=1))
        if len(empty):
            raise ModalityError(
                f"{owner}: {len(empty)} samples have none of the modalities {list(self.names)}, "
                f"first rows {empty[:5].tolist()}: leave them out."
            )

    def rows_with(self, names) -> np.ndarray:
        """Tell which samples have all of these modalities."""
        return self.present[:, [self.names.index(name) for name in names]].all(axis=1)


def _with_names(bank: ModalityBank, table):
    """Return a plain array with the names of the columns in `fit`, which it has by position."""
    if not isinstance(table, np.ndarray) or any(bound.labels is None for bound in bank.bound):
        return table
    return MultiModalFrame(
        {
            label: table[:, place]
            for bound in bank.bound
            for label, place in zip(bound.labels, bound.positions, strict=True)
        }
    )


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
            clone(estimator).set_params(modalities=some),
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
