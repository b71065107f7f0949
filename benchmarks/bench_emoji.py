"""Accuracy on emoji with default settings, three seeds, the floors beside; writes EMOJI.md.

Run by ``make bench-emoji``. The test split is looked at here and nowhere else.
"""

import platform
import time
from pathlib import Path

import numpy as np
import torch
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score

from sklearn_crossmodal import AutoFusionClassifier, FusionClassifier, Image, Text
from sklearn_crossmodal.datasets import load_emoji

SEEDS = [0, 1, 2]
RESULTS = Path(__file__).with_name("EMOJI.md")


def floors(X_train, y_train, X_test):
    """Yield name and predictions of logistic regression on each modality and on both."""
    words = TfidfVectorizer().fit(X_train["text"])

    def pixels(X):
        return X["image"].reshape(len(X), -1) / 255

    def texts(X):
        return words.transform(X["text"])

    def both(X):  # rows of pixels brought to the length of rows of TF-IDF, which is one
        image = pixels(X)
        return np.hstack([image / np.sqrt(image.shape[1]), texts(X).toarray()])

    # C = 10 was better than 1 with texts by cross-validation in the training rows: .858 and .839.
    settings = {
        "text": (texts, 10, 1e-4),
        "image": (pixels, 1, 1e-3),
        "image and text": (both, 10, 1e-4),
    }
    for name, (features, C, tol) in settings.items():
        floor = LogisticRegression(C=C, tol=tol, max_iter=2000).fit(features(X_train), y_train)
        yield name, floor.predict(features(X_test))


def frozen(names):
    """Return the modalities of these names with frozen encoders."""
    known = {
        "image": Image(encoder="efficientnet_lite0"),
        "text": Text(encoder="minilm"),
    }
    return [(name, known[name], name) for name in names]


def scores_of(make, X_train, y_train, X_test, y_test):
    """Return accuracies, macro F1 and seconds of a fit, of each seed."""
    found = []
    for seed in SEEDS:
        start = time.perf_counter()
        clf = make().set_params(random_state=seed).fit(X_train, y_train)
        seconds = time.perf_counter() - start
        predicted = clf.predict(X_test)
        macro_f1 = f1_score(y_test, predicted, average="macro")
        found.append((np.mean(predicted == y_test), macro_f1, seconds))
    return np.array(found).T


def settings_of(names):
    """Yield name and factory of what is fitted on some modalities."""
    yield "`FusionClassifier()`", FusionClassifier
    yield "with frozen encoders", lambda: FusionClassifier(frozen(names))
    if len(names) > 1:
        auto = AutoFusionClassifier
        yield "`AutoFusionClassifier`, frozen encoders", lambda: auto(frozen(names))


def main():
    """Print and write the table."""
    X_train, y_train = load_emoji(split="train", return_X_y=True)
    X_test, y_test = load_emoji(split="test", return_X_y=True)
    lines = [
        "# Emoji: group from image and text, test split",
        "",
        f"`make bench-emoji`; {len(X_train)} train, {len(X_test)} test samples; seeds {SEEDS}; "
        f"torch {torch.__version__}, {torch.get_num_threads()} threads, {platform.machine()}. "
        "Mean and standard deviation over the seeds. Floors are logistic regression on pixels, on "
        "TF-IDF, on both. Frozen encoders are `efficientnet_lite0` for images and `minilm`, which "
        "keeps the words beside it, for texts; their seconds include the embedding.",
        "",
        "| modalities | model | accuracy | macro F1 | seconds a fit |",
        "|---|---|---|---|---|",
    ]
    print("\n".join(lines), flush=True)
    columns = {"text": ["text"], "image": ["image"], "image and text": ["image", "text"]}
    for name, predicted in floors(X_train, y_train, X_test):
        lines.append(f"| {name} | logistic regression | {np.mean(predicted == y_test):.3f} | | |")
        print(lines[-1], flush=True)
        names = columns[name]
        for label, make in settings_of(names):
            accuracy, macro_f1, seconds = scores_of(
                make, X_train[names], y_train, X_test[names], y_test
            )
            lines.append(
                f"| {name} | {label} | {accuracy.mean():.3f} ± {accuracy.std():.3f} | "
                f"{macro_f1.mean():.3f} | {np.median(seconds):.0f} |"
            )
            print(lines[-1], flush=True)
    RESULTS.write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
