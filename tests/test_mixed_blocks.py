"""A table of several kinds inside one entry of X is split by kind, and stays one table."""

import pickle

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from scipy import sparse
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, cross_val_score

from sklearn_crossmodal import (
    AutoFusionClassifier,
    Categorical,
    CrossModalRegressor,
    FusionClassifier,
    FusionRegressor,
    ModalityVectorizer,
    MultiModalAutoencoder,
    MultiModalFrame,
    MultiModalImputer,
    Numeric,
    infer_modalities,
)
from sklearn_crossmodal.metrics._modalities import Modalities

N = 60
rng = np.random.default_rng(0)
Y = np.arange(N) % 2
AGE = rng.normal(size=N) + 6 * Y
STAGE = rng.choice(["I", "II"], N).astype(object)
NOISE = rng.normal(size=(N, 2))
COLUMNS = {"age": AGE, "stage": STAGE}
QUICK = {"max_epochs": 8, "random_state": 0}
TABLES = {
    "pandas": lambda: pd.DataFrame(COLUMNS),
    "categories": lambda: pd.DataFrame(COLUMNS).astype({"stage": "category"}),
    "polars": lambda: pl.DataFrame({"age": AGE, "stage": STAGE.tolist()}),
    "enum": lambda: pl.DataFrame(
        {"age": AGE, "stage": pl.Series(STAGE.tolist(), dtype=pl.Enum(["I", "II"]))}
    ),
    "pyarrow": lambda: pa.table({"age": AGE, "stage": STAGE.tolist()}),
    "objects": lambda: np.column_stack([AGE.astype(object), STAGE]),
}
#: Each library once, where a network learns from each.
LIBRARIES = pytest.mark.parametrize(
    "table",
    [
        pytest.param(name, marks=pytest.mark.slow if name in ("categories", "enum") else [])
        for name in TABLES
    ],
)
HOLDERS = {"dict": dict, "MultiModalFrame": MultiModalFrame}


def samples(table="pandas", holder=MultiModalFrame):
    return holder({"clinical": TABLES[table](), "x": NOISE})


@pytest.mark.parametrize("holder", HOLDERS)
@pytest.mark.parametrize("table", TABLES)
def test_kinds_are_found_inside_a_table(table, holder):
    first, second, third = infer_modalities(samples(table, HOLDERS[holder]))
    age, stage = (0, 1) if table == "objects" else ("age", "stage")
    assert (first[0], first[2]) == ("clinical_numeric", {"clinical": [age]})
    assert (second[0], second[2]) == ("clinical_categorical", {"clinical": [stage]})
    assert isinstance(first[1], Numeric)
    assert isinstance(second[1], Categorical)
    assert (third[0], third[2]) == ("x", "x")


@pytest.mark.parametrize(
    ("columns", "names"),
    [
        ({"a": AGE, "b": AGE}, ["t"]),
        ({"a": STAGE, "b": STAGE}, ["t"]),
        ({"a": AGE, "b": [None] * N}, ["t"]),
        ({"a": AGE, "b": pd.date_range("2024", periods=N)}, ["t"]),
        ({"a": AGE}, ["t"]),
        ({"a": AGE, "b": AGE > 0}, ["t_numeric", "t_categorical"]),
        ({"a": AGE, "b": [f"case {k} of all" for k in range(N)]}, ["t_numeric", "t_b"]),
        ({"a": AGE, "b": list(rng.normal(size=(N, 8, 8)))}, ["t_numeric", "t_b"]),
        ({"a__u": AGE, "a__v": STAGE}, ["t_numeric", "t_categorical"]),
    ],
)
def test_a_table_of_one_kind_keeps_its_name(columns, names):
    found = infer_modalities({"t": pd.DataFrame(columns), "x": NOISE})
    assert [name for name, _, _ in found] == [*names, "x"]


