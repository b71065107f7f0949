"""Rows of the real data beside the repository, with the protocols of their READMEs."""

from __future__ import annotations

import numpy as np
from row import Row, Split, absent, cut, data_folder
from sklearn.model_selection import GroupShuffleSplit, StratifiedKFold

from sklearn_crossmodal import MultiModalFrame

__all__ = ["HEAVY_ROWS", "SHARED_ROWS"]


def _arrays(folder):
    with np.load(data_folder() / folder / "data.npz", allow_pickle=False) as file:
        return {name: file[name] for name in file.files}


def _views(arrays):
    """Return the numbered views of a set for multi-view learning."""
    return MultiModalFrame({name: arrays[name] for name in arrays if name.startswith("view")})


def _official(arrays, *names):
    """Return the split that the authors made; a modality that the test lacks is absent there."""
    X_train, X_test = (
        {name: arrays[f"{name}_{part}"] for name in names if f"{name}_{part}" in arrays}
        for part in ("train", "test")
    )
    y_train, y_test = arrays["y_train"], arrays["y_test"]
    for name in set(names) - set(X_test):
        X_test[name] = np.full((len(y_test), X_train[name].shape[1]), np.nan)
    test = MultiModalFrame({name: X_test[name] for name in names})
    return Split(MultiModalFrame(X_train), y_train, {"": (test, y_test)})


def scene15(seed):
    arrays = _arrays("mv_scene15")
    return cut(_views(arrays), arrays["y"], seed, 3588)


def cub(seed):
    arrays = _arrays("mv_cub")
    return cut(_views(arrays), arrays["y"], seed, 480)


def handwritten(seed):
    arrays = _arrays("mv_handwritten")
    return cut(_views(arrays), arrays["y"], seed, 1600)


#: Share of the cells that a test set of `handwritten_missing` lacks; None leaves one view a row.
MISSING = {"all": 0.0, "30 % absent": 0.3, "60 % absent": 0.6, "one view": None}


def handwritten_missing(seed):
    """Complete rows to train on; the same test rows complete, and with views taken away."""
    arrays = _arrays("mv_handwritten")
    split = cut(_views(arrays), arrays["y"], seed, 600, 1000)
    X, y = split.tests[""]
    return split._replace(
        tests={name: (absent(X, part, seed), y) for name, part in MISSING.items()}
    )


def rosmap(seed):
    return _official(_arrays("rosmap"), "mrna", "meth", "mirna")


def mosi(seed):
    return _official(_arrays("mosi_features"), "text", "audio", "video")


def _mosi_rows():
    """Return the utterances of the official test part, with their videos and places in these.

    The features of the training part were made by networks that had learned its labels: logistic
    regression predicts them in cross-validation by videos far better than those of the test part.
    """
    arrays = _arrays("mosi_features")
    X = MultiModalFrame({name: arrays[f"{name}_test"] for name in ("text", "audio", "video")})
    return X, *(arrays[f"{name}_test"] for name in ("y", "video_id", "segment"))


def mosi_new_videos(seed):
    """A third of the videos, drawn by the seed, are there to test on alone."""
    X, y, videos, _ = _mosi_rows()
    split = GroupShuffleSplit(1, test_size=1 / 3, random_state=seed)
    ((train, test),) = split.split(y, y, videos)
    return Split(X[train], y[train], {"": (X[test], y[test])})


