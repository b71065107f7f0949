"""What makes training fast, and what watches it, changes time and never a prediction."""

import contextlib
import io

import numpy as np
import pytest
from sklearn.callback import ProgressBar, ScoringMonitor
from skorch.callbacks import Callback

from sklearn_crossmodal import (
    AutoFusionClassifier,
    AutoFusionRegressor,
    CrossModalGenerator,
    CrossModalRegressor,
    FusionClassifier,
    FusionRegressor,
    MultiModalAutoencoder,
    MultiModalFrame,
    MultiModalImputer,
)

#: Rows, and the epochs that are enough to tell trainings apart.
SIZES = {120: 5, 300: 6, 6000: 2}


def samples(n):
    rng = np.random.default_rng(n)
    a, b = rng.normal(size=(2, n, 3))
    words = np.array(["red", "green", "blue", "dark"])
    texts = [" ".join(row) for row in words[np.add(a[:, :2] > 0, [0, 2])]]
    y = a[:, 0] + b[:, 0] + 0.3 * rng.normal(size=n)
    return a, b, np.array(texts, dtype=object), y


def auto(kind, network):
    return kind(estimator=network, companions=None, cv=2, random_state=0)


#: For each: estimator from the number of epochs, whether it reads texts, and its target.
ESTIMATORS = {
    "FusionClassifier": (lambda n: FusionClassifier(max_epochs=n, random_state=0), True, "class"),
    "late": (
        lambda n: FusionClassifier(fusion="late", max_epochs=n, random_state=0),
        False,
        "class",
    ),
    "attention": (
        lambda n: FusionClassifier(fusion="attention", max_epochs=n, random_state=0),
        False,
        "class",
    ),
    "FusionRegressor": (lambda n: FusionRegressor(max_epochs=n, random_state=0), True, "number"),
    "CrossModalRegressor": (
        lambda n: CrossModalRegressor(max_epochs=n, random_state=0),
        False,
        "number",
    ),
    "CrossModalGenerator": (
        lambda n: CrossModalGenerator(max_epochs=n, random_state=0),
        False,
        "text",
    ),
    "MultiModalAutoencoder": (
        lambda n: MultiModalAutoencoder(max_epochs=n, random_state=0),
        True,
        None,
    ),
    "MultiModalImputer": (
        lambda n: MultiModalImputer(MultiModalAutoencoder(max_epochs=n, random_state=0)),
        False,
        None,
    ),
    "AutoFusionClassifier": (
        lambda n: auto(AutoFusionClassifier, FusionClassifier(max_epochs=n)),
        False,
        "class",
    ),
    "AutoFusionRegressor": (
        lambda n: auto(AutoFusionRegressor, FusionRegressor(max_epochs=n)),
        False,
        "number",
    ),
}


class Watching(Callback):
    """Looks at batches, so that networks are trained one after another."""

    n_batches = 0

    def on_batch_end(self, net, **kwargs):
        self.n_batches += 1


def with_bar(estimator, monkeypatch):
    return estimator.set_callbacks(ProgressBar())


def with_monitor(estimator, monkeypatch):
    for kind, scoring in ((FusionClassifier, "accuracy"), (FusionRegressor, "r2")):
        if isinstance(estimator, kind):
            return estimator.set_callbacks(ScoringMonitor(scoring=scoring))
    raise AssertionError("no score")


def with_callback(estimator, monkeypatch):
    for name in ("callbacks", "estimator__callbacks"):
        if name in estimator.get_params():
            return estimator.set_params(**{name: [Watching()]})
    raise AssertionError("no callbacks")


def one_by_one(estimator, monkeypatch):
    monkeypatch.setattr(
        "sklearn_crossmodal.training._vectorized._dispatch.stack_key", lambda training: "a test"
    )
    return estimator


def in_two_processes(estimator, monkeypatch):
    return estimator.set_params(n_jobs=2)


WAYS = [with_bar, with_monitor, with_callback, one_by_one, in_two_processes]


def suits(name, n, way):
    """Every way on few rows; on many, where no folds are made, those that could differ there."""
    if way is in_two_processes and not name.startswith("Auto"):  # the others have no n_jobs
        return False
    if way is with_monitor and name not in ("FusionClassifier", "late", "FusionRegressor"):
        return False
    return n < 6000 or way in (with_bar, one_by_one)


QUICK = {
    ("FusionClassifier", with_bar),
    ("FusionClassifier", one_by_one),
    ("FusionRegressor", with_callback),
    ("CrossModalRegressor", with_bar),
    ("MultiModalAutoencoder", with_callback),
}


def is_quick(name, n, way):
    """On few rows each way that does not need other processes, with one estimator or two."""
    return n == 120 and (name, way) in QUICK


CASES = [
    pytest.param(name, n, way, marks=[] if is_quick(name, n, way) else pytest.mark.slow)
    for name in ESTIMATORS
    for n in SIZES
    for way in WAYS
    if suits(name, n, way)
]


def fit_and_predict(name, estimator, n, with_texts, target):
    a, b, texts, y = samples(n)
    X = MultiModalFrame({"a": a, "b": b, **({"text": texts} if with_texts else {})})
    y = {"class": (y > 0).astype(int), "number": y, "text": texts, None: None}[target]
    with contextlib.redirect_stdout(io.StringIO()):
        estimator.fit(X) if y is None else estimator.fit(X, y)
    if name == "MultiModalImputer":
        gaps = MultiModalFrame({"a": a[:50], "b": np.full((50, 3), np.nan)})
        return np.hstack([part for _, part in sorted(dict(estimator.transform(gaps)).items())])
    for method in ("predict_proba", "predict", "transform"):
        if hasattr(estimator, method):
            return getattr(estimator, method)(X[:50])
    raise AssertionError(name)


@pytest.fixture(scope="module")
def expected():
    known = {}

    def find(name, n):
        if (name, n) not in known:
            make, *how = ESTIMATORS[name]
            known[name, n] = fit_and_predict(name, make(SIZES[n]), n, *how)
        return known[name, n]

    return find


@pytest.mark.parametrize(("name", "n", "way"), CASES, ids=lambda one: getattr(one, "__name__", one))
def test_neither_speed_nor_watching_changes_a_prediction(name, n, way, expected, monkeypatch):
    make, *how = ESTIMATORS[name]
    wanted = expected(name, n)  # before anything is patched
    found = fit_and_predict(name, way(make(SIZES[n]), monkeypatch), n, *how)
    if wanted.dtype == object:
        assert (found == wanted).mean() > 0.95
    else:
        np.testing.assert_allclose(found, wanted, atol=1e-5 * max(1, np.abs(wanted).max()))
