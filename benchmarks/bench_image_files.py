"""Memory and time of training on image files, few and many; writes IMAGE_FILES.md.

Small JPEG files are made in a temporary folder, and each number of them is trained on in a process
of its own, so that the peaks of memory can be compared. Run as ``python
benchmarks/bench_image_files.py``.
"""

import json
import os
import platform
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import torch
from joblib import cpu_count

#: How many files of how many pixels a side; all are brought to `SIZE`.
CASES = [(2_000, 64), (20_000, 64), (2_000, 384)]
SIZE, EPOCHS, BATCH_SIZE = 64, 1, 128
RESULTS = Path(__file__).with_name("IMAGE_FILES.md")


def make_files(folder, n_files, side):
    """Write small photographs: noise of low frequency, brighter in class 1."""
    from PIL import Image

    rng = np.random.default_rng(0)
    for number in range(n_files):
        coarse = rng.integers(0, 200, size=(8, 8, 3), dtype=np.uint8) + np.uint8(40 * (number % 2))
        image = Image.fromarray(coarse).resize((side, side), Image.Resampling.BICUBIC)
        image.save(folder / f"{number:05d}.jpg", quality=90)


def peak_memory():
    """Return the most memory that this process has held, in MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def read_only(paths):
    """Return seconds of the clock and of the processors to read all files once."""
    from sklearn_crossmodal import Image

    clock, processor = time.perf_counter(), time.process_time()
    Image(keep=False, size=SIZE).fit(paths)
    return time.perf_counter() - clock, time.process_time() - processor


def train(folder, n_files):
    """Read, then train on the first files of a folder; return what was measured."""
    from sklearn_crossmodal import FusionClassifier, Image
    from sklearn_crossmodal.data import MultiModalFrame
    from sklearn_crossmodal.nn.encoders import CNNEncoder

    paths = [str(folder / f"{number:05d}.jpg") for number in range(n_files)]
    read_only(paths[:500])  # imports and first calls are not counted
    before, load = peak_memory(), os.getloadavg()[0]
    seconds, processor = read_only(paths)
    clf = FusionClassifier(
        [("photo", Image(keep=False, size=SIZE, encoder=CNNEncoder(patch_size=4)), "photo")],
        max_epochs=EPOCHS,
        batch_size=BATCH_SIZE,
        random_state=0,
    )
    start, start_processor = time.perf_counter(), time.process_time()
    clf.fit(MultiModalFrame({"photo": paths}), np.arange(n_files) % 2)
    fitted, fitted_processor = time.perf_counter() - start, time.process_time() - start_processor
    return {
        "load": load,
        "before": before,
        "peak": peak_memory(),
        "read": seconds,
        "busy": processor / seconds,
        "fit": fitted,
        "fit_busy": fitted_processor / fitted,
    }


def measure(folder, n_files):
    """Return what a process of its own measures."""
    command = [sys.executable, __file__, str(folder), str(n_files)]
    answer = subprocess.run(command, check=True, capture_output=True, text=True)
    return json.loads(answer.stdout.splitlines()[-1])


def main():
    """Print and write the table."""
    lines = [
        "# Training on image files, which are read batch by batch",
        "",
        f"`python benchmarks/bench_image_files.py`; JPEG files brought to {SIZE}×{SIZE} "
        f"pixels; `FusionClassifier` on `Image(keep=False)`, epochs: {EPOCHS}, "
        f"batches of {BATCH_SIZE}; "
        f"torch {torch.__version__}, {cpu_count()} cores, {platform.machine()}. Memory is the peak "
        "of a process of its own; busy cores are processor seconds a second. *Reading* is the pass "
        "over all files that finds means and broken files; *load by others* is how many processes "
        "wanted the cores before it began.",
        "",
        "| files | pixels a side | all pixels, MiB as float32 | memory before, MiB | peak, MiB | "
        "reading, s | files a second | busy cores reading | fit, s | busy cores in fit | "
        "load by others |",
        "|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    print("\n".join(lines), flush=True)
    for n_files, side in CASES:
        with tempfile.TemporaryDirectory() as name:
            make_files(Path(name), n_files, side)
            found = measure(Path(name), n_files)
        lines.append(
            f"| {n_files} | {side} | {n_files * side**2 * 12 / 2**20:.0f} | "
            f"{found['before']:.0f} | {found['peak']:.0f} | {found['read']:.1f} | "
            f"{n_files / found['read']:.0f} | {found['busy']:.2f} | {found['fit']:.0f} | "
            f"{found['fit_busy']:.2f} | {found['load']:.1f} |"
        )
        print(lines[-1], flush=True)
    RESULTS.write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    if len(sys.argv) > 1:
        print(json.dumps(train(Path(sys.argv[1]), int(sys.argv[2]))))
    else:
        main()
