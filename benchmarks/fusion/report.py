"""The tables of RESULTS.md, made of the results alone: the same results give the same text."""

from __future__ import annotations

import numpy as np
from cells import fits, seeds_of
from columns import COLUMNS
from rows import GROUPS, LEFT_OUT, ROWS
from scoring import LOWER_IS_BETTER
from summary import losses_to_single, mean_ranks, pairs, standing

__all__ = ["lines_of", "report"]

HEAD = ["data set", "score", "seeds", *(one.title for one in COLUMNS.values()), "published"]


def report(results, names) -> str:
    """Return all tables as Markdown.

    Parameters
    ----------
    results : dict
        As `store.load` returns it.
    names : list of str
        The rows to show.

    Returns
    -------
    str
    """
    parts = [_opening(results, names), _scores(results, names), _notes(names)]
    parts += [_standings(results, names), _singles(results, names)]
    parts += [_ranks(results, names), _seconds(results, names)]
    return "\n\n".join(part for part in parts if part) + "\n"


def _opening(results, names) -> str:
    shown = [one for one in results.values() if one["row"] in names]
    machines = sorted({one["machine"] for one in shown}) or ["nothing was run yet"]
    missing = sum(
        (name, column, seed) not in results
        for name in names
        for column in COLUMNS
        for seed in seeds_of(ROWS[name], column)
    )
    left_out = "; ".join(f"{name} is left out: {why}" for name, why in LEFT_OUT.items())
    return (
        "# Fusion beside classical models\n\n"
        f"`make bench`, which runs `python benchmarks/fusion/run.py`; {'; '.join(machines)}; one "
        f"thread a fit. Cells not run yet: {missing}.\n\n"
        "Scores of test rows, mean ± standard error over the seeds. The seed draws rows and model; "
        "where the split is official it draws the model only, and a model without chance is fitted "
        "once and has no error. LR is logistic regression, and ridge for R²; the others are the "
        "regressors then. Its penalty is chosen by cross-validation in the training rows, as is "
        "that of the SVC, and as the best single modality is. Classical models get "
        "standardised numbers, flattened grids, TF-IDF and indicators side by side; SVC and trees "
        "get 100 components of each text. What a row lacks is zero there, the training mean; mean "
        "and product take the modalities that are there, and the product is corrected for the "
        "prior. Stacking is scikit-learn's, of LR on each modality and LR, extra trees and "
        "boosting on all, the last on 64 principal components of a wide table. Networks and "
        "automatic fusions are as they come. – means that there is "
        f"nothing to fit, or is explained below. {left_out}."
    )


def _table(head, lines) -> str:
    rows = [head, ["---"] * len(head), *lines]
    return "\n".join(f"| {' | '.join(map(str, row))} |" for row in rows)


def lines_of(row) -> list[tuple]:
    """Return label, test set and metric of each line that a row has in the table."""
    return [
        (f"{row.name}, {test}" if test else row.name, test, metric)
        for test in row.tests
        for metric in row.metrics
    ]


def _scores(results, names) -> str:
    lines = []
    for row in map(ROWS.get, names):
        for label, test, metric in lines_of(row):
            cells = [_score(results, row, column, test, metric) for column in COLUMNS]
            published = row.published.get((test, metric), "–")
            arrow = f"{metric} ↓" if metric in LOWER_IS_BETTER else metric
            lines.append([label, arrow, row.n_seeds, *cells, published])
    return "## Scores\n\n" + _table(HEAD, lines)


def _found(results, row, column) -> list[dict]:
    keys = [(row.name, column, seed) for seed in seeds_of(row, column)]
    return [results[key] for key in keys if key in results]


def _score(results, row, column, test, metric) -> str:
    """Return mean and standard error; or why there is none; and how many seeds were run."""
    if not fits(row, column):
        return "–"
    found, wanted = _found(results, row, column), len(seeds_of(row, column))
    failed = [one["error"].partition(":")[0] for one in found if "error" in one]
    if failed:
        return f"error: {failed[0]}"
    if not found:
        return "not run"
    values = [one["scores"][test][metric] for one in found]
    part = "" if len(values) == wanted else f" ({len(values)} of {wanted})"
    if len(values) == 1:
        return _short(values[0]) + part
    error = np.std(values, ddof=1) / np.sqrt(len(values))
    return f"{_short(np.mean(values))} ± {_short(error)}{part}"


