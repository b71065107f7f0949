"""Loss modules around the loss functions: (prediction, target, mask, weight) -> scalar."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from numbers import Real

import torch
from torch import Tensor, nn

from sklearn_crossmodal.data import BlockSpec
from sklearn_crossmodal.nn._component import Component
from sklearn_crossmodal.nn._protocols import flag
from sklearn_crossmodal.nn.losses import _functions as functions
from sklearn_crossmodal.utils._sklearn import Interval

__all__ = [
    "AbsoluteError",
    "BinaryCrossEntropy",
    "CrossEntropy",
    "HuberLoss",
    "Loss",
    "SquaredError",
]


def identity(value):
    """Return the argument: the default link, and the default `scored`."""
    return value


def is_location(loss: nn.Module) -> bool:
    """Return whether the scores of a loss are the predicted numbers (identity link).

    Parameters
    ----------
    loss : nn.Module
        As a component builds it.

    Returns
    -------
    bool

    Examples
    --------
    >>> from sklearn_crossmodal.nn.losses import PoissonLoss, SquaredError, is_location
    >>> is_location(SquaredError().build()), is_location(PoissonLoss().build())
    (True, False)
    """
    return flag(loss, "link") is identity


softmax = partial(torch.softmax, dim=-1)


class Loss(nn.Module):
    """A loss per sample, its weighted mean, and the link from scores to predictions.

    Parameters
    ----------
    per_sample : callable
        (prediction, target, mask) -> (B,).
    link : callable
        From the scores of a decoder to the values of a block, or to probabilities.
    span : tuple of (float, float), default=None
        Minimum and maximum of valid targets; None allows all.
    above : bool, default=False
        Whether targets must be greater than the minimum, not equal to it.
    scored : callable, default=identity
        From the spec of a target to that of the scores of its decoder.
    point : int, default=None
        If a number has several predictions, along the last axis, the position of the point
        prediction; None if it has one.
    nll : callable, default=None
        As `per_sample`, but a negative log-likelihood, the mean over the entries of a sample. None
        if the loss is not that of a distribution.
    """

    stacks = True

    def __init__(
        self,
        per_sample: Callable[..., Tensor],
        link: Callable[[Tensor], Tensor],
        span: tuple[float, float] | None = None,
        *,
        above: bool = False,
        scored: Callable[[BlockSpec], BlockSpec] = identity,
        point: int | None = None,
        nll: Callable[..., Tensor] | None = None,
    ) -> None:
        super().__init__()
        self.per_sample = per_sample
        self.link = link
        self.span = span
        self.above = above
        self.scored = scored
        self.point = point
        self.nll = nll

    def forward(
        self,
        prediction: Tensor,
        target: Tensor,
        mask: Tensor | None = None,
        weight: Tensor | None = None,
    ) -> Tensor:
        return functions.weighted_mean(self.per_sample(prediction, target, mask), weight)


class SquaredError(Component):
    """Squared error, averaged over the entries of a sample.

    Examples
    --------
    >>> import torch
    >>> from sklearn_crossmodal.nn.losses import SquaredError
    >>> SquaredError().build()(torch.tensor([[1.0], [3.0]]), torch.zeros(2, 1))
    tensor(5.)
    """

    kinds = frozenset({"vector", "grid", "sequence"})

    def build(self) -> nn.Module:
        """Return the module: (prediction, target, mask, weight) -> scalar."""
        return Loss(functions.squared_error, identity, nll=functions.gaussian_nll)


class AbsoluteError(Component):
    """Absolute error, averaged over the entries of a sample.

    Examples
    --------
    >>> import torch
    >>> from sklearn_crossmodal.nn.losses import AbsoluteError
    >>> AbsoluteError().build()(torch.tensor([[1.0], [3.0]]), torch.zeros(2, 1))
    tensor(2.)
    """

    kinds = SquaredError.kinds

    def build(self) -> nn.Module:
        """Return the module: (prediction, target, mask, weight) -> scalar."""
        return Loss(functions.absolute_error, identity, nll=functions.laplace_nll)


class HuberLoss(Component):
    """Huber loss: quadratic for small errors, linear for large ones.

    Parameters
    ----------
    delta : float, default=1.0
        Error above which the loss is linear, in scaled units: standard deviations of a numeric
        target.

    References
    ----------
    P. J. Huber (1964). "Robust estimation of a location parameter". doi:10.1214/aoms/1177703732

    Examples
    --------
    >>> import torch
    >>> from sklearn_crossmodal.nn.losses import HuberLoss
    >>> HuberLoss(delta=2.0).build()(torch.tensor([[4.0]]), torch.zeros(1, 1))
    tensor(6.)
    """

    kinds = SquaredError.kinds
    _parameter_constraints = {"delta": [Interval(Real, 0, None, closed="neither")]}

    def __init__(self, delta=1.0):
        self.delta = delta

    def build(self) -> nn.Module:
        """Return the module: (prediction, target, mask, weight) -> scalar."""
        self._validate_params()
        return Loss(partial(functions.huber, delta=self.delta), identity)


class CrossEntropy(Component):
    """Cross-entropy of categories: class labels, or the tokens of a text.

    Examples
    --------
    >>> import torch
    >>> from sklearn_crossmodal.nn.losses import CrossEntropy
    >>> CrossEntropy().build()(torch.zeros(1, 2), torch.tensor([[1]]))
    tensor(0.6931)
    """

    kinds = frozenset({"codes", "tokens"})

    def build(self) -> nn.Module:
        """Return the module: (prediction, target, mask, weight) -> scalar."""
        return Loss(functions.cross_entropy, softmax, nll=functions.cross_entropy)


class BinaryCrossEntropy(Component):
    """Cross-entropy of numbers from 0 to 1, such as pixels; the decoder returns logits.

    Examples
    --------
    >>> import torch
    >>> from sklearn_crossmodal.nn.losses import BinaryCrossEntropy
    >>> BinaryCrossEntropy().build()(torch.zeros(1, 1), torch.ones(1, 1))
    tensor(0.6931)
    """

    kinds = SquaredError.kinds
    #: How a regressor scales y: not at all, since it must be from 0 to 1.
    scaling = None

    def build(self) -> nn.Module:
        """Return the module: (prediction, target, mask, weight) -> scalar."""
        return Loss(
            functions.binary_cross_entropy,
            torch.sigmoid,
            span=(0, 1),
            nll=functions.binary_cross_entropy,
        )
