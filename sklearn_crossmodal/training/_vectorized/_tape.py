"""Record the operations of a function on tensors, and replay them without the function."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

__all__ = ["Tape", "flat", "record"]


def record(
    run: Callable[[Sequence[Tensor]], list[Tensor | None]], inputs: Sequence[Tensor]
) -> tuple[list[Tensor | None], Tape]:
    """Call a function on tensors, and record its operations on a `Tape`.

    What it does may depend on the shapes of the inputs, each of which is there once, not on their
    values. `torch.fx`'s `make_fx` records the same, but takes .4 s where this takes .03, and 2 s
    more the first time: a fit of a few hundred rows would take two to four times as long.

    Examples
    --------
    >>> import torch
    >>> from sklearn_crossmodal.training._vectorized._tape import record
    >>> first, tape = record(
    ...     lambda given: [given[0] + 2 * given[1]], [torch.zeros(2), torch.ones(2)]
    ... )
    >>> tape([torch.ones(2), torch.full((2,), 3.0)])
    [tensor([7., 7.])]
    """
    if len({id(tensor) for tensor in inputs}) < len(inputs):
        raise ValueError("A tensor is among the inputs twice: the tape cannot distinguish them.")
    with _Recorder() as recorder:
        results = run(inputs)
    return results, Tape(inputs, _needed(recorder.calls, results), results)


class Tape:
    """The operations that a function ran on tensors, to be run again on others.

    That leaves out all that is decided anew in each call, and always the same way: modules,
    `torch.vmap`, what autograd records. The operations are the same, and so are the numbers. A call
    is (operation, arguments, named arguments, result).
    """

    def __init__(self, inputs, calls, results) -> None:
        # Places: of inputs, of constants, then of results in their order.
        self._constants = _constants(inputs, calls)
        given = [*inputs, *self._constants]
        slots = {id(tensor): place for place, tensor in enumerate(given)}
        steps, n_slots = [], len(given)
        for run, arguments, named, found in calls:
            arguments = [_slotted(part, slots) for part in arguments]
            places = list(range(n_slots, n_slots + len(_tensors(found))))
            n_slots += len(places)
            slots |= {id(one): place for one, place in zip(_tensors(found), places, strict=True)}
            single = isinstance(found, Tensor)
            steps.append((run, arguments, named, places[0] if single else places))
        self._n_results = n_slots - len(given)
        self._results = [None if one is None else slots[id(one)] for one in results]
        self._steps = _with_ends(steps, {*range(len(given)), *self._results})

    def __call__(self, inputs: Sequence[Tensor]) -> list[Tensor | None]:
        """Run the operations, without gradients, on tensors of the same shapes."""
        values = [*inputs, *self._constants, *[None] * self._n_results]
        with torch.no_grad():
            for run, arguments, named, places, dead in self._steps:
                found = run(*[_fill(part, values) for part in arguments], **named)
                if type(places) is int:
                    values[places] = found
                else:
                    for place, one in zip(places, found, strict=True):
                        values[place] = one
                for place in dead:
                    values[place] = None
        return [None if place is None else values[place] for place in self._results]


class _Slot(int):
    """The place of a tensor among the values."""


class _Recorder(TorchDispatchMode):
    """Records each operation below autograd and `torch.vmap`."""

    def __init__(self) -> None:
        super().__init__()
        self.calls: list[tuple] = []

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        return False  # torch would import its compiler to keep it away from here

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        found = func(*args, **(kwargs or {}))
        self.calls.append((func, args, kwargs or {}, found))
        return found


def _needed(calls, results) -> list[tuple]:
    """Leave out calls that nothing comes of."""
    wanted = {id(result) for result in results if result is not None}
    kept = []
    for call in reversed(calls):
        changes = call[0]._schema.is_mutable
        if changes or any(id(tensor) in wanted for tensor in _tensors(call[3])):
            wanted |= {id(tensor) for tensor in _tensors(call[1])}
            kept.append(call)
    return kept[::-1]


def _constants(inputs, calls) -> list[Tensor]:
    """Return the tensors that came from nowhere; raise if one shares the memory of a known one."""
    made = [tensor for *_, found in calls for tensor in _tensors(found)]
    known = {id(tensor) for tensor in (*inputs, *made)}
    used = {id(tensor): tensor for _, given, *_ in calls for tensor in _tensors(given)}
    constants = [tensor for key, tensor in used.items() if key not in known]
    seen = {tensor.untyped_storage().data_ptr() for tensor in (*inputs, *made)}
    for tensor in constants:
        if tensor.numel() and tensor.untyped_storage().data_ptr() in seen:
            raise RuntimeError("An operation on tensors was not seen: this cannot be taped.")
    return constants


def _with_ends(steps, kept: set) -> list[tuple]:
    """Add to each step which values are not needed after it."""
    ended, seen = [], set(kept)
    for run, arguments, named, places in reversed(steps):
        used = {int(part) for part in flat(arguments) if type(part) is _Slot}
        used |= {places} if type(places) is int else set(places)
        ended.append((run, arguments, named, places, tuple(used - seen)))
        seen |= used
    return ended[::-1]


def _tensors(part) -> list[Tensor]:
    return [one for one in flat(part) if isinstance(one, Tensor)]


def _slotted(part, slots):
    if isinstance(part, Tensor):
        return _Slot(slots[id(part)])
    if isinstance(part, list | tuple):
        return [_slotted(one, slots) for one in part]
    return part


def _fill(part, values):
    kind = type(part)
    if kind is _Slot:
        return values[part]
    return [_fill(one, values) for one in part] if kind is list else part


def flat(part: object) -> Iterator[object]:
    """Yield what lists and tuples hold, however deep: no list and no tuple."""
    if isinstance(part, list | tuple):
        for one in part:
            yield from flat(one)
    else:
        yield part
