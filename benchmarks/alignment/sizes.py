"""Seconds of fits, and of a search among a million vectors."""

import time

import numpy as np
from tables import table, vectors

from sklearn_crossmodal import CrossModalAligner, MultiModalFrame
from sklearn_crossmodal.alignment._index import ExactIndex
from sklearn_crossmodal.metrics import recall_at_k


def size_section():
    """Return the lines of the section: seconds of fits, and a search among a million vectors."""
    rng = np.random.default_rng(0)
    rows = []
    for n, width, params in (
        (100, 5000, {}),
        (5000, 1000, {}),
        (100_000, 64, {}),
        (100_000, 64, {"kernel": "rbf", "shrinkage": 0.1}),
    ):
        factors = rng.normal(size=(n + 200, 5))
        X = MultiModalFrame(
            {
                name: (
                    factors @ rng.normal(size=(5, width)) + 3 * rng.normal(size=(n + 200, width))
                ).astype(np.float32)
                for name in "ab"
            }
        )
        start = time.perf_counter()
        aligner = CrossModalAligner(random_state=0, **params).fit(X[:n])
        seconds = time.perf_counter() - start
        scores = [
            recall_at_k(*vectors(aligner, part, "ab"), 10) for part in (X[: min(n, 200)], X[n:])
        ]
        how = "kernel" if params else f"auto: {aligner.kernel_}, λ = {aligner.shrinkage_}"
        rows.append([n, width, how, f"{seconds:.1f}", *(f"{score:.3f}" for score in scores)])
        if n == 100:
            little = CrossModalAligner(kernel="linear", shrinkage=0.1).fit(X[:n])
            scores = [recall_at_k(*vectors(little, part, "ab"), 10) for part in (X[:n], X[n:])]
            rows.append([n, width, "linear, λ = .1", "–", *(f"{score:.3f}" for score in scores)])
    head = ["pairs", "numbers", "kernel and λ", "seconds", "R@10, training rows", "R@10, 200 new"]
    return [
        "## Sizes",
        "",
        "Two modalities of five factors and noise.",
        "",
        *table(head, rows),
        "",
        *search_lines(rng),
        "",
    ]


def search_lines(rng):
    """Return lines on the search of 1 000 queries among 1 000 000 vectors of 128 numbers."""
    gallery = rng.normal(size=(1_000_000, 128)).astype(np.float32)
    gallery /= np.linalg.norm(gallery, axis=1, keepdims=True)
    queries = gallery[:1000] + 0.05 * rng.normal(size=(1000, 128)).astype(np.float32)
    index = ExactIndex(128)
    index.add(gallery)
    ours, bare = [], []
    for _ in range(3):
        start = time.perf_counter()
        index.search(queries, 10)
        ours.append(time.perf_counter() - start)
        start = time.perf_counter()
        for block in range(0, len(gallery), 32_768):
            similarities = queries @ gallery[block : block + 32_768].T
            np.argpartition(-similarities, 9, axis=1)[:, :10]
        bare.append(time.perf_counter() - start)
    return [
        "Exact search of 1 000 queries among 1 000 000 × 128 numbers, ten neighbours: "
        f"{min(ours):.1f} s, {min(ours) / min(bare):.2f} times one",
        "product in blocks of float32 with `numpy.argpartition` "
        f"({min(bare):.1f} s). The index holds the vectors and no copy; a search",
        f"holds at most {2**25 * 4 / 2**20:.0f} MB of similarities beside these "
        f"{gallery.nbytes / 2**20:.0f} MB.",
    ]
