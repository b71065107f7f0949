"""A probe reads the class off the representation, of which is known what it tells."""

from functools import partial

import numpy as np
import pytest
from sklearn.base import BaseEstimator
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, ShuffleSplit, cross_val_score, cross_validate
from sklearn.neighbors import KNeighborsClassifier

from sklearn_crossmodal import MultiModalAutoencoder, MultiModalFrame
from sklearn_crossmodal.datasets import make_multimodal_classification
from sklearn_crossmodal.exceptions import ModalityError
from sklearn_crossmodal.metrics import latent_probe, latent_probe_score

N = 400
RNG = np.random.default_rng(0)
Y = np.arange(N) % 2
SHOWS = (2.0 * Y - 1)[:, np.newaxis]
NOISE = RNG.normal(size=(N, 1))
X = MultiModalFrame({"shows": SHOWS, "noise": NOISE})


class SideBySide(BaseEstimator):
    """Represents a sample by its modalities, one number each, and 0 for what is absent."""

    def fit(self, X, y=None):
        return self

    def transform(self, X):
        return np.column_stack([self._column(X, name) for name in X])

    def _column(self, X, name):
        return np.where(X.presence(name), np.asarray(X[name])[:, 0], 0)


class Shifting(SideBySide):
    """Represents it by one number, of which the sign turns where "noise" is absent."""

    def transform(self, X):
        sign = np.where(X.presence("noise"), 1, -1)
        return (self._column(X, "shows") * sign)[:, np.newaxis]


def test_the_class_is_read_off_what_is_present():
    accuracy = latent_probe(SideBySide(), X, Y)
    assert list(accuracy) == [("shows",), ("noise",), ("shows", "noise")]
    assert accuracy["shows",] == accuracy["shows", "noise"] == 1
    assert accuracy["noise",] == pytest.approx(0.5, abs=0.1)


def test_it_is_what_cross_validation_of_the_probe_says():
    probe = KNeighborsClassifier(5)
    accuracy = latent_probe(SideBySide(), X, Y, subsets=("shows", "noise"), probe=probe, cv=4)
    expected = cross_val_score(probe, np.hstack([SHOWS, NOISE]), Y, cv=4).mean()
    assert accuracy["shows", "noise"] == pytest.approx(expected)
    alone = latent_probe(SideBySide(), X, Y, subsets="noise", probe=probe, cv=4, fit_on="subset")
    expected = cross_val_score(probe, np.hstack([0 * SHOWS, NOISE]), Y, cv=4).mean()
    assert alone == {("noise",): pytest.approx(expected)}


def test_one_probe_is_fitted_on_all_or_one_on_each_subset():
    assert latent_probe(Shifting(), X, Y, subsets="shows") == {("shows",): 0}
    assert latent_probe(Shifting(), X, Y, subsets="shows", fit_on="subset") == {("shows",): 1}


def test_rows_to_fit_and_to_test_on_may_be_given():
    y = np.where(np.arange(N) < 100, Y, 1 - Y)  # what was learned is wrong later
    first, others = np.arange(100), np.arange(100, N)
    probe = LogisticRegression()
    score = partial(latent_probe_score, SideBySide(), X, y, subsets="shows", probe=probe)
    assert score(cv=[(first, first)]) == 1
    assert score(cv=[(first, others)]) == 0
    assert score(cv=[(first, first), (first, others)]) == 0.5
    assert score(cv=ShuffleSplit(1, random_state=0)) > 0.5


def test_only_samples_that_have_the_subset_are_tested():
    there = np.arange(N) < 200
    y = np.where(there, Y, 1 - Y)  # wrong where it is absent
    frame = MultiModalFrame({"shows": SHOWS, "noise": NOISE}, present={"shows": there})
    accuracy = latent_probe(SideBySide(), frame, y)
    assert accuracy["shows",] == accuracy["shows", "noise"] == 1
    assert accuracy["noise",] < 1


def test_the_probe_itself_is_left_as_it_was():
    probe = LogisticRegression()
    latent_probe(SideBySide(), X, Y, probe=probe)
    assert not hasattr(probe, "coef_")


