"""One view of handwritten digits from another, and generated targets; writes TRANSLATION.md.

Run by ``make bench-translation``; needs the data folders beside the repository (``../shared/data``,
or the folder named by the variable SKLEARN_CROSSMODAL_DATA). Defaults were chosen by
cross-validation in the training rows of split 0; test rows are looked at here and nowhere else.
"""

import os
import platform
import time
from functools import cache
from pathlib import Path

import numpy as np
import torch
from sklearn.compose import TransformedTargetRegressor
from sklearn.kernel_ridge import KernelRidge
from sklearn.linear_model import RidgeCV
from sklearn.model_selection import GridSearchCV
from sklearn.neighbors import KNeighborsRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_crossmodal import CrossModalRegressor

SEEDS = [0, 1, 2]
ROOT = Path(__file__).resolve().parents[1]
DATA = Path(os.environ.get("SKLEARN_CROSSMODAL_DATA", ROOT.parent / "shared" / "data"))
RESULTS = Path(__file__).with_name("TRANSLATION.md")
#: Source, target, and the R² that is asked for.
PAIRS = [("fou", "fac", 0.40), ("fou", "kar", 0.20), ("zer", "kar", 0.36)]
N_TRAIN = 1000


def ridge():
    """Return ridge regression, its penalty by leaving one row out."""
    return make_pipeline(StandardScaler(), RidgeCV(np.logspace(-2, 5, 29)))


def kernel_ridge():
    """Return ridge regression in a Gaussian kernel, width and penalty by cross-validation."""
    grid = {
        "kernelridge__gamma": [1e-3, 3e-3, 0.01, 0.03],
        "kernelridge__alpha": [0.03, 0.1, 0.3, 1, 3],
    }
    search = GridSearchCV(make_pipeline(StandardScaler(), KernelRidge(kernel="rbf")), grid, cv=5)
    return TransformedTargetRegressor(search, transformer=StandardScaler())


def neighbours():
    """Return the mean of the nearest neighbours, how many by cross-validation."""
    grid = {"kneighborsregressor__n_neighbors": [5, 10, 20, 40]}
    search = GridSearchCV(make_pipeline(StandardScaler(), KNeighborsRegressor()), grid, cv=5)
    return TransformedTargetRegressor(search, transformer=StandardScaler())


FLOORS = {"ridge": ridge, "kernel ridge": kernel_ridge, "neighbours": neighbours}


def views(split):
    """Return training and test rows of each view."""
    with np.load(DATA / "mv_handwritten" / "data.npz") as file:
        found = {name.split("_")[1]: file[name].astype(float) for name in file if "view" in name}
    order = np.random.default_rng(split).permutation(len(found["fou"]))
    return {name: (view[order[:N_TRAIN]], view[order[N_TRAIN:]]) for name, view in found.items()}


def covered(regressor, X, y):
    """Return the share of numbers that lie in their interval of confidence .9."""
    low, high = np.moveaxis(regressor.predict_interval(X, confidence=0.9), 1, 0)
    return float(((low <= y) & (y <= high)).mean())


@cache
def floors(source, target, split):
    """Return R² of the floors."""
    data = views(split)
    (X, X_test), (y, y_test) = data[source], data[target]
    return {name: make().fit(X, y).score(X_test, y_test) for name, make in FLOORS.items()}


def scores(source, target, split, seed):
    """Return R² of the floors and of ours, the share covered, and seconds of our fit."""
    data = views(split)
    (X, X_test), (y, y_test) = data[source], data[target]
    start = time.perf_counter()
    ours = CrossModalRegressor(random_state=seed).fit(X, y)
    seconds = time.perf_counter() - start
    found = {"ours": ours.score(X_test, y_test), "covered": covered(ours, X_test, y_test)}
    return floors(source, target, split) | found | {"seconds": seconds}


def said(values):
    """Return mean and standard deviation in words."""
    return f"{np.mean(values):.3f} ± {np.std(values):.3f}"


def row(name, found, beside, asked=""):
    """Return a row of a table from a list of what `scores` gives."""
    cells = [f"{np.mean([one[floor] for one in found]):.3f}" for floor in beside]
    ours = said([one["ours"] for one in found])
    share = f"{np.mean([one['covered'] for one in found]):.3f}"
    seconds = f"{np.median([one['seconds'] for one in found]):.0f}"
    return "| " + " | ".join([name, *cells, ours, asked, share, seconds]) + " |"


