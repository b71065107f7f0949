"""What a row of the benchmark is: data for each seed, the metrics, and the numbers published."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import numpy as np

from sklearn_crossmodal import MultiModalFrame

__all__ = ["DATA_VARIABLE", "Row", "Split", "absent", "cut", "data_folder", "shuffled"]

#: Environment variable that names the folder of data; workers inherit it.
DATA_VARIABLE = "SKLEARN_CROSSMODAL_DATA"
_BESIDE = Path(__file__).resolve().parents[2].parent / "shared" / "data"


class Split(NamedTuple):
    """Training rows, and one or several sets of test rows by name; "" names an only one."""

    X_train: MultiModalFrame
    y_train: np.ndarray
    tests: dict[str, tuple[MultiModalFrame, np.ndarray]]


@dataclass(frozen=True)
class Row:
    """A data set with its protocol.

    Parameters
    ----------
    name : str
        In the table.
    load : callable
        From a seed to a `Split`.
    metrics : tuple of str
        Those in the table, see `scoring.METRICS`; the first decides gaps and ranks.
    task : {"classification", "regression"}
        Which estimators are meant.
    n_seeds : int
        Seeds are 0, 1, ...
    resplits : bool
        Whether the seed also draws the rows. Where it does not, a model without chance is fitted
        once.
    published : dict of (str, str) to str
        For a test set and a metric, what was published, and by whom.
    without : tuple of str
        Modalities that no test row has: floors are fitted without them.
    skips : dict of str to str
        Columns that cannot be run in reasonable time, and why.
    tests : tuple of str
        Names of the sets of test rows; gaps and ranks are of the first.
    has_text : bool
        Whether a modality is a text.
    folder : str or None
        Of the data that it needs.
    note : str
        What to know of the protocol.
    """

    name: str
    load: Callable[[int], Split]
    metrics: tuple[str, ...] = ("accuracy",)
    task: str = "classification"
    n_seeds: int = 5
    resplits: bool = True
    published: dict = field(default_factory=dict)
    without: tuple[str, ...] = ()
    skips: dict = field(default_factory=dict)
    tests: tuple[str, ...] = ("",)
    has_text: bool = False
    folder: str | None = None
    note: str = ""

    @property
    def seeds(self) -> range:
        """The seeds that are declared."""
        return range(self.n_seeds)

    def available(self) -> bool:
        """Tell whether its data are there."""
        return self.folder is None or (data_folder() / self.folder).is_dir()


def data_folder() -> Path:
    """Return the folder of real data: that of the variable, else the one beside the repository."""
    return Path(os.environ.get(DATA_VARIABLE) or _BESIDE)


def shuffled(seed: int, n_samples: int) -> np.ndarray:
    """Return the order of rows as the published protocols draw it."""
    rows = np.arange(n_samples)
    np.random.RandomState(seed).shuffle(rows)
    return rows


def cut(X, y, seed: int, n_train: int, n_test: int | None = None) -> Split:
    """Return shuffled rows: the first to train on, those after them to test on."""
    rows = shuffled(seed, len(y))
    train, test = rows[:n_train], rows[n_train:][:n_test]
    return Split(X[train], y[train], {"": (X[test], y[test])})


def absent(X: MultiModalFrame, share: float | None, seed: int) -> MultiModalFrame:
    """Return rows that lack each modality with a probability; None leaves one modality a row."""
    rng = np.random.default_rng(seed)
    kept = rng.integers(len(X.columns), size=len(X))
    present = np.zeros(X.shape, bool) if share is None else rng.uniform(size=X.shape) >= share
    present[np.arange(len(X)), kept] |= share is None or ~present.any(axis=1)
    return MultiModalFrame(dict(X.items()), present=dict(zip(X.columns, present.T, strict=True)))
