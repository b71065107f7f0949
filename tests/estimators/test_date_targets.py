"""Targets that are dates or durations: refused by name, or one unit throughout."""

from datetime import time

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from sklearn.metrics import r2_score
from sklearn.model_selection import cross_val_score

from sklearn_crossmodal import (
    AutoFusionRegressor,
    CrossModalGenerator,
    CrossModalRegressor,
    FusionRegressor,
    MultiModalAutoencoder,
    MultiModalFrame,
)
from sklearn_crossmodal.exceptions import ModalityError
from sklearn_crossmodal.modalities import Numeric

N = 60
X = np.arange(N)[:, np.newaxis] * 1.0
DAYS = pd.Series(pd.date_range("2024", periods=N, freq="25h"), name="when")
LONG = DAYS - DAYS[0]
DATES = {
    "naive": DAYS,
    "nanoseconds": DAYS.to_numpy().astype("M8[ns]"),
    "seconds": DAYS.to_numpy().astype("M8[s]"),
    "zone": DAYS.dt.tz_localize("Europe/Paris"),
    "date objects": DAYS.dt.date,
    "list": [x.to_pydatetime() for x in DAYS],
    "timestamps": DAYS.astype(object),
    "periods": DAYS.dt.to_period("h"),
    "polars": pl.Series("when", DAYS),
    "polars date": pl.Series("when", DAYS).cast(pl.Date),
    "arrow": pa.chunked_array([pa.array(DAYS)]),
    "arrow in pandas": DAYS.astype("timestamp[ns][pyarrow]"),
    "frame": DAYS.to_frame(),
    "frame with a number": pd.DataFrame({"when": DAYS, "n": X[:, 0]}),
}
DURATIONS = {
    "naive": LONG,
    "seconds": LONG.to_numpy().astype("m8[s]"),
    "objects": pd.Series([x.to_pytimedelta() for x in LONG], dtype=object),
    "polars": pl.Series("when", LONG),
    "arrow": pa.array(LONG),
}
TIMES = {"objects": pd.Series([time(i % 24) for i in range(N)], dtype=object)}
ALL = [
    pytest.param(kind, values, id=f"{kind}-{name}")
    for kind, group in {"dates": DATES, "durations": DURATIONS, "times of day": TIMES}.items()
    for name, values in group.items()
]
REGRESSORS = [
    FusionRegressor(max_epochs=1),
    AutoFusionRegressor(estimator=FusionRegressor(max_epochs=1), companions=None, cv=2),
    CrossModalRegressor(max_epochs=1),
]
by_regressor = pytest.mark.parametrize("regressor", REGRESSORS, ids=lambda one: type(one).__name__)


@by_regressor
@pytest.mark.parametrize(("kind", "y"), ALL)
def test_dates_are_refused_by_name_with_the_remedy(regressor, kind, y):
    name = type(regressor).__name__
    with pytest.raises(
        ModalityError, match=f"{name}: y holds {kind}.* Pass numbers, as .*(day|mid)"
    ):
        regressor.fit(X, y)
    assert not hasattr(regressor, "net_")


@by_regressor
def test_the_remedy_works_and_dates_are_refused_in_score_too(regressor):
    y = ((DAYS - DAYS.min()) / np.timedelta64(1, "D")).to_numpy()
    regressor.fit(X, y)
    with pytest.raises(ModalityError, match="y holds dates"):
        regressor.score(X, DAYS)


def test_the_column_of_dates_is_named():
    with pytest.raises(ModalityError, match=r"y holds dates in the columns \['when'\]"):
        FusionRegressor().fit(X, DATES["frame with a number"])


@pytest.mark.parametrize("name", [one for one in DATES if one != "frame with a number"])
def test_dates_that_are_named_as_numbers_are_predicted_as_dates(name):
    y = DATES[name]
    settings = {"target": "numeric", "max_epochs": 5, "n_folds": None, "random_state": 0}
    reg = CrossModalRegressor(**settings).fit(X, y)
    expected = CrossModalRegressor(**settings).fit(X, DAYS)
    found = np.ravel(reg.predict(X))
    first = np.ravel(np.asarray(y, dtype=None if "M8" in str(np.asarray(y).dtype) else object))[0]
    assert found.dtype.kind in "MO"
    if found.dtype.kind == "O":
        assert type(found[0]) is type(first)
        found = np.array([getattr(one, "start_time", one) for one in found])
        utc = pd.to_datetime(pd.Series(found), utc=True).dt.tz_localize(None)
        found = utc.to_numpy()
    off = np.abs(found.astype("M8[us]") - expected.predict(X))
    assert off.max() < np.timedelta64(40, "h")  # dates have no hours
    # days are cut differently
    assert reg.score(X, y) == pytest.approx(expected.score(X, DAYS), abs=0.05)


