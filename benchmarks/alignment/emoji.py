"""Words and pictures of emoji: from pixels, and through frozen encoders."""

import time

import numpy as np
from sklearn.linear_model import RidgeCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from tables import MEMORY, SEEDS, UNLABELLED, said, table, vectors

from sklearn_crossmodal import CrossModalAligner, Image, ModalityVectorizer, Text
from sklearn_crossmodal.datasets import load_emoji
from sklearn_crossmodal.metrics import median_rank, recall_at_k

LITE = ("image", Image(encoder="efficientnet_lite0"), "image")
FEATURES = {
    "pixels, TF-IDF": None,
    "efficientnet_lite0, TF-IDF": [LITE, ("text", Text(), "text")],
    "efficientnet_lite0, minilm": [LITE, ("text", Text(encoder="minilm"), "text")],
}


def emoji_rows(name, modalities):
    """Yield rows of the objectives, and of ridge regression from pictures to texts."""
    X, X_test = (load_emoji(split=part).data for part in ("train", "test"))
    parts = {}
    for k, modality in enumerate(("image", "text")):
        entry = modality if modalities is None else [modalities[k]]
        reduced = 300 if modalities is None or modality == "text" else None
        vectorizer = ModalityVectorizer(
            entry, n_components=reduced, memory=MEMORY, random_state=0, sparse_output=False
        )
        scale = make_pipeline(vectorizer, StandardScaler(with_std=modality == "image"))
        parts[modality] = (
            scale.fit_transform(X[[modality]]),
            scale.transform(X_test[[modality]]),
        )
    ridge = RidgeCV(np.logspace(0, 6, 13)).fit(parts["image"][0], parts["text"][0])
    yield emoji_row(
        f"{name}: ridge to texts", [(parts["text"][1], ridge.predict(parts["image"][1]))], [0.0]
    )
    for label, params in UNLABELLED.items():
        if label.startswith("linear"):
            continue
        trained = "objective" in params
        found, alone, seconds = [], [], []
        for seed in SEEDS if trained and modalities is not None else SEEDS[:1]:
            start = time.perf_counter()
            aligner = CrossModalAligner(modalities, memory=MEMORY, random_state=seed, **params)
            aligner.fit(X)
            seconds.append(time.perf_counter() - start)
            found.append(vectors(aligner, X_test, ("text", "image")))
            if trained:
                alone.append(vectors(aligner, X_test, ("text", "image"), 0.0))
        yield emoji_row(f"{name}: {label}", found, seconds)
        if trained:
            yield emoji_row("networks alone", alone, seconds)


def emoji_row(name, pairs, seconds):
    """Return a row of retrieval from texts to pictures, and back."""
    cells = [[recall_at_k(*pair, k) for pair in pairs] for k in (1, 10)]
    cells.append([recall_at_k(*pair[::-1], 10) for pair in pairs])
    middle = np.mean([median_rank(*pair) for pair in pairs])
    return [name, *map(said, cells), f"{middle:.0f}", f"{np.mean(seconds):.0f}"]


def emoji_section():
    """Return the lines of the section."""
    rows = [row for name, given in FEATURES.items() for row in emoji_rows(name, given)]
    head = ["features and objective", "R@1", "R@10", "R@10 back", "median rank", "seconds"]
    return [
        "## Words → pictures of emoji, 1 524 pairs to train on and 382 to test",
        "",
        "Official split; chance R@10 .026, median rank 191. Of objectives on frozen encoders three",
        "seeds, else one; seconds are without the embedding where it is cached.",
        "",
        *table(head, rows),
        "",
    ]
