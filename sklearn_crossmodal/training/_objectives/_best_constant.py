"""The constant scores of lowest loss, as of an intercept-only model."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence

import numpy as np
import torch
from scipy.optimize import minimize
from torch import Tensor, nn

__all__ = ["best_constant"]


def best_constant(
    loss: Callable[..., Tensor],
    shape: Sequence[int],
    target: tuple[Tensor, Tensor | None, Tensor | None],
    *,
    n_steps: int,
    penalty: float = 0.0,
) -> Tensor:
    """Return the scores of one row that minimise the loss over all rows, by L-BFGS in float64.

    SciPy's, since the first of torch's own optimizers in a process imports torch's compiler, which
    takes some seconds. Zeros where the loss is not finite. A ridge penalty is the weight of the sum
    of squares of the scores.

    Examples
    --------
    >>> import torch
    >>> from sklearn_crossmodal.nn.losses import SquaredError
    >>> from sklearn_crossmodal.training._objectives._best_constant import best_constant
    >>> values = torch.tensor([[1.0], [2.0], [6.0]])
    >>> found = best_constant(SquaredError().build(), (1,), (values, None, None), n_steps=20)
    >>> round(found.item(), 3)
    3.0
    """
    if isinstance(loss, nn.Module):  # its buffers are of float32
        loss = copy.deepcopy(loss).to("cpu", torch.float64)
    target = tuple(_in_float64(part) for part in target)
    rows = len(target[0])

    def cost(flat: np.ndarray) -> tuple[float, np.ndarray]:
        scores = torch.from_numpy(flat.reshape(tuple(shape))).requires_grad_()
        value = loss(scores.expand(rows, *scores.shape), *target) + penalty * scores.square().sum()
        (gradient,) = torch.autograd.grad(value, scores)
        return value.item(), gradient.numpy().ravel()

    start = np.zeros(int(np.prod(tuple(shape))))
    options = {"maxiter": n_steps, "ftol": 1e-14, "gtol": 1e-9}
    found = minimize(cost, start, jac=True, method="L-BFGS-B", options=options).x
    found = found if np.isfinite(found).all() else start
    return torch.from_numpy(found.reshape(tuple(shape)))


def _in_float64(part: Tensor | None) -> Tensor | None:
    """Return numbers in float64, and codes and masks as they are."""
    return part.double() if part is not None and part.is_floating_point() else part
