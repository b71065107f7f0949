"""Adam and AdamW by one call for all weights, without the overhead of torch's optimizers."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import torch
from torch import Tensor

__all__ = ["FusedAdam", "kernel_settings"]


#: Settings of a group of weights.
_SETTINGS = ("lr", "betas", "eps", "weight_decay", "decoupled_weight_decay")


class FusedAdam(torch.optim.Optimizer):
    """The same numbers as `torch.optim.AdamW` with ``fused=True``, in less time.

    The first of torch's own optimizers in a process imports its compiler, which takes over a
    second, and each step takes three times as long, for hooks that are not set and counters that
    are raised one by one. Callbacks, which may set hooks, get torch's own, see
    `optimizer_settings`.

    Parameters
    ----------
    params : iterable of Tensor, or of dict
        The weights, or groups of them that may have an `lr` and a `weight_decay` of their own.
    lr, betas, eps, weight_decay
        As those of `torch.optim.AdamW`.
    decoupled : bool, default=True
        Whether weight decay is decoupled from the gradient, as in AdamW; else it is added to it.

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

    def __setstate__(self, state: dict) -> None:
        super().__setstate__(state)
        self._last: tuple[tuple, list[_Move]] = ((), [])

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Set the gradients to None, which saves the next step an addition, or to zero."""
        for group in self.param_groups:
            for weight in group["params"]:
                if set_to_none:
                    weight.grad = None
                elif weight.grad is not None:
                    weight.grad = torch.zeros_like(weight)

    @torch.no_grad()
    def step(self, closure: Callable[[], Tensor] | None = None) -> Tensor | None:
        """Update each weight that has a gradient; return the loss of the closure, if any."""
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for move in self._moves():
            torch._foreach_add_(move.steps, move.ones)
            if move.shrunk:
                torch._foreach_mul_(move.shrunk, move.factors)
            torch._fused_adam_(
                move.weights,
                [weight.grad for weight in move.weights],
                move.averages,
                move.squares,
                [],
                move.steps,
                **move.settings,
            )
        return loss

    step.hooked = True  # torch would wrap it otherwise, see `Optimizer._patch_step_function`

    def _moves(self) -> list[_Move]:
        """Return the kernel calls of a step: those of the last one if nothing has changed since."""
        moving = tuple(
            (*(group[name] for name in _SETTINGS), id(weight))
            for group in self.param_groups
            for weight in group["params"]
            if weight.grad is not None
        )
        last, moves = self._last
        known = last == moving and all(
            self.state[weight].get("step") is step
            for move in moves
            for weight, step in zip(move.weights, move.steps, strict=True)
        )
        if not known:
            moves = self._plan()
            self._last = moving, moves
        return moves

    def _plan(self) -> list[_Move]:
        """Return the kernel calls of a step, each for weights with equal settings."""
        alike: defaultdict[tuple, list[Tensor]] = defaultdict(list)
        shrunk: defaultdict[tuple, list[tuple[Tensor, float]]] = defaultdict(list)
        for group in self.param_groups:
            settings, factor = kernel_settings(group)
            for weight in group["params"]:
                key = settings, weight.dtype, weight.device
                if weight.grad is not None:
                    alike[key].append(weight)
                    shrunk[key] += [(weight, factor)] if factor != 1.0 else []
        return [self._move(key[0], weights, shrunk[key]) for key, weights in alike.items()]

    def _move(self, settings: tuple, weights: list[Tensor], shrunk: list[tuple]) -> _Move:
        states = [self.state[weight] or self._start(weight) for weight in weights]
        steps = [state["step"] for state in states]
        return _Move(
            weights,
            [state["exp_avg"] for state in states],
            [state["exp_avg_sq"] for state in states],
            steps,
            [_like(steps[0], 1.0)] * len(steps),
            [weight for weight, _ in shrunk],
            [_like(weight, factor) for weight, factor in shrunk],
            dict(settings),
        )

    def _start(self, weight: Tensor) -> dict[str, Tensor]:
        self.state[weight] = {
            "step": torch.zeros((), dtype=torch.float32, device=weight.device),
            "exp_avg": torch.zeros_like(weight),
            "exp_avg_sq": torch.zeros_like(weight),
        }
        return self.state[weight]


@dataclass(frozen=True, eq=False)
class _Move:
    """The arguments of one kernel call: weights, their moments and step counters, and settings.

    The weights in `shrunk` are multiplied by `factors` before. Numbers are tensors, since torch
    would make a tensor of a plain number for each weight anew.
    """

    weights: list[Tensor]
    averages: list[Tensor]
    squares: list[Tensor]
    steps: list[Tensor]
    ones: list[Tensor]
    shrunk: list[Tensor]
    factors: list[Tensor]
    settings: dict[str, object]


def kernel_settings(group: dict) -> tuple[tuple[tuple[str, object], ...], float]:
    """Return the settings of the kernel for a group of weights, and by what they shrink before."""
    rate, decay, factor = group["lr"], group["weight_decay"], 1.0
    if decay and group["decoupled_weight_decay"]:
        decay, factor = 0.0, 1 - rate * decay
    beta1, beta2 = group["betas"]
    settings = {"lr": rate, "beta1": beta1, "beta2": beta2, "weight_decay": decay}
    fixed = {"eps": group["eps"], "amsgrad": False, "maximize": False}
    return tuple((settings | fixed).items()), factor


def _like(tensor: Tensor, number: float) -> Tensor:
    """Return a number as a tensor of the type of another."""
    return torch.full((), number, dtype=tensor.dtype, device=tensor.device)
