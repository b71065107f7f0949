"""Adam and AdamW by one call for all weights, without what torch's own objects do besides."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import torch
from torch import Tensor

__all__ = ["FusedAdam"]


#: What a group of weights may have of its own.
_SETTINGS = ("lr", "betas", "eps", "weight_decay", "decoupled_weight_decay")


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

    def __setstate__(self, state: dict) -> None:
        super().__setstate__(state)
        self._last: tuple[tuple, list[_Move]] = ((), [])

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
        """Return the calls of a step: those of the last one if nothing has changed since."""
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
        """Return the calls of a step, of weights that one call can move each."""
        alike: defaultdict[tuple, list[Tensor]] = defaultdict(list)
        shrunk: defaultdict[tuple, list[tuple[Tensor, float]]] = defaultdict(list)
        for group in self.param_groups:
            rate, decay, factor = group["lr"], group["weight_decay"], 1.0
            if decay and group["decoupled_weight_decay"]:
                decay, factor = 0.0, 1 - rate * decay
            for weight in group["params"]:
                key = rate, group["betas"], group["eps"], decay, weight.dtype, weight.device
                if weight.grad is not None:
                    alike[key].append(weight)
                    shrunk[key] += [(weight, factor)] if factor != 1.0 else []
        return [self._move(key, weights, shrunk[key]) for key, weights in alike.items()]

    def _move(self, key: tuple, weights: list[Tensor], shrunk: list[tuple]) -> _Move:
        rate, (beta1, beta2), eps, decay, *_ = key
        settings = {"lr": rate, "beta1": beta1, "beta2": beta2, "weight_decay": decay, "eps": eps}
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
            {**settings, "amsgrad": False, "maximize": False},
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
    """One call of the kernel: weights with their moments and counters, and what it is told.

    `shrunk` are the weights that decay by themselves before, each by one of `factors`. Numbers are
    tensors: plain ones would be made tensors for each weight anew.
    """

    weights: list[Tensor]
    averages: list[Tensor]
    squares: list[Tensor]
    steps: list[Tensor]
    ones: list[Tensor]
    shrunk: list[Tensor]
    factors: list[Tensor]
    settings: dict[str, object]


def _like(tensor: Tensor, number: float) -> Tensor:
    """Return a number as a tensor of the type of another."""
    return torch.full((), number, dtype=tensor.dtype, device=tensor.device)
