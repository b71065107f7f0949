"""Fusion beside classical models on all data sets; writes ../RESULTS.md.

``make bench`` runs what is not in ``results.jsonl`` yet, and goes on where it was cut off.
``run.py --rows wine "breast cancer" --columns linear auto`` runs some; ``--report`` only writes
the table; ``--quick`` runs all of it on few rows and for few epochs, and writes nothing. Test rows
are looked at here and nowhere else.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

# One thread a worker, before NumPy and torch read it: the two cores are for two fits.
os.environ.setdefault("OMP_NUM_THREADS", "1")

import store
from cells import measure, seeds_of
from columns import COLUMNS
from joblib import Parallel, delayed, parallel_config
from report import report
from row import DATA_VARIABLE, data_folder
from rows import ROWS

__all__ = ["JSONL", "RESULTS", "cells_to_run", "main", "run"]

JSONL = Path(__file__).with_name("results.jsonl")
RESULTS = Path(__file__).parents[1] / "RESULTS.md"


def cells_to_run(options, known) -> list[tuple]:
    """Return row, column and seed of what is asked for and not known; errors are tried again."""
    cells = [
        (name, column, seed)
        for name in options.rows
        if ROWS[name].available()
        for column in options.columns
        for seed in seeds_of(ROWS[name], column)
        if options.seeds is None or seed in options.seeds
    ]
    return [cell for cell in cells if options.again or cell not in known or "error" in known[cell]]


def run(cells, *, jobs=1, quick=False):
    """Yield the results of cells as they come."""
    with parallel_config("loky", n_jobs=jobs, inner_max_num_threads=1):
        calls = (delayed(measure)(*cell, quick=quick) for cell in cells)
        yield from Parallel(return_as="generator_unordered")(calls)


def _options(arguments):
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    parser.add_argument("--rows", nargs="+", choices=ROWS, default=list(ROWS), metavar="ROW")
    parser.add_argument("--columns", nargs="+", choices=COLUMNS, default=list(COLUMNS))
    parser.add_argument("--seeds", nargs="+", type=int, help="those of a row's seeds to run")
    parser.add_argument("--jobs", type=int, default=2, help="fits at a time")
    parser.add_argument("--data", help=f"folder of real data; else {DATA_VARIABLE}, else beside")
    parser.add_argument("--again", action="store_true", help="measure also what is known")
    parser.add_argument("--quick", action="store_true", help="few rows and epochs, write nothing")
    parser.add_argument("--report", action="store_true", help="only write the table anew")
    return parser.parse_args(arguments)


def main(arguments):
    """Run what is asked for, print the table of it, and write the table of all that is known."""
    options = _options(arguments)
    if options.data:
        os.environ[DATA_VARIABLE] = options.data
    known = {} if options.quick else store.load(JSONL)
    cells = [] if options.report else cells_to_run(options, known)
    left_out = [name for name in options.rows if not ROWS[name].available()]
    if left_out:
        print(f"Not in {data_folder()}, so left out: {', '.join(left_out)}", flush=True)
    for number, result in enumerate(run(cells, jobs=options.jobs, quick=options.quick), 1):
        known[store.key_of(result)] = result
        _say(number, len(cells), result)
        if not options.quick:
            store.append(JSONL, result)
    shown = [name for name in options.rows if any(key[0] == name for key in known)]
    print(report(known, shown))
    if not options.quick:
        known = store.load(JSONL)  # another run may have added to it
        store.rewrite(JSONL, known)
        RESULTS.write_text(report(known, list(ROWS)), encoding="utf-8")


def _say(number, total, result):
    says = result.get("error") or result["scores"]
    print(f"{number}/{total}", *store.key_of(result), f"{result['seconds']} s", says, flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
