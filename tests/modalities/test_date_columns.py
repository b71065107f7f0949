"""A column of dates in `fit` is one in `predict`: its number has no unit of its own."""

from contextlib import nullcontext

import numpy as np
import pandas as pd
import polars as pl
import pytest

from sklearn_crossmodal import (
    AutoFusionClassifier,
    FusionClassifier,
    ModalityVectorizer,
    MultiModalAutoencoder,
    MultiModalFrame,
)
from sklearn_crossmodal.exceptions import ModalityError

N = 40
DAYS = pd.date_range("2020-01-01", periods=N)
AGES = np.random.default_rng(0).normal(40, 10, size=N)
LABELS = (AGES > 40).astype(int)

#: What stands in the column, by its name here; `dates` in three ways.
COLUMNS = {
    "dates": DAYS,
    "zoned": DAYS.tz_localize("UTC"),
    "texts": DAYS.strftime("%Y-%m-%d"),
    "nanoseconds": DAYS.to_numpy().astype("datetime64[ns]").astype("int64"),
    "days": np.arange(N, dtype=float) + 18_262,
    "durations": DAYS - DAYS[0],
}
DATES = ["dates", "zoned", "texts"]
CONTAINERS = {
    "pandas": lambda X: X,
    "polars": pl.from_pandas,
    "objects": lambda X: X.astype(object).to_numpy(),
    "inside": lambda X: MultiModalFrame({"visit": X, "pulse": np.ones((N, 3)) * AGES[:, None]}),
    "entries": lambda X: MultiModalFrame({name: X[name].to_numpy() for name in X}),
}


def frame(kind):
    return pd.DataFrame({"age": AGES, "when": COLUMNS[kind]})


@pytest.fixture(scope="module")
def fitted():
    models = {}

    def fit(kind, container):
        if (kind, container) not in models:
            model = FusionClassifier(max_epochs=1, n_folds=None, random_state=0)
            with pytest.warns() if kind == "texts" else nullcontext():
                models[kind, container] = model.fit(CONTAINERS[container](frame(kind)), LABELS)
        return models[kind, container]

    return fit


@pytest.mark.parametrize("container", CONTAINERS)
@pytest.mark.parametrize("now", ["nanoseconds", "days", "durations"])
@pytest.mark.parametrize("then", DATES)
def test_dates_are_not_numbers(fitted, then, now, container):
    make = CONTAINERS[container]
    with pytest.raises(ModalityError, match="held dates, and holds (numbers|durations) now"):
        fitted(then, container).predict(make(frame(now)))


@pytest.mark.parametrize("container", CONTAINERS)
@pytest.mark.parametrize("then", ["days", "durations"])
def test_numbers_are_not_dates(fitted, then, container):
    make = CONTAINERS[container]
    with pytest.raises(ModalityError, match="held (numbers|durations), and holds dates now"):
        fitted(then, container).predict(make(frame("dates")))


@pytest.mark.parametrize("container", ["pandas", "polars", "entries"])
@pytest.mark.parametrize("then", DATES)
def test_a_date_is_the_same_day_however_it_is_written(fitted, then, container):
    model, make = fitted(then, container), CONTAINERS[container]
    expected = model.predict_proba(make(frame(then)))
    for now in DATES:
        np.testing.assert_array_equal(model.predict_proba(make(frame(now))), expected)


def test_a_column_without_dates_is_neither(fitted):
    empty = frame("dates").assign(when=None)
    assert fitted("dates", "pandas").predict(empty).shape == (N,)
    assert fitted("dates", "pandas").predict(empty.assign(when=np.nan)).shape == (N,)


@pytest.mark.parametrize(
    ("estimator", "method"),
    [
        (ModalityVectorizer(), "transform"),
        (MultiModalAutoencoder(max_epochs=1), "transform"),
        (
            AutoFusionClassifier(
                estimator=FusionClassifier(max_epochs=1, n_folds=None), companions=None, cv=2
            ),
            "predict",
        ),
    ],
    ids=["vectorizer", "autoencoder", "auto"],
)
def test_every_estimator_refuses_them(estimator, method):
    X = {"age": AGES, "when": COLUMNS["dates"].to_numpy()}
    estimator.fit(MultiModalFrame(X), LABELS)
    later = MultiModalFrame({**X, "when": COLUMNS["days"]})
    with pytest.raises(ModalityError, match=f"{type(estimator).__name__}: .*'when' held dates"):
        getattr(estimator, method)(later)


def test_later_chunks_are_checked():
    X = MultiModalFrame({"age": AGES, "when": COLUMNS["dates"].to_numpy()})
    model = FusionClassifier(random_state=0).partial_fit(X, LABELS, classes=[0, 1])
    later = MultiModalFrame({"age": AGES, "when": COLUMNS["days"]})
    with pytest.raises(ModalityError, match="'when' held dates, and holds numbers now"):
        model.partial_fit(later, LABELS)
