import numpy as np
import pandas as pd
import polars as pl
import pytest
from scipy import sparse
from sklearn.base import clone
from sklearn.compose import make_column_transformer
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_crossmodal import ModalityVectorizer, MultiModalFrame, Numeric, Text
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


def test_in_a_search_before_a_linear_model(frame):
    y = np.arange(N) % 2
    steps = make_pipeline(
        make_column_transformer((ModalityVectorizer(Text(), random_state=0), ["words"])),
        LogisticRegression(),
    )
    name = "columntransformer__modalityvectorizer"
    grid = {f"{name}__n_components": [2, 4], f"{name}__modality__min_count": [1, 2]}
    search = GridSearchCV(steps, grid, cv=2, n_jobs=2, error_score="raise").fit(frame, y)
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
