"""Interleaved runs of A and B in one process, and the table of their ratios."""

from __future__ import annotations

import gc
import os
import platform
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch

ROUNDS = 7
#: Where the estimators compute, and so the loops that they are measured against.
DEVICE = "cuda" if torch.cuda.is_available() else "cpu"


class Seconds(dict):
    """Seconds of each run by name; `processor` has those of all threads together."""

    def __init__(self) -> None:
        super().__init__()
        self.processor: dict[str, list[float]] = {}


@dataclass
class Row:
    """A line of the table: what was measured, against what, and what must hold.

    Without ratios it says only, in its note, why there are none.
    """

    work: str
    against: str
    ratios: np.ndarray | None
    limit: str
    holds: bool
    note: str = ""

    def __str__(self) -> str:
        if self.ratios is None:
            return f"| {self.work} | {self.against} | – | – | – | – | {self.note} |"
        low, middle, high = np.quantile(self.ratios, [0.25, 0.5, 0.75])
        verdict = "yes" if self.holds else "**no**"
        return (
            f"| {self.work} | {self.against} | {middle:.2f} | {low:.2f}–{high:.2f} "
            f"| {self.limit} | {verdict} | {self.note} |"
        )


HEAD = [
    "| work | against | ratio (median) | quartiles | must be | holds | |",
    "|---|---|---|---|---|---|---|",
]


def interleaved(runs: dict[str, Callable[[], object]], rounds: int = ROUNDS) -> Seconds:
    """Time functions in turns, in another order each round, after one round that is not counted.

    Parameters
    ----------
    runs : dict of str to callable
        What is timed. A callable may return a number of seconds that it measured itself.
    rounds : int
        How often.

    Returns
    -------
    Seconds
        Arrays of shape (rounds,).
    """
    rng = np.random.default_rng(0)
    taken: dict[str, list[float]] = {name: [] for name in runs}
    seconds = Seconds()
    seconds.processor = {name: [] for name in runs}
    for turn in range(rounds + 1):
        for name in rng.permutation(list(runs)):
            gc.collect()
            start, busy = time.perf_counter(), time.process_time()
            own = runs[name]()
            if DEVICE == "cuda":
                torch.cuda.synchronize()
            if turn:
                passed = time.perf_counter() - start
                taken[name].append(own if isinstance(own, float) else passed)
                seconds.processor[name].append(time.process_time() - busy)
    seconds.update({name: np.array(times) for name, times in taken.items()})
    return seconds


def processor_note(seconds, ours, other) -> str:
    """Return the ratio of processor seconds, of ours to the other, where they were measured."""
    busy = getattr(seconds, "processor", {})
    if not (busy.get(ours) and busy.get(other)):
        return ""
    return f"processor time {np.median(busy[ours]) / max(np.median(busy[other]), 1e-9):.2f}"


def below(work, seconds, ours, other, limit, note="") -> Row:
    """Return the row of a claim: `ours` takes at most `limit` of the time of `other`."""
    ratios = seconds[ours] / seconds[other]
    note = "; ".join(filter(None, [note, processor_note(seconds, ours, other)]))
    return Row(work, other, ratios, f"≤ {limit:.2f}", bool(np.median(ratios) <= limit), note)


def above(work, seconds, ours, other, limit, note="") -> Row:
    """Return the row of a claim: `ours` is at least `limit` times as fast as `other`."""
    ratios = seconds[other] / seconds[ours]
    note = "; ".join(filter(None, [note, processor_note(seconds, ours, other)]))
    return Row(work, other, ratios, f"≥ {limit:.2f}", bool(np.median(ratios) >= limit), note)


def machine() -> str:
    """Describe where this ran."""
    return (
        f"torch {torch.__version__} on {DEVICE}, {torch.get_num_threads()} threads, "
        f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}"
    )
