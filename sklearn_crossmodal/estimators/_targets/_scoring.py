"""How well a modality is predicted: R², shares that are right, and likelihoods of tokens."""

from __future__ import annotations

import numpy as np
from sklearn.metrics import r2_score

from sklearn_crossmodal.data import row_presence, take_rows
from sklearn_crossmodal.estimators._targets._modality import decode_values
from sklearn_crossmodal.modalities import Numeric
from sklearn_crossmodal.modalities._numeric_cells import stack_cells
from sklearn_crossmodal.nn._protocols import flag

__all__ = [
    "predict_targets",
    "r2_in_units",
    "score_targets",
    "score_tokens",
    "score_values",
    "truth_of",
    "units_of",
]


def truth_of(modality, raw, values, rows):
    """Return a target in the form of predictions.

    Parameters
    ----------
    modality : Modality
        Fitted.
    raw : array-like
        The target as the user gave it.
    values : ndarray with n rows
        What the modality made of some of the rows.
    rows : ndarray of shape (n,), int
        Which these are.

    Returns
    -------
    ndarray with n rows
        Images, series and embeddings as they are scaled back; numbers as they are read, since
        scaling may clip; categories as they are, since some may be new.
    """
    raw = take_rows(raw, rows)
    if isinstance(modality, Numeric):
        return modality.numbers(raw)
    if modality.kind == "codes":
        return stack_cells(np.asarray(raw))
    return modality.inverse_transform(values)


def score_tokens(losses, block, weight):
    """Return the mean log-likelihood of a token, in nats.

    Parameters
    ----------
    losses : ndarray of shape (n,)
        Mean loss per token of each sample.
    block : Block
        The tokens.
    weight : ndarray of shape (n,)
        Of the samples.

    Returns
    -------
    float
    """
    return -float(np.average(losses, weights=weight * block.mask.sum(axis=1)))


def score_values(predicted, truth, block, weight):
    """Return R², or of categories the share that is right.

    Parameters
    ----------
    predicted, truth : ndarray with n rows
        In one form.
    block : Block
        Of the truth.
    weight : ndarray of shape (n,)
        Of the samples.

    Returns
    -------
    float
        R² is the uniform average over the numbers or pixels of a sample, of series over the
        variables of all their steps.
    """
    if block.kind == "codes":
        right = (predicted == truth).reshape(len(truth), -1)
        seen = row_presence(truth.ravel()).reshape(right.shape)
        return float(np.average(right[seen], weights=np.repeat(weight, seen.sum(axis=1))))
    if block.kind == "sequence":
        steps = np.stack([*truth]), np.stack([*predicted])
        truth, predicted = (part.reshape(*block.mask.shape, -1)[block.mask] for part in steps)
        weight = np.repeat(weight, block.mask.sum(axis=1))
    flat = [np.asarray(part, dtype=float).reshape(len(truth), -1) for part in (truth, predicted)]
    return _mean_r2(*flat, weight)


def _mean_r2(truth, predicted, weight):
    """Return the mean R² of the columns, each of the rows where it was observed."""
    seen = ~np.isnan(truth)
    if seen.all():
        return r2_in_units(truth, predicted, weight)
    columns = zip(seen.T, truth.T, predicted.T, strict=True)
    found = [
        r2_in_units(one[there], other[there], weight[there])
        for there, one, other in columns
        if there.sum() > 1
    ]
    return float(np.mean(found))


#: From 1 / `_ROOM` to `_ROOM`, about 1e100, numbers have squares, and sums of them, within float64.
_ROOM = 2.0**332


def units_of(numbers):
    """Return powers of two to divide columns by: ones, unless squares of a column have no room.

    Parameters
    ----------
    numbers : ndarray of shape (n,) or (n, d)
        Finite.

    Returns
    -------
    ndarray of shape () or (d,)
        Nothing is rounded by a division by them.
    """
    largest = np.abs(numbers).max(axis=0)
    beyond = (largest > _ROOM) | ((largest > 0) & (largest < 1 / _ROOM))
    if not beyond.any():
        return np.ones_like(largest)
    _, exponents = np.frexp(largest)
    return np.ldexp(np.ones_like(largest), np.where(largest > 0, exponents - 1, 0))


def r2_in_units(y, predicted, sample_weight=None):
    """Return R², which does not depend on units, of numbers of any size.

    Parameters
    ----------
    y : array-like of shape (n,) or (n, d)
        The true numbers.
    predicted : ndarray of shape (n,) or (n, d)
        Finite.
    sample_weight : array-like of shape (n,), default=None
        Weights of the samples.

    Returns
    -------
    float
        As of `sklearn.metrics.r2_score`.
    """
    units = units_of(predicted)
    if (units != 1).any():
        y, predicted = np.asarray(y, dtype=float) / units, predicted / units
    return r2_score(y, predicted, sample_weight=sample_weight)


def score_targets(target, net, inputs, y, weight) -> float:
    """Return the mean of the scores of all targets, each over the samples that have it.

    Parameters
    ----------
    target : CrossTarget
        Fitted.
    net : Net
        Trained.
    inputs : mapping of str to Block
        The samples.
    y : ndarray or MultiModalFrame
        As `validate` of the target returns it.
    weight : ndarray of shape (n,)
        Weights of the samples.

    Returns
    -------
    float
        NaN where no target is known.
    """
    blocks, raw, modalities = target.blocks(y, inputs), target.raw(y), target.modalities
    texts = [name for name, block in blocks.items() if block.kind == "tokens"]
    predicted = predict_targets(net, inputs, modalities, [n for n in blocks if n not in texts])
    losses = dict(zip(blocks, net.sample_losses(inputs, blocks).T)) if texts else {}
    found = []
    for name, block in target.known(blocks, raw, weight).items():
        rows = np.flatnonzero(block.present)
        block = block.take(rows)
        if name in texts:
            found.append(score_tokens(losses[name][rows], block, weight[rows]))
        else:
            truth = truth_of(modalities[name], raw[name], block.values[:], rows)
            found.append(score_values(predicted[name][rows], truth, block, weight[rows]))
    return float(np.mean(found)) if found else np.nan


def predict_targets(net, inputs, modalities, names, decode_quantiles=decode_values) -> dict:
    """Return the predictions of targets.

    Parameters
    ----------
    net : Net
        Trained.
    inputs : mapping of str to Block
        The samples.
    modalities : mapping of str to Modality
        Of all targets, fitted.
    names : list of str
        Which targets are predicted.
    decode_quantiles : callable, default=decode_values
        What is made of scores where the loss has several quantiles.

    Returns
    -------
    dict of str to ndarray with n rows
    """
    losses, found = net.criterion_.losses, {name: [] for name in names}
    for scores in net.outputs(inputs):
        for name, parts in found.items():
            loss = losses[name]
            has_quantiles = flag(loss, "point") is not None
            decode = decode_quantiles if has_quantiles else decode_values
            parts.append(decode(modalities[name], loss, scores[name]))
    return {name: np.concatenate(parts) for name, parts in found.items()}
