"""Default settings on real data of several kinds, the linear floors beside; writes DATA.md.

Run by ``make bench-data``; needs the data folders beside the repository (``../shared/data``, or the
folder named by the variable SKLEARN_CROSSMODAL_DATA). Test splits are looked at here and nowhere
else. Name tasks to run only those: ``python benchmarks/bench_data.py "IMDB, text"``.
"""

import os
import platform
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from sklearn.compose import make_column_transformer
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import roc_auc_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from sklearn_crossmodal import (
    Audio,
    Categorical,
    FusionClassifier,
    FusionRegressor,
    Image,
    MultiModalFrame,
    Numeric,
    Text,
)

SEEDS = [0, 1]
ROOT = Path(__file__).resolve().parents[1]
DATA = Path(os.environ.get("SKLEARN_CROSSMODAL_DATA", ROOT.parent / "shared" / "data"))
RESULTS = Path(__file__).with_name("DATA.md")
#: Where embeddings of frozen encoders are kept between seeds.
MEMORY = tempfile.mkdtemp()


def pixels(images):
    """Return images as rows of numbers from 0 to 1."""
    return images.reshape(len(images), -1) / 255


def av_digits():
    """Return handwritten and spoken digits, split: X, y, and log-mel spectrograms for the floor."""
    data = np.load(DATA / "av_digits" / "data.npz")
    sounds = np.load(DATA / "av_digits" / "fsdd_audio.npz")
    waves, ends = sounds["waveform_i16"], sounds["offsets"]
    split = {}
    for part in ("train", "test"):
        sound = np.empty(len(data[f"y_{part}"]), dtype=object)
        for place, row in enumerate(data[f"fsdd_row_{part}"]):
            sound[place] = waves[ends[row] : ends[row + 1]]
        X = MultiModalFrame({"image": data[f"image_{part}"], "sound": sound})
        split[part] = X, data[f"y_{part}"], data[f"audio_logmel_{part}"]
    return split


def digits_floor(*columns):
    """Return the accuracy of logistic regression on pixels, on log-mel, or on both."""
    split = av_digits()

    def table(part):
        X, y, spectrograms = split[part]
        views = {"image": X["image"], "sound": spectrograms}
        return np.hstack([pixels(views[name]) for name in columns]), y

    floor = LogisticRegression(C=0.1, max_iter=300).fit(*table("train"))
    return floor.score(*table("test"))


def digits(*columns):
    """Return data of a task, the modalities, and its floor."""
    split = av_digits()
    data = [part for name in ("train", "test") for part in split[name][:2]]
    found = [("image", Image(), "image"), ("sound", Audio(rate=8000, max_duration=1.0), "sound")]
    modalities = [entry for entry in found if entry[0] in columns]
    return data, FusionClassifier(modalities), lambda: digits_floor(*columns), "accuracy"


def reviews(encoder="bag"):
    """Return reviews of films: positive or negative."""
    train, test = (
        pd.read_parquet(DATA / "cifar10_imdb" / f"imdb_{part}.parquet")
        for part in ("train", "test")
    )
    data = train[["text"]], train["label"], test[["text"]], test["label"]

    def floor():
        # C and pairs of words by cross-validation in the training rows
        tfidf = TfidfVectorizer(ngram_range=(1, 2), min_df=2, sublinear_tf=True)
        words = make_pipeline(tfidf, LogisticRegression(C=10, max_iter=500))
        return words.fit(train["text"], train["label"]).score(test["text"], test["label"])

    model = FusionClassifier([("text", Text(encoder=encoder), "text")], memory=MEMORY)
    return data, model, floor, "accuracy"


def objects():
    """Return small photographs of ten kinds of object."""
    data = np.load(DATA / "cifar10_imdb" / "cifar10.npz")
    X_train, X_test = (
        MultiModalFrame({"image": data[f"image_{part}"]}) for part in ("train", "test")
    )

    def floor():
        clf = LogisticRegression(C=0.01, max_iter=300)
        clf.fit(pixels(data["image_train"]), data["y_train"])
        return clf.score(pixels(data["image_test"]), data["y_test"])

    split = X_train, data["y_train"], X_test, data["y_test"]
    return split, FusionClassifier([("image", Image(), "image")]), floor, "accuracy"


