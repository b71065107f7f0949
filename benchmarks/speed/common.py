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


def interleaved(
    runs: dict[str, Callable[[], object]], rounds: int = ROUNDS, *, clock=time.perf_counter
) -> dict[str, np.ndarray]:
    """Time functions in turns, in another order each round, after one round that is not counted.

    Parameters
    ----------
    runs : dict of str to callable
        What is timed. A callable may return a number of seconds that it measured itself.
    rounds : int
        How often.
    clock : callable
        `time.perf_counter`, or `time.process_time` for the time of all threads together.

    Returns
    -------
    dict of str to ndarray of shape (rounds,)
        Seconds.
    """
    rng = np.random.default_rng(0)
    seconds: dict[str, list[float]] = {name: [] for name in runs}
    for turn in range(rounds + 1):
        for name in rng.permutation(list(runs)):
            gc.collect()
            start = clock()
            own = runs[name]()
            took = own if isinstance(own, float) else clock() - start
            if turn:
                seconds[name].append(took)
    return {name: np.array(times) for name, times in seconds.items()}


def below(work, seconds, ours, other, limit, note="") -> Row:
    """Return the row of a claim: `ours` takes at most `limit` of the time of `other`."""
    ratios = seconds[ours] / seconds[other]
    return Row(work, other, ratios, f"≤ {limit:.2f}", bool(np.median(ratios) <= limit), note)


def above(work, seconds, ours, other, limit, note="") -> Row:
    """Return the row of a claim: `ours` is at least `limit` times as fast as `other`."""
    ratios = seconds[other] / seconds[ours]
    return Row(work, other, ratios, f"≥ {limit:.2f}", bool(np.median(ratios) >= limit), note)


def machine() -> str:
    """Describe where this ran."""
    return (
        f"torch {torch.__version__}, {torch.get_num_threads()} threads, {os.cpu_count()} cores, "
        f"{platform.machine()}, Python {platform.python_version()}"
    )
