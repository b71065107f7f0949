"""From a companion, as the user gives it, to a pipeline on the features of all modalities."""

from __future__ import annotations

from inspect import isclass
from numbers import Integral

from scipy import sparse
from sklearn.base import BaseEstimator, TransformerMixin, clone
from sklearn.decomposition import PCA
from sklearn.pipeline import Pipeline, make_pipeline

from sklearn_crossmodal.estimators._vectorizer import ModalityVectorizer

__all__ = ["check_companions", "companion_pipeline"]

#: Components of each text, series, image and pretrained vector, where a companion names none.
_N_COMPONENTS = 30


def check_companions(owner: str, companions: dict, method: str) -> dict:
    """Return companions with their numbers of components; raise if they cannot be base models.

    Parameters
    ----------
    owner : str
        Name of the estimator, for messages.
    companions : dict of str to estimator or (estimator, int or None)
        As the user gave them.
    method : str
        That they predict by.

    Returns
    -------
    dict of str to (estimator, int or None)
    """
    pairs = {name: _pair(f"{owner}: companion {name!r}", one) for name, one in companions.items()}
    lacking = [name for name, (estimator, _) in pairs.items() if not hasattr(estimator, method)]
    if lacking:
        raise ValueError(
            f"{owner}: the companions {lacking} have no {method}: wrap them, for example in "
            "CalibratedClassifierCV, or take others."
        )
    return pairs


def _pair(owner: str, companion) -> tuple:
    """Return an estimator and its number of components, checked."""
    pair = companion if isinstance(companion, tuple) else (companion, _N_COMPONENTS)
    if len(pair) != 2:
        raise ValueError(
            f"{owner} must be an estimator, or a pair of one and a number of components or None; "
            f"got {len(pair)} parts."
        )
    estimator, n_components = pair
    if isclass(estimator):
        name = estimator.__name__
        raise TypeError(f"{owner} is the class {name}: pass an instance, {name}().")
    if not hasattr(estimator, "fit"):
        raise TypeError(f"{owner} must be an estimator with fit, got {estimator!r}.")
    is_count = isinstance(n_components, Integral) and not isinstance(n_components, bool)
    if n_components is not None and not (is_count and n_components > 0):
        raise ValueError(
            f"{owner}: its number of components must be 1 or more, or None for all; got "
            f"{n_components!r}."
        )
    return estimator, n_components


def companion_pipeline(
    estimator, n_components: int | None, entries: list[tuple], *, memory, random_state
) -> Pipeline:
    """Return a model of the features of all modalities side by side.

    Parameters
    ----------
    estimator : BaseEstimator
        The companion.
    n_components : int or None
        To how many components each text, series, image and pretrained vector is reduced.
    entries : list of (str, Modality, columns)
        The modalities.
    memory : str, path, joblib.Memory or None
        Cache for the features of pretrained models.
    random_state : int
        Seed of the reductions.

    Returns
    -------
    Pipeline
    """
    features = ModalityVectorizer(
        entries, n_components=n_components, memory=memory, random_state=random_state
    )
    steps = [] if n_components is None else [_DenseReducer(random_state=random_state)]
    return make_pipeline(features, *steps, clone(estimator))


class _DenseReducer(TransformerMixin, BaseEstimator):
    """Make a table dense, and replace one that is wide by its principal components.

    The time of trees grows with the number of columns, and embeddings have many.
    """

    def __init__(self, max_columns=256, random_state=None):
        self.max_columns = max_columns
        self.random_state = random_state

    def fit(self, X, y=None):
        self.n_features_in_, self.pca_ = X.shape[1], None
        if X.shape[1] > self.max_columns:
            n_components = max(min(self.max_columns // 4, X.shape[0] - 1), 1)
            self.pca_ = PCA(n_components, random_state=self.random_state).fit(_dense(X))
        return self

    def transform(self, X):
        table = _dense(X)
        return table if self.pca_ is None else self.pca_.transform(table)


def _dense(table):
    return table.toarray() if sparse.issparse(table) else table
