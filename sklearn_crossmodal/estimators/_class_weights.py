"""The weight of each sample by its class, or by its classes in several columns."""

from __future__ import annotations

import numpy as np
from sklearn.utils.class_weight import compute_class_weight

from sklearn_crossmodal.estimators._label_columns import columns_of
from sklearn_crossmodal.utils._validation import plain

__all__ = ["label_weights", "product_of_weights"]


def product_of_weights(class_weight, classes, y, sample_weight):
    """Return the product over the columns, as `compute_sample_weight` does."""
    if class_weight == "balanced":
        class_weight = ["balanced"] * len(classes)
    if not isinstance(class_weight, list) or len(class_weight) != len(classes):
        raise ValueError(
            f"class_weight={plain(class_weight)!r} does not suit a y of {len(classes)} columns: "
            "pass 'balanced', or a list of one dict a column."
        )
    parts = zip(class_weight, classes, columns_of(y), strict=True)
    return np.prod([label_weights(one, *rest, sample_weight) for one, *rest in parts], axis=0)


def label_weights(class_weight, classes, y, sample_weight):
    """Return the weight of each sample by its class, (n,)."""
    present = np.unique(y)
    if isinstance(class_weight, dict):
        unknown = sorted(set(class_weight) - set(classes.tolist()), key=str)
        if unknown:
            raise ValueError(
                f"class_weight names {plain(unknown)}, which are not among the classes "
                f"{classes.tolist()}."
            )
        negative = {key: value for key, value in class_weight.items() if value < 0}
        if negative:
            raise ValueError(f"class_weight must not be negative, got {plain(negative)}.")
        factors = np.array([class_weight.get(one, 1.0) for one in present.tolist()])
    else:
        factors = _balanced(class_weight, present, y, sample_weight)
    return factors[np.searchsorted(present, y)]


def _balanced(class_weight, present, y, sample_weight):
    """Return the factor of each class that is present; 1 of those that have no weight at all."""
    counted = np.ones(len(y), dtype=bool) if sample_weight is None else sample_weight > 0
    some = np.unique(y[counted])
    factors = np.ones(len(present))
    factors[np.searchsorted(present, some)] = compute_class_weight(
        class_weight,
        classes=some,
        y=y[counted],
        sample_weight=None if sample_weight is None else sample_weight[counted],
    )
    return factors
