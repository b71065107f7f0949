"""One space for all modalities: the same sample is found again, whatever it lacks."""

import pickle

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline

from sklearn_crossmodal import CrossModalAligner, MultiModalFrame
from sklearn_crossmodal.alignment._spaces import _selection
from sklearn_crossmodal.exceptions import ModalityError
from sklearn_crossmodal.metrics import mean_average_precision, median_rank, recall_at_k

N = 240


def make(seed=0, n=N, widths=(8, 6, 10), noise=0.3):
    """Return tables that four factors go through."""
    rng = np.random.default_rng(seed)
    maps = [np.random.default_rng(k).normal(size=(4, width)) for k, width in enumerate(widths)]
    factors = rng.normal(size=(n, 4))
    tables = [factors @ one + noise * rng.normal(size=(n, one.shape[1])) for one in maps]
    return MultiModalFrame(dict(zip("abc", tables, strict=False)))


@pytest.fixture(scope="module")
def X():
    return make()


@pytest.fixture(scope="module")
def new():
    return make(seed=1)


@pytest.fixture(scope="module")
def fitted(X):
    return CrossModalAligner(random_state=0).fit(X)


@pytest.mark.parametrize("kernel", ["linear", "rbf", "auto"])
@pytest.mark.parametrize("names", ["ab", "abc"])
def test_a_sample_finds_itself_in_another_modality(kernel, names, X, new):
    aligner = CrossModalAligner(kernel=kernel, random_state=0).fit(X[list(names)])
    for source in names:
        for target in names:
            queries, gallery = (aligner.embed(new, modality=one) for one in (source, target))
            assert recall_at_k(queries, gallery, 5) > 0.7
            assert median_rank(queries, gallery) <= 3


def test_a_curved_relation_needs_the_kernel():
    rng = np.random.default_rng(0)
    angle = rng.uniform(-np.pi, np.pi, 600)
    X = MultiModalFrame(
        {"circle": np.c_[np.cos(angle), np.sin(angle)], "waves": np.c_[np.cos(2 * angle), angle**2]}
    )
    linear, rbf = (
        CrossModalAligner(kernel=kernel, random_state=0).fit(X[:300]).score(X[300:])
        for kernel in ("linear", "rbf")
    )
    auto = CrossModalAligner(random_state=0).fit(X[:300])
    assert auto.kernel_ == "rbf"
    assert rbf > linear + 0.05


def test_vectors_have_length_one_and_are_the_mean_of_what_is_present(fitted, new):
    lone = {name: fitted.embed(new, modality=name) for name in new}
    for vectors in lone.values():
        np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1)
    total = sum(lone.values())
    expected = total / np.linalg.norm(total, axis=1, keepdims=True)
    np.testing.assert_allclose(fitted.transform(new), expected)
    np.testing.assert_allclose(fitted.transform(new[["b"]]), lone["b"])
    np.testing.assert_allclose(
        fitted.similarity(new[["a"]], new[["c"]]), lone["a"] @ lone["c"].T, atol=1e-12
    )


def test_directions_are_in_the_order_of_their_correlations(fitted):
    assert (np.diff(fitted.correlations_) <= 0).all()
    assert fitted.correlations_.min() > 0
    assert fitted.correlations_.max() <= 1


def test_samples_that_lack_modalities_serve_their_pairs(new):
    X = make(n=450)
    present = {name: np.arange(450) % 3 != place for place, name in enumerate("abc")}
    partial = MultiModalFrame(dict(X), present=present)
    aligner = CrossModalAligner(random_state=0).fit(partial)
    queries, gallery = (aligner.embed(new, modality=one) for one in "ab")
    assert recall_at_k(queries, gallery, 5) > 0.7
    vectors = aligner.embed(partial, modality="a")
    np.testing.assert_array_equal(np.isnan(vectors).any(axis=1), ~present["a"])
    assert np.isfinite(aligner.transform(partial)).all()


def test_texts_beside_pictures_are_aligned(rng):
    which = rng.integers(0, 8, 160)
    pictures = rng.integers(0, 60, (160, 8, 8, 3), dtype=np.uint8)
    pictures[np.arange(160), which] += 150
    words = ["zero", "one", "two", "three", "four", "five", "six", "seven"]
    texts = np.array([f"a line at {words[k]}" for k in which], dtype=object)
    X = MultiModalFrame({"picture": pictures, "text": texts})
    aligner = CrossModalAligner(random_state=0).fit(X[:80])
    found = aligner.similarity(X[80:][["text"]], X[80:][["picture"]]).argmax(axis=1)
    assert np.mean(which[80:][found] == which[80:]) > 0.9
    assert aligner.score(X[80:], which[80:]) > 0.8


