"""The same data in every container: the same modalities, presence and predictions."""

import datetime
import io
from functools import cache

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from sklearn.base import clone

from sklearn_crossmodal import (
    CrossModalRegressor,
    FusionClassifier,
    FusionRegressor,
    ModalityVectorizer,
    MultiModalAutoencoder,
    MultiModalFrame,
    infer_modalities,
)
from sklearn_crossmodal.data import as_table, object_array

READ = "ignore:.*texts are read as numbers or dates:UserWarning"
N = 24
rng = np.random.default_rng(0)
Y = np.arange(N) % 2
NUMBERS = rng.normal(size=N).tolist()


def with_gaps(cells, nothing=None):
    """Return cells of which every fifth, from the fourth on, is missing."""
    return [nothing if row % 5 == 3 else cell for row, cell in enumerate(cells)]


def series(row, n_variables=None):
    shape = (row % 4,) if n_variables is None else (1 + row % 3, n_variables)
    return rng.normal(size=shape).tolist()


DAY = datetime.datetime(2024, 1, 1)
#: For each kind of column its cells, as plain Python has them.
CELLS = {
    "floats": with_gaps(rng.normal(size=N).tolist()),
    "integers": with_gaps(rng.integers(0, 9, N).tolist()),
    "truth values": with_gaps((rng.random(N) < 0.5).tolist()),
    "categories": with_gaps(rng.choice(["red", "green", "blue"], N).tolist()),
    "texts": with_gaps([f"word{row} and word{row % 7}" for row in range(N)]),
    "numbers as texts": with_gaps([str(round(one, 3)) for one in NUMBERS]),
    "dates": with_gaps([DAY + datetime.timedelta(int(one)) for one in rng.integers(0, 99, N)]),
    "series, some empty": [series(row) for row in range(N)],
    "series, some missing": with_gaps([series(row) for row in range(N)]),
    "series with gaps": [[1.0, None, float(row)][: 1 + row % 3] for row in range(N)],
    "series of integers": [list(range(row % 5)) for row in range(N)],
    "series of nothing": [[None] * (row % 3) if row % 4 else [1.0, float(row)] for row in range(N)],
    "series of two variables": with_gaps([series(row, 2) for row in range(N)]),
    "short vectors": with_gaps(rng.normal(size=(N, 3)).tolist()),
    "images": with_gaps(rng.integers(0, 255, (N, 6, 6, 3)).tolist()),
    "nothing": [None] * N,
}


def arrow(columns):
    return pa.table({name: pa.array(cells) for name, cells in columns.items()})


def parquet(columns):
    file = io.BytesIO()
    pq.write_table(arrow(columns), file)
    file.seek(0)
    return file


def arrays(cells):
    """Return the cells as arrays: one of numbers where all are, else one of objects."""
    kinds = {type(cell) for cell in cells} - {type(None)}
    if kinds and kinds <= {float, int}:
        return np.array([np.nan if cell is None else cell for cell in cells])
    return object_array([as_array(cell) if isinstance(cell, list) else cell for cell in cells])


def as_array(cell):
    array = np.array(cell)
    return array.astype(float) if array.dtype == object else array


def tuples(cells):
    return tuple(map(tuples, cells)) if isinstance(cells, list) else cells


def masked(cells):
    """Return the cells, if they are flat, with another under a mask where one is missing."""
    found = [cell for cell in cells if cell is not None]
    if not found or isinstance(found[0], list):
        return cells
    mask = [cell is None for cell in cells]
    return np.ma.masked_array([found[0] if cell is None else cell for cell in cells], mask=mask)


def each(change):
    return lambda columns: {name: change(cells) for name, cells in columns.items()}


def pandas_of(change):
    return lambda columns: pd.DataFrame(each(change)(columns))


CONTAINERS = {
    "dict of lists": each(list),
    "dict of tuples": each(tuples),
    "dict of arrays": each(arrays),
    "frame": MultiModalFrame,
    "masked": each(masked),
    "pandas": pandas_of(pd.Series),
    "pandas objects": pandas_of(object_array),
    "pandas arrays": pandas_of(lambda cells: list(arrays(cells))),
    "pandas nullable": pandas_of(lambda cells: pd.Series(cells).convert_dtypes()),
    "pandas of arrow": lambda columns: arrow(columns).to_pandas(types_mapper=pd.ArrowDtype),
    "polars": pl.DataFrame,
    "pyarrow": arrow,
    "parquet by pandas": lambda columns: pd.read_parquet(parquet(columns)),
    "parquet by polars": lambda columns: pl.read_parquet(parquet(columns)),
    "rows": lambda columns: [list(row) for row in zip(*columns.values(), strict=True)],
    "array of objects": lambda columns: np.column_stack([*map(object_array, columns.values())]),
}


