"""Scores of base models and of their combination, by out-of-fold predictions."""

from __future__ import annotations

import numpy as np

__all__ = ["leaderboard", "mean_and_error"]


def leaderboard(base_models, scores, weights, sample_weight, groups=None) -> dict[str, np.ndarray]:
    """Return a table of all base models and their combination, the best first.

    Parameters
    ----------
    base_models : list of FittedBaseModel
        M of them.
    scores : list of ndarray of shape (n,)
        For each base model and for the combination, the score of each sample.
    weights : ndarray of shape (M,)
        Of the base models in the combination for samples that have all modalities.
    sample_weight : ndarray of shape (n,)
        Weights of the samples.
    groups : ndarray of shape (n,) or None
        Samples of one group are no independent ones.

    Returns
    -------
    dict of str to ndarray
    """
    rows = [
        (one.name, " + ".join(one.modalities), weight, one.seconds)
        for one, weight in zip(base_models, weights, strict=True)
    ]
    names = dict.fromkeys(name for one in base_models for name in one.modalities)
    rows.append(("fused", " + ".join(names), np.nan, sum(one.seconds for one in base_models)))
    means, errors = np.array([mean_and_error(score, sample_weight, groups) for score in scores]).T
    models, modalities, weights, seconds = map(np.array, zip(*rows, strict=True))
    columns = {
        "model": models,
        "modalities": modalities,
        "score": means,
        "standard_error": errors,
        "weight": weights,
        "seconds": seconds,
    }
    order = np.argsort(-means, kind="stable")
    return {name: column[order] for name, column in columns.items()}


def mean_and_error(score, weight, groups=None) -> tuple:
    """Return the weighted mean of the scores that are known, and its standard error.

    With `groups` the error is that of the sums over these, which alone are independent.
    """
    known = np.isfinite(score) & (weight > 0)
    if not known.any():
        return np.nan, np.nan
    score, shares = score[known], weight[known] / weight[known].sum()
    mean = shares @ score
    parts = shares * (score - mean)
    if groups is not None:
        _, codes = np.unique(groups[known], return_inverse=True)
        parts = np.bincount(codes, parts)
    return mean, np.sqrt(parts @ parts)
