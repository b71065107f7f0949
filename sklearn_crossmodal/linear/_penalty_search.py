"""Linear models whose penalty is chosen by cross-validation in the rows of `fit`."""

from __future__ import annotations

import warnings

import numpy as np
from scipy import sparse
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.linear_model import LogisticRegression, Ridge, RidgeCV
from sklearn.model_selection import KFold, ShuffleSplit, StratifiedKFold, StratifiedShuffleSplit

__all__ = ["PenalizedLogistic", "PenalizedRidge"]

#: Up to this number of rows the penalty is chosen by three folds; of more by a quarter of the rows.
_FEW = 500
#: Above this number of rows fewer penalties are tried, as the best matters less.
_MANY = 3000
#: Most numbers of a table whose penalty is chosen by the exact leave-one-out error.
_DENSE = 2**22


class _PenaltySearch(BaseEstimator):
    """A linear model with the penalty of least loss.

    scikit-learn's `LogisticRegressionCV` refuses classes that a fold lacks, and its `RidgeCV` needs
    an eigendecomposition of as many rows or columns.
    """

    def __init__(self, random_state=None):
        self.random_state = random_state

    def _search(self, X, y, sample_weight, stratify):
        """Return the model with the penalty of least loss, fitted on all rows."""
        penalties = self._penalties[1:-1] if len(y) > _MANY else self._penalties
        losses = np.zeros(len(penalties))
        for training, validation in self._splits(y, stratify):
            if stratify and len(np.unique(y[training])) < 2:
                continue
            model, last = self._model(None), np.inf
            for place, penalty in enumerate(penalties):  # a strong one first, from where next start
                model.set_params(**{self._name: penalty})
                model.fit(X[training], y[training], _part(sample_weight, training))
                found = self._loss(
                    model, X[validation], y[validation], _part(sample_weight, validation)
                )
                if found > last:  # weaker ones take longest, and lose more
                    losses[place:] += found
                    break
                losses[place] += found
                last = found
        best = self._model(penalties[int(np.argmin(losses))] if losses.any() else None)
        return best.fit(X, y, sample_weight)

    def _splits(self, y, stratify):
        seed = self.random_state
        if stratify:
            counts = np.unique(y, return_counts=True)[1]
            n_folds = min(3, counts.max())
            if n_folds < 2:
                return []
            if len(y) <= _FEW:
                return _quietly(StratifiedKFold(n_folds, shuffle=True, random_state=seed), y)
            if counts.min() > 3:
                return StratifiedShuffleSplit(1, test_size=0.25, random_state=seed).split(y, y)
            return _quietly(StratifiedKFold(n_folds, shuffle=True, random_state=seed), y)[:1]
        if len(y) <= _FEW:
            return KFold(min(3, len(y)), shuffle=True, random_state=seed).split(y)
        return ShuffleSplit(1, test_size=0.25, random_state=seed).split(y)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags


class PenalizedLogistic(ClassifierMixin, _PenaltySearch):
    """Logistic regression whose penalty has the least log-loss in cross-validation.

    Parameters
    ----------
    random_state : int, RandomState instance or None, default=None
        Seed of the folds.

    Attributes
    ----------
    model_ : LogisticRegression
        Fitted on all rows.
    classes_ : ndarray of shape (n_classes,)
        The labels.
    """

    _name = "C"
    #: In C, powers of ten from a strong penalty to a weak one.
    _penalties = (1e-3, 1e-2, 1e-1, 1.0, 10.0, 100.0)

    def fit(self, X, y, sample_weight=None):
        self.model_ = self._search(X, y, sample_weight, stratify=True)
        self.classes_ = self.model_.classes_
        return self

    def predict(self, X):
        return self.model_.predict(X)

    def predict_proba(self, X):
        return self.model_.predict_proba(X)

    def _model(self, penalty):
        return LogisticRegression(C=penalty or 1.0, max_iter=1000, warm_start=penalty is None)

    def _loss(self, model, X, y, weight):
        known = np.isin(y, model.classes_)
        if not known.any():
            return 0.0
        probabilities = model.predict_proba(X[known])
        codes = np.searchsorted(model.classes_, y[known])
        losses = -np.log(np.maximum(probabilities[np.arange(len(codes)), codes], 1e-12))
        return np.average(losses, weights=None if weight is None else weight[known])


class PenalizedRidge(RegressorMixin, _PenaltySearch):
    """Ridge regression whose penalty has the least squared error in cross-validation.

    Of dense tables of moderate size it is the exact leave-one-out error.

    Parameters
    ----------
    random_state : int, RandomState instance or None, default=None
        Seed of the folds.

    Attributes
    ----------
    model_ : Ridge or RidgeCV
        Fitted on all rows.
    """

    _name = "alpha"
    _penalties = tuple(10.0 ** np.arange(4, -4, -1))

    def fit(self, X, y, sample_weight=None):
        if sparse.issparse(X) or np.prod(X.shape) > _DENSE:
            self.model_ = self._search(X, y, sample_weight, stratify=False)
        else:
            self.model_ = RidgeCV(self._penalties).fit(X, y, sample_weight)
        return self

    def predict(self, X):
        return self.model_.predict(X)

    def _model(self, penalty):
        return Ridge(penalty or 1.0)

    def _loss(self, model, X, y, weight):
        return np.average(((model.predict(X) - y) ** 2).reshape(len(y), -1).mean(1), weights=weight)


def _part(weight, rows):
    return None if weight is None else weight[rows]


def _quietly(splitter, y):
    """Yield the folds of labels without a warning of classes that are rarer than folds."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "The least populated class", UserWarning)
        return list(splitter.split(y, y))