def mosi_later(seed):
    """The last third of each video is there to test on, those before it to train on."""
    X, y, videos, places = _mosi_rows()
    is_late = np.zeros(len(y), bool)
    for video in np.unique(videos):
        rows = np.flatnonzero(videos == video)
        rows = rows[np.argsort(places[rows], kind="stable")]
        is_late[rows[-(len(rows) // 3) :] if len(rows) > 2 else []] = True
    return Split(X[~is_late], y[~is_late], {"": (X[is_late], y[is_late])})


def tcga(seed):
    return _official(_arrays("breast_tcga_diablo"), "mrna", "mirna", "protein")


def wiki(seed):
    return _official(_arrays("wiki_retrieval"), "image", "text_tfidf")


def av_digits(seed):
    return _official(_arrays("av_digits"), "image", "audio_logmel")


def nutrimouse(target):
    """Return the loader of one of two targets; a seed stands for a fold of four."""

    def load(seed):
        arrays = _arrays("nutrimouse")
        X, y = MultiModalFrame({name: arrays[name] for name in ("gene", "lipid")}), arrays[target]
        folds = StratifiedKFold(4, shuffle=True, random_state=0).split(y, y)
        train, test = list(folds)[seed]
        return Split(X[train], y[train], {"": (X[test], y[test])})

    return load


CATEGORIES = ["Division Name", "Department Name", "Class Name"]


def clothing(target):
    """Return the loader of one of two targets; neither sees the other, nor the feedback count."""

    def load(seed):
        import pandas as pd

        table = pd.read_parquet(data_folder() / "womens_clothing" / "reviews.parquet")
        train, test = (table[table["split"] == part] for part in ("train", "test"))
        X_train, X_test = (
            MultiModalFrame(
                {
                    "title": part["Title"].to_numpy(object),
                    "review": part["Review Text"].to_numpy(object),
                    "age": part[["Age"]].to_numpy(float),
                    "category": part[CATEGORIES],
                }
            )
            for part in (train, test)
        )
        return Split(X_train, train[target].to_numpy(), {"": (X_test, test[target].to_numpy())})

    return load


_WIDE_TEXT = "18 788 rows: the kernel takes hours"
_PML = "published numbers by the table in the README of XLearning-SCU/2025-IJCAI-PML"
SHARED_ROWS = (
    Row(
        "nutrimouse, diet",
        nutrimouse("y_diet"),
        n_seeds=4,
        folder="nutrimouse",
        note="4 folds of 40 rows; a seed is a fold",
    ),
    Row(
        "nutrimouse, genotype",
        nutrimouse("y_genotype"),
        n_seeds=4,
        folder="nutrimouse",
        note="4 folds of 40 rows; a seed is a fold",
    ),
    Row(
        "breast_tcga",
        tcga,
        ("balanced error",),
        resplits=False,
        without=("protein",),
        published={("", "balanced error"): ".068 DIABLO"},
        folder="breast_tcga_diablo",
        note="official split; no test row has proteins, and floors are fitted without them; "
        "published by the mixOmics vignette on N-integration",
    ),
    Row(
        "rosmap",
        rosmap,
        ("accuracy", "F1", "AUC"),
        resplits=False,
        published={
            ("", "accuracy"): ".815 MOGONET, .843 MODILM",
            ("", "F1"): ".821 MOGONET, .850 MODILM",
            ("", "AUC"): ".874 MOGONET, .891 MODILM",
        },
        folder="rosmap",
        note="the split of MOGONET's repository; published numbers average five others",
    ),
    Row(
        "mosi_features",
        mosi,
        resplits=False,
        published={("", "accuracy"): ".823 MMMU-BA"},
        folder="mosi_features",
        note="official split; MMMU-BA also reads the neighbouring utterances",
    ),
    Row(
        "mosi_features, new videos",
        mosi_new_videos,
        folder="mosi_features",
        note="test part by groups: two thirds of its videos to train on, the others to test on",
    ),
    Row(
        "mosi_features, later",
        mosi_later,
        resplits=False,
        folder="mosi_features",
        note="test part by time: the first two thirds of each video to train on, the rest to test",
    ),
    Row(
        "mv_cub",
        cub,
        published={("", "accuracy"): ".903 DE, .985 RCML"},
        folder="mv_cub",
        note="480/120, the published shuffles; published by RCML's appendix",
    ),
    Row(
        "wiki",
        wiki,
        resplits=False,
        folder="wiki_retrieval",
        note="the classes of the retrieval set, from SIFT counts and TF-IDF; official split",
    ),
    Row(
        "mv_handwritten",
        handwritten,
        published={("", "accuracy"): ".985 TMC, .990 DCP-CG, .993 PML"},
        folder="mv_handwritten",
        note=f"1600/400, the published shuffles; {_PML}, where PML picks the epoch on the test set",
    ),
    Row(
        "mv_handwritten, 600",
        handwritten_missing,
        tests=tuple(MISSING),
        folder="mv_handwritten",
        note="600/1000; one fitted model answers for complete rows and for rows that lack views",
    ),
    Row(
        "mv_scene15",
        scene15,
        published={("", "accuracy"): ".677 TMC, .762 RCML, .778 DCP-CG, .827 PML"},
        folder="mv_scene15",
        note=f"3588/897, the published shuffles; {_PML}, where PML picks the epoch on the test set",
    ),
)
#: Those that take long: last, and with fewer seeds.
HEAVY_ROWS = (
    Row(
        "clothing, Rating",
        clothing("Rating"),
        ("R²",),
        "regression",
        n_seeds=2,
        resplits=False,
        skips={"svc": _WIDE_TEXT},
        has_text=True,
        folder="womens_clothing",
        note="AutoMM's split; title, review, age and categories",
    ),
    Row(
        "clothing, Recommended",
        clothing("Recommended IND"),
        ("AUC",),
        n_seeds=2,
        resplits=False,
        skips={"svc": _WIDE_TEXT},
        has_text=True,
        folder="womens_clothing",
        note="AutoMM's split; title, review, age and categories, without the rating",
    ),
    Row(
        "av_digits",
        av_digits,
        n_seeds=2,
        resplits=False,
        folder="av_digits",
        note="official splits; picture and log-mel spectrogram, both as grids",
    ),
)