@pytest.mark.covering
@pytest.mark.parametrize("name", ["naive", "nanoseconds", "seconds", "polars"])
@pytest.mark.parametrize("group", [DATES, DURATIONS], ids=["dates", "durations"])
def test_scorers_of_scikit_learn_have_the_unit_of_the_predictions(group, name):
    y = group.get(name, group["naive"])
    target = Numeric(scaling="standard")
    reg = CrossModalRegressor(target=target, n_folds=None, max_epochs=20, random_state=0)
    reg.fit(X, y)
    assert r2_score(np.asarray(y), reg.predict(X)) == pytest.approx(reg.score(X, y), abs=1e-3)
    rows = np.random.default_rng(0).permutation(N)
    scores = cross_val_score(reg, X[rows], np.asarray(y)[rows], cv=2)
    again = cross_val_score(reg, X[rows], np.asarray(y)[rows], cv=2, scoring="r2")
    np.testing.assert_allclose(scores, again, atol=1e-3)


def test_intervals_around_dates_are_dates():
    reg = CrossModalRegressor(target="numeric", max_epochs=5, random_state=0).fit(X, DAYS)
    low, high = np.moveaxis(reg.predict_interval(X, 0.5), 1, 0)
    assert low.dtype == high.dtype == DAYS.dtype
    assert ((low <= reg.predict(X)) & (reg.predict(X) <= high)).all()


def test_later_targets_are_what_the_first_was():
    reg = CrossModalRegressor(target="numeric", max_epochs=1, n_folds=None, random_state=0)
    reg.fit(X, DAYS)
    with pytest.raises(ModalityError, match="y holds no dates, that in `fit` held dates"):
        reg.score(X, X[:, 0])
    with pytest.raises(ModalityError, match="y holds durations, that in `fit` held dates"):
        reg.partial_fit(X, LONG)


@pytest.mark.parametrize("name", ["naive", "zone", "timestamps", "seconds", "polars", "arrow"])
def test_columns_of_dates_are_days_in_tables_whatever_holds_them(name):
    when = DATES[name]
    kinds = np.array(["a", "b"])[np.arange(N) % 2].astype(object)

    def predictions(values):
        Y = MultiModalFrame({"when": values, "kind": kinds})
        reg = CrossModalRegressor(max_epochs=2, n_folds=None, random_state=0).fit(X, Y)
        both = MultiModalFrame({"when": values, "x": X})
        auto = MultiModalAutoencoder(max_epochs=2, random_state=0).fit(both)
        return reg.predict(X)["when"], reg.score(X, Y), auto.reconstruct(both)["when"]

    utc = DATES["zone"].dt.tz_convert("UTC").dt.tz_localize(None) if name == "zone" else DAYS
    for found, expected in zip(predictions(when), predictions(utc), strict=True):
        np.testing.assert_allclose(np.asarray(found, float), np.asarray(expected, float), atol=1e-3)


TEXTS = {
    "iso": DAYS.dt.strftime("%Y-%m-%d"),
    "list": DAYS.dt.strftime("%Y-%m-%d").tolist(),
    "array": DAYS.dt.strftime("%Y-%m-%dT%H:%M:%S").to_numpy().astype(str),
    "polars": pl.Series("when", DAYS.dt.strftime("%Y-%m-%d").tolist()),
    "arrow": pa.array(DAYS.dt.strftime("%Y-%m-%d").tolist()),
    "frame with a number": pd.DataFrame({"n": X[:, 0], "when": DAYS.dt.strftime("%Y-%m-%d")}),
}


@pytest.mark.parametrize("container", TEXTS)
@pytest.mark.parametrize("regressor", REGRESSORS, ids=lambda one: type(one).__name__)
def test_texts_that_are_dates_are_refused_as_dates_are(regressor, container):
    if container == "frame with a number" and isinstance(regressor, CrossModalRegressor):
        regressor = FusionRegressor(max_epochs=1)  # a table of several targets has modalities
    with pytest.raises(ModalityError, match="y holds texts that are dates.*to_datetime"):
        regressor.fit(X, TEXTS[container])


@pytest.mark.parametrize("target", ["numeric", Numeric()], ids=["name", "modality"])
@pytest.mark.parametrize("container", [one for one in TEXTS if one != "frame with a number"])
def test_texts_that_are_dates_are_refused_where_dates_are_predicted(container, target):
    with pytest.raises(ModalityError, match="y holds texts that are dates.*to_datetime.y. itself"):
        CrossModalRegressor(target=target, max_epochs=1).fit(X, TEXTS[container])


def test_a_generator_writes_dates_as_texts():
    days = np.array(["2024-01-01", "2024-06-30"] * 20, dtype=object)
    generator = CrossModalGenerator(max_epochs=1, random_state=0).fit(X[:40], days)
    assert isinstance(generator.predict(X[:1])[0], str)
