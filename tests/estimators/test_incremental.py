"""What the first chunk lacks, `partial_fit` learns later; or it warns, once, of what is lost."""

import warnings

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from sklearn_crossmodal import (
    Categorical,
    CrossModalGenerator,
    CrossModalRegressor,
    Embedding,
    FusionClassifier,
    FusionRegressor,
    MultiModalAutoencoder,
    MultiModalFrame,
    Numeric,
    Sequence,
    Text,
)
from sklearn_crossmodal.nn.encoders import PiecewiseLinearEncoder

N, CHUNK = 90, 30
RNG = np.random.default_rng(0)
Y = RNG.integers(0, 2, N)
SIGNAL = np.where(np.arange(N) < CHUNK, 0.0, 50 * Y + RNG.normal(size=N))
NOISE = RNG.normal(size=N)
QUICK = {"learning_rate": 0.01, "random_state": 0}


def in_chunks(model, X, y, n_epochs=6, **first):
    for _ in range(n_epochs):
        for start in range(0, N, CHUNK):
            rows = slice(start, start + CHUNK)
            target = () if y is None else (y[rows],)
            model.partial_fit(take(X, rows), *target, **first)
    return model


def take(X, rows):
    if isinstance(X, dict):
        return {name: values[rows] for name, values in X.items()}
    return X[rows]


TABLES = {
    "array": np.column_stack([SIGNAL, NOISE]),
    "pandas": pd.DataFrame({"s": SIGNAL, "x": NOISE}),
    "missing at first": pd.DataFrame(
        {"s": np.where(np.arange(N) < CHUNK, np.nan, SIGNAL), "x": NOISE}
    ),
    "far away": np.column_stack([np.where(np.arange(N) < CHUNK, 0, 18_000 + SIGNAL), NOISE]),
    "frame": MultiModalFrame({"a": np.column_stack([SIGNAL, NOISE])}),
    "sparse": sparse.csr_array(np.column_stack([SIGNAL, NOISE])),
}


@pytest.mark.parametrize("X", TABLES.values(), ids=TABLES)
def test_columns_that_begin_to_vary_are_read(X):
    model = in_chunks(FusionClassifier(**QUICK), X, Y, classes=[0, 1])
    assert model.score(take(X, slice(CHUNK, None)), Y[CHUNK:]) > 0.9


@pytest.mark.parametrize("scaling", ["robust", "standard", "quantile", "mean", None])
@pytest.mark.parametrize("log1p", [False, True])
def test_a_column_gets_the_scale_of_the_chunk_in_which_it_varies(scaling, log1p):
    first, later = np.zeros((9, 2)), np.column_stack([np.arange(9.0), 1 + np.arange(9.0)])
    first[:, 1] = np.arange(9)
    modality = Numeric(scaling=scaling, log1p=log1p)
    modality.in_chunks = True
    modality.fit(first)
    longer, block, lost = modality.extended(later)
    assert lost == ""
    alone = Numeric(scaling=scaling, log1p=log1p).fit(later).transform(later).values
    np.testing.assert_allclose(block.values[:, 0], alone[:, 0])
    np.testing.assert_allclose(block.values, longer.transform(later).values)
    np.testing.assert_allclose(block.values[:, 1], modality.transform(later).values[:, 1])
    np.testing.assert_allclose(longer.inverse_transform(block.values)[:, 0], later[:, 0], atol=1e-6)
    again = longer.extended(later * 2)[0].scaler_  # once is enough
    np.testing.assert_array_equal(again.scale_, longer.scaler_.scale_)


def test_a_column_that_only_changes_from_chunk_to_chunk_is_read():
    x = np.repeat([0.0, 7.0, 0.0], CHUNK)
    X = np.column_stack([x, NOISE])
    model = in_chunks(FusionClassifier(**QUICK), X, (x > 1).astype(int), classes=[0, 1])
    assert model.score(X, x > 1) == 1


