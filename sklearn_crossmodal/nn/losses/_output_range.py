"""Check targets against the range of their loss, and bound predictions by the range of targets."""

from __future__ import annotations

import math

import numpy as np
import torch
from scipy import sparse
from torch import nn

from sklearn_crossmodal.data import Block, LazyRows
from sklearn_crossmodal.exceptions import ModalityError
from sklearn_crossmodal.nn._protocols import flag
from sklearn_crossmodal.nn.losses._positive import LogLink

__all__ = ["check_range", "check_target"]

#: Rows read at a time to find the range of a target that is not in memory.
_CHUNK = 256

#: Remedies for a target out of the range of its loss, which may be due to scaling.
_UNSCALED = (
    "leave them unscaled, as Image(scaling='unit') and Numeric(scaling=None) do, or take another "
    "loss"
)
_SCALED = "scale them by their mean alone, as Numeric(scaling='mean') does, or take another loss"


def check_range(
    loss: nn.Module,
    values: np.ndarray,
    advice: str | None = None,
    *,
    observed: np.ndarray | None = None,
) -> None:
    """Raise if a target holds values for which its loss is not defined.

    Parameters
    ----------
    loss : nn.Module
        A built loss; a user-defined one may have no range.
    values : ndarray, sparse array or LazyRows of shape (n, ...)
        The values of the target; of lazy ones only the first are checked.
    advice : str, default=None
        Remedy in the message. None: advice on scaling.
    observed : ndarray of shape (n, ...), bool, default=None
        Which values count, of dense ones: rows, steps, or single numbers. None means all.

    Raises
    ------
    ModalityError
        If a value lies outside the range of the loss.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_crossmodal.nn import check_range
    >>> from sklearn_crossmodal.nn.losses import BinaryCrossEntropy
    >>> check_range(BinaryCrossEntropy().build(), np.array([0.5, 2.0]))
    Traceback (most recent call last):
    ...
    sklearn_crossmodal.exceptions.ModalityError: the loss takes values from 0 to 1, got ...
    """
    span = flag(loss, "span")
    if span is None:
        return
    if isinstance(values, LazyRows):
        values, observed = values[:64], None if observed is None else observed[:64]
    if observed is not None and not sparse.issparse(values):
        values = values[observed]
    if not values.shape[0]:
        return
    least, most = span
    above = flag(loss, "above")
    if (values.min() > least if above else values.min() >= least) and values.max() <= most:
        return
    allowed = f"from {least} to {most}"
    if most == math.inf:
        allowed = f"above {least}" if above else f"of {least} or more"
    raise ModalityError(
        f"the loss takes values {allowed}, got {values.min():.6g} to {values.max():.6g}: "
        f"{advice or (_SCALED if most == math.inf else _UNSCALED)}."
    )


def check_target(loss: nn.Module, block: Block) -> None:
    """Raise if a target is out of the range of its loss; bound predictions with a log link by it.

    Parameters
    ----------
    loss : nn.Module
        A built loss. With a log link, predictions are bounded: at least half the minimum of the
        target, and at most twice the maximum.
    block : Block
        The target.

    Raises
    ------
    ModalityError
        If a value lies outside the range of the loss.

    Examples
    --------
    >>> import numpy as np, torch
    >>> from sklearn_crossmodal.data import Block, BlockSpec
    >>> from sklearn_crossmodal.nn import check_target
    >>> from sklearn_crossmodal.nn.losses import PoissonLoss
    >>> block = Block(np.array([[0.0], [12.0]]), np.ones(2, bool), BlockSpec("vector", (1,)))
    >>> loss = PoissonLoss().build()
    >>> check_target(loss, block)
    >>> loss.link(torch.tensor([[100.0]]))
    tensor([[24.]])
    """
    check_range(loss, block.values, observed=block.observed)
    link = flag(loss, "link")
    if not isinstance(link, LogLink) or not block.present.any():
        return
    found = [
        _extremes(block.take(rows), per_column=block.kind == "vector") for rows in _chunks(block)
    ]
    least, most = (np.array(side) for side in zip(*found, strict=True))
    # A column without observed values is not bounded.
    least, most = np.fmin.reduce(least), np.fmax.reduce(most)
    link.widen(
        torch.as_tensor(np.nan_to_num(least, nan=0.0)),
        torch.as_tensor(np.nan_to_num(most, nan=np.inf)),
    )


def _chunks(block: Block):
    """Return the rows to read, in chunks if they are not in memory."""
    rows = np.flatnonzero(block.present)
    if isinstance(block.values, np.ndarray):
        return [rows]
    return np.split(rows, range(_CHUNK, len(rows), _CHUNK))


def _extremes(block: Block, *, per_column: bool):
    """Return minimum and maximum of the observed numbers, NaN if there are none."""
    values = block.values[:] if isinstance(block.values, LazyRows) else block.values
    values = values.toarray() if sparse.issparse(values) else values
    observed = np.isfinite(values)
    if block.mask is not None:
        observed &= block.mask.reshape(block.mask.shape + (1,) * (values.ndim - block.mask.ndim))
    axis = 0 if per_column else None
    least = np.min(values, axis=axis, where=observed, initial=np.inf).astype(np.float64)
    most = np.max(values, axis=axis, where=observed, initial=-np.inf).astype(np.float64)
    nothing = least > most
    return np.where(nothing, np.nan, least), np.where(nothing, np.nan, most)
