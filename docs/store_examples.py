"""Store what the slower examples print and draw, for the gallery to show without running them.

``python docs/store_examples.py`` runs all of them but plot_cifar10_imdb, which needs its data;
``python docs/store_examples.py plot_emoji`` runs some.
"""

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from conf import RUN
from PIL import Image

ROOT = Path(__file__).parents[1]
STORE = ROOT / "docs" / "_static" / "examples"
STORED = {
    path.stem: path for path in (ROOT / "examples").rglob("plot_*.py") if path.stem not in RUN
}


def run_and_store(name: str) -> None:
    """Run an example in a folder of its own, and keep its output and its pictures."""
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(
            [sys.executable, STORED[name]],
            cwd=folder,
            env={**os.environ, "MPLBACKEND": "Agg"},
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
        store(name, done.stdout, Path(folder) / "demo")


def store(name: str, output: str, pictures: Path) -> None:
    """Keep the output of an example, and its pictures with 256 colours, a third of their size."""
    STORE.mkdir(parents=True, exist_ok=True)
    # The last line, how long it took, tells of the machine.
    output = re.sub(r"\n\d+ s\n$", "\n", output)
    (STORE / f"{name}.txt").write_text(output, encoding="utf-8")
    for path in pictures.glob("*.png"):
        Image.open(path).convert("RGB").quantize(256).save(STORE / path.name, optimize=True)


if __name__ == "__main__":
    for name in sys.argv[1:] or sorted(STORED.keys() - {"plot_cifar10_imdb"}):
        print(f"Running {name}", flush=True)
        run_and_store(name)
