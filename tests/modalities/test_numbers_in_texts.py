"""Columns of texts that are numbers or dates are such, in every container and estimator."""

import re
import warnings

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

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
    Text,
    infer_modalities,
)

N = 60
rng = np.random.default_rng(0)
Y = np.arange(N) % 2
PRICES = np.round(rng.normal(size=N) + 3 * Y, 3)
OTHER = rng.normal(size=N)
TEXTS = ["unknown", *PRICES[1:].astype(str)]
DATES = [f"2024-{1 + row % 12:02}-{1 + row % 28:02}" for row in range(N)]
READ = "texts are read as numbers or dates"

CONTAINERS = {
    "dict": lambda texts: {"price": texts, "z": OTHER},
    "arrays": lambda texts: {"price": np.array(texts), "z": OTHER},
    "frame": lambda texts: MultiModalFrame({"price": texts, "z": OTHER}),
    "pandas objects": lambda texts: pd.DataFrame(
        {"price": pd.Series(texts, dtype=object), "z": OTHER}
    ),
    "pandas strings": lambda texts: pd.DataFrame(
        {"price": pd.Series(texts, dtype="string"), "z": OTHER}
    ),
    "pandas str": lambda texts: pd.DataFrame({"price": pd.Series(texts, dtype="str"), "z": OTHER}),
    "polars": lambda texts: pl.DataFrame({"price": texts, "z": OTHER}),
    "pyarrow": lambda texts: pa.table({"price": texts, "z": OTHER}),
    "inside a mapping": lambda texts: {"t": pd.DataFrame({"price": texts, "w": OTHER}), "z": OTHER},
    "rows": lambda texts: [[text, number] for text, number in zip(texts, OTHER, strict=True)],
    "array of strings": lambda texts: np.column_stack([texts, OTHER.astype(str)]),
}
quick = {"max_epochs": 2, "random_state": 0, "n_folds": None}
ESTIMATORS = {
    "FusionClassifier": lambda X: FusionClassifier(**quick).fit(X, Y),
    "FusionRegressor": lambda X: FusionRegressor(**quick).fit(X, OTHER),
    "MultiModalAutoencoder": lambda X: MultiModalAutoencoder(
        n_components=2, max_epochs=2, random_state=0
    ).fit(X),
    "MultiModalImputer": lambda X: MultiModalImputer(
        MultiModalAutoencoder(n_components=2, max_epochs=2, random_state=0)
    ).fit(X),
    "CrossModalRegressor": lambda X: CrossModalRegressor(max_epochs=2, random_state=0).fit(
        X, OTHER
    ),
    "ModalityVectorizer": lambda X: ModalityVectorizer().fit(X),
}


def kinds(X):
    return {type(modality).__name__ for _, modality, _ in infer_modalities(X)}


def recorded(call):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        result = call()
    return result, [str(one.message) for one in caught]


@pytest.mark.parametrize("container", CONTAINERS)
@pytest.mark.parametrize("texts", [TEXTS, PRICES.astype(str).tolist(), DATES], ids=["one", "", "d"])
def test_texts_that_are_numbers_or_dates_are_numeric(container, texts):
    assert kinds(CONTAINERS[container](texts)) == {"Numeric"}


@pytest.mark.covering
@pytest.mark.parametrize("estimator", ESTIMATORS)
@pytest.mark.parametrize("container", CONTAINERS)
def test_a_fit_warns_once_with_column_count_and_remedy(estimator, container):
    X = CONTAINERS[container](TEXTS)
    _, messages = recorded(lambda: ESTIMATORS[estimator](X))
    (message,) = messages
    column = "0" if container in ("rows", "array of strings") else "price"
    for part in (estimator, READ, column, "1 of 60", "unknown", "'text'", "`modalities`"):
        name = "MultiModalAutoencoder" if part == "MultiModalImputer" else part
        assert name in message


