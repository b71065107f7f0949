"""Meta-learners, which combine the predictions of base models, and losses to choose them by."""

from __future__ import annotations

import numpy as np
from scipy.optimize import minimize, nnls
from scipy.special import log_softmax
from sklearn.base import BaseEstimator
from sklearn.linear_model import LogisticRegression

__all__ = [
    "BestSingle",
    "ConvexWeights",
    "LogPool",
    "MetaLearner",
    "NonNegativeLeastSquares",
    "StackedLogistic",
    "log_losses",
    "smoothed_log_losses",
    "squared_errors",
]

#: Probabilities are kept this far from zero before a logarithm is taken.
_TINY = 1e-7
#: A product needs more: forests predict exactly zero for classes that no leaf holds.
_TINY_IN_PRODUCT = 1e-4


class MetaLearner(BaseEstimator):
    """Combine predictions of shape (n, n_models, ...) of base models into one, (n, ...).

    A subclass has `fit(predictions, y, sample_weight)` and `combine(predictions)`.

    Attributes
    ----------
    per_class : bool
        Whether it has coefficients for each class, and so needs two of them, and more rows.
    weights_ : ndarray of shape (n_models,)
        The weight of each base model.
    """

    per_class = False


class ConvexWeights(MetaLearner):
    """A weighted mean of the predictions; the weights are not negative and sum to one.

    For probabilities the weights have the least log-loss, found by expectation maximisation as
    those of a mixture; for numbers they are equal.

    Parameters
    ----------
    equal : bool, default=False
        Whether all weights are the same; nothing is learned then.
    n_steps : int, default=200
        Steps of the expectation maximisation.

    Attributes
    ----------
    weights_ : ndarray of shape (n_models,)
        The weights.

    References
    ----------
    A. P. Dempster, N. M. Laird, D. B. Rubin (1977). "Maximum likelihood from incomplete data via
    the EM algorithm". doi:10.1111/j.2517-6161.1977.tb01600.x
    """

    def __init__(self, equal=False, n_steps=200):
        self.equal = equal
        self.n_steps = n_steps

    def fit(self, predictions, y, sample_weight=None):
        n_models = predictions.shape[1]
        self.weights_ = np.full(n_models, 1 / n_models)
        if self.equal:
            return self
        likelihoods = np.take_along_axis(predictions, y[:, np.newaxis, np.newaxis], axis=2)
        likelihoods = np.maximum(likelihoods[:, :, 0], _TINY)  # (n, n_models)
        rows = np.ones(len(y)) if sample_weight is None else sample_weight
        for _ in range(self.n_steps):
            shares = likelihoods * self.weights_
            shares /= shares.sum(axis=1, keepdims=True)
            self.weights_ = np.average(shares, axis=0, weights=rows)
        return self

    def combine(self, predictions):
        return np.einsum("nm...,m->n...", predictions, self.weights_)


class BestSingle(MetaLearner):
    """The base model with the least loss alone.

    Parameters
    ----------
    losses : callable
        (predictions, y) -> ndarray of shape (n,).

    Attributes
    ----------
    weights_ : ndarray of shape (n_models,)
        One for the best, zero for the others.
    """

    def __init__(self, losses):
        self.losses = losses

    def fit(self, predictions, y, sample_weight=None):
        n_models = predictions.shape[1]
        means = [
            np.average(self.losses(predictions[:, k], y), weights=sample_weight)
            for k in range(n_models)
        ]
        self.weights_ = np.eye(n_models)[int(np.argmin(means))]
        return self

    def combine(self, predictions):
        return predictions[:, int(np.argmax(self.weights_))]


class LogPool(MetaLearner):
    """A product of the probabilities, each to a power that is not negative, scaled to sum to one.

    The powers have the least log-loss. They need not sum to one, so that base models which
    are overconfident, or underconfident, are calibrated too; but the squared distance of their sum
    from one is added to the sum of the log-losses. Without it they grow without bound where few
    samples are all predicted right.

    Parameters
    ----------
    penalty : float, default=0
        Factor of the squared distances of the powers from their mean, which is added to the sum of
        the log-losses: the larger, the more alike they are. Infinity gives all one power.

    Attributes
    ----------
    powers_ : ndarray of shape (n_models,)
        The powers.
    weights_ : ndarray of shape (n_models,)
        The share of each in their sum.

    References
    ----------
    C. Genest, J. V. Zidek (1986). "Combining probability distributions: a critique and an annotated
    bibliography". doi:10.1214/ss/1177013825, section 3.
    """

    def __init__(self, penalty=0.0):
        self.penalty = penalty

    def fit(self, predictions, y, sample_weight=None):
        logs, n_models = self._logs(predictions), predictions.shape[1]
        is_common = np.isinf(self.penalty)
        if is_common:  # one power for the sum of the logarithms
            logs = logs.sum(axis=1, keepdims=True)
        rows = np.ones(len(y)) if sample_weight is None else sample_weight
        size = n_models if is_common else 1
        n_rows = rows.sum()
        penalty = 0.0 if is_common else self.penalty / n_rows
        rows = rows / n_rows
        truth = np.eye(predictions.shape[2])[y]

        def loss(powers):
            pooled = log_softmax(np.einsum("nmk,m->nk", logs, powers), axis=1)
            residuals = (np.exp(pooled) - truth) * rows[:, np.newaxis]
            apart, excess = powers - powers.mean(), size * powers.sum() - 1
            value = penalty * apart @ apart + excess**2 / n_rows
            slope = 2 * penalty * apart + 2 * size * excess / n_rows
            value -= rows @ (pooled * truth).sum(axis=1)
            return value, slope + np.einsum("nmk,nk->m", logs, residuals)

        start = np.full(logs.shape[1], 1 / n_models)
        found = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=[(0, None)] * len(start))
        self.powers_ = np.full(n_models, found.x[0]) if is_common else found.x
        total = self.powers_.sum()
        self.weights_ = self.powers_ / total if total > 0 else np.full(n_models, 1 / n_models)
        return self

    def combine(self, predictions):
        return np.exp(
            log_softmax(np.einsum("nmk,m->nk", self._logs(predictions), self.powers_), axis=1)
        )

    def _logs(self, predictions):
        return np.log(np.maximum(predictions, _TINY_IN_PRODUCT))