@pytest.mark.slow
@LIBRARIES
def test_numbers_beside_categories_are_learned_from(table):
    X = samples(table)
    clf = FusionClassifier(**QUICK).set_params(max_epochs=40).fit(X[:40], Y[:40])
    assert clf.score(X[40:], Y[40:]) > 0.9
    again = pickle.loads(pickle.dumps(clf))
    np.testing.assert_array_equal(again.predict_proba(X), clf.predict_proba(X))
    listed = clone(FusionClassifier(clf.modalities_, **QUICK))
    listed.set_params(clinical_numeric__scaling="standard").fit(X, Y)
    assert listed.get_params()["clinical_numeric__scaling"] == "standard"
    np.testing.assert_array_equal(listed.predict(dict(X)), listed.predict(X))


@pytest.mark.parametrize("table", ["pandas", "categories", "polars", "pyarrow"])
def test_columns_inside_a_split_table_are_known_by_name(table):
    X = samples(table)
    clf = FusionClassifier(**QUICK).fit(X, Y)
    expected = clf.predict_proba(X)
    frame = X["clinical"]
    turned = (
        frame.select(["stage", "age"]) if table in ("polars", "pyarrow") else frame.iloc[:, ::-1]
    )
    np.testing.assert_array_equal(clf.predict_proba({"clinical": turned, "x": NOISE}), expected)
    frame = pd.DataFrame(COLUMNS)
    for wrong, message in (
        (frame.rename(columns={"age": "years"}), r"clinical\['age'\].*clinical\['years'\]"),
        (frame.assign(other=1), r"clinical\['other'\]"),
    ):
        with pytest.raises(ValueError, match=message):
            clf.predict({"clinical": wrong, "x": NOISE})
    clf.predict({"x": NOISE})  # the table is absent
    clf.predict({"clinical": frame[["stage"]], "x": NOISE})  # a kind of it is


ESTIMATORS = {
    "regressor": (FusionRegressor(**QUICK), AGE, "predict"),
    "crossmodal": (CrossModalRegressor(**QUICK), NOISE, "predict"),
    "autoencoder": (MultiModalAutoencoder(n_components=2, **QUICK), None, "transform"),
    "vectorizer": (ModalityVectorizer(), None, "transform"),
    "imputer": (
        MultiModalImputer(MultiModalAutoencoder(n_components=2, **QUICK)),
        None,
        "transform",
    ),
    "auto": (
        AutoFusionClassifier(
            estimator=FusionClassifier(**QUICK),
            companions={"linear": LogisticRegression()},
            cv=2,
            random_state=0,
        ),
        Y,
        "predict_proba",
    ),
}


@pytest.mark.parametrize("name", ESTIMATORS)
def test_all_estimators_split_tables(name):
    estimator, y, method = ESTIMATORS[name]
    found = {}
    for table in ("pandas", "objects"):
        X = samples(table)
        fitted = clone(estimator).fit(X, y)
        answers = getattr(fitted, method)(X)
        if name == "imputer":
            answers = np.hstack([np.asarray(answers["clinical"]), answers["x"]])
        found[table] = answers.toarray() if sparse.issparse(answers) else np.asarray(answers)
    np.testing.assert_array_equal(found["pandas"], found["objects"])


