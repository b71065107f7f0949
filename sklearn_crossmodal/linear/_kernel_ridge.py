"""Kernel ridge regression and classification with built-in selection of the penalty."""

from __future__ import annotations

import numpy as np
from scipy.linalg import cho_factor, cho_solve, get_lapack_funcs
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax, softmax
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.utils import check_random_state

from sklearn_crossmodal.linear._column_split import ColumnSplit, dense_columns

__all__ = ["KernelClassifier", "KernelRegressor"]

#: Candidate penalties: half powers of ten. The search starts at 0.1, usually near the optimum.
_PENALTIES = 10.0 ** np.arange(-4, 4.5, 0.5)
_START = 6
#: Bounds of the logarithm of the sharpness (inverse temperature) of the softmax.
_SHARPNESS = -1.0, 6.0


class _KernelMachine(BaseEstimator):
    """Kernel ridge regression with the penalty of least leave-one-out error [1]_.

    The kernel is Gaussian. scikit-learn's `KernelRidge` selects no penalty, and `RidgeCV` needs an
    eigendecomposition, which takes five times as long as the few Cholesky decompositions here.

    Parameters
    ----------
    width : float, default=1.4
        Bandwidth of the kernel, in root mean squared distances between two rows.
    n_exact : int, default=4000
        Up to this number of rows, each row is a center; time grows with its cube.
    n_centers : int, default=1000
        Number of centers drawn from the rows if there are more (Nyström approximation) [2]_.
    random_state : int, RandomState instance or None, default=None
        Seed of the centers.

    Attributes
    ----------
    alpha_ : float
        The penalty.

    References
    ----------
    .. [1] R. Rifkin, R. Lippert (2007). "Notes on regularized least squares".
       MIT-CSAIL-TR-2007-025, section 4, for the leave-one-out error in closed form.
    .. [2] A. Rudi, R. Camoriano, L. Rosasco (2015). "Less is more: Nyström computational
       regularization". arXiv:1507.04717
    """

    def __init__(self, width=1.4, n_exact=4000, n_centers=1000, random_state=None):
        self.width = width
        self.n_exact = n_exact
        self.n_centers = n_centers
        self.random_state = random_state

    def _fit_kernel(self, X, targets, sample_weight):
        """Fit targets (n, T); return the second value of `_evaluate` for the best penalty."""
        n_rows = len(targets)
        weight = np.ones(n_rows) if sample_weight is None else np.asarray(sample_weight, float)
        rows = np.flatnonzero(weight)
        targets, weight = targets[rows], weight[rows] / weight[rows].mean()
        self._dense_columns = dense_columns(X)
        # Centers are most of what a pickle holds: rounded here, they take half of it, or less.
        rounded = ColumnSplit(X[rows], self._dense_columns).rounded()
        X = rounded.doubles()
        self._gamma = _gamma(X, self.width)
        self._mean = np.average(targets, axis=0, weights=weight)
        self._centers, solve = rounded, _solve_exactly
        if len(rows) > self.n_exact:
            drawn = check_random_state(self.random_state).permutation(len(rows))
            self._centers = rounded.rows(np.sort(drawn[: self.n_centers]))
            solve = _solve_by_centers
        kernel = self._kernel(X)
        among = kernel if solve is _solve_exactly else self._kernel(self._centers.doubles())
        system = kernel, among, targets - self._mean, weight

        def evaluate(alpha):
            coefficients, left_out = solve(*system, alpha)
            return *self._evaluate(left_out + self._mean, targets, weight), coefficients

        self.alpha_, (_, found, self._coefficients) = _search(evaluate)
        return found

    def _kernel(self, X):
        # As `rbf_kernel`, without its checks, which take longer than a row.
        centers = self._centers.doubles()
        squares = X.squared_norms()[:, np.newaxis] - 2 * X.products(centers)
        squares += centers.squared_norms()
        return np.exp(-self._gamma * np.maximum(squares, 0))

    def _predicted(self, X):
        kernel = self._kernel(ColumnSplit(X, self._dense_columns))
        return self._mean + kernel @ self._coefficients

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags


