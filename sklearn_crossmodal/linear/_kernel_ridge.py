"""Kernel ridge regression, of numbers and of classes, that chooses its penalty by itself."""

from __future__ import annotations

import numpy as np
from scipy.linalg import cho_factor, cho_solve
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax, softmax
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.metrics.pairwise import rbf_kernel
from sklearn.utils import check_random_state
from sklearn.utils.extmath import row_norms

__all__ = ["KernelClassifier", "KernelRegressor"]

#: Penalties that are tried: half powers of ten. The search starts near 0.1, which is seldom far.
_PENALTIES = 10.0 ** np.arange(-4, 4.5, 0.5)
_START = 6
#: Logarithms of the least and the largest sharpness of the softmax.
_SHARPNESS = -1.0, 6.0


class _KernelMachine(BaseEstimator):
    """Ridge regression in a Gaussian kernel, with the penalty of least error leaving one row out.

    scikit-learn's `KernelRidge` chooses no penalty, and `RidgeCV` needs an eigendecomposition,
    which takes five times as long as the few Cholesky decompositions of the search here.

    Parameters
    ----------
    width : float, default=1.4
        Of the kernel, in root mean squared distances between two rows.
    n_exact : int, default=4000
        Up to this number of rows, each is a center of the kernel; time grows with its cube.
    n_centers : int, default=1000
        How many rows are drawn as centers where there are more [2]_.
    random_state : int, RandomState instance or None, default=None
        Of the centers.

    Attributes
    ----------
    alpha_ : float
        The penalty.

    References
    ----------
    .. [1] R. Rifkin, R. Lippert (2007). "Notes on regularized least squares".
       MIT-CSAIL-TR-2007-025, section 4: leaving one row out without fitting again.
    .. [2] A. Rudi, R. Camoriano, L. Rosasco (2015). "Less is more: Nyström computational
       regularization". arXiv:1507.04717
    """

    def __init__(self, width=1.4, n_exact=4000, n_centers=1000, random_state=None):
        self.width = width
        self.n_exact = n_exact
        self.n_centers = n_centers
        self.random_state = random_state

    def _fit_kernel(self, X, aims, sample_weight):
        """Learn to predict aims (n, T); return what the best penalty was judged by."""
        weight = np.ones(len(aims)) if sample_weight is None else np.asarray(sample_weight, float)
        rows = np.flatnonzero(weight)
        X, aims, weight = X[rows], aims[rows], weight[rows] / weight[rows].mean()
        self._gamma = _gamma(X, self.width)
        self._mean = np.average(aims, axis=0, weights=weight)
        self._centers, solve = X, _solve_exactly
        if len(rows) > self.n_exact:
            drawn = check_random_state(self.random_state).permutation(len(rows))
            self._centers, solve = X[np.sort(drawn[: self.n_centers])], _solve_by_centers
        system = self._kernel(X), self._kernel(self._centers), aims - self._mean, weight

        def judged(alpha):
            coefficients, left_out = solve(*system, alpha)
            return *self._judge(left_out + self._mean, aims, weight), coefficients

        self.alpha_, (_, found, self._coefficients) = _search(judged)
        return found

    def _kernel(self, X):
        return rbf_kernel(X, self._centers, self._gamma)

    def _predicted(self, X):
        return self._mean + self._kernel(X) @ self._coefficients

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags


class KernelRegressor(RegressorMixin, _KernelMachine):
    """Kernel ridge regression, of one number or several; `_KernelMachine` says how."""

    def fit(self, X, y, sample_weight=None):
        spread = (y if sample_weight is None else y[np.asarray(sample_weight) > 0]).std(axis=0)
        self._scale, self._shape = np.where(spread > 0, spread, 1.0), y.shape[1:]
        self._fit_kernel(X, (y / self._scale).reshape(len(y), -1), sample_weight)
        return self

    def predict(self, X):
        return self._predicted(X).reshape(-1, *self._shape) * self._scale

    def _judge(self, predictions, aims, weight):
        """Return the mean squared error, and nothing else to be kept."""
        return np.average(((predictions - aims) ** 2).mean(axis=1), weights=weight), None


class KernelClassifier(ClassifierMixin, _KernelMachine):
    """Kernel ridge regression on indicators of the classes; `_KernelMachine` says how.

    A softmax makes probabilities of the predicted indicators, times the sharpness for which the
    log-loss of leaving one row out is least.
    """

    def fit(self, X, y, sample_weight=None):
        self.classes_, codes = np.unique(y, return_inverse=True)
        self.sharpness_ = self._fit_kernel(X, np.eye(len(self.classes_))[codes], sample_weight)
        return self

    def predict_proba(self, X):
        return softmax(self.sharpness_ * self._predicted(X), axis=1)

    def predict(self, X):
        return self.classes_[self._predicted(X).argmax(axis=1)]

    def _judge(self, predictions, aims, weight):
        """Return the least log-loss, and the sharpness that has it."""

        def loss(logarithm):
            said = log_softmax(np.exp(logarithm) * predictions, axis=1)
            return -np.average((said * aims).sum(axis=1), weights=weight)

        found = minimize_scalar(loss, bounds=_SHARPNESS, method="bounded")
        return found.fun, np.exp(found.x)


def _gamma(X, width: float) -> float:
    """Return the factor of squared distances, of which the mean is twice the total variance."""
    center = np.asarray(X.mean(axis=0)).ravel()
    mean_squared = 2 * (row_norms(X, squared=True).mean() - center @ center)
    return 1 / (2 * width**2 * mean_squared) if mean_squared > 0 else 1.0


def _solve_exactly(kernel, _, aims, weight, alpha):
    """Return coefficients (n, T), and what is predicted of each row by the others.

    With ``G = (K + alpha / weight)^-1`` the coefficients are ``c = G y``, and leaving row i out it
    is predicted as ``y_i - c_i / G_ii`` [1]_.
    """
    system = kernel.copy()
    np.fill_diagonal(system, system.diagonal() + alpha / weight)
    inverse = cho_solve(cho_factor(system, overwrite_a=True), np.eye(len(system)))
    coefficients = inverse @ aims
    return coefficients, aims - coefficients / inverse.diagonal()[:, np.newaxis]


def _solve_by_centers(kernel, among_centers, aims, weight, alpha):
    """Return coefficients (m, T) of the centers, and what is predicted of each row by the others.

    With ``H = K (K'WK + alpha K_m)^-1 K'W`` the fit is ``H y``, and row i, left out, is predicted
    as ``y_i - (y_i - fit_i) / (1 - H_ii)``.
    """
    weighted = kernel * weight[:, np.newaxis]
    system = kernel.T @ weighted + alpha * among_centers
    np.fill_diagonal(system, system.diagonal() * (1 + 1e-10))  # centers may be alike
    factor = cho_factor(system, overwrite_a=True)
    coefficients = cho_solve(factor, weighted.T @ aims)
    leverage = np.einsum("nm,mn->n", weighted, cho_solve(factor, kernel.T))
    residual = aims - kernel @ coefficients
    return coefficients, aims - residual / np.maximum(1 - leverage, 1e-10)[:, np.newaxis]


def _search(judged):
    """Return the penalty of least loss, going downhill from a usual one, and what it gave."""
    found = {place: judged(_PENALTIES[place]) for place in (_START, _START + 1)}
    down = 1 if found[_START + 1][0] < found[_START][0] else -1
    best = max(found) if down == 1 else min(found)
    while 0 <= best + down < len(_PENALTIES):
        found[best + down] = judged(_PENALTIES[best + down])
        if found[best + down][0] >= found[best][0]:
            break
        best += down
    return _PENALTIES[best], found[best]