@pytest.mark.parametrize("table", TABLES)
def test_gaps_of_a_split_table_are_filled_in_its_form(table):
    X = samples(table)
    ages, stages = AGE.copy(), STAGE.copy()
    ages[3], stages[5], ages[7], stages[7] = np.nan, None, np.nan, None
    gappy = {
        "pandas": lambda: pd.DataFrame({"age": ages, "stage": stages}),
        "categories": lambda: pd.DataFrame({"age": ages, "stage": pd.Categorical(stages)}),
        "polars": lambda: pl.DataFrame({"age": ages, "stage": stages.tolist()}),
        "enum": lambda: pl.DataFrame(
            {"age": ages, "stage": pl.Series(stages.tolist(), dtype=pl.Enum(["I", "II"]))}
        ),
        "pyarrow": lambda: pa.table({"age": ages, "stage": stages.tolist()}),
        "objects": lambda: np.column_stack([ages.astype(object), stages]),
    }[table]()
    autoencoder = MultiModalAutoencoder(n_components=4, **QUICK).fit(X)
    absent = np.arange(N) != 9
    filled = autoencoder.impute(
        MultiModalFrame({"clinical": gappy, "x": NOISE}, present={"clinical": absent})
    )
    assert type(filled["clinical"]) is type(gappy)
    if table in ("pandas", "categories"):
        assert (filled["clinical"].dtypes == gappy.dtypes).all()
    if table in ("polars", "enum"):
        assert filled["clinical"].schema == gappy.schema
    cells = np.asarray(pd.DataFrame(np.asarray(filled["clinical"], dtype=object)))
    assert not pd.isna(cells).any()
    assert set(cells[:, 1]) <= {"I", "II"}
    kept = np.setdiff1d(np.arange(N), [3, 5, 7, 9])
    np.testing.assert_array_equal(cells[kept, 0].astype(float), AGE[kept])
    assert filled.presence("clinical").all()
    assert autoencoder.reconstruct(X)["clinical"].shape == (N, 2)
    again = autoencoder.transform(autoencoder.reconstruct(X))
    assert np.isfinite(again).all()
    moved = autoencoder.translate(X, source="clinical_numeric", target="clinical_categorical")
    assert set(np.ravel(moved)) <= {"I", "II"}
    assert X.to_pandas().shape[0] == N


def test_gaps_of_a_table_of_numbers_are_filled_by_name():
    frame = pd.DataFrame({"a": AGE, "b": 100 + AGE}, index=[f"p{k}" for k in range(N)])
    autoencoder = MultiModalAutoencoder(n_components=2, **QUICK).fit({"m": frame, "x": NOISE})
    gappy = frame[["b", "a"]].copy()
    gappy.iloc[4] = np.nan
    filled = autoencoder.impute({"m": gappy, "x": NOISE})["m"]
    assert list(filled.columns) == ["b", "a"]
    assert filled["b"].iloc[4] > 80 > filled["a"].iloc[4]
    assert list(filled.index) == list(frame.index)


@pytest.mark.slow
def test_columns_are_chosen_inside_an_entry():
    frame = pd.DataFrame({**COLUMNS, "id": np.arange(N)})
    X = MultiModalFrame({"clinical": frame, "x": NOISE})
    for key in ("age", ["age"], 0, [0], slice(0, 1), lambda inner: ["age"]):
        clf = FusionClassifier(
            [("age", "numeric", {"clinical": key}), ("x", "numeric", "x")], **QUICK
        )
        clf.fit(X, Y)
        expected = clf.predict_proba(X)
        more = frame.assign(new=1).drop(columns="id")
        np.testing.assert_array_equal(clf.predict_proba({"clinical": more, "x": NOISE}), expected)
    named = FusionClassifier({"c": {"clinical": ["age", "stage"]}, "x": "x"}, **QUICK).fit(X, Y)
    assert [name for name, _, _ in named.modalities_] == ["c_numeric", "c_categorical", "x"]
    numbers = FusionClassifier([("second", "numeric", {"x": [1]})], **QUICK).fit(X, Y)
    assert numbers.predict(X).shape == (N,)
    search = GridSearchCV(
        FusionClassifier(max_epochs=1, random_state=0),
        {"modalities": [infer_modalities(X), [("a", "numeric", {"clinical": "age"})]]},
        cv=2,
    )
    assert np.isfinite(search.fit(X, Y).best_score_)
    assert np.isfinite(cross_val_score(named, X, Y, cv=2)).all()


