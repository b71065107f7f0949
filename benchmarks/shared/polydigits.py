"""Five versions of digits, each with a background of its own: a small stand-in for PolyMNIST."""

from __future__ import annotations

import numpy as np
from scipy.ndimage import gaussian_filter
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from sklearn.svm import SVC

from sklearn_crossmodal import MultiModalFrame

__all__ = ["N_VERSIONS", "classifiers", "make_polydigits"]

N_VERSIONS = 5
#: How smooth the background of each version is, in pixels.
_SMOOTHNESS = [0.5, 1.0, 1.5, 2.0, 3.0]


def make_polydigits(n_train=3000, n_test=1000, *, test_size=0.3, seed=0):
    """Return tuples of pictures of one digit, of training and of test writers.

    As in PolyMNIST (T. M. Sutter et al., arXiv:2105.02470), the versions of a sample show
    different pictures of the same digit, so that they share nothing but the digit.

    Parameters
    ----------
    n_train, n_test : int
        Samples; a picture is in several of them.
    test_size : float, default=0.3
        Share of the pictures that only test samples are made of.
    seed : int, default=0
        Of the backgrounds, the pictures and the split.

    Returns
    -------
    X_train, X_test : MultiModalFrame
        Versions ``"v0"`` to ``"v4"`` of 64 pixels from 0 to 1.
    y_train, y_test : ndarray of int
        The digits.
    """
    digits = load_digits()
    rng = np.random.default_rng(seed)
    pictures, labels = digits.images / 16, digits.target
    rows = train_test_split(
        np.arange(len(labels)), test_size=test_size, stratify=labels, random_state=seed
    )
    walls = [_wall(rng, smoothness) for smoothness in _SMOOTHNESS]
    found = [
        _tuples(rng, pictures[some], labels[some], walls, n)
        for some, n in zip(rows, (n_train, n_test), strict=True)
    ]
    (X_train, y_train), (X_test, y_test) = found
    return X_train, X_test, y_train, y_test


def classifiers(X, y):
    """Return a classifier of the digit for each version, fitted on true pictures."""
    return {name: SVC(C=10, gamma="scale").fit(X[name], y) for name in X}


def _wall(rng, smoothness):
    """Return a picture that backgrounds are cut from."""
    wall = gaussian_filter(rng.normal(size=(64, 64)), smoothness, mode="wrap")
    return 0.6 * (wall - wall.min()) / (wall.max() - wall.min())


def _tuples(rng, pictures, labels, walls, n):
    y = rng.integers(0, 10, size=n)
    versions = {}
    for m, wall in enumerate(walls):
        chosen = np.empty(n, dtype=int)
        for digit in range(10):
            own = np.flatnonzero(labels == digit)
            chosen[y == digit] = rng.choice(own, size=np.sum(y == digit))
        rows, columns = rng.integers(0, 64 - 8, size=(2, n))
        cut = np.stack([wall[i : i + 8, j : j + 8] for i, j in zip(rows, columns, strict=True)])
        ink = pictures[chosen]
        versions[f"v{m}"] = (cut * (1 - ink) + (1 - cut) * ink).reshape(n, 64)
    return MultiModalFrame(versions), y
