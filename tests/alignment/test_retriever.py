"""Galleries: of one modality or several, with labels, duplicates and gaps."""

import pickle

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import Ridge
from sklearn.neighbors import NearestNeighbors

from sklearn_crossmodal import CrossModalAligner, CrossModalRetriever, MultiModalFrame
from sklearn_crossmodal.exceptions import ModalityError

N = 200


def make(seed=0, n=N):
    rng = np.random.default_rng(seed)
    maps = [np.random.default_rng(k).normal(size=(4, width)) for k, width in enumerate((8, 6, 7))]
    factors = rng.normal(size=(n, 4))
    tables = [factors @ one + 0.1 * rng.normal(size=(n, one.shape[1])) for one in maps]
    return MultiModalFrame(dict(zip("abc", tables, strict=True)))


X, NEW = make(), make(1)
ALIGNER = CrossModalAligner(kernel="linear", shrinkage=0.1, random_state=0).fit(X)


@pytest.fixture
def retriever():
    return CrossModalRetriever(ALIGNER).fit(NEW[["b"]])


def test_it_is_nearest_neighbors_in_the_space(retriever):
    gallery, queries = (ALIGNER.embed(NEW, modality=name) for name in "ba")
    expected = NearestNeighbors(n_neighbors=7, metric="cosine").fit(gallery).kneighbors(queries)
    for asked in (NEW[["a"]], NEW[["a", "c"]]):
        distances, places = retriever.kneighbors(asked, 7, source="a")
        np.testing.assert_allclose(distances, expected[0], atol=1e-5)
        assert np.mean(places == expected[1]) > 0.99  # but for rounding
    assert np.mean(retriever.kneighbors(NEW[["a"]], 1, False).ravel() == np.arange(N)) > 0.7


def test_queries_of_several_modalities_are_their_mean(retriever):
    both = ALIGNER.transform(NEW[["a", "c"]])
    expected = np.argsort(-both @ ALIGNER.embed(NEW, modality="b").T, axis=1)[:, :3]
    found = retriever.kneighbors(NEW[["a", "c"]], 3, False)
    assert np.mean(found == expected) > 0.99
    alone = retriever.kneighbors(NEW, 1, False, source="c").ravel()
    assert np.mean(alone == retriever.kneighbors(NEW[["c"]], 1, False).ravel()) == 1


def test_rows_can_be_added(retriever):
    parts = CrossModalRetriever(ALIGNER)
    for rows in (slice(0, 50), slice(50, 120), slice(120, N)):
        parts.partial_fit(NEW[rows][["b"]])
    assert parts.n_samples_fit_ == N
    assert parts.counts_ == {"b": N}
    np.testing.assert_array_equal(
        parts.kneighbors(NEW[["a"]], 5, False), retriever.kneighbors(NEW[["a"]], 5, False)
    )
    parts.fit(NEW[:10][["b"]])
    assert parts.n_samples_fit_ == 10


@pytest.mark.parametrize("algorithm", ["hnswlib", "faiss"])
def test_approximate_searches_find_the_same(algorithm, retriever):
    pytest.importorskip(algorithm)
    approximate = CrossModalRetriever(ALIGNER, algorithm=algorithm).fit(NEW[["b"]])
    exact = retriever.kneighbors(NEW[["a"]], 5)
    found = pickle.loads(pickle.dumps(approximate)).kneighbors(NEW[["a"]], 5)
    assert np.mean(found[1] == exact[1]) > 0.99
    np.testing.assert_allclose(found[0], exact[0], atol=1e-5)


def test_index_labels_of_data_frames():
    tables = {
        name: pd.DataFrame(NEW[name], index=[f"row {k}" for k in range(N)]).add_prefix(name)
        for name in "ab"
    }
    first = CrossModalAligner(kernel="linear", shrinkage=0.1).fit(
        {name: pd.DataFrame(X[name]).add_prefix(name) for name in "ab"}
    )
    retriever = CrossModalRetriever(first).fit({"b": tables["b"].iloc[:150]})
    retriever.partial_fit({"b": tables["b"].iloc[150:]})
    places = retriever.kneighbors({"a": tables["a"]}, 2, False)
    labels = retriever.kneighbors({"a": tables["a"]}, 2, False, return_labels=True)
    assert labels.tolist() == [[f"row {k}" for k in row] for row in places]
    with pytest.raises(ValueError, match="no index labels"):
        CrossModalRetriever(ALIGNER).fit(NEW).kneighbors(NEW[:3], return_labels=True)


