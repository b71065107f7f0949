"""Scores of a fitted model, and which of them are better when smaller."""

from __future__ import annotations

import numpy as np
from sklearn.metrics import (
    accuracy_score,
    balanced_accuracy_score,
    f1_score,
    log_loss,
    r2_score,
    roc_auc_score,
)

__all__ = ["LOWER_IS_BETTER", "METRICS", "score"]

#: As in the table; a classification has all that its number of classes allows.
METRICS = ("accuracy", "balanced error", "log-loss", "F1", "AUC", "R²")
LOWER_IS_BETTER = {"balanced error", "log-loss"}


def score(model, task, X, y) -> dict[str, float]:
    """Return all scores of a model on test rows.

    Parameters
    ----------
    model : estimator
        Fitted.
    task : {"classification", "regression"}
        What it predicts.
    X : MultiModalFrame
        The rows.
    y : ndarray of shape (n,)
        Their target.

    Returns
    -------
    dict of str to float
    """
    predicted = model.predict(X)
    if task == "regression":
        return {"R²": r2_score(y, predicted)}
    probabilities = model.predict_proba(X)
    found = {
        "accuracy": accuracy_score(y, predicted),
        "balanced error": 1 - balanced_accuracy_score(y, predicted),
        "log-loss": log_loss(y, _safe(probabilities), labels=model.classes_),
    }
    if len(model.classes_) == 2:
        found["F1"] = f1_score(y, predicted, pos_label=model.classes_[1])
        found["AUC"] = roc_auc_score(y, probabilities[:, 1])
    return {name: float(value) for name, value in found.items()}


def _safe(probabilities):
    """Return rows that sum to one also after rounding, none of them certain."""
    probabilities = np.clip(probabilities.astype(np.float64), 1e-12, None)
    return probabilities / probabilities.sum(axis=1, keepdims=True)