CATEGORIES = ["Division Name", "Department Name", "Class Name"]


def clothing(target, estimator, floor_model, metric, encoder="bag"):
    """Return reviews of clothes with their tables, for one of two targets."""
    table = pd.read_parquet(DATA / "womens_clothing" / "reviews.parquet")
    columns = ["Title", "Review Text", "Age", *CATEGORIES]
    train, test = (table[table["split"] == part] for part in ("train", "test"))
    data = train[columns], train[target], test[columns], test[target]
    modalities = [
        ("title", Text(encoder=encoder), "Title"),
        ("review", Text(encoder=encoder), "Review Text"),
        ("numbers", Numeric(), ["Age"]),
        ("categories", Categorical(), CATEGORIES),
    ]

    def floor():
        flat = make_column_transformer(
            (TfidfVectorizer(), "Title"),
            (TfidfVectorizer(ngram_range=(1, 2), min_df=2), "Review Text"),
            (StandardScaler(), ["Age"]),
            (OneHotEncoder(handle_unknown="ignore"), CATEGORIES),
        )
        X_train, X_test = (X.fillna({"Title": "", "Review Text": ""}) for X in data[::2])
        model = make_pipeline(flat, floor_model).fit(X_train, data[1])
        return METRICS[metric](model, X_test, data[3])

    return data, estimator(modalities, memory=MEMORY), floor, metric


def rating(encoder="bag"):
    """Return stars from 1 to 5, from title, text and table."""
    return clothing("Rating", FusionRegressor, Ridge(3.0), "R²", encoder)


def recommended():
    """Return whether a customer recommends the piece; her rating is not among the columns."""
    model = LogisticRegression(C=3, max_iter=500)
    return clothing("Recommended IND", FusionClassifier, model, "AUC")


METRICS = {
    "accuracy": lambda model, X, y: model.score(X, y),
    "R²": lambda model, X, y: model.score(X, y),
    "AUC": lambda model, X, y: roc_auc_score(y, model.predict_proba(X)[:, 1]),
}

#: Name, data and models, target.
TASKS = {
    "av_digits, image": (lambda: digits("image"), 0.97),
    "av_digits, raw sound": (lambda: digits("sound"), 0.96),
    "av_digits, both": (lambda: digits("image", "sound"), 0.985),
    "IMDB, text": (reviews, 0.88),
    "IMDB, text, minilm": (lambda: reviews("minilm"), 0.89),
    "CIFAR-10, image": (objects, 0.62),
    "clothing, Rating": (rating, 0.625),
    "clothing, Rating, minilm": (lambda: rating("minilm"), 0.66),
    "clothing, Recommended": (recommended, 0.954),
}


def main(names):
    """Print and write the table."""
    lines = [
        "# Real data, default settings, test split",
        "",
        f"`make bench-data`; seeds {SEEDS}; torch {torch.__version__}, {torch.get_num_threads()} "
        f"threads, {platform.machine()}. Mean and standard deviation over the seeds. Floors are "
        "linear models: on pixels, on log-mel spectrograms, on TF-IDF and one-hot categories.",
        "",
        "| task | score | floor | default estimator | target | seconds a fit |",
        "|---|---|---|---|---|---|",
    ]
    print("\n".join(lines), flush=True)
    for name in names or TASKS:
        task, target = TASKS[name]
        (X_train, y_train, X_test, y_test), estimator, floor, metric = task()
        scores, seconds = [], []
        for seed in SEEDS:
            start = time.perf_counter()
            estimator.set_params(random_state=seed).fit(X_train, y_train)
            seconds.append(time.perf_counter() - start)
            scores.append(METRICS[metric](estimator, X_test, y_test))
        lines.append(
            f"| {name} | {metric} | {floor():.3f} | {np.mean(scores):.3f} ± {np.std(scores):.3f} "
            f"| {target:.3f} | {np.median(seconds):.0f} |"
        )
        print(lines[-1], flush=True)
    if not names:
        RESULTS.write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