HEAD = [
    "| pair | ridge | kernel ridge | neighbours | `CrossModalRegressor()` | target | covered | "
    "seconds a fit |",
    "|---|---|---|---|---|---|---|---|",
]


# Generated targets -------------------------------------------------------------------------------


def linear(rng):
    """Return numbers that are linear in 120 others, with little noise."""
    X = rng.normal(size=(2200, 120))
    Y = X @ rng.normal(size=(120, 4))
    return X, Y + rng.normal(size=Y.shape)


def noisy(rng):
    """Return the same from 30, with much noise."""
    X = rng.normal(size=(2200, 30))
    Y = X @ rng.normal(size=(30, 4))
    return X, Y + 8 * rng.normal(size=Y.shape)


def factors(rng):
    """Return 30 numbers and 100 others that three factors and noise make."""
    z = rng.normal(size=(2200, 3))
    X, Y = (z @ rng.normal(size=(3, d)) + rng.normal(size=(2200, d)) for d in (100, 30))
    return X, Y


def bent(rng):
    """Return curves and a product of some of six numbers."""
    X = rng.normal(size=(2200, 6))
    Y = np.stack([np.sin(2 * X[:, 0]), np.abs(X[:, 1]), X[:, 0] * X[:, 2]], axis=1)
    return X, Y + 0.2 * rng.normal(size=Y.shape)


def kinds(rng):
    """Return 30 numbers and 40 others of samples of six kinds."""
    kind = rng.integers(0, 6, 2200)
    centers, aims = 2 * rng.normal(size=(6, 40)), rng.normal(size=(6, 30))
    return (
        centers[kind] + 2 * rng.normal(size=(2200, 40)),
        aims[kind] + 0.5 * rng.normal(size=(2200, 30)),
    )


GENERATED = [linear, noisy, factors, bent, kinds]


def generated(make, seed, n_train=200):
    """Return R² of ridge, of ours with and without its linear path, and the share covered."""
    X, y = make(np.random.default_rng(seed))
    train, test = slice(n_train), slice(n_train, None)
    found = {"ridge": ridge().fit(X[train], y[train]).score(X[test], y[test])}
    start = time.perf_counter()
    ours = CrossModalRegressor(random_state=seed).fit(X[train], y[train])
    found["seconds"] = time.perf_counter() - start
    plain = CrossModalRegressor(linear_path=False, random_state=seed).fit(X[train], y[train])
    found["without"] = plain.score(X[test], y[test])
    return found | {
        "ours": ours.score(X[test], y[test]),
        "covered": covered(ours, X[test], y[test]),
    }


def main():
    """Print and write the tables."""
    lines = []

    def tell(*more):
        lines.extend(more)
        print("\n".join(more), flush=True)

    tell(
        "# Translation: numbers from others, default settings",
        "",
        f"`make bench-translation`; torch {torch.__version__}, {torch.get_num_threads()} threads, "
        f"{platform.machine()}. R², uniform average over the numbers of the target; mean and "
        "standard deviation. Covered: the share of test numbers in their interval of confidence "
        ".9. Floors choose their penalty, width and number of neighbours by cross-validation.",
        "",
        "## Views of handwritten digits",
        "",
        f"{N_TRAIN} training and 1000 test rows. Split 0, in whose training rows the defaults were "
        f"chosen by cross-validation; seeds {SEEDS} of the estimator:",
        "",
        *HEAD,
    )
    for source, target, asked in PAIRS:
        found = [scores(source, target, 0, seed) for seed in SEEDS]
        tell(row(f"{source} → {target}", found, FLOORS, f"≥ {asked:.2f}"))
    tell(
        "", "Splits 1 to 3, whose test rows hold some that the defaults were chosen in:", "", *HEAD
    )
    for source, target, asked in PAIRS:
        found = [scores(source, target, split, split) for split in (1, 2, 3)]
        tell(row(f"{source} → {target}", found, FLOORS, f"≥ {asked:.2f}"))
    tell(
        "",
        "## Generated targets",
        "",
        f"200 training and 2000 test rows, seeds {SEEDS}.",
        "",
        "| target | ridge | without linear path | `CrossModalRegressor()` | covered | seconds |",
        "|---|---|---|---|---|---|",
    )
    for make in GENERATED:
        found = [generated(make, seed) for seed in SEEDS]
        tell(row(make.__name__, found, ["ridge", "without"]).replace(" |  | ", " | "))
    RESULTS.write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