def keys(X, some=tuple(CELLS)):
    """Return a modality for each column but that of nothing, by name or position."""
    named = not isinstance(X, list | np.ndarray)
    return {
        f"m{place}": name if named else place
        for place, name in enumerate(CELLS)
        if name in some and name != "nothing"
    }


def modalities(X):
    return sorted(type(modality).__name__ for _, modality, _ in infer_modalities(X))


#: For the autoencoder, which takes long for many wide modalities.
FEW = ("floats", "categories", "series with gaps")
quick = {"max_epochs": 1, "random_state": 0}
ESTIMATORS = {
    "classifier": lambda X: FusionClassifier(keys(X), n_folds=None, **quick).fit(X, Y),
    "regressor": lambda X: FusionRegressor(keys(X), n_folds=None, **quick).fit(X, Y + 0.5),
    "autoencoder": lambda X: MultiModalAutoencoder(keys(X, FEW), n_components=2, **quick).fit(X),
    "vectorizer": lambda X: ModalityVectorizer(list_of(X)).fit(X),
}


def list_of(X):
    """Return the modalities that the lists have, as a list."""
    like = infer_modalities(CONTAINERS["dict of lists"](CELLS))
    made = {column: modality for _, modality, column in like}
    return [(name, made[list(CELLS)[int(name[1:])]], key) for name, key in keys(X).items()]


def outputs(estimator, X):
    names = ("predict_proba", "predict", "transform")
    method = next(name for name in names if hasattr(estimator, name))
    found = getattr(estimator, method)(X)
    return found.toarray() if hasattr(found, "toarray") else np.asarray(found)


@cache
def expected(estimator):
    X = CONTAINERS["dict of lists"](CELLS)
    fitted = ESTIMATORS[estimator](X)
    return fitted, outputs(fitted, X)


@pytest.mark.parametrize("container", CONTAINERS)
@pytest.mark.parametrize("kind", CELLS)
@pytest.mark.filterwarnings(READ)
def test_equal_content_has_equal_modalities_and_presence(kind, container):
    columns = {"c": CELLS[kind], "x": NUMBERS}
    like, X = CONTAINERS["dict of lists"](columns), CONTAINERS[container](columns)
    assert set(modalities(X)) == set(modalities(like))
    if not isinstance(X, list | np.ndarray):
        present = as_table(like).presence("c")
        np.testing.assert_array_equal(as_table(X).presence("c"), present)


@pytest.mark.covering
@pytest.mark.parametrize("container", CONTAINERS)
@pytest.mark.parametrize("estimator", ESTIMATORS)
@pytest.mark.filterwarnings(READ)
def test_equal_content_has_equal_predictions(estimator, container):
    fitted, found = expected(estimator)
    X = CONTAINERS[container](CELLS)
    np.testing.assert_allclose(outputs(ESTIMATORS[estimator](X), X), found, atol=1e-6)
    if not isinstance(X, list | np.ndarray):  # what was fitted on one container reads another
        np.testing.assert_allclose(outputs(fitted, X), found, atol=1e-6)
        np.testing.assert_allclose(outputs(fitted, one_row(X)), found[:1], atol=1e-6)


def one_row(X):
    if isinstance(X, dict):
        return {name: values[:1] for name, values in X.items()}
    return X.slice(0, 1) if isinstance(X, pa.Table) else X[:1]


VECTORS = rng.normal(size=(N, 40)).tolist()


@pytest.mark.parametrize(
    "X",
    [
        {"c": list(np.array(VECTORS)), "x": NUMBERS},
        pd.DataFrame({"c": VECTORS, "x": NUMBERS}),
        pd.DataFrame({"c": list(np.array(VECTORS)), "x": NUMBERS}),
        pl.DataFrame({"c": VECTORS, "x": NUMBERS}),
        pl.DataFrame(
            {"c": VECTORS, "x": NUMBERS}, schema={"c": pl.Array(pl.Float64, 40), "x": pl.Float64}
        ),
        arrow({"c": VECTORS, "x": NUMBERS}),
        pa.table({"c": pa.array(VECTORS, pa.list_(pa.float64(), 40)), "x": NUMBERS}),
        pd.read_parquet(parquet({"c": VECTORS, "x": NUMBERS})),
    ],
    ids=["dict", "pandas", "arrays", "polars", "polars array", "pyarrow", "fixed", "parquet"],
)
def test_long_vectors_in_cells_are_embeddings_in_all_containers(X):
    assert modalities(X) == ["Embedding", "Numeric"]


