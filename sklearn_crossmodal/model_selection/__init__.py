"""Searches over parameters that train many networks at once."""

from sklearn_crossmodal.model_selection._batched import (
    BatchedGridSearchCV,
    BatchedRandomizedSearchCV,
)

__all__ = ["BatchedGridSearchCV", "BatchedRandomizedSearchCV"]
