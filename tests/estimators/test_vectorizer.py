import numpy as np
import pandas as pd
import polars as pl
import pytest
from scipy import sparse
from sklearn.base import clone
from sklearn.compose import make_column_transformer
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils import get_tags

from sklearn_crossmodal import ModalityVectorizer, MultiModalFrame, Numeric, Text
from sklearn_crossmodal.exceptions import ModalityError
from sklearn_crossmodal.modalities import MODALITIES as REGISTRY
from sklearn_crossmodal.utils.discovery import all_components

N = 40
MODALITIES = [modality for _, _, modality in all_components("modality")]


@pytest.fixture
def frame():
    rng = np.random.default_rng(0)
    return pd.DataFrame({"words": Text.example(N, rng), "age": rng.normal(size=N)})


@pytest.mark.parametrize("modality", MODALITIES, ids=lambda modality: modality.__name__)
def test_every_modality_becomes_a_table(modality):
    raw = modality.example(N, np.random.default_rng(0))
    X = MultiModalFrame({"raw": raw})
    vectorizer = ModalityVectorizer(modality(), n_components=5, random_state=0)
    table = vectorizer.fit_transform(X)
    table = table.toarray() if sparse.issparse(table) else table
    names = vectorizer.get_feature_names_out()
    assert table.shape == (N, len(names))
    assert table.dtype == np.float64
    assert np.isfinite(table).all()
    again = vectorizer.transform(X)
    again = again.toarray() if sparse.issparse(again) else again
    np.testing.assert_allclose(again, table)
    half = vectorizer.transform(X[:10])
    half = half.toarray() if sparse.issparse(half) else half
    np.testing.assert_allclose(half, table[:10], atol=1e-10)


def test_texts_that_are_not_reduced_are_tf_idf(frame):
    table = ModalityVectorizer("text", n_components=None).fit_transform(frame[["words"]])
    oracle = TfidfVectorizer(token_pattern=r"\w+", sublinear_tf=True).fit_transform(frame["words"])
    assert sparse.issparse(table)
    np.testing.assert_allclose((table @ table.T).toarray(), (oracle @ oracle.T).toarray())


def test_numbers_are_scaled_as_the_modality_scales_them(frame):
    vectorizer = ModalityVectorizer(Numeric(scaling="standard"))
    table = vectorizer.fit_transform(frame[["age"]])
    np.testing.assert_allclose(table, StandardScaler().fit_transform(frame[["age"]]))


@pytest.mark.parametrize("columns", ["words", ["words"]])
@pytest.mark.parametrize("output", ["pandas", "polars"])
def test_in_a_column_transformer_with_names(frame, columns, output):
    transformer = make_column_transformer(
        (ModalityVectorizer("text", n_components=3, random_state=0), columns),
        (ModalityVectorizer(), ["age"]),
    ).set_output(transform=output)
    table = transformer.fit_transform(frame)
    assert isinstance(table, {"pandas": pd.DataFrame, "polars": pl.DataFrame}[output])
    assert list(table.columns) == [
        *(f"modalityvectorizer-1__text_{k}" for k in range(3)),
        "modalityvectorizer-2__numeric_0",
    ]


def test_absent_samples_get_zeros_and_a_column_that_says_so(frame):
    frame.loc[[1, 4], "words"] = None
    vectorizer = ModalityVectorizer("text", n_components=3, random_state=0)
    table = vectorizer.fit_transform(frame[["words"]])
    assert vectorizer.get_feature_names_out()[-1] == "text_absent"
    np.testing.assert_array_equal(np.flatnonzero(table[:, -1]), [1, 4])
    assert not table[[1, 4], :-1].any()
    present = frame["words"].dropna().to_frame()
    alone = ModalityVectorizer("text", n_components=3, random_state=0).fit_transform(present)
    np.testing.assert_allclose(np.delete(table[:, :-1], [1, 4], axis=0), alone)


def test_modalities_are_found_where_none_is_named(frame):
    vectorizer = ModalityVectorizer(n_components=2, random_state=0).fit(frame)
    names = vectorizer.get_feature_names_out()
    assert list(names) == ["words_0", "words_1", "numeric_0"]


def test_few_features_are_all_kept():
    series = np.random.default_rng(0).normal(size=(N, 5, 1))
    X = MultiModalFrame({"series": list(series)})
    assert ModalityVectorizer("sequence").fit_transform(X).shape == (N, 6)