def test_the_score_is_the_mean_over_subsets():
    probe = DummyClassifier(strategy="constant", constant=1)
    y = np.where(np.arange(N) < 300, 1, 0)
    assert latent_probe_score(SideBySide(), X, y, probe=probe) == 0.75
    accuracy = latent_probe(SideBySide(), X, Y)
    score = latent_probe_score(SideBySide(), X, Y)
    assert score == pytest.approx(np.mean(list(accuracy.values())))


def test_what_does_not_fit_is_refused():
    with pytest.raises(ModalityError, match=r"SideBySide: \['other'\] are not among"):
        latent_probe(SideBySide(), X, Y, subsets=[("shows", "other")])
    apart = MultiModalFrame(
        {"shows": SHOWS, "noise": NOISE}, present={"shows": Y == 0, "noise": Y == 1}
    )
    with pytest.raises(ModalityError, match=r"no test sample has all of \('shows', 'n"):
        latent_probe(SideBySide(), apart, Y)
    with pytest.raises(ValueError, match="fit_on"):
        latent_probe(SideBySide(), X, Y, fit_on="none")


@pytest.mark.slow
@pytest.mark.parametrize("as_frame", [False, True], ids=["MultiModalFrame", "pandas"])
def test_it_is_a_scorer_in_cross_validate(as_frame):
    samples, y = make_multimodal_classification(
        300, n_features=3, unique=[0, 2], class_sep=3, as_frame=as_frame, random_state=0
    )
    scoring = {
        "weak": partial(latent_probe_score, subsets="m0"),
        "strong": partial(latent_probe_score, subsets="m1"),
        "mean": partial(latent_probe_score, subsets=["m0", "m1"]),
    }
    autoencoder = MultiModalAutoencoder(
        n_components=4, max_epochs=15, learning_rate=0.01, random_state=0
    )
    scores = cross_validate(autoencoder, samples, y, scoring=scoring, cv=2)
    assert (scores["test_strong"] > 0.8).all()
    assert (scores["test_strong"] > scores["test_weak"]).all()
    mean = (scores["test_strong"] + scores["test_weak"]) / 2
    np.testing.assert_allclose(scores["test_mean"], mean)


@pytest.mark.slow
def test_a_grid_search_chooses_by_it():
    samples, y = make_multimodal_classification(300, n_features=3, class_sep=3, random_state=0)
    search = GridSearchCV(
        MultiModalAutoencoder(max_epochs=15, learning_rate=0.01, random_state=0),
        {"n_components": [1, 4]},
        scoring=partial(latent_probe_score, subsets=[("m0", "m1")]),
        cv=2,
    ).fit(samples, y)
    assert search.best_params_ == {"n_components": 4}


def test_as_many_labels_as_samples_and_a_subset_are_needed():
    for labels in (Y[:100], np.r_[Y, Y]):
        with pytest.raises(ValueError, match=rf"X has {N} samples, y has {len(labels)}"):
            latent_probe(SideBySide(), X, labels)
    with pytest.raises(ModalityError, match="SideBySide: subsets is empty: name one"):
        latent_probe(SideBySide(), X, Y, subsets=[])


def test_folds_in_which_no_sample_has_the_subset_are_passed_over():
    there = np.arange(N) < 6
    some = MultiModalFrame({"shows": SHOWS, "noise": NOISE}, present={"shows": there})
    split = [(np.arange(6, N), np.arange(6)), (np.arange(0, N, 2), np.arange(1, N, 2))]
    settings = {"subsets": "shows", "fit_on": "subset", "cv": split}
    with pytest.raises(ValueError, match=r"SideBySide: probe of \('shows',\): .* 2 classes"):
        latent_probe(SideBySide(), some, Y, **settings)
    settings["cv"] = [split[0], (np.r_[0:4, 6:100], np.r_[4:6, 100:200])]
    assert latent_probe(SideBySide(), some, Y, **settings) == {("shows",): 1.0}
