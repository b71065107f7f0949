"""Classes of an alignment: which objectives look at them, and what they need."""

from __future__ import annotations

import numpy as np

from sklearn_crossmodal.alignment._spaces._aligned_space import BY_CLASS
from sklearn_crossmodal.estimators._fitting._input_validation import check_labels

__all__ = ["class_codes", "used_labels"]


def used_labels(aligner, y, table) -> np.ndarray | None:
    """Return the labels of the samples, None where the objective has no use for them.

    Parameters
    ----------
    aligner : CrossModalAligner
        Whose objective is looked at.
    y : array-like of shape (n_samples,), or None
        The labels.
    table : MultiModalFrame or ndarray
        The samples.

    Raises
    ------
    ValueError
        If the objective needs labels and there are none, or they are not what they must be.
    """
    if y is None and aligner.objective in BY_CLASS:
        raise ValueError(
            f"{type(aligner).__name__}: objective={aligner.objective!r} brings samples of a class "
            "together: pass y, or take objective='cca' or 'infonce'."
        )
    if y is None or aligner.objective == "cca":
        return None
    return check_labels(aligner, table, y)


def class_codes(aligner, labels: np.ndarray) -> np.ndarray:
    """Return the code of the class of each sample that counts; the aligner gets `classes_`.

    Parameters
    ----------
    aligner : CrossModalAligner
        Whose objective is looked at.
    labels : ndarray of shape (n,)
        Of the samples whose weight is not zero.

    Raises
    ------
    ValueError
        If there is one class, and the objective tells classes apart.
    """
    aligner.classes_, codes = np.unique(labels, return_inverse=True)
    if len(aligner.classes_) < 2 and aligner.objective in BY_CLASS:
        raise ValueError(
            f"{type(aligner).__name__}: objective={aligner.objective!r} needs two classes at "
            f"least, and y has {aligner.classes_.tolist()}."
        )
    return codes
