"""Vectorised epochs of several nets, each with its own history, callbacks and end."""

from __future__ import annotations

import time
import warnings
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from itertools import groupby, zip_longest

import torch
from torch import Tensor

from sklearn_crossmodal.exceptions import InterruptedFitWarning
from sklearn_crossmodal.nn._layers import Dropout
from sklearn_crossmodal.training._fit_loop import Training, started
from sklearn_crossmodal.training._net import _batch_weight, _mean, _n_rows
from sklearn_crossmodal.training._vectorized._stacked_modules import leaves_of, rebuilt
from sklearn_crossmodal.training._vectorized._stacked_nets import Stack
from sklearn_crossmodal.utils._interrupts import (
    Interrupt,
    convert_interrupts,
    is_nested_fit,
)

__all__ = ["train_vectorized"]

#: Minimal share of the nets of a stack in training; below it, these are stacked anew.
CROWDED = 0.75


def train_vectorized(trainings: Sequence[Training]) -> list[Exception | None]:
    """Train nets that have one `stack_key`; return the exception of each, or None.

    Those of one `lane_key` side by side see the same batches, which are made once.
    """
    runs = [_Run(training) for training in trainings]
    lanes: list[_Lane] = []
    for run in runs:
        if not lanes or lanes[-1].key != lane_key(run.training):
            lanes.append(_Lane(run))
        run.lane = lanes[-1]
    with convert_interrupts():
        left = [run for run in runs if run.advance()]
        while left:
            stack = Stack([run.net for run in left])
            staying = list(left)
            while staying and len(staying) >= CROWDED * len(left):
                staying = _run_epoch(stack, left, staying)
            stack.give_back()
            left = staying
    return [run.error for run in runs]


def lane_key(training: Training) -> tuple:
    """Describe what trainings must share to see the same batches and draw the same numbers."""
    modules = training.net.module_.modules()
    shares = [part.p > 0 for part in modules if isinstance(part, Dropout)]
    return (
        id(training.dataset),
        training.seed + len(training.net.history),
        training.net.iterator_train__modality_dropout,
        (training.net.iterator_train__noise, training.net.iterator_train__noise_from),
        tuple(shares),
        None if training.split is None else tuple(rows.tobytes() for rows in training.split),
    )


class _Run:
    """A net on its way through its epochs, as skorch leads it."""

    def __init__(self, training: Training) -> None:
        self.training = training
        self.error: Exception | None = None
        self.is_over = False
        self._ending = ExitStack()
        self.net = self._ending.enter_context(started(training))
        self.datasets = self.net.get_split_datasets(training.dataset, None)
        self._epochs = self._notify()
        self.lane: _Lane

    def _notify(self) -> Iterator[None]:
        """Do what `partial_fit` of skorch does besides the batches; yield where these come."""
        net, datasets = (
            self.net,
            dict(zip(("dataset_train", "dataset_valid"), self.datasets, strict=True)),
        )
        net.notify("on_train_begin", X=self.training.dataset, y=None)
        try:
            for _ in range(net.max_epochs):
                net.notify("on_epoch_begin", **datasets)
                yield
                net.notify("on_epoch_end", **datasets)
        except Interrupt:
            net.interrupted_ = True
        except KeyboardInterrupt:
            pass
        net.notify("on_train_end", X=self.training.dataset, y=None)

    def advance(self) -> bool:
        """Go to the next batches; return whether there are any."""
        if next(self._epochs, self) is not self:
            return True
        self.is_over = True
        try:
            self._ending.close()
        except ValueError as error:
            self.error = error
        return False

    def interrupt(self) -> None:
        """End the training as far as it came."""
        self.net.interrupted_ = True
        if self.is_over:
            return
        try:
            self._epochs.throw(KeyboardInterrupt)
        except StopIteration:
            self.advance()


class _Lane:
    """What nets that see the same batches have in common."""

    def __init__(self, run: _Run) -> None:
        net, (training, validation) = run.net, run.datasets
        self.key = lane_key(run.training)
        self.net = net
        self.training = net.get_iterator(training, training=True)
        self.validation = [] if validation is None else net.get_iterator(validation)
        self.generator = torch.Generator(net.device).manual_seed(net.iterator_train__seed + 1)

    def batches(self, is_training: bool) -> Iterator[tuple[dict, dict]]:
        """Yield the batches of an epoch, without labels."""
        for inputs, targets, _ in self.training if is_training else self.validation:
            yield self.net._to_device(inputs), self.net._to_device(targets)


