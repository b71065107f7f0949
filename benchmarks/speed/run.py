"""Run all claims about speed, or those that are named, and write SPEED.md.

``make bench-speed``; ``run.py --quick`` runs all of them on tiny sizes, which
measures nothing but shows that they work; ``run.py fit_mlp predict`` runs some.
"""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

from common import HEAD, machine

CLAIMS = [
    "fit_mlp",
    "fit_images",
    "fit_defaults",
    "predict",
    "memory",
    "growth",
    "imports",
    "grid_jobs",
    "search",
    "peers",
]
RESULTS = Path(__file__).parents[1] / "SPEED.md"


def main(arguments):
    """Print the table, and write it if it is whole."""
    quick = "--quick" in arguments
    names = [name for name in arguments if not name.startswith("--")]
    lines = [
        "# Speed",
        "",
        f"`make bench-speed`; {machine()}. Ratios are of seconds within one run, in turns: where "
        "they must be at most something, of ours to the other; else how often ours fits into it. "
        "Processor time is that of all threads, ours to the other. Memory is measured once.",
        "",
        *HEAD,
    ]
    print(*lines, sep="\n", flush=True)
    for name in names or CLAIMS:
        for row in importlib.import_module(name).rows(quick):
            lines.append(str(row))
            print(row, flush=True)
    if not names and not quick:
        RESULTS.write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
