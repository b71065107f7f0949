"""What importing costs, each time in a new process."""

from __future__ import annotations

import subprocess
import sys
import time

from common import below, interleaved

LIBRARIES = "import torch, sklearn, skorch"


def rows(quick=False):
    """Return the rows of the table."""

    def run(code):
        start = time.perf_counter()
        subprocess.run([sys.executable, "-c", code], check=True)
        return time.perf_counter() - start

    everything = f"{LIBRARIES}\nimport sklearn_crossmodal"
    seconds = interleaved(
        {"ours": lambda: run(everything), LIBRARIES: lambda: run(LIBRARIES)},
        rounds=1 if quick else 7,
    )
    return [below("import, ours besides", seconds, "ours", LIBRARIES, 1.05)]


if __name__ == "__main__":
    print(*rows(), sep="\n")
