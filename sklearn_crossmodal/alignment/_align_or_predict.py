"""align_or_predict: which way of learning across modalities suits the data."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import permutations
from numbers import Integral

import numpy as np
from scipy.linalg import svd
from sklearn.decomposition import PCA
from sklearn.model_selection import KFold
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from sklearn.utils import (
    Bunch,
    check_array,
    check_consistent_length,
    check_random_state,
    column_or_1d,
)
from sklearn.utils.multiclass import type_of_target

from sklearn_crossmodal.alignment._aligner import CrossModalAligner
from sklearn_crossmodal.estimators._fitting._input_validation import check_none_missing
from sklearn_crossmodal.exceptions import ModalityError
from sklearn_crossmodal.utils._sklearn import Interval, validate_params
from sklearn_crossmodal.utils._validation import error_prefix

__all__ = ["align_or_predict"]

#: Share of the directions of a random target that count as telling it by chance.
_QUANTILE, _N_FOLDS = 95, 5
#: Fewest samples, and most whole numbers that are classes.
_FEWEST, _MOST_CLASSES = 40, 20
#: Message by whether aligning, and predicting, keeps what tells y.
_SAYS = {
    (True, True): "aligning and predicting both keep what tells y",
    (True, False): "align: predicting keeps what has much variance rather than what tells y",
    (False, True): "predict: aligning keeps what both share rather than what tells y",
    (False, False): (
        "neither aligning nor predicting keeps what tells y: train on y, as FusionClassifier does"
    ),
}


@validate_params(
    {
        "X": ["array-like", Mapping],
        "y": ["array-like"],
        "n_components": [Interval(Integral, 1, None, closed="left")],
        "n_permutations": [Interval(Integral, 1, None, closed="left")],
        "random_state": ["random_state"],
    },
    prefer_skip_nested_validation=True,
)
def align_or_predict(
    X, y, *, modalities=None, n_components=30, n_permutations=20, random_state=None
):
    r"""Tell whether aligning modalities, or predicting one from the other, suits the data.

    Aligning finds the directions of largest canonical correlation; predicting, those of the target
    modality whose variance is best explained. Both are found on half of the samples, and measured
    on the other half: how strong a direction is, and whether it tells y, that is, whether ridge
    regression of y on it is better in cross-validation than 95 of 100 times on permuted y. An
    objective keeps what tells y if its weakest such direction is stronger than the strongest other
    one [1]_.

    Parameters
    ----------
    X : {MultiModalFrame, dataframe, mapping} of shape (n_samples, n_features)
        Samples that have two modalities; those that lack one are left out.
    y : array-like of shape (n_samples,)
        Classes or numbers that the representation is for; a few hundred labelled samples do. Whole
        numbers of up to 20 values are classes.
    modalities : list of (str, Modality, columns), dict or None, default=None
        The two modalities; None finds them in X.
    n_components : int, default=30
        Principal components of each modality, as many as are compared.
    n_permutations : int, default=20
        Permutations of y.
    random_state : int, RandomState instance or None, default=None
        Of halves, folds and permutations.

    Returns
    -------
    Bunch
        Its `kappa` is the mean canonical correlation of the directions that tell y, `nu` the
        largest of the others; `separation_align` is the weakest direction that tells y over the
        strongest other one, `separation_predict` the same for each (source, target), a dict;
        `regime` is "both", "align", "predict" or "neither", what has a separation above one; and
        `message` says so in a sentence.

    Raises
    ------
    ValueError
        If there are not two modalities, or less than 40 samples that have both.

    See Also
    --------
    CrossModalAligner : Aligns.
    CrossModalRegressor : Predicts.

    References
    ----------
    .. [1] I. Kamai et al. (2026). "When to align, when to predict: a phase diagram for multimodal
       learning". arXiv:2606.11190

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_crossmodal.alignment import align_or_predict
    >>> rng = np.random.default_rng(0)
    >>> signal = rng.normal(size=(400, 2))
    >>> X = {
    ...     name: np.hstack([signal, 3 * rng.normal(size=(400, 6))]) @ rng.normal(size=(8, 8))
    ...     for name in "ab"
    ... }
    >>> found = align_or_predict(X, signal[:, 0] > 0, random_state=0)
    >>> found.kappa > found.nu
    True
    """
    y = column_or_1d(y) if np.ndim(y) == 1 else check_array(y, ensure_2d=True)
    check_none_missing(y.ravel())
    rng = check_random_state(random_state)
    seed = int(rng.randint(2**31 - 1))
    with error_prefix("align_or_predict"):
        features, rows = _features(X, y, modalities, n_components, seed)
    truth = _targets(y[rows])
    order = rng.permutation(len(rows))
    halves = order[::2], order[1::2]
    (a, left), (b, right) = features.items()
    align = _separation(_canonical(left, right, *halves), truth[halves[1]], n_permutations, seed)
    predict = {
        pair: _separation(
            _predictive(features[pair[0]], features[pair[1]], *halves),
            truth[halves[1]],
            n_permutations,
            seed,
        ).separation
        for pair in permutations((a, b))
    }
    keeps = align.separation > 1, max(predict.values()) > 1
    regime = {(True, True): "both", (True, False): "align", (False, True): "predict"}
    best = max(predict, key=predict.get)
    return Bunch(
        kappa=align.signal,
        nu=align.nuisance,
        separation_align=align.separation,
        separation_predict=predict,
        regime=regime.get(keeps, "neither"),
        message=(
            f"{_SAYS[keeps]} (separation {align.separation:.2f} by aligning {a!r} and {b!r}, "
            f"{predict[best]:.2f} by predicting {best[1]!r} from {best[0]!r}; above 1 is kept)."
        ),
    )


def _features(X, y, modalities, n_components, seed):
    """Return principal components of the two modalities, and the rows that have both."""
    aligner = CrossModalAligner(modalities, kernel="linear", shrinkage=0.3, random_state=seed)
    blocks = aligner.fit(X)._blocks(X)
    check_consistent_length(next(iter(blocks.values())).present, y)
    if len(blocks) != 2:
        raise ModalityError(
            f"two modalities are compared, and X has {list(blocks)}: pass the two as modalities=."
        )
    rows = np.flatnonzero(np.all([block.present for block in blocks.values()], axis=0))
    if len(rows) < _FEWEST:
        raise ValueError(
            f"{len(rows)} samples have both of {list(blocks)}; {_FEWEST} at least are needed."
        )
    found = {}
    for name, values in aligner._space.features(aligner, blocks).items():
        n_kept = min(n_components, values.shape[1], len(rows) // 4)
        found[name] = PCA(n_kept, random_state=seed).fit_transform(values[rows])
    return found, rows


def _targets(y) -> np.ndarray:
    """Return y as standardised columns, one for each class."""
    few = y.ndim == 1 and len(np.unique(y)) <= _MOST_CLASSES
    if y.dtype.kind in "OUSb" or (few and type_of_target(y) in {"binary", "multiclass"}):
        y = OneHotEncoder(sparse_output=False).fit_transform(y.reshape(-1, 1))
    return StandardScaler().fit_transform(np.asarray(y, float).reshape(len(y), -1))


def _whitener(values, training):
    """Return the map to uncorrelated components of variance one in the training rows."""
    mean = values[training].mean(axis=0)
    _, roots, axes = svd(values[training] - mean, full_matrices=False)
    kept = roots > 1e-8 * max(roots.max(initial=0), 1e-12)
    weights = axes[kept].T / roots[kept] * np.sqrt(len(training))
    return lambda rows: (values[rows] - mean) @ weights


def _canonical(left, right, training, held_out):
    """Return scores (n, k) and strengths (k,) of canonical directions in held-out rows."""
    maps = _whitener(left, training), _whitener(right, training)
    u, _, vt = svd(maps[0](training).T @ maps[1](training), full_matrices=False)
    a, b = maps[0](held_out) @ u, maps[1](held_out) @ vt.T
    a, b = a - a.mean(axis=0), b - b.mean(axis=0)
    correlations = (a * b).sum(axis=0) / np.linalg.norm(a, axis=0) / np.linalg.norm(b, axis=0)
    return a + b, np.maximum(correlations, 0.0)


def _predictive(source, target, training, held_out):
    """Return scores and strengths of the directions of the target that the source explains."""
    whiten = _whitener(source, training)
    mean = target[training].mean(axis=0)
    u, _, vt = svd(whiten(training).T @ (target[training] - mean), full_matrices=False)
    scores, aims = whiten(held_out) @ u, (target[held_out] - mean) @ vt.T
    scores = scores - scores.mean(axis=0)
    explained = (scores * aims).sum(axis=0) / np.linalg.norm(scores, axis=0) / np.sqrt(len(scores))
    return scores, np.maximum(explained, 0.0)


def _separation(directions, truth, n_permutations, seed) -> Bunch:
    """Return how much stronger directions that tell y are than others."""
    scores, strengths = directions
    folds = KFold(_N_FOLDS, shuffle=True, random_state=seed)
    order = np.random.default_rng(seed)
    gains = _gains(scores, truth, folds)
    chance = [
        _gains(scores, truth[order.permutation(len(truth))], folds) for _ in range(n_permutations)
    ]
    # The largest over all directions: none of many is to tell y by chance.
    tells = gains > np.percentile(np.max(chance, axis=1), _QUANTILE)
    signal, others = strengths[tells], strengths[~tells]
    nuisance = float(others.max(initial=0.0))
    weakest = float(signal.min()) if tells.any() else 0.0
    return Bunch(
        signal=float(signal.mean()) if tells.any() else 0.0,
        nuisance=nuisance,
        separation=weakest / nuisance if nuisance else (np.inf if weakest else 0.0),
    )


def _gains(scores, truth, folds) -> np.ndarray:
    """Return the best cross-validated R² of a column of y by ridge regression on each direction."""
    errors = np.zeros((scores.shape[1], truth.shape[1]))
    for training, test in folds.split(scores):
        x, y = scores[training], truth[training]
        slopes = x.T @ y / ((x**2).sum(axis=0) + 1.0)[:, np.newaxis]
        x, y = scores[test], truth[test]
        errors += (y**2).sum(axis=0) - 2 * slopes * (x.T @ y)
        errors += slopes**2 * (x**2).sum(axis=0)[:, np.newaxis]
    return (1 - errors / np.maximum((truth**2).sum(axis=0), 1e-12)).max(axis=1)
