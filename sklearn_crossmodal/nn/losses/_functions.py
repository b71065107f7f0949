"""Losses as pure functions: (prediction, target, mask) -> one loss per sample."""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional

__all__ = [
    "absolute_error",
    "binary_cross_entropy",
    "cross_entropy",
    "gaussian_nll",
    "huber",
    "laplace_nll",
    "mean_over_entries",
    "squared_error",
    "weighted_mean",
]


def weighted_mean(losses: Tensor, weight: Tensor | None) -> Tensor:
    """Return the weighted mean of losses (B,); zero if all weights are zero."""
    if weight is None:
        return losses.mean()
    # A batch without the modality has total weight zero. Dividing by a tiny number would overflow
    # in the gradients.
    total = weight.sum()
    return (losses * weight).sum() / torch.where(total > 0, total, 1.0)


def mean_over_entries(errors: Tensor, mask: Tensor | None) -> Tensor:
    """Average (B, ...) over all axes but the first, or over the observed entries."""
    if mask is None:
        errors = errors.flatten(1)
        return errors.squeeze(1) if errors.shape[1] == 1 else errors.mean(dim=1)
    if mask.ndim < errors.ndim:  # one entry per step of several numbers
        mask = mask.unsqueeze(-1).expand_as(errors)
    observed = mask.flatten(1).to(errors.dtype)
    return (errors.flatten(1) * observed).sum(dim=1) / observed.sum(dim=1).clamp(min=1)


def squared_error(prediction: Tensor, target: Tensor, mask: Tensor | None = None) -> Tensor:
    """Return the mean squared error of each sample.

    Parameters
    ----------
    prediction, target : Tensor of shape (B, ...)
        Numbers.
    mask : Tensor of the same shape or (B, T) for steps (B, T, D), bool, default=None
        Which entries count; None means all.

    Returns
    -------
    Tensor of shape (B,)

    Examples
    --------
    >>> import torch
    >>> from sklearn_crossmodal.nn.losses import squared_error
    >>> squared_error(torch.tensor([[1.0, 3.0]]), torch.zeros(1, 2))
    tensor([5.])
    """
    return mean_over_entries((prediction - target) ** 2, mask)


def absolute_error(prediction: Tensor, target: Tensor, mask: Tensor | None = None) -> Tensor:
    """Return the mean absolute error of each sample.

    Parameters
    ----------
    prediction, target : Tensor of shape (B, ...)
        Numbers.
    mask : Tensor of the same shape or (B, T) for steps (B, T, D), bool, default=None
        Which entries count; None means all.

    Returns
    -------
    Tensor of shape (B,)

    Examples
    --------
    >>> import torch
    >>> from sklearn_crossmodal.nn.losses import absolute_error
    >>> absolute_error(torch.tensor([[1.0, 3.0]]), torch.zeros(1, 2))
    tensor([2.])
    """
    return mean_over_entries((prediction - target).abs(), mask)


def gaussian_nll(
    prediction: Tensor, target: Tensor, mask: Tensor | None = None, *, scale: float = 1.0
) -> Tensor:
    """Return the negative log-density of a normal distribution, averaged over a sample's entries.

    Parameters
    ----------
    prediction, target : Tensor of shape (B, ...)
        Means, and numbers.
    mask : Tensor of the same shape or (B, T) for steps (B, T, D), bool, default=None
        Which entries count; None means all.
    scale : float, default=1.0
        Standard deviation.

    Returns
    -------
    Tensor of shape (B,), in nats

    Examples
    --------
    >>> import torch
    >>> from sklearn_crossmodal.nn.losses import gaussian_nll
    >>> gaussian_nll(torch.zeros(1, 1), torch.ones(1, 1))
    tensor([1.4189])
    """
    losses = (prediction - target) ** 2 / (2 * scale**2) + math.log(scale * math.sqrt(2 * math.pi))
    return mean_over_entries(losses, mask)


