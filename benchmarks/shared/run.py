"""The shared space of MultiModalAutoencoder beside floors and peers; writes ../SHARED.md.

``make bench-shared`` runs all sections; ``run.py --sections latent coherence`` runs some, and
leaves the others as they were written. Test rows are looked at here and nowhere else.
"""

from __future__ import annotations

import argparse
import os
import platform
import re
from pathlib import Path

# One thread, before NumPy and torch read it: as the other benchmarks have it.
os.environ.setdefault("OMP_NUM_THREADS", "1")

import sklearn
import torch
from beside import peers
from coherence import coherence
from contradictions import contradictions, pictures
from handwritten import imputation, latent

RESULTS = Path(__file__).parents[1] / "SHARED.md"
SECTIONS = {
    "latent": ("What the latent tells", latent),
    "imputation": ("Imputation of an absent view", imputation),
    "coherence": ("Coherence of what is generated", coherence),
    "contradictions": ("Samples that contradict themselves", contradictions),
    "pictures": ("Pictures from texts", pictures),
    "peers": ("Beside MultiVae", peers),
}
HEADER = f"""# The shared space

`make bench-shared`, which runs `python benchmarks/shared/run.py`; {os.cpu_count()} cores, one
thread, {platform.machine()}, scikit-learn {sklearn.__version__}, torch {torch.__version__}. Mean ±
standard error over seeds 0 to 2. Defaults were chosen on generated data and in training rows.
"""


def written(path):
    """Return the sections that were written before, by title."""
    if not path.exists():
        return {}
    parts = re.split(r"^## (.*)\n", path.read_text(), flags=re.MULTILINE)[1:]
    return dict(zip(parts[::2], (part.strip("\n") for part in parts[1::2]), strict=True))


def main():
    """Run sections and write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sections", nargs="+", choices=SECTIONS, default=list(SECTIONS))
    for name in parser.parse_args().sections:
        title, run = SECTIONS[name]
        lines = "\n".join(run())
        known = {**written(RESULTS), title: lines}
        titles = [title for title, _ in SECTIONS.values() if title in known]
        parts = [HEADER, *(f"## {title}\n\n{known[title]}\n" for title in titles)]
        RESULTS.write_text("\n".join(parts))
        print(lines, flush=True)


if __name__ == "__main__":
    main()
