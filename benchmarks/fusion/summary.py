"""Gaps to the best classical model, shares of ties, and ranks, over pairs of row and seed."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

import numpy as np
from cells import fits, seeds_of
from columns import COLUMNS
from rows import ROWS
from scipy.stats import rankdata
from scoring import LOWER_IS_BETTER

__all__ = ["Standing", "losses_to_single", "mean_ranks", "pairs", "standing"]

#: A score this close to the best classical one is counted as a tie.
TIE = 0.01


@dataclass(frozen=True)
class Standing:
    """How a column stands to the best classical one, chosen on the test rows of each pair.

    Parameters
    ----------
    gap, median : float
        Mean and median over rows of the score minus the best classical one, mean over seeds.
    worst : (str, float)
        The row with the least gap.
    share : float
        Of pairs whose score is at most .01 below.
    loss_gap, loss_median, loss_worst, loss_share
        The same of the log-loss, where more is worse; None for regression.
    """

    gap: float
    median: float
    worst: tuple[str, float]
    share: float
    loss_gap: float | None
    loss_median: float | None
    loss_worst: tuple[str, float] | None
    loss_share: float | None


def value(results, row_name, column, seed, metric=None) -> float:
    """Return a score in the first test set, higher being better; NaN where there is none.

    A model that nothing drawn of the seed can change was fitted once, for all of the seeds.
    """
    row = ROWS[row_name]
    metric = metric or row.metrics[0]
    seed = seed if seed in seeds_of(row, column) else 0
    scores = results.get((row_name, column, seed), {}).get("scores") or {}
    found = next(iter(scores.values()), {}).get(metric, np.nan)
    return -found if metric in LOWER_IS_BETTER else found


def pairs(results, names, column) -> list[tuple]:
    """Return pairs of row and seed in which a column and all classical ones have an answer."""
    wanted = [name for name, one in COLUMNS.items() if one.classical] + [column]
    return [
        (name, seed)
        for name in names
        for seed in ROWS[name].seeds
        if all(_known(results, name, one, seed) for one in wanted if fits(ROWS[name], one))
    ]


def _known(results, name, column, seed) -> bool:
    seed = seed if seed in seeds_of(ROWS[name], column) else 0
    found = results.get((name, column, seed))
    return found is not None and "error" not in found


def _gaps(results, found, column, metric=None) -> dict[str, list[float]]:
    """Return for each row the differences to the best classical column, seed by seed."""
    floors = [name for name, one in COLUMNS.items() if one.classical]
    gaps = defaultdict(list)
    for name, seed in found:
        best = np.nanmax([value(results, name, floor, seed, metric) for floor in floors])
        gaps[name].append(value(results, name, column, seed, metric) - best)
    return gaps


def standing(results, names, column) -> Standing | None:
    """Return how a column stands over some rows; None while no pair of them is complete."""
    found = pairs(results, names, column)
    if not found:
        return None
    of_score = _sum_up(_gaps(results, found, column))
    if ROWS[names[0]].task == "regression":
        return Standing(*of_score, None, None, None, None)
    gap, median, (row, least), share = _sum_up(_gaps(results, found, column, "log-loss"))
    return Standing(*of_score, -gap, -median, (row, -least), share)


def losses_to_single(results, names, column) -> tuple[int, int, float, tuple[str, float]] | None:
    """Return how often a column is below the best single modality, and by how much then.

    Parameters
    ----------
    results : dict
        As `store.load` returns it.
    names : list of str
        Rows.
    column : str
        Name of the column.

    Returns
    -------
    tuple of (int, int, float, (str, float)) or None
        Pairs of row and seed in which it loses, and all pairs in which both are known; the mean of
        the differences where it loses, and the worst pair; None while there are no pairs.
    """
    gaps = [
        (name, value(results, name, column, seed) - value(results, name, "single", seed))
        for name in names
        for seed in ROWS[name].seeds
    ]
    gaps = [(name, gap) for name, gap in gaps if np.isfinite(gap)]
    lost = [gap for _, gap in gaps if gap < 0]
    if not gaps:
        return None
    return len(lost), len(gaps), float(np.mean(lost or [0.0])), min(gaps, key=lambda one: one[1])


def _sum_up(gaps):
    """Return mean, median and least of the means of rows, and the share of ties and wins."""
    means = {name: float(np.mean(one)) for name, one in gaps.items()}
    worst = min(means, key=means.get)
    # Accuracies of .80 and .79 differ by a little more than .01 in floating point.
    share = np.mean([one >= -TIE - 1e-9 for row in gaps.values() for one in row])
    found = list(means.values())
    return float(np.mean(found)), float(np.median(found)), (worst, means[worst]), float(share)


def mean_ranks(results, names) -> dict[str, float]:
    """Return the mean rank of each column over pairs for which all of them are known; 1 is best."""
    complete = [set(pairs(results, names, column)) for column in COLUMNS]
    ranks = []
    for name, seed in sorted(set.intersection(*complete)):
        scores = [value(results, name, column, seed) for column in COLUMNS]
        ranks.append(rankdata(-np.array(scores), nan_policy="omit"))
    if not ranks:
        return {}
    found = {name: [one for one in of if one > 0] for name, of in zip(COLUMNS, zip(*ranks))}
    return {name: float(np.mean(of)) for name, of in found.items() if of}