@pytest.mark.parametrize("nothing", [None, np.nan, [], (), np.array([]), np.array([], int), [None]])
@pytest.mark.parametrize("make", [dict, MultiModalFrame, pd.DataFrame])
def test_nothing_in_a_cell_is_absence(make, nothing):
    cells = object_array([nothing, [1.0, 2.0], np.array([1.0]), nothing])
    assert as_table(make({"c": cells})).presence("c").tolist() == [False, True, True, False]


# Masked arrays ------------------------------------------------------------------------------------

MASK = rng.random((N, 3)) < 0.3
MASK[:, 2] = False  # each row holds something
TABLES = {
    "floats": np.where(MASK, -9999.0, rng.normal(size=(N, 3))),
    "float32": np.where(MASK, -9999, rng.normal(size=(N, 3))).astype(np.float32),
    "integers": np.where(MASK, -9999, rng.integers(0, 9, (N, 3))),
}


def with_nan(table):
    return np.where(MASK, np.nan, table).astype(np.result_type(table, np.float32))


@pytest.mark.parametrize("estimator", ESTIMATORS)
@pytest.mark.parametrize("dtype", TABLES)
@pytest.mark.parametrize("inside", [False, True], ids=["X", "entry"])
def test_what_is_masked_is_nan_in_fit_and_predict(inside, dtype, estimator):
    table = TABLES[dtype]
    hidden, gaps = np.ma.masked_array(table, mask=MASK), with_nan(table)
    if inside:
        hidden, gaps = {"c": hidden, "x": NUMBERS}, {"c": gaps, "x": NUMBERS}
    make = {
        "classifier": FusionClassifier(n_folds=None, **quick),
        "regressor": FusionRegressor(n_folds=None, **quick),
        "autoencoder": MultiModalAutoencoder(n_components=2, **quick),
        "vectorizer": ModalityVectorizer(),
    }[estimator]
    arguments = () if estimator in ("autoencoder", "vectorizer") else (Y,)
    expected = outputs(clone(make).fit(gaps, *arguments), gaps)
    fitted = make.fit(hidden, *arguments)
    np.testing.assert_allclose(outputs(fitted, hidden), expected, atol=1e-6)
    np.testing.assert_allclose(outputs(fitted, gaps), expected, atol=1e-6)


def test_a_list_of_masked_rows_is_a_masked_array():
    hidden = np.ma.masked_array(TABLES["floats"], mask=MASK)
    clf = FusionClassifier(n_folds=None, **quick).fit(with_nan(TABLES["floats"]), Y)
    np.testing.assert_array_equal(clf.predict(list(hidden)), clf.predict(hidden))


@pytest.mark.parametrize("estimator", [FusionRegressor(**quick), CrossModalRegressor(**quick)])
@pytest.mark.parametrize("y", [np.arange(N), np.arange(N) * 1.0], ids=["integers", "floats"])
def test_a_masked_target_is_missing(estimator, y):
    y = np.ma.masked_array(y, mask=np.arange(N) == 3)
    with pytest.raises(ValueError, match=r"y contains NaN or infinity|Input y contains NaN"):
        estimator.fit(TABLES["floats"], y)


def test_a_masked_label_is_missing():
    labels = np.ma.masked_array(np.array(["a", "b"] * (N // 2)), mask=np.arange(N) == 3)
    with pytest.raises(ValueError, match=r"1 samples have no label, first rows \[3\]"):
        FusionClassifier(**quick).fit(TABLES["floats"], labels)


def test_a_masked_series_has_gaps():
    series = object_array([np.arange(1.0, 4 + row % 3) for row in range(N)])
    hidden = object_array([np.ma.masked_array(one, mask=one == 2) for one in series])
    gaps = object_array([np.where(one == 2, np.nan, one) for one in series])
    clf = FusionClassifier(n_folds=None, **quick).fit({"c": gaps, "x": NUMBERS}, Y)
    np.testing.assert_array_equal(
        clf.predict_proba({"c": hidden, "x": NUMBERS}), clf.predict_proba({"c": gaps, "x": NUMBERS})
    )
