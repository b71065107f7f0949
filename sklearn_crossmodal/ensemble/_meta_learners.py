"""From what several models say out of fold to one answer."""

from __future__ import annotations

import numpy as np
from scipy.optimize import minimize, nnls
from scipy.special import log_softmax
from sklearn.base import BaseEstimator
from sklearn.linear_model import LogisticRegression

__all__ = [
    "ConvexWeights",
    "LogPool",
    "NonNegativeLeastSquares",
    "StackedLogistic",
    "log_losses",
    "squared_errors",
]

#: Probabilities are kept this far from zero before a logarithm is taken.
_TINY = 1e-7
#: Of forests, that say zero of what they have not seen, a product needs more.
_TINY_IN_PRODUCT = 1e-4


class ConvexWeights(BaseEstimator):
    """A weighted mean of what the members say; the weights are not negative and sum to one.

    For probabilities the weights have the least log-loss, found by expectation maximisation as
    those of a mixture; for numbers they are equal.

    Parameters
    ----------
    equal : bool, default=False
        Whether all weights are the same, whatever the rows say.
    n_steps : int, default=200
        Steps of the expectation maximisation.

    Attributes
    ----------
    weights_ : ndarray of shape (n_members,)
        The weights.

    References
    ----------
    A. P. Dempster, N. M. Laird, D. B. Rubin (1977). "Maximum likelihood from incomplete data via
    the EM algorithm". doi:10.1111/j.2517-6161.1977.tb01600.x
    """

    def __init__(self, equal=False, n_steps=200):
        self.equal = equal
        self.n_steps = n_steps

    def fit(self, answers, y, sample_weight=None):
        n_members = answers.shape[1]
        self.weights_ = np.full(n_members, 1 / n_members)
        if self.equal:
            return self
        said = np.take_along_axis(answers, y[:, np.newaxis, np.newaxis], axis=2)[:, :, 0]
        said = np.maximum(said, _TINY)  # of the class that it was, by each member
        rows = np.ones(len(y)) if sample_weight is None else sample_weight
        for _ in range(self.n_steps):
            shares = said * self.weights_
            shares /= shares.sum(axis=1, keepdims=True)
            self.weights_ = np.average(shares, axis=0, weights=rows)
        return self

    def combine(self, answers):
        return np.einsum("nm...,m->n...", answers, self.weights_)


class LogPool(BaseEstimator):
    """A product of the probabilities, each to a power that is not negative, scaled to sum to one.

    The powers have the least log-loss. They need not sum to one, so that members which are all too
    sure of themselves, or all too little, are corrected too.

    Attributes
    ----------
    powers_ : ndarray of shape (n_members,)
        The powers.
    weights_ : ndarray of shape (n_members,)
        The share of each in their sum.

    References
    ----------
    C. Genest, J. V. Zidek (1986). "Combining probability distributions: a critique and an annotated
    bibliography". doi:10.1214/ss/1177013825, section 3.
    """

    def fit(self, answers, y, sample_weight=None):
        logs, n_members = self._logs(answers), answers.shape[1]
        rows = np.ones(len(y)) if sample_weight is None else sample_weight
        rows = rows / rows.sum()
        truth = np.eye(answers.shape[2])[y]

        def loss(powers):
            said = log_softmax(np.einsum("nmk,m->nk", logs, powers), axis=1)
            off = (np.exp(said) - truth) * rows[:, np.newaxis]
            return -rows @ (said * truth).sum(axis=1), np.einsum("nmk,nk->m", logs, off)

        start = np.full(n_members, 1 / n_members)
        found = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=[(0, None)] * n_members)
        self.powers_ = found.x
        total = self.powers_.sum()
        self.weights_ = self.powers_ / total if total > 0 else start
        return self

    def combine(self, answers):
        return np.exp(
            log_softmax(np.einsum("nmk,m->nk", self._logs(answers), self.powers_), axis=1)
        )

    def _logs(self, answers):
        return np.log(np.maximum(answers, _TINY_IN_PRODUCT))


class StackedLogistic(BaseEstimator):
    """Multinomial logistic regression on the probabilities that the members give.

    Attributes
    ----------
    weights_ : ndarray of shape (n_members,)
        The share of each member in the size of the coefficients, each times the spread of what it
        stands before.

    References
    ----------
    D. H. Wolpert (1992). "Stacked generalization". doi:10.1016/S0893-6080(05)80023-1
    """

    def fit(self, answers, y, sample_weight=None):
        self.n_classes_ = answers.shape[2]
        table = self._table(answers)
        self._model = LogisticRegression(max_iter=1000).fit(table, y, sample_weight)
        sizes = np.abs(self._model.coef_).sum(axis=0) * table.std(axis=0)
        sizes = sizes.reshape(answers.shape[1], -1).sum(axis=1)
        self.weights_ = sizes / max(sizes.sum(), _TINY)
        return self

    def combine(self, answers):
        found = np.zeros((len(answers), self.n_classes_))
        found[:, self._model.classes_] = self._model.predict_proba(self._table(answers))
        return found

    def _table(self, answers):
        """Return (n, n_members K); of two classes one says all."""
        first = 1 if answers.shape[2] == 2 else 0
        return answers[:, :, first:].reshape(len(answers), -1)


class NonNegativeLeastSquares(BaseEstimator):
    """A weighted sum of the numbers that the members predict, with weights that are not negative.

    Attributes
    ----------
    weights_ : ndarray of shape (n_members,)
        The weights.

    References
    ----------
    L. Breiman (1996). "Stacked regressions". doi:10.1007/BF00117832
    """

    def fit(self, answers, y, sample_weight=None):
        n_members = answers.shape[1]
        rows = np.ones(len(y)) if sample_weight is None else sample_weight
        self._center = np.average(y, axis=0, weights=rows)
        scale = np.sqrt(rows).reshape(-1, *[1] * (y.ndim - 1))
        aims = ((y - self._center) * scale).ravel()
        parts = (answers - self._center) * scale[:, np.newaxis]
        self.weights_, _ = nnls(np.moveaxis(parts, 1, -1).reshape(-1, n_members), aims)
        return self

    def combine(self, answers):
        parts = np.einsum("nm...,m->n...", answers - self._center, self.weights_)
        return self._center + parts


def log_losses(predictions: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Return the log-loss of each sample, (n, K), (n,) -> (n,)."""
    return -np.log(np.maximum(predictions[np.arange(len(y)), y], _TINY))


def squared_errors(predictions: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Return the squared error of each sample, (n, ...), (n, ...) -> (n,)."""
    return ((predictions - y) ** 2).reshape(len(y), -1).mean(axis=1)
