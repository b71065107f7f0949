"""The steps of many `FusedAdam`, on stacked weights and moments."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import groupby

import torch
from torch import Tensor

from sklearn_crossmodal.training._adam import FusedAdam, kernel_settings

__all__ = ["StackedAdam"]

_MOMENTS = ("exp_avg", "exp_avg_sq")


class StackedAdam:
    """Moves stacked weights as the optimizer of each net would move its own.

    The optimizers get their moments in `give_back`.

    Parameters
    ----------
    optimizers : sequence of FusedAdam
        That of each net.
    parameters : sequence of dict of str to Tensor
        The weights of each net, by name.
    stacked : dict of str to Tensor of shape (K, ...)
        All of them.
    """

    def __init__(
        self,
        optimizers: Sequence[FusedAdam],
        parameters: Sequence[dict[str, Tensor]],
        stacked: dict[str, Tensor],
    ) -> None:
        self._optimizers = optimizers
        self._parameters = parameters
        self._stacked = stacked
        self._moments = [{key: self._moment(key, name) for key in _MOMENTS} for name in stacked]
        self._steps = [self._step_of(optimizer) for optimizer in optimizers]
        self._moved: set[str] = set()
        self._plans: dict[tuple, tuple] = {}

    def give_back(self) -> None:
        """Give each optimizer the moments of its own weights."""
        for k, (optimizer, weights) in enumerate(
            zip(self._optimizers, self._parameters, strict=True)
        ):
            for name, moments in zip(self._stacked, self._moments, strict=True):
                if name in self._moved:
                    state = {key: moments[key][k].clone() for key in _MOMENTS}
                    optimizer.state[weights[name]] = {"step": self._steps[k].clone(), **state}

    def new_epoch(self) -> None:
        """Read the settings of the optimizers again, which callbacks change between epochs."""
        self._plans = {}

    def move(self, nets: slice, gradients: Sequence[Tensor | None], still: Sequence[bool]) -> None:
        """Take a step of some nets; weights of the same settings move in one call.

        The gradient of a weight is of shape (k, ...); without one, it stays. `still` are, of all
        nets, those that are trained no more.
        """
        key = nets.start, nets.stop
        if key not in self._plans:
            moving = [k for k in range(nets.start, nets.stop) if not still[k]]
            self._plans[key] = self._plan(moving, nets, gradients)
        steps, shrinking, groups = self._plans[key]
        if steps:
            torch._foreach_add_(steps, 1)
        for weight, factors in shrinking:
            weight.mul_(factors)
        for kernel, places, weights, averages, squares, steps in groups:
            found = [gradients[i][part] for i, part in places]
            torch._fused_adam_(weights, found, averages, squares, [], steps, **kernel)

    def _plan(self, moving: list[int], nets: slice, gradients) -> tuple:
        """Return counters, weights with the factors they shrink by, and lists for the kernel."""
        shrinking, alike = [], defaultdict(list)
        settings = [
            {
                weight: kernel_settings(group)
                for group in self._optimizers[k].param_groups
                for weight in group["params"]
            }
            for k in moving
        ]
        taken = [float(self._steps[k]) for k in moving]
        for i, (name, stacked) in enumerate(self._stacked.items()):
            if gradients[i] is None:
                continue
            self._moved.add(name)
            found = [
                one[self._parameters[k][name]] for k, one in zip(moving, settings, strict=True)
            ]
            factors = dict(zip(moving, (factor for _, factor in found), strict=True))
            if set(factors.values()) - {1.0}:
                column = [factors.get(k, 1.0) for k in range(nets.start, nets.stop)]
                shrinking.append((stacked[nets], _column(column, stacked)))
            kernels = [(kernel, n) for (kernel, _), n in zip(found, taken, strict=True)]
            for (kernel, _), part in _side_by_side(moving, kernels):
                alike[kernel].append((i, name, part))
        groups = [self._lists(dict(one), places, nets) for one, places in alike.items()]
        return [self._steps[k] for k in moving], shrinking, groups

    def _lists(self, kernel: dict, places: list[tuple], nets: slice) -> tuple:
        """Return settings, places among the gradients, and views that one call moves."""
        return (
            kernel,
            [(i, slice(p.start - nets.start, p.stop - nets.start)) for i, _, p in places],
            [self._stacked[name][part] for _, name, part in places],
            *([self._moments[i][key][part] for i, _, part in places] for key in _MOMENTS),
            [self._steps[part.start] for _, _, part in places],
        )

    def _moment(self, key: str, name: str) -> Tensor:
        """Return a moment of a weight, of all nets; zeros where there is none yet."""
        found = torch.zeros_like(self._stacked[name])
        for row, optimizer, weights in zip(found, self._optimizers, self._parameters, strict=True):
            if weights[name] in optimizer.state:
                row.copy_(optimizer.state[weights[name]][key])
        return found

    def _step_of(self, optimizer: FusedAdam) -> Tensor:
        """Return the number of steps taken before, which is one for all weights."""
        for state in optimizer.state.values():
            return state["step"].clone()
        return torch.zeros((), device=next(iter(self._stacked.values())).device)


def _side_by_side(nets: list[int], settings: list) -> Iterator[tuple[object, slice]]:
    """Yield settings, and a slice of adjacent nets that have them."""
    places = zip(nets, settings, strict=True)
    for (_, one), run in groupby(enumerate(places), lambda at: (at[1][0] - at[0], at[1][1])):
        members = [k for _, (k, _) in run]
        yield one, slice(members[0], members[-1] + 1)


def _column(numbers: list[float], weight: Tensor) -> Tensor:
    """Return numbers, one for each net, in a shape to multiply stacked weights."""
    shape = -1, *[1] * (weight.ndim - 1)
    return torch.tensor(numbers, dtype=weight.dtype, device=weight.device).view(shape)
