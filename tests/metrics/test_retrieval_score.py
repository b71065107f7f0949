"""Retrieval metrics as scorers."""

from functools import partial

import numpy as np
import pytest
from sklearn.model_selection import GridSearchCV

from sklearn_crossmodal import CrossModalAligner, MultiModalFrame
from sklearn_crossmodal.metrics import (
    mean_average_precision,
    median_rank,
    recall_at_k,
    retrieval_score,
)


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(0)
    factors = rng.normal(size=(150, 3))
    tables = {name: factors @ rng.normal(size=(3, width)) for name, width in (("a", 8), ("b", 5))}
    y = np.array(["low", "high"])[(factors[:, 0] > 0).astype(int)]
    present = {"b": np.arange(150) % 10 != 0}
    return MultiModalFrame(tables, present=present), y


def test_they_are_the_metrics_of_the_vectors(data):
    X, y = data
    aligner = CrossModalAligner(kernel="linear", shrinkage=0.1).fit(X)
    rows = np.arange(150) % 10 != 0
    pair = [aligner.embed(X, modality=name)[rows] for name in "ab"]
    score = partial(retrieval_score, aligner, X, source="a", target="b")
    assert score(k=2) == recall_at_k(*pair, 2)
    assert score(metric="median_rank") == -median_rank(*pair)
    labels = y[rows]
    expected = mean_average_precision(*pair, labels, labels)
    assert score(y=y, metric="mean_average_precision") == expected
    back = retrieval_score(aligner, X, source="b", target="a", k=2)
    assert back == recall_at_k(*pair[::-1], 2)


def test_a_search_takes_them(data):
    scoring = {
        "found": partial(retrieval_score, source="a", target="b", k=1),
        "rank": partial(retrieval_score, source="a", target="b", metric="median_rank"),
    }
    search = GridSearchCV(
        CrossModalAligner(kernel="linear"),
        {"shrinkage": [0.1, 0.9]},
        scoring=scoring,
        refit="found",
        cv=2,
    ).fit(data[0])
    assert search.best_score_ > 0.3
    assert (search.cv_results_["mean_test_rank"] <= -1).all()