def test_sparse_rows_after_a_dense_fit_are_the_same(frame):
    X = np.random.default_rng(0).normal(size=(N, 3))
    vectorizer = ModalityVectorizer("numeric").fit(X)
    found = vectorizer.transform(sparse.csr_array(X))
    np.testing.assert_allclose(found, vectorizer.transform(X), atol=1e-6)


def test_failed_fit_leaves_the_vectorizer_as_it_was(frame):
    vectorizer = ModalityVectorizer("numeric")
    before = dict(vars(vectorizer))
    with pytest.raises(ValueError, match="numeric"):
        vectorizer.fit(frame[["words"]])
    assert vars(vectorizer) == before


@pytest.mark.parametrize("n_jobs", [None, pytest.param(2, marks=pytest.mark.slow)])
def test_in_a_search_before_a_linear_model(frame, n_jobs):
    y = np.arange(N) % 2
    steps = make_pipeline(
        make_column_transformer((ModalityVectorizer(Text(), random_state=0), ["words"])),
        LogisticRegression(),
    )
    name = "columntransformer__modalityvectorizer"
    grid = {f"{name}__n_components": [2, 4], f"{name}__modality__min_count": [1, 2]}
    search = GridSearchCV(steps, grid, cv=2, n_jobs=n_jobs, error_score="raise").fit(frame, y)
    assert search.predict(frame).shape == (N,)


def test_seed_decides_and_clone_keeps_the_parameters(frame):
    vectorizer = ModalityVectorizer("text", n_components=3, random_state=0)
    first = vectorizer.fit_transform(frame[["words"]])
    np.testing.assert_array_equal(clone(vectorizer).fit_transform(frame[["words"]]), first)
    assert clone(vectorizer).get_params() == vectorizer.get_params()


def test_wrong_column_is_named(frame):
    with pytest.raises(ValueError, match=r"ModalityVectorizer: modality 'numeric'.*'words'"):
        ModalityVectorizer("numeric").fit(frame[["words"]])


@pytest.mark.parametrize(
    ("parameter", "value"), [("modality", "smell"), ("n_components", 0), ("device", 1)]
)
def test_wrong_parameter_is_named(frame, parameter, value):
    with pytest.raises(ValueError, match=f"'{parameter}' parameter of ModalityVectorizer"):
        ModalityVectorizer(**{parameter: value}).fit(frame)


def test_a_modality_that_no_sample_has_brings_no_features(frame):
    without = frame.assign(words=None)
    vectorizer = ModalityVectorizer()
    message = "ModalityVectorizer: modality 'words': it is absent in all samples, and left out"
    with pytest.warns(UserWarning, match=message):
        table = vectorizer.fit_transform(without)
    assert vectorizer.get_feature_names_out().tolist() == ["numeric_0"]
    np.testing.assert_array_equal(vectorizer.transform(frame), table)
    with pytest.raises(ValueError, match=r"modalities \['text'\] are absent in all samples"):
        ModalityVectorizer("text").fit(without[["words"]])


def test_a_list_of_modalities_takes_its_columns(frame):
    listed = [("words", Text(), "words"), ("age", Numeric(), "age")]
    vectorizer = ModalityVectorizer(listed, n_components=3, random_state=0).fit(frame)
    names = vectorizer.get_feature_names_out()
    assert names.tolist() == ["words_0", "words_1", "words_2", "age_0"]


# What comes out is decided by parameters, not by what cells hold ----------------------------------