class StackedLogistic(MetaLearner):
    """Multinomial logistic regression on the probabilities of the base models.

    Attributes
    ----------
    weights_ : ndarray of shape (n_models,)
        The share of each base model in the sum of the absolute coefficients, each times the
        standard deviation of its column.

    References
    ----------
    D. H. Wolpert (1992). "Stacked generalization". doi:10.1016/S0893-6080(05)80023-1
    """

    per_class = True

    def fit(self, predictions, y, sample_weight=None):
        self.n_classes_ = predictions.shape[2]
        table = self._table(predictions)
        self._model = LogisticRegression(max_iter=1000).fit(table, y, sample_weight)
        sizes = np.abs(self._model.coef_).sum(axis=0) * table.std(axis=0)
        sizes = sizes.reshape(predictions.shape[1], -1).sum(axis=1)
        self.weights_ = sizes / max(sizes.sum(), _TINY)
        return self

    def combine(self, predictions):
        found = np.zeros((len(predictions), self.n_classes_))
        found[:, self._model.classes_] = self._model.predict_proba(self._table(predictions))
        return found

    def _table(self, predictions):
        """Return (n, n_models K); of two classes the probability of one is enough."""
        first = 1 if predictions.shape[2] == 2 else 0
        return predictions[:, :, first:].reshape(len(predictions), -1)


class NonNegativeLeastSquares(MetaLearner):
    """A weighted sum of the predicted numbers, with weights that are not negative.

    Parameters
    ----------
    penalty : float, default=0
        Factor of the squared distances of the weights from their mean, in mean squares of the
        predictions: the larger, the more alike they are.

    Attributes
    ----------
    weights_ : ndarray of shape (n_models,)
        The weights.

    References
    ----------
    L. Breiman (1996). "Stacked regressions". doi:10.1007/BF00117832
    """

    def __init__(self, penalty=0.0):
        self.penalty = penalty

    def fit(self, predictions, y, sample_weight=None):
        n_models = predictions.shape[1]
        rows = np.ones(len(y)) if sample_weight is None else sample_weight
        self._center = np.average(y, axis=0, weights=rows)
        scale = np.sqrt(rows).reshape(-1, *[1] * (y.ndim - 1))
        residuals = ((y - self._center) * scale).ravel()
        parts = (predictions - self._center) * scale[:, np.newaxis]
        parts = np.moveaxis(parts, 1, -1).reshape(-1, n_models)
        if self.penalty:
            size = np.sqrt(self.penalty * (parts**2).sum() / n_models)
            parts = np.vstack([parts, size * (np.eye(n_models) - 1 / n_models)])
            residuals = np.append(residuals, np.zeros(n_models))
        self.weights_, _ = nnls(parts, residuals)
        return self

    def combine(self, predictions):
        parts = np.einsum("nm...,m->n...", predictions - self._center, self.weights_)
        return self._center + parts


def log_losses(predictions: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Return the log-loss of each sample, (n, K), (n,) -> (n,)."""
    return -np.log(np.maximum(predictions[np.arange(len(y)), y], _TINY))


def smoothed_log_losses(predictions: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Return the log-loss of each sample; one more, of no class, is spread over all of them.

    Of n samples that are all predicted right, none is known to be right with more than about
    ``1 - 1 / n``: by the plain log-loss the model that is most certain would be the best.

    Parameters
    ----------
    predictions : ndarray of shape (n, K)
        Probabilities.
    y : ndarray of shape (n,)
        Codes of the classes.

    Returns
    -------
    ndarray of shape (n,)
    """
    spread = -np.log(np.maximum(predictions, _TINY)).mean(axis=1)
    return (len(y) * log_losses(predictions, y) + spread) / (len(y) + 1)


def squared_errors(predictions: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Return the squared error of each sample, (n, ...), (n, ...) -> (n,)."""
    return ((predictions - y) ** 2).reshape(len(y), -1).mean(axis=1)