def _run_epoch(stack: Stack, runs: list[_Run], staying: list[_Run]) -> list[_Run]:
    """Train and validate for an epoch; return the runs that go on."""
    stack.new_epoch()
    still = [run not in staying for run in runs]
    left: list[_Run] = []
    try:
        for prefix in ("train", "valid"):
            start = time.perf_counter()
            losses = _pass(stack, runs, still, prefix == "train")
            took = (time.perf_counter() - start) / len(staying)
            for run, found in zip(runs, losses, strict=True):
                if run in staying and found:
                    history = run.net.history
                    history.record(f"{prefix}_loss", _mean(found))
                    history.record("dur", history[-1].get("dur", 0.0) + took)
        left = [run for run in staying if run.advance()]
        interrupted = any(run.net.interrupted_ for run in staying)
    except KeyboardInterrupt:
        interrupted = True
    if not interrupted:
        return left
    if not is_nested_fit():  # which ends too
        warnings.warn(
            f"Training of {len(staying)} networks was interrupted; they are usable as far as they "
            "came.",
            InterruptedFitWarning,
            stacklevel=4,
        )
    for run in staying:
        run.interrupt()
    return []


def _pass(stack: Stack, runs: list[_Run], still: list[bool], training: bool) -> list[list[tuple]]:
    """Return the losses and weights of all batches of an epoch, for each net."""
    found: list[list[tuple]] = [[] for _ in runs]
    lanes = _lanes_of(runs)
    for batches in zip_longest(*(lane.batches(training) for lane, _ in lanes)):
        for some in _alike(batches):
            given = [(batches[i], lanes[i][1]) for i in some]
            nets = slice(given[0][1].start, given[-1][1].stop)
            masks = None
            if training:
                drawn = [
                    (places, lanes[i][0].generator)
                    for i, (_, places) in zip(some, given, strict=True)
                ]
                masks = stack.masks(batches[some[0]][0], drawn)
            losses = _kept(stack.run(nets, _joined(given), masks, still))
            weights = [_weight(batch) for batch, places in given for _ in found[places]]
            for one, pair in zip(found[nets], zip(losses, weights, strict=True), strict=True):
                one.append(pair)
    return found


def _lanes_of(runs: list[_Run]) -> list[tuple[_Lane, slice]]:
    """Return the lanes, and where their runs stand."""
    lanes = []
    for lane, members in groupby(range(len(runs)), key=lambda k: runs[k].lane):
        places = list(members)
        lanes.append((lane, slice(places[0], places[-1] + 1)))
    return lanes


def _alike(batches: Sequence[tuple | None]) -> Iterator[list[int]]:
    """Yield places of batches side by side that have as many rows."""
    sizes = [None if batch is None else _n_rows(batch[0]) for batch in batches]
    for size, places in groupby(range(len(batches)), key=sizes.__getitem__):
        if size is not None:
            yield list(places)


def _joined(given: list[tuple[tuple, slice]]) -> tuple:
    """Return one batch whose tensors hold that of each net, from (batch, nets)."""
    counts = [nets.stop - nets.start for _, nets in given]
    parts = [list(leaves_of(batch)) for batch, _ in given]
    if len(given) == 1:
        leaves = [leaf.expand(counts[0], *leaf.shape) for leaf in parts[0]]
    else:
        leaves = [
            torch.stack([one for one, n in zip(same, counts, strict=True) for _ in range(n)])
            for same in zip(*parts, strict=True)
        ]
    return rebuilt(given[0][0], iter(leaves))


def _weight(batch) -> Tensor | float:
    weight = _batch_weight(*batch)
    return weight if isinstance(weight, float) else _kept(weight.reshape(1))[0]


def _kept(numbers: Tensor) -> list:
    """Return numbers as floats; a GPU is not waited for."""
    return numbers.tolist() if numbers.device.type == "cpu" else list(numbers.unbind())