@pytest.mark.slow
def test_fit_leaves_out_what_does_not_vary():
    X = np.column_stack([np.zeros(N), NOISE])
    assert Numeric().fit(X).spec_.shape == (1,)
    model = in_chunks(FusionClassifier(random_state=0), X, Y, 1, classes=[0, 1])
    assert model.modalities_[0][1].spec_.shape == (2,)
    assert model.fit(X, Y).modalities_[0][1].spec_.shape == (1,)


def test_encoders_with_bins_have_room_for_columns_that_vary_later():
    entries = [("a", Numeric(encoder=PiecewiseLinearEncoder()), [0, 1])]
    X = TABLES["array"]
    model = in_chunks(FusionClassifier(entries, **QUICK), X, Y, classes=[0, 1])
    assert model.score(X[CHUNK:], Y[CHUNK:]) > 0.9


WORDS = np.array(
    [("plain" if k < CHUNK else "good" if y else "bad") + f" w{k % 7}" for k, y in enumerate(Y)],
    dtype=object,
)
LEVELS = np.array(["plain" if k < CHUNK else f"is{y}" for k, y in enumerate(Y)], dtype=object)
IDS = np.empty(N, dtype=object)
IDS[:] = [[0, 1] if k < CHUNK else [2, 40 + y] for k, y in enumerate(Y)]
SERIES = np.where(np.arange(N)[:, None] < CHUNK, 0.0, 9.0 * Y[:, None] + RNG.normal(size=(N, 5)))
VECTORS = np.where(
    np.arange(N)[:, None] < CHUNK, 1.0, 900.0 * Y[:, None] + RNG.normal(size=(N, 32))
)
MODALITIES = {
    "text": (Text(), WORDS),
    "own tokens": (Text(tokenizer=str.split), WORDS),
    "markers": (Text(join="markers"), WORDS),
    "order": (Text(encoder="gru"), WORDS),
    "ids": (Text(tokenizer="ids"), IDS),
    "categorical": (Categorical(), LEVELS),
    "rare": (Categorical(min_count=2), LEVELS),
    "hashed": (Categorical(hash_above=1), LEVELS),
    "sequence": (Sequence(), SERIES),
    "embedding": (Embedding(), VECTORS),
}


@pytest.mark.parametrize(("modality", "column"), MODALITIES.values(), ids=MODALITIES)
def test_what_comes_later_is_learned(modality, column):
    X = {"a": column, "x": NOISE}
    entries = [("a", modality, "a"), ("x", "numeric", "x")]
    model = in_chunks(FusionClassifier(entries, **QUICK), X, Y, classes=[0, 1])
    assert model.score(take(X, slice(CHUNK, None)), Y[CHUNK:]) > 0.9


@pytest.mark.slow
def test_all_estimators_learn_what_comes_later():
    X = {"t": WORDS, "c": LEVELS, "s": SIGNAL, "x": NOISE}
    entries = [("t", "text", "t"), ("c", "categorical", "c"), ("n", "numeric", ["s", "x"])]
    later = take(X, slice(CHUNK, None))
    regressor = in_chunks(FusionRegressor(entries, random_state=0), X, SIGNAL, 15)
    assert regressor.score(later, SIGNAL[CHUNK:]) > 0.9  # y was constant in the first chunk, too
    table = np.column_stack([SIGNAL, NOISE])
    cross = in_chunks(CrossModalRegressor(entries[:2], random_state=0), X, table, 15)
    assert cross.predict(later)[:, 0].std() > 20
    both = in_chunks(MultiModalAutoencoder(entries, random_state=0), X, None, 15)
    decoded = both.reconstruct(later)
    assert set(decoded["c"]) == {"is0", "is1"}
    assert np.asarray(decoded["s"], float).std() > 10


