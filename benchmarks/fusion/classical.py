"""Classical models on frames of modalities: one table, or a model a modality."""

from __future__ import annotations

import numpy as np
from sklearn.base import BaseEstimator, clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.decomposition import PCA
from sklearn.ensemble import (
    ExtraTreesClassifier,
    ExtraTreesRegressor,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    StackingClassifier,
    StackingRegressor,
)
from sklearn.linear_model import LogisticRegression, LogisticRegressionCV, Ridge
from sklearn.model_selection import GridSearchCV, KFold, StratifiedKFold
from sklearn.pipeline import make_pipeline
from sklearn.svm import SVC, SVR
from table import Table

__all__ = ["Late", "best_single", "boosting", "concatenated", "linear", "stacking", "svm", "trees"]

_C = np.logspace(-3, 1, 5)
_ALPHAS = np.logspace(-1, 3, 5)
#: To how many components a table of how many columns is brought for the boosting in a stack.
_NARROW, _WIDE = 64, 256


def _folds(task, n_splits):
    kind = StratifiedKFold if task == "classification" else KFold
    return kind(n_splits, shuffle=True, random_state=0)


def linear(task):
    """Return logistic regression or ridge with the penalty by cross-validation."""
    if task == "regression":
        return GridSearchCV(Ridge(), {"alpha": _ALPHAS}, cv=_folds(task, 3))
    return LogisticRegressionCV(
        Cs=_C,
        l1_ratios=(0,),
        cv=_folds(task, 3),
        scoring="neg_log_loss",
        max_iter=300,
        use_legacy_attributes=False,
    )


def _cross_validated(model) -> float:
    """Return the best mean score that the penalties of a fitted linear model had."""
    if isinstance(model, GridSearchCV):
        return model.best_score_
    return model.scores_.mean(axis=0).max()


def concatenated(model, names, *, dense=False, steps=()):
    """Return a model on the table of all modalities, with steps between."""
    return make_pipeline(Table(names, dense), *steps, model)


def best_single(task, names, X, y):
    """Return the linear model on that modality which has the best cross-validated score."""
    fitted = [make_pipeline(Table([name]), linear(task)).fit(X, y) for name in names]
    return max(fitted, key=lambda model: _cross_validated(model[-1]))


def svm(task):
    """Return a machine with an RBF kernel, its C by cross-validation."""
    if task == "regression":
        return GridSearchCV(SVR(), {"C": [0.1, 1, 10, 100]}, cv=_folds(task, 3))
    return Margin()


def trees(task, seed):
    """Return extremely randomised trees."""
    kind = ExtraTreesClassifier if task == "classification" else ExtraTreesRegressor
    return kind(300, random_state=seed)


def boosting(task, n_samples):
    """Return gradient boosting; a leaf of 20 would be more than a class of a small set has."""
    regresses = task == "regression"
    kind = HistGradientBoostingRegressor if regresses else HistGradientBoostingClassifier
    return kind(min_samples_leaf=int(np.clip(n_samples // 50, 1, 20)), random_state=0)


def stacking(task, names, X, seed):
    """Return a linear model of what linear models of each modality, and others of all, say."""
    n_samples, n_features = Table(names, dense=True).fit_transform(X).shape
    # Boosting is fitted six times, and takes as long as it has columns.
    narrow = [PCA(min(_NARROW, n_samples // 2), random_state=0)] if n_features > _WIDE else []
    regresses = task == "regression"
    plain = Ridge(10.0) if regresses else LogisticRegression(C=0.1, max_iter=300)
    members = [(name, make_pipeline(Table([name]), plain)) for name in names]
    members += [
        ("all_linear", concatenated(clone(plain), names)),
        ("all_trees", concatenated(trees(task, seed), names, dense=True)),
        ("all_boosting", concatenated(boosting(task, n_samples), names, dense=True, steps=narrow)),
    ]
    folds = _folds(task, 5)
    if regresses:
        return StackingRegressor(members, Ridge(1.0), cv=folds)
    return StackingClassifier(members, LogisticRegression(max_iter=1000), cv=folds)


class Margin(BaseEstimator):
    """SVC with C by cross-validation; its classes are its own, its probabilities calibrated."""

    def fit(self, X, y):
        folds = _folds("classification", 3)
        search = GridSearchCV(SVC(), {"C": [1, 10]}, cv=folds).fit(X, y)
        self.model_, self.classes_ = search.best_estimator_, search.classes_
        calibrated = CalibratedClassifierCV(clone(self.model_), ensemble=False, cv=folds)
        self.calibrated_ = calibrated.fit(X, y)
        return self

    def predict(self, X):
        return self.model_.predict(X)

    def predict_proba(self, X):
        return self.calibrated_.predict_proba(X)


class Late(BaseEstimator):
    """A linear model of each modality, and the mean or product of what those present say.

    The product is divided by the prior as often as it was counted too much, which is right where
    modalities are independent given the class.
    """

    def __init__(self, task, names, rule):
        self.task = task
        self.names = names
        self.rule = rule

    def fit(self, X, y):
        self.models_ = {}
        for name in self.names:
            there = X.presence(name)
            model = make_pipeline(Table([name]), linear(self.task))
            self.models_[name] = model.fit(X[there], y[there])
        if self.task == "classification":
            self.classes_, counts = np.unique(y, return_counts=True)
            self.prior_ = counts / counts.sum()
        else:
            self.prior_ = np.mean(y)
        return self

    def predict(self, X):
        if self.task == "classification":
            return self.classes_[self.predict_proba(X).argmax(axis=1)]
        total, count = self._sum(X, lambda model, rows: model.predict(rows))
        return np.where(count > 0, total / np.maximum(count, 1), self.prior_)

    def predict_proba(self, X):
        if self.rule == "mean":
            total, count = self._sum(X, lambda model, rows: model.predict_proba(rows))
            return np.where(count[:, None] > 0, total / np.maximum(count, 1)[:, None], self.prior_)
        total, count = self._sum(X, _log_probabilities)
        scores = total - (count[:, np.newaxis] - 1) * np.log(self.prior_)
        odds = np.exp(scores - scores.max(axis=1, keepdims=True))
        return odds / odds.sum(axis=1, keepdims=True)

    def _sum(self, X, answer):
        """Return the sum of what the models of present modalities say, and how many do."""
        count = np.zeros(len(X))
        total = np.zeros((len(X), *np.shape(self.prior_)))
        for name, model in self.models_.items():
            there = np.flatnonzero(X.presence(name))
            if len(there):
                total[there] += answer(model, X[there])
                count[there] += 1
        return total, count


def _log_probabilities(model, X):
    return np.log(np.maximum(model.predict_proba(X), 1e-15))
