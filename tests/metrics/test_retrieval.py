"""Retrieval metrics against worked examples, a loop, and scikit-learn's average precision."""

import numpy as np
import pytest
from scipy.stats import rankdata
from sklearn.metrics import average_precision_score
from sklearn.preprocessing import normalize

from sklearn_crossmodal.metrics import _retrieval, mean_average_precision, median_rank, recall_at_k


@pytest.fixture
def queries(rng):
    return rng.normal(size=(40, 5))


@pytest.fixture
def gallery(rng, queries):
    return queries + rng.normal(size=queries.shape)


def cosines(a, b):
    return (a @ b.T) / np.linalg.norm(a, axis=1)[:, None] / np.linalg.norm(b, axis=1)


def test_ranks_are_those_of_the_own_row(queries, gallery):
    ranks = np.array([rankdata(-row)[place] for place, row in enumerate(cosines(queries, gallery))])
    assert median_rank(queries, gallery) == np.median(ranks)
    for k in (1, 5, 40):
        assert recall_at_k(queries, gallery, k) == np.mean(ranks <= k)


def test_with_labels_the_first_item_of_the_class_counts(queries, gallery, rng):
    y_queries, y_gallery = rng.integers(0, 4, 40), rng.integers(0, 4, 40)
    ranks = []
    for row, label in zip(cosines(queries, gallery), y_queries, strict=True):
        order = y_gallery[np.argsort(-row)]
        ranks.append(1 + np.flatnonzero(order == label)[0])
    labels = {"y_queries": y_queries, "y_gallery": y_gallery}
    assert median_rank(queries, gallery, **labels) == np.median(ranks)
    assert recall_at_k(queries, gallery, 2, **labels) == np.mean(np.array(ranks) <= 2)


@pytest.mark.parametrize("decimals", [1, 8])  # of which the first makes ties
@pytest.mark.parametrize("metric", ["cosine", "dot"])
def test_average_precision_is_that_of_scikit_learn(decimals, metric, rng):
    queries, gallery = (np.round(rng.normal(size=(n, 2)), decimals) for n in (30, 50))
    y_queries, y_gallery = rng.integers(0, 4, 30), rng.integers(0, 3, 50).astype(int)
    found = mean_average_precision(queries, gallery, y_queries, y_gallery, metric=metric)
    unit = normalize if metric == "cosine" else np.asarray
    scores = unit(queries) @ unit(gallery).T
    expected = [
        average_precision_score(y_gallery == label, row)
        for row, label in zip(scores, y_queries, strict=True)
        if label < 3  # no item has the label 3
    ]
    assert found == pytest.approx(np.mean(expected), abs=1e-12)


def test_without_labels_it_is_the_mean_reciprocal_rank(queries, gallery):
    ranks = [rankdata(-row)[place] for place, row in enumerate(cosines(queries, gallery))]
    expected = np.mean(1 / np.array(ranks))
    assert mean_average_precision(queries, gallery) == pytest.approx(expected)


def test_items_that_are_all_alike_are_retrieved_at_chance(queries):
    same = np.ones((40, 5))
    assert median_rank(queries, same) == 20.5
    assert recall_at_k(queries, same, 10) == 0


def test_blocks_change_nothing(queries, gallery, monkeypatch):
    whole = [f(queries, gallery) for f in (median_rank, recall_at_k, mean_average_precision)]
    monkeypatch.setattr(_retrieval, "_MOST", 100)
    parts = [f(queries, gallery) for f in (median_rank, recall_at_k, mean_average_precision)]
    np.testing.assert_allclose(parts, whole, rtol=1e-12)


@pytest.mark.parametrize(
    ("arguments", "match"),
    [
        ((np.ones((3, 2)), np.ones((3, 4))), "3?2 components.* 4"),
        ((np.ones((3, 2)), np.ones((4, 2))), "y_queries"),
        ((np.full((3, 2), np.nan), np.ones((3, 2))), "queries contains NaN"),
        ((np.ones(3), np.ones((3, 2))), "2D"),
    ],
)
def test_what_does_not_fit_is_told(arguments, match):
    with pytest.raises(ValueError, match=match):
        median_rank(*arguments)


def test_labels_that_do_not_fit_are_told():
    one = np.ones((3, 2))
    with pytest.raises(ValueError, match="both"):
        recall_at_k(one, one, y_queries=[0, 1, 2])
    with pytest.raises(ValueError, match=r"y_gallery has shape \(2,\)"):
        recall_at_k(one, one, y_queries=[0, 1, 2], y_gallery=[0, 1])
    with pytest.raises(ValueError, match="share no label"):
        mean_average_precision(one, one, [0, 1, 2], [3, 4, 5])