def test_a_gallery_of_several_modalities_is_ranked_comparably():
    """Items of the query's own modality do not crowd out those of the other."""
    half = np.arange(N) % 2 == 0
    mixed = MultiModalFrame({"a": NEW["a"], "b": NEW["b"]}, present={"a": half, "b": ~half})
    retriever = CrossModalRetriever(ALIGNER).fit(mixed)
    assert retriever.counts_ == {"a": 100, "b": 100}
    distances, places = retriever.kneighbors(NEW[["a"]], 10)
    share = np.mean(half[places])
    assert 0.35 < share < 0.65
    assert (np.diff(distances, axis=1) >= 0).all()
    assert distances.min() >= 0
    own = (places[:, :5] == np.arange(N)[:, np.newaxis]).any(axis=1)
    assert own[half].mean() > 0.9
    assert own[~half].mean() > 0.7
    only = retriever.kneighbors(NEW[["a"]], 10, False, target="b")
    assert not half[only].any()


def test_a_sample_of_two_modalities_is_found_once():
    retriever = CrossModalRetriever(ALIGNER).fit(NEW)
    places = retriever.kneighbors(NEW[["a"]], 8, False)
    assert all(len(set(row)) == 8 for row in places)
    everything = retriever.kneighbors(NEW[:3], N, False)
    np.testing.assert_array_equal(np.sort(everything, axis=1), np.tile(np.arange(N), (3, 1)))


def test_duplicates_and_a_gallery_of_one():
    twice = MultiModalFrame({"b": np.vstack([NEW["b"], NEW["b"]])})
    places = CrossModalRetriever(ALIGNER).fit(twice).kneighbors(NEW[["b"]], 2, False)
    np.testing.assert_array_equal(places, np.c_[np.arange(N), np.arange(N) + N])
    one = CrossModalRetriever(ALIGNER, n_neighbors=1).fit(NEW[:1][["b"]])
    assert one.kneighbors(NEW[:4][["a"]], return_distance=False).tolist() == [[0]] * 4


def test_what_is_absent_is_not_found():
    present = np.arange(N) % 4 != 1
    some = MultiModalFrame({"b": NEW["b"], "c": NEW["c"]}, present={"b": present})
    retriever = CrossModalRetriever(ALIGNER).fit(some)
    places = retriever.kneighbors(NEW[["a"]], 6, False, target="b")
    assert present[places].all()
    queries = MultiModalFrame({"a": NEW["a"], "c": NEW["c"]}, present={"a": present})
    with pytest.raises(ValueError, match=r"queries \[1, 5, 9, 13, 17\] lack 'a'"):
        retriever.kneighbors(queries, source="a")
    assert retriever.kneighbors(queries, 2, False).shape == (N, 2)


def test_what_is_wrong_is_told(retriever):
    with pytest.raises(ValueError, match="n_neighbors=201 is more than the 200 samples"):
        retriever.kneighbors(NEW[["a"]], 201)
    for wrong in (0, 2.5):
        with pytest.raises(ValueError, match="must be an int from 1 on"):
            retriever.kneighbors(NEW[["a"]], wrong)
    with pytest.raises(ModalityError, match="'z' is not among those of `fit`"):
        retriever.kneighbors(NEW[["a"]], source="z")
    with pytest.raises(ModalityError, match=r"no sample of the gallery has modality 'c'"):
        retriever.kneighbors(NEW[["a"]], target="c")
    with pytest.raises(NotFittedError, match=r"that is not fitted.*aligner=FrozenEstimator"):
        CrossModalRetriever(CrossModalAligner()).fit(NEW)
    with pytest.raises(NotFittedError, match="FrozenEstimator"):
        clone(retriever).fit(NEW)
    with pytest.raises(TypeError, match="FrozenEstimator of Ridge"):
        CrossModalRetriever(FrozenEstimator(Ridge())).fit(NEW)
    with pytest.raises(NotFittedError):
        CrossModalRetriever(ALIGNER).kneighbors(NEW)


def test_a_frozen_aligner_survives_clones(retriever):
    frozen = clone(CrossModalRetriever(FrozenEstimator(ALIGNER))).fit(NEW[["b"]])
    np.testing.assert_array_equal(
        frozen.kneighbors(NEW[["a"]], 4, False), retriever.kneighbors(NEW[["a"]], 4, False)
    )


@pytest.mark.parametrize("objective", ["infonce", "semantic"])
def test_other_objectives_have_galleries_too(objective):
    y = (X["a"][:, 0] > 0).astype(int)
    aligner = CrossModalAligner(objective=objective, max_epochs=5, random_state=0).fit(X, y)
    retriever = CrossModalRetriever(aligner).fit(NEW[["b"]])
    expected = np.argsort(-aligner.similarity(NEW[["a"]], NEW[["b"]]), axis=1)[:, :3]
    assert np.mean(retriever.kneighbors(NEW[["a"]], 3, False) == expected) > 0.97
