"""The fitted aligner that a retriever or a classifier is given."""

from __future__ import annotations

import copy

from sklearn.frozen import FrozenEstimator
from sklearn.utils import get_tags

from sklearn_crossmodal.alignment._aligner import CrossModalAligner
from sklearn_crossmodal.utils._cloning import fitted_parameter

__all__ = ["ALIGNER_CONSTRAINTS", "adopt_aligner", "aligner_input_tags"]

ALIGNER_CONSTRAINTS = {"aligner": [CrossModalAligner, FrozenEstimator, None]}


def adopt_aligner(estimator, X) -> CrossModalAligner:
    """Return the aligner of an estimator, which gets the names of its columns.

    Parameters
    ----------
    estimator : BaseEstimator
        With a parameter `aligner`.
    X : object
        What a new one is fitted to where the parameter is None.

    Returns
    -------
    CrossModalAligner
        A shallow copy, so that the vectors of the estimator stay comparable with later ones if the
        user fits the aligner again, or sets its parameters.

    Raises
    ------
    NotFittedError
        If the aligner is not fitted.
    """
    if estimator.aligner is None:
        aligner = CrossModalAligner(random_state=0).fit(X)
    else:
        owner = type(estimator).__name__
        aligner = fitted_parameter(owner, "aligner", estimator.aligner, CrossModalAligner)
    for name in ("n_features_in_", "feature_names_in_"):
        if hasattr(aligner, name):
            setattr(estimator, name, getattr(aligner, name))
        elif hasattr(estimator, name):  # of an earlier fit
            delattr(estimator, name)
    return copy.copy(aligner)


def aligner_input_tags(estimator):
    """Return what X may be: what the aligner takes."""
    return get_tags(estimator.aligner or CrossModalAligner()).input_tags
