"""Alignment, retrieval and zero-shot classification on real data; writes ../ALIGNMENT.md.

Run by ``make bench-alignment``; needs the data folders beside the repository (``../shared/data``,
or the folder named by the variable SKLEARN_CROSSMODAL_DATA), and the extras pretrained-images and
pretrained-text. Defaults were chosen in training rows; test rows are looked at here and nowhere
else. ``--sections digits emoji`` runs some, and keeps what the page has of the others.
"""

import argparse
import os
import platform
import warnings
from pathlib import Path

import torch
from digits import digit_section
from emoji import emoji_section
from sizes import size_section
from wikipedia import wiki_section
from zero_shot import zero_shot_section

RESULTS = Path(__file__).parents[1] / "ALIGNMENT.md"
SECTIONS = {
    "digits": digit_section,
    "emoji": emoji_section,
    "zero-shot": zero_shot_section,
    "wiki": wiki_section,
    "sizes": size_section,
}


def main():
    """Measure, print, and write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sections", nargs="+", choices=SECTIONS, default=list(SECTIONS))
    asked = parser.parse_args().sections
    warnings.simplefilter("ignore")
    torch.set_num_threads(1)
    for name in asked:
        section = SECTIONS[name]()
        print("\n".join(section), flush=True)
        write({**read_sections(), name: section})  # another run may have added to the page


def read_sections():
    """Return the sections that the page has."""
    if not RESULTS.exists():
        return {}
    parts = RESULTS.read_text(encoding="utf-8").split("\n## ")[1:]
    titles = {"Views": "digits", "Words": "emoji", "Subgroups": "zero-shot", "Wikipedia": "wiki"}
    return {
        titles.get(part.split()[0], "sizes"): [*f"## {part}".rstrip("\n").split("\n"), ""]
        for part in parts
    }


def write(known):
    """Write the page."""
    head = [
        "# Alignment, retrieval, zero-shot classification",
        "",
        "`make bench-alignment`, which runs `python benchmarks/alignment/run.py`; "
        f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}, "
        f"torch {torch.__version__}; one thread. Means over seeds or splits ± their "
        "standard deviation. Objectives that train networks average their cosines with those "
        "of the closed form, half and half.",
        "",
    ]
    lines = head + [line for name in SECTIONS if name in known for line in known[name]]
    RESULTS.write_text("\n".join(lines).rstrip("\n") + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
