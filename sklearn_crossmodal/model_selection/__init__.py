"""Hyperparameter searches that train many networks at once, in common tensors."""

from sklearn_crossmodal.model_selection._batched import (
    BatchedGridSearchCV,
    BatchedRandomizedSearchCV,
)

__all__ = ["BatchedGridSearchCV", "BatchedRandomizedSearchCV"]