def laplace_nll(
    prediction: Tensor, target: Tensor, mask: Tensor | None = None, *, scale: float = 1.0
) -> Tensor:
    """Return the negative log-density of a Laplace distribution, averaged over a sample's entries.

    Parameters
    ----------
    prediction, target : Tensor of shape (B, ...)
        Medians, and numbers.
    mask : Tensor of the same shape or (B, T) for steps (B, T, D), bool, default=None
        Which entries count; None means all.
    scale : float, default=1.0
        Mean absolute deviation from the median.

    Returns
    -------
    Tensor of shape (B,), in nats

    Examples
    --------
    >>> import torch
    >>> from sklearn_crossmodal.nn.losses import laplace_nll
    >>> laplace_nll(torch.zeros(1, 1), torch.ones(1, 1))
    tensor([1.6931])
    """
    losses = (prediction - target).abs() / scale + math.log(2 * scale)
    return mean_over_entries(losses, mask)


def huber(
    prediction: Tensor, target: Tensor, mask: Tensor | None = None, *, delta: float = 1.0
) -> Tensor:
    """Return the mean Huber loss of each sample.

    ``e**2 / 2`` where the error ``e`` is within `delta`, ``delta * (abs(e) - delta / 2)`` beyond.

    Parameters
    ----------
    prediction, target : Tensor of shape (B, ...)
        Numbers.
    mask : Tensor of the same shape or (B, T) for steps (B, T, D), bool, default=None
        Which entries count; None means all.
    delta : float, default=1.0
        Error above which the loss is linear, in the units of the target.

    Returns
    -------
    Tensor of shape (B,)

    References
    ----------
    P. J. Huber (1964). "Robust estimation of a location parameter". doi:10.1214/aoms/1177703732

    Examples
    --------
    >>> import torch
    >>> from sklearn_crossmodal.nn.losses import huber
    >>> huber(torch.tensor([[1.0], [3.0]]), torch.zeros(2, 1))
    tensor([0.5000, 2.5000])
    """
    errors = functional.huber_loss(prediction, target, reduction="none", delta=delta)
    return mean_over_entries(errors, mask)


def binary_cross_entropy(prediction: Tensor, target: Tensor, mask: Tensor | None = None) -> Tensor:
    """Return the mean binary cross-entropy of each sample.

    Parameters
    ----------
    prediction : Tensor of shape (B, ...)
        Scores (logits).
    target : Tensor of shape (B, ...)
        Probabilities from 0 to 1.
    mask : Tensor of the same shape or (B, T) for steps (B, T, D), bool, default=None
        Which entries count; None means all.

    Returns
    -------
    Tensor of shape (B,)

    Examples
    --------
    >>> import torch
    >>> from sklearn_crossmodal.nn.losses import binary_cross_entropy
    >>> binary_cross_entropy(torch.zeros(1, 2), torch.tensor([[0.0, 1.0]]))
    tensor([0.6931])
    """
    errors = functional.binary_cross_entropy_with_logits(prediction, target, reduction="none")
    return mean_over_entries(errors, mask)


def cross_entropy(prediction: Tensor, target: Tensor, mask: Tensor | None = None) -> Tensor:
    """Return the mean cross-entropy of each sample.

    Parameters
    ----------
    prediction : Tensor of shape (B, K) or (B, T, K)
        Logits of K categories: the same for all entries of a row, or one set per step.
    target : Tensor of shape (B, T), int
        Categories; T = 1 for a class label. With scores (B, K) a row is a bag of categories.
    mask : Tensor of shape (B, T), bool, default=None
        Which entries count; None means all.

    Returns
    -------
    Tensor of shape (B,)

    Examples
    --------
    >>> import torch
    >>> from sklearn_crossmodal.nn.losses import cross_entropy
    >>> cross_entropy(torch.zeros(1, 4), torch.tensor([[2]]))
    tensor([1.3863])
    """
    scores = prediction.log_softmax(dim=-1)
    if scores.ndim == 2:
        found = scores.gather(1, target)
    else:
        found = scores.gather(2, target.unsqueeze(-1)).squeeze(-1)
    return mean_over_entries(-found, mask)
