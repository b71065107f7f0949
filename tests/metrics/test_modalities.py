"""Scores do not depend on the form that X has, nor on how its columns are named."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
from sklearn.linear_model import LogisticRegression

from sklearn_crossmodal import MultiModalAutoencoder, Numeric
from sklearn_crossmodal.datasets import make_multimodal_classification
from sklearn_crossmodal.metrics import (
    absence_curve,
    cross_coherence,
    latent_probe_score,
    translation_score,
)

X, Y = make_multimodal_classification(150, n_features=3, random_state=0)
CLASSIFIERS = {name: LogisticRegression().fit(X[name], Y) for name in X}
ARRAY = np.hstack([X[name] for name in X])
TABLE = pd.DataFrame(ARRAY, columns=list("abcdef"))
BY_PLACE = [("m0", Numeric(), slice(0, 3)), ("m1", Numeric(), [3, 4, 5])]
BY_NAME = [("m0", Numeric(), ["a", "b", "c"]), ("m1", Numeric(), lambda frame: ["d", "e", "f"])]
FORMS = {
    "array": (ARRAY, BY_PLACE),
    "lists": (ARRAY.tolist(), BY_PLACE),
    "pandas": (TABLE, BY_NAME),
    "pandas by place": (TABLE, BY_PLACE),
    "polars": (pl.from_pandas(TABLE), BY_NAME),
    "mapping": (dict(X.items()), None),
}


def scores_of(samples, modalities):
    autoencoder = MultiModalAutoencoder(modalities, max_epochs=10, random_state=0).fit(samples)
    return [
        cross_coherence(autoencoder, samples, Y, CLASSIFIERS),
        translation_score(autoencoder, samples),
        latent_probe_score(autoencoder, samples, Y),
        *absence_curve(autoencoder, samples, shares=(0, 0.5, 1), random_state=0).mean,
    ]


@pytest.fixture(scope="module")
def expected():
    scores = scores_of(X, None)
    assert len(set(scores)) == len(scores)
    return scores


@pytest.mark.parametrize("form", FORMS)
def test_samples_in_any_form_have_the_same_scores(form, expected):
    assert scores_of(*FORMS[form]) == pytest.approx(expected)