def test_numbers_as_texts_are_worth_as_much_as_numbers():
    X, true = CONTAINERS["pandas objects"](TEXTS), CONTAINERS["pandas objects"](PRICES)
    true.loc[0, "price"] = np.nan
    true["price"] = true["price"].astype(float)
    with pytest.warns(UserWarning, match=READ):
        found = FusionClassifier(**quick).fit(X, Y)
    expected = FusionClassifier(**quick).fit(true, Y)
    with pytest.warns(UserWarning, match=READ):
        predicted = found.predict_proba(X)
    np.testing.assert_allclose(predicted, expected.predict_proba(true), atol=1e-12)


def test_texts_that_are_all_numbers_are_warned_of_once_if_nobody_named_them():
    X = CONTAINERS["pandas objects"](PRICES.astype(str).tolist())
    _, messages = recorded(lambda: FusionClassifier(**quick).fit(X, Y))
    assert len(messages) == 1
    assert re.search(rf"{READ} in column 'price' \(numbers, all of 60 texts\)", messages[0])
    named = [("n", Numeric(), ["price", "z"])]
    clf, messages = recorded(lambda: FusionClassifier(named, **quick).fit(X, Y))
    assert not messages
    assert not recorded(lambda: clf.predict(X))[1]


@pytest.mark.parametrize("modality", [Text(), Categorical()])
def test_a_modality_that_is_named_is_taken(modality):
    X = CONTAINERS["pandas objects"](TEXTS)
    named = [("price", modality, "price"), ("z", Numeric(), "z")]
    clf, messages = recorded(lambda: FusionClassifier(named, **quick).fit(X, Y))
    assert not messages
    assert type(clf.modalities_[0][1]) is type(modality)