def test_groups_of_flat_columns_are_split_by_kind():
    frame = pd.DataFrame(COLUMNS).astype({"stage": "category"})
    clf = FusionClassifier({"c": ["age", "stage"]}, **QUICK).fit(frame, Y)
    assert [(name, key) for name, _, key in clf.modalities_] == [
        ("c_numeric", ["age"]),
        ("c_categorical", ["stage"]),
    ]


@pytest.mark.parametrize("table", TABLES)
def test_a_modality_that_does_not_take_a_table_lists_its_columns_by_kind(table):
    clf = FusionClassifier([("clinical", "numeric", "clinical"), ("x", "numeric", "x")], **QUICK)
    age, stage = (0, 1) if table == "objects" else ("'age'", "'stage'")
    message = rf"numeric \[{age}\], categorical \[{stage}\].*infer_modalities"
    with pytest.raises(ValueError, match=message):
        clf.fit(samples(table), Y)


@pytest.mark.parametrize(
    ("key", "message"),
    [
        ({"clinical": "years"}, r"column 'years' is not in X, which has \['age', 'stage'\]"),
        ({"other": "age"}, r"column 'other' is not in X"),
        ({"clinical": "age", "x": 0}, "of one entry"),
        ({"words": 0}, "no flat columns"),
    ],
)
def test_a_wrong_key_says_what_there_is(key, message):
    X = MultiModalFrame({"clinical": TABLES["pandas"](), "x": NOISE, "words": ["a word"] * N})
    with pytest.raises((ValueError, TypeError), match=message):
        FusionClassifier([("a", "numeric", key)], **QUICK).fit(X, Y)


@pytest.mark.slow
@LIBRARIES
def test_kinds_of_a_table_are_hidden_one_by_one(table):
    X = samples(table)
    clf = FusionClassifier(**QUICK).set_params(max_epochs=40).fit(X, Y)
    modalities = Modalities.of(clf, X)
    assert list(modalities) == ["clinical_numeric", "clinical_categorical", "x"]
    hidden = np.zeros((N, 3), dtype=bool)
    hidden[:, 0] = True
    there = Modalities.of(clf, modalities.hide(hidden)).present
    np.testing.assert_array_equal(there, ~hidden)
    assert clf.score(modalities.hide(hidden), Y) < clf.score(X, Y)


def test_a_split_table_without_its_names_is_read_by_position_and_warned_of():
    clf = FusionClassifier(**QUICK).fit(samples(), Y)
    with pytest.warns(UserWarning, match="'clinical': its columns have no names"):
        found = clf.predict_proba(samples("objects"))
    np.testing.assert_array_equal(found, clf.predict_proba(samples()))


@pytest.mark.parametrize("form", [lambda d: d, pl.from_pandas, pa.Table.from_pandas])
def test_numbers_beside_dates_are_one_modality_in_every_container(form):
    dates = pd.Series(pd.date_range("2020", periods=40)).where(np.arange(40) > 0)
    table = pd.DataFrame({"age": np.where(np.arange(40) > 1, np.arange(40.0), np.nan), "at": dates})
    frame = MultiModalFrame({"clinical": form(table), "x": np.arange(80.0).reshape(40, 2)})
    assert frame.presence("clinical").tolist() == [False] + 39 * [True]
    y = np.arange(40) % 2
    found = FusionClassifier(max_epochs=2, random_state=0).fit(frame, y).predict_proba(frame)
    expected = MultiModalFrame({**frame, "clinical": table})
    model = FusionClassifier(max_epochs=2, random_state=0).fit(expected, y)
    np.testing.assert_allclose(found, model.predict_proba(expected))


def test_a_name_that_stands_twice_inside_an_entry_is_refused_with_the_entry():
    table = pd.DataFrame(np.arange(12.0).reshape(6, 2), columns=["a", "a"])
    with pytest.raises(ValueError, match=r"FusionClassifier: 'm': X has more .*\['a'\]: rename"):
        FusionClassifier().fit({"m": table, "x": np.arange(6.0)}, [0, 1] * 3)