TABLES = {
    "numbers": {"a": np.arange(N) * 1.0},
    "labels": {"k": pd.Categorical(["x", "y"] * (N // 2))},
    "few words": {"t": ["red cat", "blue dog"] * (N // 2)},
    "many words": {"t": [f"word{row} and word{row + 1} or {row}" for row in range(N)]},
    "all": {
        "a": np.arange(N) * 1.0,
        "k": pd.Categorical(["x", "y"] * (N // 2)),
        "t": [f"the word{row} and word{row + 1}" for row in range(N)],
    },
}
over_tables = pytest.mark.parametrize("table", TABLES.values(), ids=TABLES)


@over_tables
@pytest.mark.parametrize("read", [pd.DataFrame, lambda X: pl.from_pandas(pd.DataFrame(X))])
@pytest.mark.parametrize("n_components", [3, 30])
def test_a_table_is_dense_unless_told_otherwise(table, read, n_components):
    X = read(table)
    dense = ModalityVectorizer(n_components=n_components, random_state=0).fit(X)
    assert type(dense.transform(X)) is np.ndarray
    params = {"n_components": n_components, "random_state": 0, "sparse_output": True}
    found = ModalityVectorizer(**params).fit_transform(X)
    assert found.format == "csr"
    np.testing.assert_allclose(found.toarray(), dense.transform(X), atol=1e-12)


@over_tables
@pytest.mark.parametrize(("output", "form"), [("pandas", pd.DataFrame), ("polars", pl.DataFrame)])
@pytest.mark.parametrize("n_components", [30, None])
def test_a_data_frame_is_dense_always(table, output, form, n_components):
    X = pd.DataFrame(table)
    plain = ModalityVectorizer(n_components=n_components, random_state=0)
    vectorizer = clone(plain).set_output(transform=output)
    found = vectorizer.fit_transform(X)
    assert type(found) is form
    assert list(found.columns) == list(vectorizer.get_feature_names_out())
    later = plain.fit(X).set_output(transform=output)
    np.testing.assert_array_equal(later.transform(X).to_numpy(), found.to_numpy())


def test_a_data_frame_of_a_sparse_table_is_refused_by_name():
    vectorizer = ModalityVectorizer(sparse_output=True).set_output(transform="pandas")
    with pytest.raises(ValueError, match=r"set it to .auto. or False"):
        vectorizer.fit_transform(pd.DataFrame(TABLES["labels"]))


def test_all_words_are_sparse_however_few_there_are():
    for table in ("few words", "many words", "all"):
        X = pd.DataFrame(TABLES[table])
        assert sparse.issparse(ModalityVectorizer(n_components=None).fit_transform(X))
        dense = ModalityVectorizer(n_components=None, sparse_output=False)
        assert type(dense.fit_transform(X)) is np.ndarray
    X = sparse.random_array((N, 4), density=0.5, format="csr", rng=0)
    assert sparse.issparse(ModalityVectorizer().fit_transform(X))


@over_tables
def test_boosting_takes_the_table_as_it_is(table):
    X, y = pd.DataFrame(table), np.arange(N) % 2
    model = make_pipeline(ModalityVectorizer(), HistGradientBoostingClassifier(max_iter=2))
    assert model.fit(X, y).predict(X).shape == (N,)


@pytest.mark.parametrize("modality", sorted(REGISTRY))
@pytest.mark.parametrize("form", ["name", "object", "list"])
def test_the_tag_says_whether_sparse_rows_are_taken(modality, form):
    made = {"name": modality, "object": REGISTRY[modality]()}
    listed = [("a", modality, [0, 1]), ("b", "drop", [2])]
    vectorizer = ModalityVectorizer(made.get(form, listed))
    takes = get_tags(vectorizer).input_tags.sparse
    assert takes == REGISTRY[modality].takes_sparse
    if not takes:
        with pytest.raises(ModalityError, match="takes no sparse matrix"):
            vectorizer.fit(sparse.csr_array(np.eye(N)))


def test_listed_modalities_are_names_or_dropped_as_in_the_estimators(frame):
    listed = [("n", "numeric", ["age"]), ("w", "drop", "words")]
    found = ModalityVectorizer(listed).fit(frame)
    assert list(found.get_feature_names_out()) == ["n_0"]
    np.testing.assert_array_equal(
        found.transform(frame), ModalityVectorizer([("n", Numeric(), ["age"])]).fit_transform(frame)
    )


@pytest.mark.parametrize(
    ("listed", "message"),
    [
        ([("n", "numbers", "age")], "modality 'n' is 'numbers'"),
        ([("n", "drop", "age")], r"\['n'\] are all dropped"),
        ([("n", "numeric")], r"modality must be a list of \(name, modality, columns\)"),
        ([("n", "numeric", "age"), ("n", "text", "words")], "'n' needs another name"),
    ],
)
def test_a_wrong_list_is_refused_as_in_the_estimators(frame, listed, message):
    with pytest.raises(ValueError, match=f"ModalityVectorizer: .*{message}"):
        ModalityVectorizer(listed).fit(frame)