class KernelRegressor(RegressorMixin, _KernelMachine):
    """Kernel ridge regression of one or several numbers; see `_KernelMachine`."""

    def fit(self, X, y, sample_weight=None):
        spread = (y if sample_weight is None else y[np.asarray(sample_weight) > 0]).std(axis=0)
        self._scale, self._shape = np.where(spread > 0, spread, 1.0), y.shape[1:]
        self._fit_kernel(X, (y / self._scale).reshape(len(y), -1), sample_weight)
        return self

    def predict(self, X):
        return self._predicted(X).reshape(-1, *self._shape) * self._scale

    def _evaluate(self, predictions, targets, weight):
        """Return the mean squared error, and None."""
        return np.average(((predictions - targets) ** 2).mean(axis=1), weights=weight), None


class KernelClassifier(ClassifierMixin, _KernelMachine):
    """Kernel ridge regression on one-hot targets; see `_KernelMachine`.

    Probabilities are the softmax of the predictions times a sharpness, the one that minimises the
    leave-one-out log-loss. One more sample counts in it, spread evenly over the classes: without it
    the sharpness grows without bound where all samples are predicted right.
    """

    def fit(self, X, y, sample_weight=None):
        self.classes_, codes = np.unique(y, return_inverse=True)
        self.sharpness_ = self._fit_kernel(X, np.eye(len(self.classes_))[codes], sample_weight)
        return self

    def predict_proba(self, X):
        return softmax(self.sharpness_ * self._predicted(X), axis=1)

    def predict(self, X):
        return self.classes_[self._predicted(X).argmax(axis=1)]

    def _evaluate(self, predictions, targets, weight):
        """Return the minimal log-loss, and its sharpness."""
        n_rows, n_classes = targets.shape
        targets = (n_rows * targets + 1 / n_classes) / (n_rows + 1)

        def loss(logarithm):
            log_proba = log_softmax(np.exp(logarithm) * predictions, axis=1)
            return -np.average((log_proba * targets).sum(axis=1), weights=weight)

        found = minimize_scalar(loss, bounds=_SHARPNESS, method="bounded")
        return found.fun, np.exp(found.x)


def _gamma(X, width: float) -> float:
    """Return gamma of the kernel; the mean squared distance is twice the total variance."""
    mean_squared = 2 * X.total_variance()
    return 1 / (2 * width**2 * mean_squared) if mean_squared > 0 else 1.0


def _solve_exactly(kernel, _, targets, weight, alpha):
    """Return coefficients (n, T), and leave-one-out predictions.

    With ``G = (K + alpha / weight)^-1`` the coefficients are ``c = G y``, and the leave-one-out
    prediction of row i is ``y_i - c_i / G_ii`` [1]_.
    """
    system = kernel.copy()
    np.fill_diagonal(system, system.diagonal() + alpha / weight)
    factor, is_lower = cho_factor(system, overwrite_a=True)
    coefficients = cho_solve((factor, is_lower), targets)
    # Of the inverse one triangle, which takes a third of the time of solving for all of it.
    (invert,) = get_lapack_funcs(("potri",), (factor,))
    inverse, _ = invert(factor, lower=is_lower, overwrite_c=True)
    return coefficients, targets - coefficients / inverse.diagonal()[:, np.newaxis]


def _solve_by_centers(kernel, among_centers, targets, weight, alpha):
    """Return coefficients (m, T) of the centers, and leave-one-out predictions.

    With ``H = K (K'WK + alpha K_m)^-1 K'W`` the fit is ``H y``, and the leave-one-out prediction
    of row i is ``y_i - (y_i - fit_i) / (1 - H_ii)``.
    """
    weighted = kernel * weight[:, np.newaxis]
    system = kernel.T @ weighted + alpha * among_centers
    np.fill_diagonal(system, system.diagonal() * (1 + 1e-10))  # centers may be identical
    factor = cho_factor(system, overwrite_a=True)
    coefficients = cho_solve(factor, weighted.T @ targets)
    leverage = np.einsum("nm,mn->n", weighted, cho_solve(factor, kernel.T))
    residual = targets - kernel @ coefficients
    return coefficients, targets - residual / np.maximum(1 - leverage, 1e-10)[:, np.newaxis]


def _search(evaluate):
    """Return the penalty at a local minimum of the loss, by descent, and its evaluation."""
    found = {place: evaluate(_PENALTIES[place]) for place in (_START, _START + 1)}
    down = 1 if found[_START + 1][0] < found[_START][0] else -1
    best = max(found) if down == 1 else min(found)
    while 0 <= best + down < len(_PENALTIES):
        found[best + down] = evaluate(_PENALTIES[best + down])
        if found[best + down][0] >= found[best][0]:
            break
        best += down
    return _PENALTIES[best], found[best]