def test_the_score_is_recall_at_one_or_precision_of_the_class(fitted, new):
    both = [fitted.embed(new, modality=name) for name in "abc"]
    pairs = [(0, 1), (1, 0), (0, 2), (2, 0), (1, 2), (2, 1)]
    expected = np.mean([recall_at_k(both[i], both[j], 1) for i, j in pairs])
    assert fitted.score(new) == pytest.approx(expected)
    y = (new["a"][:, 0] > 0).astype(int)
    expected = np.mean([mean_average_precision(both[i], both[j], y, y) for i, j in pairs])
    assert fitted.score(new, y) == pytest.approx(expected)


def test_few_samples_of_many_numbers_are_shrunk():
    rng = np.random.default_rng(0)
    factors = rng.normal(size=(200, 3))
    X = MultiModalFrame(
        {
            name: factors @ rng.normal(size=(3, 5000)) + 4 * rng.normal(size=(200, 5000))
            for name in ("genes", "proteins")
        }
    )
    train, test = X[:100], X[100:]
    auto = CrossModalAligner(random_state=0).fit(train)
    little = CrossModalAligner(kernel="linear", shrinkage=0.01, random_state=0).fit(train)
    assert auto.score(test) >= little.score(test)
    queries, gallery = (auto.embed(test, modality=name) for name in X)
    assert recall_at_k(queries, gallery, 10) > 0.5


def test_the_choice_is_that_of_the_best_reciprocal_rank(X, monkeypatch):
    asked = []

    def select(*arguments):
        asked.append(arguments[3])
        return _selection.select(*arguments)

    monkeypatch.setattr("sklearn_crossmodal.alignment._spaces._aligned_space.select", select)
    aligner = CrossModalAligner(kernel="rbf", random_state=0).fit(X)
    assert {kernel for kernel, _ in asked[0]} == {"rbf"}
    assert aligner.shrinkage_ in {shrinkage for _, shrinkage in asked[0]}
    fixed = CrossModalAligner(kernel="linear", shrinkage=0.2).fit(X)
    assert (fixed.kernel_, fixed.shrinkage_) == ("linear", 0.2)


def test_it_is_the_same_each_time_and_after_a_pickle(fitted, X, new):
    again = clone(fitted).fit(X)
    np.testing.assert_array_equal(again.transform(new), fitted.transform(new))
    packed = pickle.dumps(fitted)
    np.testing.assert_array_equal(pickle.loads(packed).transform(new), fitted.transform(new))


def test_a_weight_of_zero_is_no_sample(X, new):
    weight = np.r_[np.ones(200), np.zeros(40)]
    params = {"kernel": "linear", "shrinkage": 0.1}
    weighted = CrossModalAligner(**params, random_state=0).fit(X, sample_weight=weight)
    without = CrossModalAligner(**params, random_state=0).fit(X[:200])
    np.testing.assert_allclose(weighted.transform(new), without.transform(new), atol=1e-10)


def test_searches_pipelines_and_frames(X):
    search = GridSearchCV(
        CrossModalAligner(kernel="linear", random_state=0), {"shrinkage": [0.1, 0.9]}, cv=2
    )
    search.fit(X)
    assert search.best_score_ > 0.3
    assert cross_val_score(make_pipeline(search.best_estimator_), X, cv=2).mean() > 0.3
    aligner = CrossModalAligner(n_components=3, random_state=0).set_output(transform="pandas")
    table = aligner.fit_transform(X)
    assert isinstance(table, pd.DataFrame)
    assert table.columns.tolist() == [f"crossmodalaligner{k}" for k in range(3)]


def test_what_is_wrong_is_told(fitted, X):
    with pytest.raises(ModalityError, match=r"'d' is not among those of `fit`, \['a', 'b', 'c'\]"):
        fitted.embed(X, modality="d")
    with pytest.raises(ValueError, match="n_samples=1"):
        CrossModalAligner().fit(X[:1])
    constant = MultiModalFrame({"a": np.ones((30, 2)), "b": X["b"][:30]})
    with pytest.raises(ValueError, match="no direction in which"):
        CrossModalAligner().fit(constant)
    apart = MultiModalFrame(
        {"a": X["a"], "b": X["b"]}, present={"a": np.arange(N) < 120, "b": np.arange(N) >= 120}
    )
    with pytest.raises(ValueError, match="no direction in which"):
        CrossModalAligner().fit(apart)


def test_fewer_pairs_than_directions_and_than_folds(X, new):
    few = CrossModalAligner(random_state=0).fit(X[:5])
    assert len(few.correlations_) <= 5
    assert np.isfinite(few.transform(new)).all()


def test_a_rare_modality_is_aligned_by_what_there_is(X, new):
    present = {"c": np.arange(N) < 3}
    aligner = CrossModalAligner(random_state=0).fit(MultiModalFrame(dict(X), present=present))
    queries, gallery = (aligner.embed(new, modality=one) for one in "ab")
    assert recall_at_k(queries, gallery, 5) > 0.7
    assert np.isfinite(aligner.embed(new, modality="c")).all()
