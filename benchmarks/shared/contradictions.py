"""Samples one of whose modalities is another sample's; and pictures from texts."""

from __future__ import annotations

import numpy as np
from handwritten import load
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.metrics import roc_auc_score
from table import mean_and_error, short, table

from sklearn_crossmodal import MultiModalAutoencoder, MultiModalFrame
from sklearn_crossmodal.datasets import load_emoji

__all__ = ["contradictions", "pictures"]

SEEDS = [0, 1, 2]


def _swapped(X, y, name, rng):
    """Return X with one modality of samples of other classes."""
    donors = [rng.choice(np.flatnonzero(y != label)) for label in y]
    return MultiModalFrame(dict(X) | {name: np.asarray(X[name])[donors]})


def _auroc(made, X, y, names, rng):
    true = made.inconsistency(X)
    found = []
    for name in names:
        false = made.inconsistency(_swapped(X, y, name, rng))
        found.append(roc_auc_score(np.repeat([0, 1], len(y)), np.concatenate([true, false])))
    return found


def contradictions():
    """Return lines: area under the ROC curve of `inconsistency`."""
    rows = {}
    for seed in SEEDS:
        X, X_test, _, y_test = load(seed)
        made = MultiModalAutoencoder(n_components=32, random_state=seed).fit(X)
        areas = _auroc(made, X_test, y_test, list(X), np.random.default_rng(seed))
        rows.setdefault("mv_handwritten, mean of the views", []).append(np.mean(areas))
        for name, area in zip(X, areas, strict=True):
            rows.setdefault(f"mv_handwritten, {name}", []).append(area)
        print(seed, areas, flush=True)
        (X, _), (X_test, y_test) = (load_emoji(split=s, return_X_y=True) for s in ("train", "test"))
        made = MultiModalAutoencoder(random_state=seed).fit(X)
        area = _auroc(made, X_test, y_test, ["text"], np.random.default_rng(seed))
        rows.setdefault("emoji, text", []).append(area[0])
        print(seed, area, flush=True)
    targets = {"mv_handwritten, mean of the views": "≥ .950", "emoji, text": "≥ .850"}
    return [
        "Area under the ROC curve of `inconsistency`, for test samples one of whose modalities is",
        "that of a sample of another class, beside the same samples as they are.",
        "",
        *table(
            ["modality", "AUROC", "target"],
            [[name, mean_and_error(v), targets.get(name, "")] for name, v in rows.items()],
        ),
    ]


def _pixels(X):
    return np.asarray(X["image"], dtype=float) / 255


def pictures():
    """Return lines: squared error of emoji that are translated from their texts."""
    X, X_test = (load_emoji(split=split, return_X_y=True)[0] for split in ("train", "test"))
    words = TfidfVectorizer().fit(X["text"])
    near = (words.transform(X_test["text"]) @ words.transform(X["text"]).T).argmax(axis=1)
    true = _pixels(X_test)
    floors = {
        "mean picture": _pixels(X).mean(axis=0),
        "nearest by TF-IDF": _pixels(X)[np.ravel(near)],
    }
    rows = [[name, short(np.mean((found - true) ** 2), 4)] for name, found in floors.items()]
    errors = []
    for seed in SEEDS:
        made = MultiModalAutoencoder(random_state=seed).fit(X)
        found = _pixels({"image": made.translate(X_test, source="text", target="image")})
        errors.append(np.mean((found - true) ** 2))
        print(seed, errors[-1], flush=True)
    rows.append(["`translate`", mean_and_error(errors, 4)])
    return [
        "Squared error of test pictures from 0 to 1, told from their texts.",
        "",
        *table(["pictures", "error"], rows),
    ]