def _short(value, sign="") -> str:
    return f"{value:{sign}.3f}".replace("0.", ".", 1)


def _notes(names) -> str:
    lines = [f"- {name}: {ROWS[name].note}." for name in names if ROWS[name].note]
    for row in map(ROWS.get, names):
        lines += [f"- {row.name}, {COLUMNS[one].title}: {why}." for one, why in row.skips.items()]
    return "\n".join(lines)


def _standings(results, names) -> str:
    head = ["rows", "column", "pairs", "mean gap", "median", "worst row", "within .01"]
    head += ["log-loss: mean gap", "median", "worst row", "within .01"]
    lines = []
    for group, members in GROUPS.items():
        members = [name for name in members if name in names]
        for column in [name for name, one in COLUMNS.items() if not one.classical]:
            if members:
                lines.append([group, COLUMNS[column].title, *_standing(results, members, column)])
    return (
        "## Against the best classical model\n\n"
        "The best of the classical columns is chosen on the test rows, anew for each pair of row "
        "and seed, and for the log-loss anew: a bar that no single model has. Gaps are means of "
        "rows; above zero is better, for the log-loss below.\n\n" + _table(head, lines)
    )


def _standing(results, members, column) -> list[str]:
    total = sum(ROWS[name].n_seeds for name in members)
    count = f"{len(pairs(results, members, column))} of {total}"
    found = standing(results, members, column)
    if found is None:
        return [count, *["–"] * 8]
    cells = [count, _short(found.gap, "+"), _short(found.median, "+"), _worst(found.worst)]
    cells.append(f"{found.share:.0%}")
    if found.loss_gap is None:
        return [*cells, *["–"] * 4]
    return [
        *cells,
        _short(found.loss_gap, "+"),
        _short(found.loss_median, "+"),
        _worst(found.loss_worst),
        f"{found.loss_share:.0%}",
    ]


def _worst(named) -> str:
    return f"{named[0]} {_short(named[1], '+')}"


def _singles(results, names) -> str:
    lines = []
    for group, members in GROUPS.items():
        members = [name for name in members if name in names]
        for column, one in COLUMNS.items():
            found = None if column == "single" else losses_to_single(results, members, column)
            if found is not None:
                lost, total, mean, worst = found
                lines.append(
                    [group, one.title, f"{lost} of {total}", _short(mean, "+"), _worst(worst)]
                )
    head = ["rows", "column", "below it", "mean difference there", "worst pair"]
    return (
        "## Against the best single modality\n\n"
        "How often a model of all modalities is worse than logistic or ridge regression on the one "
        "that cross-validation in the training rows finds best, over pairs of row and seed, and by "
        "how much.\n\n" + _table(head, lines)
    )


def _ranks(results, names) -> str:
    lines = []
    for group, members in GROUPS.items():
        ranks = mean_ranks(results, [name for name in members if name in names])
        cells = [f"{ranks[name]:.1f}" if name in ranks else "–" for name in COLUMNS]
        lines.append([group, *cells])
    head = ["rows", *(one.title for one in COLUMNS.values())]
    return (
        "## Mean ranks\n\nOver the pairs for which all columns are known; 1 is best.\n\n"
        + _table(head, lines)
    )


def _seconds(results, names) -> str:
    lines = []
    for row in map(ROWS.get, names):
        medians = []
        for column in COLUMNS:
            found = [one["seconds"] for one in _found(results, row, column) if one["scores"]]
            medians.append(f"{np.median(found):.1f}" if found else "–")
        lines.append([row.name, *medians])
    head = ["data set", *(one.title for one in COLUMNS.values())]
    return (
        "## Seconds\n\nTo fit and to answer for the test rows, median over the seeds.\n\n"
        + _table(head, lines)
    )
