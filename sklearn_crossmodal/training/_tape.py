"""What a function did to tensors, written down once and done again without the function."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

__all__ = ["Tape"]


class Tape:
    """The operations that a function runs on tensors, to be run again on others.

    Running them leaves out all that is decided anew in each call and always the same way: modules,
    `torch.vmap`, what autograd writes down. The operations are the same, and so are the numbers.

    Parameters
    ----------
    run : callable
        From a list of tensors to a list of tensors, or of None. What it does may depend on their
        shapes, not on their values.
    inputs : sequence of Tensor
        What it is called with, once.

    Attributes
    ----------
    first : list of Tensor or None
        What that call returned.

    Examples
    --------
    >>> import torch
    >>> from sklearn_crossmodal.training._tape import Tape
    >>> tape = Tape(lambda inputs: [inputs[0].sin() + inputs[1]], [torch.zeros(2), torch.ones(2)])
    >>> tape([torch.zeros(2), torch.full((2,), 3.0)])
    [tensor([3., 3.])]
    """

    def __init__(
        self,
        run: Callable[[Sequence[Tensor]], list[Tensor | None]],
        inputs: Sequence[Tensor],
    ) -> None:
        with _Recorder() as recorder:
            self.first = run(inputs)
        self._n_inputs = len(inputs)
        self._write(inputs, _needed(recorder.calls, self.first))

    def __call__(self, inputs: Sequence[Tensor]) -> list[Tensor | None]:
        """Run the operations, without gradients.

        Parameters
        ----------
        inputs : sequence of Tensor
            Of the shapes they had in the first call.

        Returns
        -------
        list of Tensor or None
        """
        values = [*inputs, *self._constants, *[None] * self._n_slots]
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

    def _write(self, inputs, calls) -> None:
        """Number all tensors: inputs, what comes from nowhere, then results in their order."""
        slots = {id(tensor): place for place, tensor in enumerate(inputs)}
        made = {id(tensor) for call in calls for tensor in _tensors(call[3])}
        constants = {
            id(tensor): tensor
            for call in calls
            for tensor in _tensors(call[1])
            if id(tensor) not in slots and id(tensor) not in made
        }
        _refuse_aliases(constants.values(), [*inputs, *(t for c in calls for t in _tensors(c[3]))])
        slots |= {key: len(inputs) + place for place, key in enumerate(constants)}
        self._constants = list(constants.values())
        n_given, n_slots, steps = len(slots), 0, []
        for run, arguments, named, found in calls:
            arguments = [_slotted(part, slots) for part in arguments]
            places = []
            for tensor in _tensors(found):
                slots[id(tensor)] = n_given + n_slots
                places.append(n_given + n_slots)
                n_slots += 1
            steps.append((run, arguments, named, places if _is_many(found) else places[0]))
        self._n_slots = n_slots
        self._results = [None if one is None else slots[id(one)] for one in self.first]
        self._steps = _with_ends(steps, {*range(n_given), *self._results})


class _Slot(int):
    """The place of a tensor among the values."""


class _Recorder(TorchDispatchMode):
    """Writes down each operation below autograd and `torch.vmap`."""

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


def _refuse_aliases(constants, known) -> None:
    """Raise if a tensor came from a known one on a way that was not seen."""
    seen = {tensor.untyped_storage().data_ptr() for tensor in known}
    for tensor in constants:
        if tensor.numel() and tensor.untyped_storage().data_ptr() in seen:
            raise RuntimeError("An operation on tensors was not seen: this cannot be taped.")


def _with_ends(steps, kept: set) -> list[tuple]:
    """Add to each step which values are not needed after it."""
    ended, seen = [], set(kept)
    for run, arguments, named, places in reversed(steps):
        used = {int(part) for part in _flat(arguments) if type(part) is _Slot}
        used |= {places} if type(places) is int else set(places)
        ended.append((run, arguments, named, places, tuple(used - seen)))
        seen |= used
    return ended[::-1]


def _is_many(found) -> bool:
    return not isinstance(found, Tensor)


def _flat(part):
    if isinstance(part, list | tuple):
        for one in part:
            yield from _flat(one)
    else:
        yield part


def _tensors(part) -> list[Tensor]:
    return [one for one in _flat(part) if isinstance(one, Tensor)]


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
