"""MoPoE of MultiVae beside ours, in the environment of the peers that speed/peers.py makes."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

from table import mean_and_error, table

__all__ = ["peers"]

sys.path.append(str(Path(__file__).parents[1] / "speed"))


def peers():
    """Return lines: seconds an epoch and errors of the same work in both packages."""
    from peers import environment  # of the benchmarks of speed

    script = Path(__file__).resolve().with_name("multivae_work.py")
    with tempfile.TemporaryDirectory() as folder:  # where MultiVae leaves its logs
        ran = subprocess.run(
            [environment(), "-W", "ignore", script],
            capture_output=True,
            text=True,
            cwd=folder,
            check=True,
        )
    found = json.loads(ran.stdout.strip().splitlines()[-1])
    rows = [
        [name, *(mean_and_error(found[name][column]) for column in ("seconds", "both", "across"))]
        for name in ("MultiVae MoPoE", "ours")
    ]
    ratio = sum(found["MultiVae MoPoE"]["seconds"]) / sum(found["ours"]["seconds"])
    return [
        "MoPoE on two views of mv_handwritten (fac and kar, standardised), 1600 training samples,",
        "100 epochs of batches of 64, encoders and decoders of one layer of 64, 16 components,",
        "rescaled likelihoods, Adam with 1e-3. Errors are mean squares of test samples, 1 that",
        "of the mean: both views from both, and each from the other.",
        "",
        *table(["package", "seconds an epoch", "reconstruction", "translation"], rows),
        "",
        f"An epoch of theirs takes {ratio:.1f} times as long as one of ours; the target is 2.",
    ]