def test_a_warning_once_where_there_is_no_room():
    texts = np.array([f"a{k % 5} b{k % 3}" for k in range(N)], dtype=object)
    texts[CHUNK:] = [f"new{k} c{k}" for k in range(CHUNK, N)]
    levels = np.array([f"l{k}" if k >= CHUNK else "first" for k in range(N)], dtype=object)
    X = {"review": texts, "city": levels, "x": NOISE}
    entries = [
        ("words", Text(max_words=20), "review"),
        ("city", "categorical", "city"),
        ("x", "numeric", "x"),
    ]
    with warnings.catch_warnings(record=True) as found:
        warnings.simplefilter("always")
        in_chunks(FusionClassifier(entries, random_state=0), X, Y, 2, classes=[0, 1])
    messages = sorted(str(one.message) for one in found)
    assert len(messages) == 2, messages
    assert messages[0].startswith("FusionClassifier: modality 'city': levels that were not in the")
    assert "% of column 'city', ['l" in messages[0]
    assert messages[1].startswith("FusionClassifier: modality 'words' (column 'review'): ")
    assert "% of the words were not in the first chunk" in messages[1]
    assert "'new30'" in messages[1]


@pytest.mark.slow
def test_words_and_levels_of_a_target_are_those_of_the_first_chunk():
    X = {"x": NOISE, "c": LEVELS}
    entries = [("c", "categorical", "c"), ("x", "numeric", "x")]
    for model, y, message in [
        (CrossModalGenerator(entries, random_state=0), WORDS, r"50% of the words .*'(good|bad)'"),
        (CrossModalRegressor(entries, target="text", random_state=0), WORDS, "50% of the words"),
        (CrossModalRegressor(entries, target="categorical"), LEVELS, "100% of column '0'"),
        (
            CrossModalRegressor(entries, target=[("b", Text(), "b")]),
            {"b": WORDS},
            "50% of the words",
        ),
    ]:
        with warnings.catch_warnings(record=True) as found:
            warnings.simplefilter("always")
            for _ in range(2):
                for start in range(0, N, CHUNK):
                    rows = slice(start, start + CHUNK)
                    model.partial_fit(take(X, rows), take(y, rows))
        assert len(found) == 1, [str(one.message) for one in found]
        with pytest.raises(UserWarning, match=message):
            warnings.warn(found[0].message, stacklevel=1)


def test_a_modality_that_was_absent_at_first_is_told_of_once():
    X = pd.DataFrame({"t": WORDS, "x": NOISE})
    X.loc[: CHUNK - 1, "t"] = None
    model = FusionClassifier([("t", "text", "t"), ("x", "numeric", "x")], random_state=0)
    with pytest.warns(UserWarning, match="modality 't': it is absent in all samples, and left out"):
        model.partial_fit(X[:CHUNK], Y[:CHUNK], classes=[0, 1])
    with pytest.warns(UserWarning, match="'t': it was absent in all samples of the first chunk"):
        model.partial_fit(X[CHUNK:], Y[CHUNK:])
    model.partial_fit(X[CHUNK:], Y[CHUNK:])


def test_classes_are_those_of_the_first_call():
    model = FusionClassifier(random_state=0)
    model.partial_fit(TABLES["array"][:9], np.zeros(9), classes=[0, 1])
    with pytest.raises(ValueError, match="2"):
        model.partial_fit(TABLES["array"][:9], np.full(9, 2))


def test_a_warm_start_says_what_it_leaves_out():
    X = TABLES["pandas"]
    model = FusionClassifier(warm_start=True, max_epochs=1, random_state=0)
    model.fit(X[:CHUNK], Y[:CHUNK])
    with pytest.warns(UserWarning, match=r"columns \['s'\] did not vary in the first `fit`"):
        model.fit(X, Y)
    model.fit(X, Y)


def test_a_failure_leaves_words_as_they_were():
    X = {"t": WORDS, "x": NOISE}
    model = FusionClassifier([("t", "text", "t"), ("x", "numeric", "x")], random_state=0)
    model.partial_fit(take(X, slice(CHUNK)), Y[:CHUNK], classes=[0, 1])
    before = dict(model.modalities_[0][1].tokenizer_.vocabulary_)
    with pytest.raises(ValueError, match="5"):
        model.partial_fit(take(X, slice(CHUNK, None)), np.full(N - CHUNK, 5))
    assert model.modalities_[0][1].tokenizer_.vocabulary_ == before
