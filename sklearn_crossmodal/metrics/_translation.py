"""Cross-modal translation scores: how well each modality is predicted from each other one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

import numpy as np
from sklearn.utils import Bunch

from sklearn_crossmodal.data import Columns
from sklearn_crossmodal.exceptions import ModalityError
from sklearn_crossmodal.metrics._columnwise import METRICS, as_array
from sklearn_crossmodal.metrics._modalities import Modalities, as_list, as_names
from sklearn_crossmodal.utils._validation import error_prefix

__all__ = ["translation_matrix", "translation_score"]


def translation_matrix(estimator, X, *, source=None, target=None, metric=None):
    """Score the translation of each source into each target modality.

    Parameters
    ----------
    estimator : object
        Fitted, with a method ``translate(X, source=, target=)``, such as `MultiModalAutoencoder`.
    X : {MultiModalFrame, dataframe, mapping, array-like} of shape (n_samples, n_features)
        The samples. Each pair is evaluated on the samples that have source and target.
    source : str, tuple of str, or list of them, default=None
        The sources, evaluated one by one. A tuple is a source of several modalities. None means
        each single modality.
    target : str or list of str, default=None
        The modalities to predict; None means all.
    metric : {"r2", "roc_auc", "accuracy"}, callable, or dict of them by target, default=None
        The metric of a target; a callable takes true and predicted values. None means accuracy for
        categories and for texts (exact match after preprocessing), the area under the ROC curve
        for booleans that are predicted as numbers, and R² otherwise. R² and the area are uniform
        averages over numbers or pixels, without missing ones.

    Returns
    -------
    :class:`~sklearn.utils.Bunch`
        With the following attributes.

        scores : ndarray of shape (n_sources, n_targets), float64
            One row for each source. Where source and target are the same modality, this is the
            reconstruction score. NaN where no sample has both.
        sources : list of (str or tuple of str)
            Labels of the rows.
        targets : list of str
            Labels of the columns.

    Raises
    ------
    ModalityError
        If a modality is unknown.
    ValueError
        If a metric is unknown or does not suit a target.

    See Also
    --------
    translation_score : The mean of the matrix, as a scorer.
    cross_coherence : Whether generated modalities show the correct class.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_crossmodal import MultiModalAutoencoder, MultiModalFrame
    >>> from sklearn_crossmodal.metrics import translation_matrix
    >>> rng = np.random.default_rng(0)
    >>> z = rng.normal(size=(300, 2))
    >>> X = MultiModalFrame(
    ...     {"a": z @ rng.normal(size=(2, 5)), "b": z, "noise": rng.normal(size=(300, 3))}
    ... )
    >>> autoencoder = MultiModalAutoencoder(random_state=0).fit(X)
    >>> matrix = translation_matrix(autoencoder, X)
    >>> matrix.scores.shape, matrix.sources
    ((3, 3), ['a', 'b', 'noise'])
    >>> a_to_b, noise_to_b = matrix.scores[[0, 2], 1]
    >>> bool(a_to_b > 0.9 and noise_to_b < 0.3)
    True

    As a table: ``pandas.DataFrame(matrix.scores, matrix.sources, matrix.targets)``.
    """
    modalities = Modalities.of(estimator, X)
    sources = as_list(list(modalities) if source is None else source)
    targets = modalities.check(list(modalities) if target is None else target)
    if not sources or not targets:
        raise ModalityError(
            f"{modalities.owner}: source={sources} and target={targets}: name one of each at "
            f"least, of {list(modalities)}, or None for all."
        )
    fitted = {name: modality for name, modality, *_ in getattr(estimator, "modalities_", [])}
    scores = np.full((len(sources), len(targets)), np.nan)
    for column, target in enumerate(targets):
        target_metric = metric.get(target) if isinstance(metric, Mapping) else metric
        truth = _Truth(modalities, target, fitted.get(target), target_metric)
        for row, source in enumerate(sources):
            names = modalities.check(source)
            rows = modalities.rows_with([*names, target])
            if len(rows):
                predicted = estimator.translate(modalities.take(rows), source=names, target=target)
                scores[row, column] = truth.score(rows, predicted)
    return Bunch(scores=scores, sources=sources, targets=targets)


def translation_score(estimator, X, y=None, *, source=None, target=None, metric=None):
    """Return the mean score of the translation of sources into targets.

    Parameters
    ----------
    estimator : object
        Fitted, with a method ``translate(X, source=, target=)``, such as `MultiModalAutoencoder`.
    X : {MultiModalFrame, dataframe, mapping, array-like} of shape (n_samples, n_features)
        The samples.
    y : None
        Ignored; scikit-learn's tools pass it.
    source : str, tuple of str, or list of them, default=None
        The sources, evaluated one by one. A tuple is a source of several modalities. None means
        each single modality.
    target : str or list of str, default=None
        The modalities to predict; None means all.
    metric : {"r2", "roc_auc", "accuracy"}, callable, or dict of them by target, default=None
        The metric of a target; see `translation_matrix`.

    Returns
    -------
    float
        Mean of `translation_matrix` over all pairs whose target is not part of the source, and
        that at least one sample has.

    Raises
    ------
    ModalityError
        If a modality is unknown, or there is no such pair.
    ValueError
        If a metric is unknown or does not suit a target.

    See Also
    --------
    translation_matrix : The score of each pair.

    Notes
    -----
    This is a scorer: pass ``scoring=partial(translation_score, source="text", target="image")`` to
    `cross_validate` or `GridSearchCV`.

    Examples
    --------
    >>> import numpy as np
    >>> from functools import partial
    >>> from sklearn.model_selection import cross_val_score
    >>> from sklearn_crossmodal import MultiModalAutoencoder, MultiModalFrame
    >>> from sklearn_crossmodal.metrics import translation_score
    >>> z = np.random.default_rng(0).normal(size=(200, 2))
    >>> X = MultiModalFrame({"a": z[:, [0, 1, 0]], "b": z})
    >>> scoring = partial(translation_score, source="a", target="b")
    >>> scores = cross_val_score(MultiModalAutoencoder(random_state=0), X, scoring=scoring, cv=2)
    >>> bool(scores.min() > 0.8)
    True
    """
    matrix = translation_matrix(estimator, X, source=source, target=target, metric=metric)
    sources = [as_names(source) for source in matrix.sources]
    across = [[target not in names for target in matrix.targets] for names in sources]
    scores = matrix.scores[np.array(across)]
    if np.isnan(scores).all():
        raise ModalityError(
            f"{type(estimator).__name__}: no pair of a source of {matrix.sources} and another "
            f"target of {matrix.targets} can be scored: no sample has both, or the target is "
            "constant."
        )
    return float(np.nanmean(scores))


class _Truth:
    """The true values of one target modality, and the metric that compares predictions to them."""

    def __init__(self, modalities: Modalities, name: str, modality, metric):
        self.label = f"{modalities.owner}: target {name!r}"
        self.columns = modalities.read(name)[0]
        self.modality = modality
        self.kind = getattr(modality, "kind", None)
        self.metric = metric
        if not (metric is None or callable(metric) or metric in METRICS):
            raise ValueError(
                f"{self.label}: metric {metric!r} is neither a callable nor one of "
                f"{sorted(METRICS)}."
            )

    def score(self, rows: np.ndarray, predicted) -> float:
        columns = cast("Columns", self.columns).take(rows)  # not None: rows have the target
        with error_prefix(self.label):
            if callable(self.metric):
                return float(self.metric(as_array(columns.values), predicted))
            true, predicted = self._comparable(columns, np.asarray(predicted))
            return METRICS[self.metric or self._default_metric(true, predicted)](true, predicted)

    def _comparable(self, columns, predicted: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return true and predicted values in the same format, (n, d)."""
        true = as_array(columns.values)
        if self.kind in {"tokens", "sequence"} or np.size(true) != np.size(predicted):
            # Compare preprocessed values: texts of tokens, truncated sequences, resized images.
            if self.modality is None:
                raise ValueError(f"it has the shape {true.shape}, predicted is {predicted.shape}.")
            block = self.modality.transform(columns)
            true = self.modality.inverse_transform(block.values[:])
            if self.kind == "sequence":
                return _steps(true, block.mask), _steps(predicted, block.mask)
        return true.reshape(len(true), -1), predicted.reshape(len(true), -1)

    def _default_metric(self, true: np.ndarray, predicted: np.ndarray) -> str:
        if self.kind in {"codes", "tokens"} or predicted.dtype.kind not in "fiu":
            return "accuracy"
        return "roc_auc" if true.dtype.kind == "b" else "r2"


def _steps(values, mask: np.ndarray) -> np.ndarray:
    """Return the unpadded steps of all rows, concatenated: (n_steps, d)."""
    return np.stack([*values]).reshape(*mask.shape, -1)[mask]
