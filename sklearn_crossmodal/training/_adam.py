"""Adam and AdamW by one call for all weights, without what torch's own objects do besides."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable

import torch
from torch import Tensor

__all__ = ["FusedAdam"]


class FusedAdam(torch.optim.Optimizer):
    """The same numbers as `torch.optim.AdamW` with ``fused=True``, sooner.

    The first of torch's own optimizers in a process imports its compiler, which takes over a
    second, and each step takes three times as long, for hooks that nobody sets and counters that
    are raised one by one. Here none is called: callbacks, which may set such, get torch's own, see
    `optimizer_settings`.

    Parameters
    ----------
    params : iterable of Tensor, or of dict
        The weights, or groups of them that may have an `lr` and a `weight_decay` of their own.
    lr : float
        Learning rate.
    betas : (float, float), default=(0.9, 0.999)
        Decay of the averages of gradients and of their squares.
    eps : float, default=1e-8
        Added to the root of the latter.
    weight_decay : float, default=0.01
        Share of a weight, times the rate, by which it shrinks in a step.
    decoupled : bool, default=True
        Whether weights shrink apart from the gradient, as in AdamW; else decay is added to it.

    Attributes
    ----------
    param_groups : list of dict
        As those of `torch.optim.Optimizer`.
    state : dict of Tensor to dict
        For each weight: step, exp_avg, exp_avg_sq.

    References
    ----------
    D. Kingma, J. Ba, "Adam: A Method for Stochastic Optimization", arXiv:1412.6980.
    I. Loshchilov, F. Hutter, "Decoupled Weight Decay Regularization", arXiv:1711.05101.

    Examples
    --------
    >>> import torch
    >>> from sklearn_crossmodal.training._adam import FusedAdam
    >>> weight = torch.ones(1, requires_grad=True)
    >>> optimizer = FusedAdam([weight], lr=0.1, weight_decay=0.0)
    >>> weight.sum().backward()
    >>> optimizer.step()
    >>> weight
    tensor([0.9000], requires_grad=True)
    """

    def __init__(
        self,
        params: Iterable[Tensor] | Iterable[dict],
        lr: float,
        *,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.01,
        decoupled: bool = True,
    ) -> None:
        # Not torch's own `__init__`: that is what imports its compiler.
        self.defaults = {
            "lr": lr,
            "betas": betas,
            "eps": eps,
            "weight_decay": weight_decay,
            "decoupled_weight_decay": decoupled,
        }
        groups = list(params)
        if not all(isinstance(group, dict) for group in groups):
            groups = [{"params": groups}]
        self.param_groups = [
            {**self.defaults, **group, "params": list(group["params"])} for group in groups
        ]
        self.state: defaultdict[Tensor, dict[str, Tensor]] = defaultdict(dict)
        self.__setstate__({})  # what saving and loading look for

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget the gradients, or set them to zero.

        Parameters
        ----------
        set_to_none : bool, default=True
            Whether they are forgotten, which spares the next step an addition.
        """
        for group in self.param_groups:
            for weight in group["params"]:
                if set_to_none:
                    weight.grad = None
                elif weight.grad is not None:
                    weight.grad = torch.zeros_like(weight)

    @torch.no_grad()
    def step(self, closure: Callable[[], Tensor] | None = None) -> Tensor | None:
        """Move each weight that has a gradient.

        Parameters
        ----------
        closure : callable, default=None
            Computes the gradients and returns the loss.

        Returns
        -------
        Tensor or None
            What the closure returns.
        """
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for (rate, betas, eps, decay, _), weights in self._alike().items():
            states = [self.state[weight] or self._start(weight) for weight in weights]
            steps = [state["step"] for state in states]
            torch._foreach_add_(steps, [_like(steps[0], 1.0)] * len(steps))
            torch._fused_adam_(
                weights,
                [weight.grad for weight in weights],
                [state["exp_avg"] for state in states],
                [state["exp_avg_sq"] for state in states],
                [],
                steps,
                amsgrad=False,
                beta1=betas[0],
                beta2=betas[1],
                lr=rate,
                weight_decay=decay,
                eps=eps,
                maximize=False,
            )
        return loss

    step.hooked = True  # torch would wrap it otherwise, see `Optimizer._patch_step_function`

    def _alike(self) -> dict[tuple, list[Tensor]]:
        """Shrink the weights that decay by themselves; return those that one call can move."""
        alike = defaultdict(list)
        for group in self.param_groups:
            weights = [weight for weight in group["params"] if weight.grad is not None]
            rate, decay = group["lr"], group["weight_decay"]
            if decay and group["decoupled_weight_decay"] and weights:
                torch._foreach_mul_(weights, [_like(weights[0], 1 - rate * decay)] * len(weights))
                decay = 0.0
            for weight in weights:
                alike[rate, group["betas"], group["eps"], decay, weight.dtype].append(weight)
        return alike

    def _start(self, weight: Tensor) -> dict[str, Tensor]:
        self.state[weight] = {
            "step": torch.zeros((), dtype=torch.float32, device=weight.device),
            "exp_avg": torch.zeros_like(weight),
            "exp_avg_sq": torch.zeros_like(weight),
        }
        return self.state[weight]


def _like(tensor: Tensor, number: float) -> Tensor:
    """Return a number as a tensor: a plain one would be made a tensor for each weight anew."""
    return torch.full((), number, dtype=tensor.dtype, device=tensor.device)
