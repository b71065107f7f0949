"""Classes by description: new ones, several descriptions, and new beside known ones."""

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.frozen import FrozenEstimator
from sklearn.metrics import log_loss
from sklearn.model_selection import GridSearchCV

from sklearn_crossmodal import CrossModalAligner, MultiModalFrame, ZeroShotClassifier
from sklearn_crossmodal.exceptions import ModalityError
from sklearn_crossmodal.metrics import seen_unseen_harmonic_mean

COLOURS = np.array(["red", "green", "blue", "black"])
THINGS = np.array(["car", "house", "tree"])


def make(seed=0, n=600, noise=0.2):
    """Return numbers and texts of coloured things, and which of twelve each is."""
    rng = np.random.default_rng(seed)
    colour, thing = rng.integers(0, 4, n), rng.integers(0, 3, n)
    numbers = np.hstack([np.eye(4)[colour], np.eye(3)[thing]]) + noise * rng.normal(size=(n, 7))
    texts = [f"a {COLOURS[i]} {THINGS[j]}" for i, j in zip(colour, thing, strict=True)]
    frame = MultiModalFrame({"numbers": numbers, "text": np.array(texts, dtype=object)})
    return frame, np.array([text[2:] for text in texts], dtype=object)


X, Y = make()
NEW, Y_NEW = make(1)
UNSEEN = ["red tree", "blue house", "green car"]
KNOWN = ~np.isin(Y, UNSEEN)
ALIGNER = CrossModalAligner(random_state=0).fit(X[KNOWN])
TEMPLATES = ["a {}"]


def test_classes_that_no_sample_of_training_had():
    new = np.isin(Y_NEW, UNSEEN)
    classifier = ZeroShotClassifier(ALIGNER, UNSEEN, templates=TEMPLATES).fit()
    assert classifier.classes_.tolist() == sorted(UNSEEN)
    numbers = NEW[new][["numbers"]]
    assert np.mean(classifier.predict(numbers) == Y_NEW[new]) > 0.9
    probabilities = classifier.predict_proba(numbers)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1)
    assert (classifier.classes_[probabilities.argmax(axis=1)] == classifier.predict(numbers)).all()
    assert classifier.temperature_ == 0.1


def test_a_mapping_of_one_description_or_several():
    one = {label: f"a {label}" for label in UNSEEN}
    several = {label: [f"a {label}", f"a {label}"] for label in UNSEEN}
    listed = ZeroShotClassifier(ALIGNER, UNSEEN, templates=TEMPLATES).fit()
    for prototypes in (one, several):
        found = ZeroShotClassifier(ALIGNER, prototypes).fit()
        np.testing.assert_allclose(found.prototypes_, listed.prototypes_)
    two = ZeroShotClassifier(ALIGNER, ["red tree"], templates=["a {}", "the {}"]).fit()
    vectors = ALIGNER.embed(
        MultiModalFrame({"text": np.array(["a red tree", "the red tree"], dtype=object)}),
        modality="text",
    )
    mean = vectors.mean(axis=0)
    np.testing.assert_allclose(two.prototypes_[0], mean / np.linalg.norm(mean))


def test_descriptions_in_another_modality_than_text():
    rows = {label: list(NEW["numbers"][label == Y_NEW][:5]) for label in UNSEEN}
    classifier = ZeroShotClassifier(ALIGNER, rows, modality="numbers").fit()
    texts = MultiModalFrame({"text": np.array([f"a {label}" for label in UNSEEN], dtype=object)})
    assert classifier.predict(texts).tolist() == UNSEEN


def test_samples_calibrate_and_stand_for_classes_without_description():
    seen = np.unique(Y[KNOWN])
    described = {label: f"a {label}" for label in [*UNSEEN, *seen[:2]]}
    classifier = ZeroShotClassifier(ALIGNER, described)
    classifier.fit(X[KNOWN][["numbers"]], Y[KNOWN])
    assert classifier.classes_.tolist() == sorted(np.unique(Y))
    means = ALIGNER.transform(X[KNOWN][["numbers"]])[Y[KNOWN] == seen[-1]].mean(axis=0)
    place = classifier.classes_.tolist().index(seen[-1])
    np.testing.assert_allclose(
        classifier.prototypes_[place], means / np.linalg.norm(means), atol=1e-12
    )


def test_the_temperature_is_that_of_the_least_log_loss():
    (frame, y), (new, y_new) = make(noise=0.5), make(1, noise=0.5)
    described = {label: f"a {label}" for label in np.unique(Y)}

    def loss(**params):
        one = ZeroShotClassifier(ALIGNER, described, **params).fit(frame[["numbers"]], y)
        found = one.predict_proba(new[["numbers"]])
        return log_loss(y_new, found, labels=one.classes_), one.temperature_

    least, temperature = loss()
    for factor in (4, 1.5, 0.7, 0.25):
        assert loss(temperature=factor * temperature)[0] > least


def test_the_penalty_of_seen_classes_is_found_by_a_search():
    described = {label: f"a {label}" for label in np.unique(Y)}
    classifier = ZeroShotClassifier(FrozenEstimator(ALIGNER), described)
    seen = set(np.unique(Y[KNOWN]))

    def harmonic(estimator, frame, y):
        return seen_unseen_harmonic_mean(y, estimator.predict(frame), seen=seen)

    fitted = {
        penalty: clone(classifier)
        .set_params(seen_penalty=penalty)
        .fit(X[KNOWN][["numbers"]], Y[KNOWN])
        for penalty in (-2.0, 0.0, 2.0)
    }
    found = {p: harmonic(one, NEW[["numbers"]], Y_NEW) for p, one in fitted.items()}
    assert found[0.0] > 0.7
    assert found[2.0] == found[-2.0] == 0  # none of the seen, and none of the others
    search = GridSearchCV(classifier, {"temperature": [0.05, 0.2]}, cv=2).fit(
        X[KNOWN][["numbers"]], Y[KNOWN]
    )
    assert search.best_score_ > 0.8


def test_what_is_wrong_is_told():
    with pytest.raises(ValueError, match="there are no classes"):
        ZeroShotClassifier(ALIGNER).fit()
    with pytest.raises(ValueError, match="pass an aligner, or samples"):
        ZeroShotClassifier(prototypes=UNSEEN).fit()
    with pytest.raises(ValueError, match="y is given without X"):
        ZeroShotClassifier(ALIGNER, UNSEEN).fit(y=Y)
    with pytest.raises(NotFittedError, match="FrozenEstimator"):
        ZeroShotClassifier(CrossModalAligner(), UNSEEN).fit()
    numbers = CrossModalAligner(random_state=0).fit(
        {"a": X["numbers"][:, :4], "b": X["numbers"][:, 4:]}
    )
    with pytest.raises(ModalityError, match="the only text of the aligner"):
        ZeroShotClassifier(numbers, UNSEEN).fit()
    with pytest.raises(NotFittedError):
        ZeroShotClassifier(ALIGNER, UNSEEN).predict(X)
