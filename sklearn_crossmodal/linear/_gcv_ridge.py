"""Ridge regression of several targets, whose penalty is chosen by generalised cross-validation."""

from __future__ import annotations

import numpy as np

__all__ = ["gcv_ridge", "impute_and_regress", "weighted_means"]

#: Candidate penalties, in parts of the number of rows.
PENALTIES = np.logspace(-4, 2, 31)
#: Iterations of imputing missing target values: with each, an error falls to the share of the
#: values that are missing.
N_ITERATIONS = 10


def weighted_means(values: np.ndarray, observed: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Return the weighted mean of the observed values of each column; zero if there are none."""
    counts = weight[:, np.newaxis] * observed
    return (counts * values).sum(axis=0) / np.maximum(counts.sum(axis=0), 1e-300)


def gcv_ridge(X: np.ndarray, Y: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Return the coefficients (d, q) of the regression of Y on X, both of weighted mean zero.

    `RidgeCV` finds the same; with many rows and targets it takes 15 to 40 times as long, as it goes
    through all residuals for each penalty, and here it would be called once a fold.

    Parameters
    ----------
    X : ndarray of shape (n, d)
        Features.
    Y : ndarray of shape (n, q)
        Targets.
    weight : ndarray of shape (n,)
        Weights of the rows, of mean one.

    References
    ----------
    G. H. Golub, M. Heath, G. Wahba (1979). "Generalized cross-validation as a method for choosing a
    good ridge parameter". doi:10.1080/00401706.1979.10489751

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_crossmodal.linear._gcv_ridge import gcv_ridge
    >>> X = np.array([[-1.0], [1.0], [-2.0], [2.0]])
    >>> gcv_ridge(X, 3 * X, np.ones(4)).round(2)
    array([[3.]])
    """
    root = np.sqrt(weight)[:, np.newaxis]
    X, Y, n_rows = root * X, root * Y, len(X)
    if X.shape[1] > n_rows:
        squares, left = np.linalg.eigh(X @ X.T)
        projected, back = left.T @ Y, X.T @ left
    else:
        squares, right = np.linalg.eigh(X.T @ X)
        spread = np.sqrt(np.maximum(squares, 1e-300))
        projected, back = right.T @ (X.T @ Y) / spread[:, np.newaxis], right * spread
    kept = squares > 1e-12 * max(squares.max(), 1e-300)  # others are rounding errors
    squares, projected, back = squares[kept], projected[kept], back[:, kept]
    penalties = n_rows * PENALTIES
    shrunk = squares / (squares + penalties[:, np.newaxis])  # (P, r)
    unexplained = (Y**2).sum() - (projected**2).sum()  # by any coefficients
    errors = unexplained + ((1 - shrunk) ** 2 @ projected**2).sum(axis=1)
    freedom = n_rows - 1 - shrunk.sum(axis=1)  # one is spent on the mean
    criterion = np.where(freedom > 0.1, errors / np.maximum(freedom, 0.1) ** 2, np.inf)
    penalty = penalties[np.argmin(criterion)]
    return back @ (projected / (squares + penalty)[:, np.newaxis])


def impute_and_regress(
    X: np.ndarray, Y: np.ndarray, observed: np.ndarray, weight: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return coefficients (d, q) and biases (q,), with Y imputed by the regression in iterations.

    X has weighted mean zero. Both are zero for a target that is nowhere observed.
    """
    coefficients, biases = np.zeros((X.shape[1], Y.shape[1])), np.zeros(Y.shape[1])
    columns = observed.any(axis=0)
    Y, observed = Y[:, columns], observed[:, columns]
    Y = np.where(observed, Y, weighted_means(Y, observed, weight))
    for _ in range(1 if observed.all() else N_ITERATIONS):
        bias = weight @ Y / weight.sum()
        found = gcv_ridge(X, Y - bias, weight)
        Y = np.where(observed, Y, X @ found + bias)
    coefficients[:, columns], biases[columns] = found, bias
    return coefficients, biases
