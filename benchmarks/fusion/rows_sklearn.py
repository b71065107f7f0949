"""Rows that need nothing but scikit-learn and this package: the sets on which ties are counted."""

from __future__ import annotations

import numpy as np
from row import Row, Split, cut
from sklearn.datasets import (
    load_breast_cancer,
    load_diabetes,
    load_digits,
    load_wine,
    make_classification,
    make_friedman1,
)

from sklearn_crossmodal import MultiModalFrame
from sklearn_crossmodal.datasets import (
    load_emoji,
    make_multimodal_classification,
    make_multimodal_regression,
)

__all__ = ["EMOJI", "SKLEARN_ROWS"]


def _parts(X, **columns) -> MultiModalFrame:
    """Return columns of a table as modalities."""
    return MultiModalFrame({name: X[:, key] for name, key in columns.items()})


def breast_cancer(seed):
    """Mean, standard error and worst value of ten measurements of cells are three modalities."""
    X, y = load_breast_cancer(return_X_y=True)
    views = _parts(X, mean=slice(0, 10), error=slice(10, 20), worst=slice(20, 30))
    return cut(views, y, seed, 285)


def digits_halves(seed):
    """Upper and lower half of small images of digits."""
    X, y = load_digits(return_X_y=True)
    return cut(_parts(X, upper=slice(0, 32), lower=slice(32, 64)), y, seed, 400)


def wine(seed):
    """Acids, ash and alcohol apart from phenols and colour."""
    X, y = load_wine(return_X_y=True)
    return cut(_parts(X, basic=slice(0, 5), colour=slice(5, 13)), y, seed, 89)


def noise(seed):
    """A modality with signal beside a wide one of noise."""
    X, y = make_classification(1600, 20, n_informative=10, n_redundant=0, random_state=seed)
    other = np.random.default_rng(seed).normal(size=(1600, 200))
    return cut(MultiModalFrame({"signal": X, "noise": other}), y, seed, 600)


def complementary(seed):
    """A strong modality that is not linear plus a weak one that is, cut into thirds."""
    rng = np.random.default_rng(seed)
    bent, straight = rng.normal(size=(2, 3000, 10))
    pull = np.sin(2 * bent[:, 0]) + bent[:, 1] * bent[:, 2] + 0.5 * straight[:, 0]
    pull += rng.normal(scale=0.3, size=3000)
    y = np.digitize(pull, np.quantile(pull, [1 / 3, 2 / 3]))
    return cut(MultiModalFrame({"bent": bent, "straight": straight}), y, seed, 1000)


def xor(seed):
    """Only the two modalities together tell the class."""
    X, y = make_multimodal_classification(2800, redundant=0, unique=0, synergy=1, random_state=seed)
    return cut(X, y, seed, 800)


def diabetes(seed):
    """What a doctor sees apart from six measurements of blood."""
    X, y = load_diabetes(return_X_y=True)
    return cut(_parts(X, body=slice(0, 4), serum=slice(4, 10)), y, seed, 221)


def friedman(seed):
    """The columns of an interaction in two modalities, with noise in both."""
    X, y = make_friedman1(2000, n_features=20, noise=1.0, random_state=seed)
    views = _parts(X, first=[0, 2, *range(5, 12)], second=[1, 3, 4, *range(12, 20)])
    return cut(views, y, seed, 500)


def mixed(seed):
    """Signal that is shared, signal of one modality, and signal of all together."""
    X, y = make_multimodal_regression(
        1500, n_modalities=3, synergy=1.0, noise=0.5, random_state=seed
    )
    return cut(X, y, seed, 500)


def emoji(seed):
    """Name and picture of an emoji; the split is that of the package."""
    X_train, y_train = load_emoji(split="train", return_X_y=True)
    return Split(X_train, y_train, {"": load_emoji(split="test", return_X_y=True)})


_REGRESSION = {"metrics": ("R²",), "task": "regression"}
SKLEARN_ROWS = (
    Row("wine", wine, note="89 rows to train on, 89 to test on"),
    Row("breast cancer", breast_cancer, note="285 rows to train on"),
    Row("digits, halves", digits_halves, note="400 rows to train on"),
    Row("noise", noise, note="600 rows to train on; 20 features, and 200 of noise"),
    Row("complementary", complementary, note="1000 rows to train on"),
    Row("XOR", xor, note="800 rows to train on; each modality alone says nothing"),
    Row("diabetes", diabetes, **_REGRESSION, note="221 rows to train on"),
    Row("friedman", friedman, **_REGRESSION, note="500 rows to train on"),
    Row("mixed", mixed, **_REGRESSION, note="500 rows to train on"),
)
EMOJI = Row(
    "emoji", emoji, n_seeds=3, resplits=False, has_text=True, note="packaged split; group, of 9"
)