@pytest.mark.parametrize(
    "texts",
    [
        [f"0{row:04}" for row in range(N)],  # postcodes
        [f"+4917{row:07}" for row in range(N)],  # telephones
        [f"{row:016}" for row in range(10**15, 10**15 + N)],
        [f"1.2.{row}" for row in range(N)],  # versions
        [f"{row:x}a" for row in range(N)],  # hashes
        [f"{row} Main Street" for row in range(N)],
        ["0", "1"] * (N // 2),  # labels
    ],
    ids=lambda texts: texts[1],
)
def test_identifiers_and_labels_stay_what_they_are_without_a_word(texts):
    (_, messages) = recorded(lambda: FusionClassifier(**quick).fit({"price": texts, "z": OTHER}, Y))
    assert not messages
    assert kinds({"price": texts}) <= {"Text", "Categorical"}


@pytest.mark.parametrize(
    ("texts", "what"),
    [
        ([f"{row},000.5" for row in range(1, N + 1)], "separators"),
        ([f"{row} %" for row in range(N)], "separators or signs"),
        ([f"€ {row}" for row in range(N)], "separators or signs"),
        ([f"0{1 + row % 9}/0{1 + row % 8}/2024" for row in range(N)], "day and month"),
        ([*["unknown"] * 6, *PRICES[6:].astype(str)], "but for 6 of 60 cells: ['unknown']"),
    ],
    ids=["thousands", "percent", "currency", "dates", "a tenth is none"],
)
def test_what_only_looks_like_numbers_is_warned_of_once(texts, what):
    X = {"price": texts, "z": OTHER}
    _, messages = recorded(lambda: FusionClassifier(**quick).fit(X, Y))
    (message,) = messages
    for part in ("FusionClassifier", "'price'", what, "`modalities`"):
        assert part in message


def test_predict_reads_what_fit_read_and_warns_once_of_what_it_cannot():
    X = CONTAINERS["pandas objects"](DATES)
    with pytest.warns(UserWarning, match="dates, year first"):
        clf = FusionClassifier(**quick).fit(X, Y)
    new = X[:4].copy()
    new["price"] = ["2031-05-06", "soon", "never", None]
    gone = new.copy()
    gone["price"] = ["2031-05-06", None, None, None]
    found, messages = recorded(lambda: clf.predict_proba(new))
    assert len(messages) == 1
    for part in ("FusionClassifier", "'price'", "2 of 3", "soon"):
        assert part in messages[0]
    np.testing.assert_allclose(found, clf.predict_proba(gone), atol=1e-12)


def test_dates_as_texts_are_the_days_that_dates_are():
    texts, true = pd.DataFrame({"d": DATES}), pd.DataFrame({"d": pd.to_datetime(DATES)})
    np.testing.assert_array_equal(
        Numeric().fit(texts).transform(texts).values, Numeric().fit(true).transform(true).values
    )


def test_texts_where_fit_saw_numbers_are_read_or_refused():
    X = CONTAINERS["pandas objects"](PRICES)
    X["price"] = X["price"].astype(float)
    clf = FusionClassifier(**quick).fit(X, Y)
    same = X.assign(price=X["price"].astype(str))
    np.testing.assert_allclose(clf.predict_proba(same), clf.predict_proba(X), atol=1e-12)
    with pytest.raises(
        ValueError, match=r"FusionClassifier: .*\['price'\] must hold numbers: 60 of"
    ):
        clf.predict(X.assign(price="cheap"))


def test_numbers_and_a_few_texts_in_one_column_are_numbers():
    cells = pd.Series([*PRICES[1:], "unknown"], dtype=object)
    with pytest.warns(UserWarning, match=r"'price' \(numbers, but for 1 of 1 texts"):
        FusionClassifier(**quick).fit(pd.DataFrame({"price": cells, "z": OTHER}), Y)


def test_too_many_texts_for_numeric_are_refused_with_column_count_and_examples():
    named = [("n", Numeric(), ["price"])]
    X = pd.DataFrame({"price": [*["cheap"] * 30, *PRICES[30:].astype(str)]})
    message = r"modality 'n' .*column.*'price'.* must hold numbers: 30 of 60 texts .*\['cheap'\]"
    with pytest.raises(ValueError, match=message):
        FusionClassifier(named, **quick).fit(X, Y)


def test_the_imputer_fills_texts_with_texts():
    X = pd.DataFrame({"a": OTHER, "price": pd.Series([*TEXTS[1:], None], dtype=object)})
    model = MultiModalImputer(MultiModalAutoencoder(n_components=2, max_epochs=2, random_state=0))
    with pytest.warns(UserWarning, match=READ):
        filled = model.fit(X).transform(X)
    assert filled["price"].tolist()[:-1] == TEXTS[1:]
    assert isinstance(filled["price"].iloc[-1], str)
    assert np.isfinite(float(filled["price"].iloc[-1]))


@pytest.mark.slow
def test_auto_fusion_names_the_column():
    X = CONTAINERS["pandas objects"](TEXTS)
    auto = AutoFusionClassifier(estimator=FusionClassifier(**quick), cv=2)
    _, messages = recorded(lambda: auto.fit(X, Y))
    assert messages
    assert all(READ in message and "'price'" in message for message in messages)


def test_rows_as_lists_keep_the_type_of_each_cell():
    rows = [
        [float(row), f"item {row}", bool(row % 2), None if row % 3 else row] for row in range(N)
    ]
    clf = FusionClassifier(**quick).fit(rows, Y)
    found = [(type(modality).__name__, columns) for _, modality, columns in clf.modalities_]
    assert found == [("Numeric", [0, 3]), ("Text", 1), ("Categorical", [2])]
    frame = pd.DataFrame(rows)
    frame[3] = frame[3].astype(float)
    assert [type(one).__name__ for _, one, _ in infer_modalities(frame)] == [
        "Numeric",
        "Text",
        "Categorical",
    ]
    np.testing.assert_array_equal(clf.predict(rows[:1]), clf.predict(rows)[:1])
    tuples = [tuple(row) for row in rows]
    np.testing.assert_array_equal(clf.predict_proba(tuples), clf.predict_proba(rows))
