"""Coherence by oracles: what is copied is right, what is shuffled is so by chance."""

from functools import partial
from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, cross_validate
from sklearn.pipeline import make_pipeline

from sklearn_crossmodal import FusionClassifier, MultiModalAutoencoder, MultiModalFrame
from sklearn_crossmodal.datasets import make_multimodal_classification
from sklearn_crossmodal.exceptions import ModalityError
from sklearn_crossmodal.metrics import cross_coherence, joint_coherence

N_CLASSES = 4
Y = np.arange(2000) % N_CLASSES
NAMES = ["a", "b", "c", "d"]
QUICK = {"max_epochs": 20, "learning_rate": 0.01}


def showing(y, share_wrong=0.0):
    """Return modalities that show the class, each wrong in other samples."""
    rng = np.random.default_rng(0)
    wrong = rng.uniform(size=(len(y), len(NAMES))) < share_wrong
    shown = np.where(wrong, rng.integers(0, N_CLASSES, wrong.shape), y[:, np.newaxis])
    return MultiModalFrame({name: shown[:, [place]] for place, name in enumerate(NAMES)})


def first(sources, target):
    return next(iter(sources.values()))


def vote(sources, target):
    votes = np.hstack([*sources.values()])
    counts = (votes[:, :, np.newaxis] == np.arange(N_CLASSES)).sum(axis=1)
    return counts.argmax(axis=1)[:, np.newaxis]


@pytest.fixture
def classifiers(reader):
    return dict.fromkeys(NAMES, reader)


def test_what_is_copied_is_coherent(translator, classifiers):
    assert cross_coherence(translator(first), showing(Y), Y, classifiers) == 1


def test_what_is_shuffled_is_coherent_by_chance(translator, classifiers):
    def shuffled(sources, target):
        return np.random.default_rng(1).permutation(first(sources, target))

    coherence = cross_coherence(translator(shuffled), showing(Y), Y, classifiers)
    assert coherence == pytest.approx(1 / N_CLASSES, abs=0.03)


def test_it_is_the_share_that_is_right(translator, reader):
    X = MultiModalFrame({"a": [[0], [1], [1], [0]], "b": [[0], [0], [0], [0]]})
    y = np.array([0, 1, 0, 1])
    assert cross_coherence(translator(first), X, y, reader, source="a", target="b") == 0.5
    assert cross_coherence(translator(first), X, [0, 1, 1, 1], {"a": reader, "b": reader}) == (
        (0.75 + 0.25) / 2
    )


@pytest.mark.parametrize("n_given", [1, 2, 3])
def test_it_is_the_mean_over_all_subsets_of_so_many(n_given, translator, classifiers):
    X = showing(Y, 0.4)
    expected = [
        np.mean(vote({name: X[name] for name in subset}, None)[:, 0] == Y)
        for subset in combinations(NAMES, n_given)
        for target in NAMES
        if target not in subset
    ]
    assert len(expected) == {1: 12, 2: 12, 3: 4}[n_given]
    coherence = cross_coherence(translator(vote), X, Y, classifiers, n_given=n_given)
    assert coherence == pytest.approx(np.mean(expected))


def test_without_a_number_it_is_the_mean_over_all_numbers(translator, classifiers):
    score = partial(cross_coherence, translator(vote), showing(Y, 0.4), Y, classifiers)
    each = [score(n_given=k) for k in (1, 2, 3)]
    assert each[2] > each[1] > 0.5  # of two that disagree a vote takes one of them
    assert score() == pytest.approx(np.mean(each))


def test_named_sources_are_given_together_or_so_many_at_a_time(translator, classifiers):
    X = showing(Y, 0.4)
    score = partial(cross_coherence, translator(vote), X, Y, classifiers, target="d")
    together = np.mean(vote({name: X[name] for name in "abc"}, None)[:, 0] == Y)
    assert score(source=["a", "b", "c"]) == together
    alone = [score(source=name) for name in "abc"]
    assert score(source=["a", "b", "c"], n_given=1) == pytest.approx(np.mean(alone))


def test_only_samples_that_have_all_that_is_given_count(translator, classifiers):
    wrong_there = np.arange(len(Y)) < 500
    X = MultiModalFrame(
        {name: np.where(wrong_there & (name == "a"), -1, Y)[:, np.newaxis] for name in NAMES},
        present={"a": ~wrong_there},
    )
    score = partial(cross_coherence, translator(first), X, Y, classifiers, target="d")
    assert score(source="a") == 1
    assert score(source=["a", "b"]) == 1


def test_labels_may_be_strings(translator):
    class Namer:
        def predict(self, X):
            return np.array(["w", "x", "y", "z"])[X[:, 0]]

    y = np.array(["w", "x", "y", "z"])[Y]
    assert cross_coherence(translator(first), showing(Y), y, Namer(), target="b") == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"target": "e"}, r"Translator: \['e'\] are not among the modalities \['a', 'b'"),
        ({"source": "e"}, r"Translator: \['e'\] are not among"),
        ({"classifiers": {"e": None}}, r"Translator: \['e'\] are not among"),
        ({"target": "b", "classifiers": {"a": None}}, r"no classifier for \['b'\] among .*\['a'\]"),
        ({"target": None, "classifiers": LogisticRegression()}, "name it in target="),
        ({"source": "a", "target": "a"}, "no target is left"),
        ({"n_given": 4}, "sets of 4 of .* cannot generate"),
    ],
)
def test_modalities_that_do_not_fit_are_refused(arguments, message, translator, classifiers):
    arguments = {"classifiers": classifiers, **arguments}
    with pytest.raises(ModalityError, match=message):
        cross_coherence(translator(first), showing(Y), Y, **arguments)


def test_no_modality_given_is_refused(translator, classifiers):
    with pytest.raises(ValueError, match="n_given"):
        cross_coherence(translator(first), showing(Y), Y, classifiers, n_given=0)


# Classifiers of any kind --------------------------------------------------------------------


IMAGES = np.zeros((len(Y), 4, 4))
IMAGES[np.arange(len(Y)), Y] = 1  # class k: row k is white


def test_images_are_flattened_for_a_classifier_of_flat_rows(translator):
    flat = LogisticRegression().fit(IMAGES.reshape(-1, 16), Y)
    X = MultiModalFrame({"photo": IMAGES, "other": IMAGES})
    assert cross_coherence(translator(first), X, Y, {"photo": flat}) == 1


@pytest.mark.slow
def test_a_classifier_of_this_package_gets_the_modality_by_name(translator):
    X = MultiModalFrame({"photo": IMAGES, "other": IMAGES})
    clf = FusionClassifier(n_folds=None, max_epochs=30, random_state=0).fit(
        X[["photo"]][:400], Y[:400]
    )
    accuracy = clf.score(X[["photo"]], Y)
    assert accuracy > 0.9
    assert cross_coherence(translator(first), X, Y, {"photo": clf}) == accuracy


def test_a_classifier_of_named_columns_gets_them_by_name(translator):
    one_hot = np.eye(N_CLASSES)[Y]
    table = pd.DataFrame(one_hot, columns=["p", "q", "r", "s"])
    clf = LogisticRegression().fit(table, Y)
    X = MultiModalFrame({"table": one_hot, "other": one_hot})
    assert cross_coherence(translator(first), X, Y, {"table": clf}) == 1


def test_a_classifier_of_texts_gets_texts(translator):
    words = np.array(["a cat", "a dog", "a cow", "a hen"], dtype=object)[Y]
    clf = make_pipeline(TfidfVectorizer(), LogisticRegression()).fit(words, Y)
    X = MultiModalFrame({"text": words, "other": words})
    assert cross_coherence(translator(first), X, Y, {"text": clf}) == 1


def test_a_classifier_of_other_columns_is_named_in_the_error(translator):
    clf = LogisticRegression().fit(pd.DataFrame(np.eye(4), columns=list("pqrs")), range(4))
    with pytest.raises(
        ValueError, match=r"LogisticRegression, the classifier of modality 'a'.*'p'"
    ):
        cross_coherence(translator(first), showing(Y), Y, {"a": clf})


# In scikit-learn's tools --------------------------------------------------------------------


@pytest.fixture(scope="module", params=[False, True], ids=["MultiModalFrame", "pandas"])
def drawn(request):
    """Return samples, classes, and classifiers trained on other samples."""
    X, y = make_multimodal_classification(
        800, unique=0, n_features=4, class_sep=3, as_frame=request.param, random_state=0
    )
    parts = {
        name: X[name] if not request.param else X.filter(like=f"{name}__") for name in ("m0", "m1")
    }
    known = {name: LogisticRegression().fit(part[:500], y[:500]) for name, part in parts.items()}
    return X[500:], y[500:], known


@pytest.mark.slow
def test_it_is_a_scorer_in_cross_validate(drawn):
    X, y, known = drawn
    scoring = {
        "all": partial(cross_coherence, classifiers=known),
        "there": partial(cross_coherence, classifiers=known, source="m0", target="m1"),
        "back": partial(cross_coherence, classifiers=known["m0"], source="m1", target="m0"),
    }
    autoencoder = MultiModalAutoencoder(n_components=2, random_state=0, **QUICK)
    scores = cross_validate(autoencoder, X, y, scoring=scoring, cv=3)
    assert (scores["test_all"] > 0.8).all()
    np.testing.assert_allclose(scores["test_all"], (scores["test_there"] + scores["test_back"]) / 2)


@pytest.mark.slow
def test_a_grid_search_chooses_by_it(drawn):
    X, y, known = drawn
    search = GridSearchCV(
        MultiModalAutoencoder(n_components=2, random_state=0, **QUICK),
        {"max_epochs": [1, 20]},
        scoring=partial(cross_coherence, classifiers=known),
        cv=2,
    ).fit(X, y)
    assert search.best_params_["max_epochs"] == 20
    assert search.best_score_ > 0.8


# Joint coherence ----------------------------------------------------------------------------


class Sampler(BaseEstimator):
    """Draws a class, and shows it in each modality; a share of those shows any class."""

    def __init__(self, share_wrong=0.0):
        self.share_wrong = share_wrong

    def fit(self, X, y=None):
        return self

    def sample(self, n_samples=1, random_state=None):
        rng = np.random.default_rng(random_state)
        return showing(rng.integers(0, N_CLASSES, n_samples), self.share_wrong)


def test_samples_of_one_class_are_coherent(classifiers):
    assert joint_coherence(Sampler(), classifiers=classifiers, random_state=0) == 1


def test_modalities_drawn_apart_agree_by_chance(classifiers):
    score = partial(joint_coherence, Sampler(1.0), n_samples=20_000, random_state=0)
    assert score(classifiers=classifiers) == pytest.approx(N_CLASSES**-3, abs=0.005)
    pair = {name: classifiers[name] for name in "ab"}
    assert score(classifiers=pair) == pytest.approx(1 / N_CLASSES, abs=0.02)


def test_the_seed_is_passed_on(classifiers):
    score = partial(joint_coherence, Sampler(0.5), classifiers=classifiers, n_samples=500)
    assert score(random_state=1) == score(random_state=1) != score(random_state=2)


def test_samples_are_read_by_the_columns_of_the_modalities():
    class OfColumns:
        modalities_ = (("pair", None, ["p", "q"]), ("single", None, "r"))

        def sample(self, n_samples=1, random_state=None):
            one_hot = np.eye(2)[np.arange(n_samples) % 2]
            return MultiModalFrame({"p": one_hot[:, 0], "q": one_hot[:, 1], "r": one_hot[:, 1]})

    class Right:
        def predict(self, X):
            assert X.shape == (10, 2)
            return np.asarray(X)[:, 1].astype(int)

    class Alone:
        def predict(self, X):
            return np.asarray(X).astype(int)

    classifiers = {"pair": Right(), "single": Alone()}
    assert joint_coherence(OfColumns(), classifiers=classifiers, n_samples=10) == 1


def test_two_classifiers_are_needed(classifiers):
    for given in ({"a": classifiers["a"]}, classifiers["a"]):
        with pytest.raises(ValueError, match="Sampler takes classifiers of two modalities"):
            joint_coherence(Sampler(), classifiers=given)
    with pytest.raises(ModalityError, match=r"Sampler: \['e'\] are not among"):
        joint_coherence(Sampler(), classifiers={**classifiers, "e": None})


def test_joint_coherence_is_a_scorer(classifiers):
    scoring = partial(joint_coherence, classifiers=classifiers, random_state=0)
    scores = cross_validate(Sampler(), showing(Y), Y, scoring={"joint": scoring}, cv=3)
    assert scores["test_joint"].tolist() == [1, 1, 1]


def test_as_many_labels_as_samples_are_needed(translator, classifiers):
    with pytest.raises(ValueError, match="Translator: X has 2000 samples, y has 50"):
        cross_coherence(translator(first), showing(Y), Y[:50], classifiers)


def test_one_modality_has_none_to_be_told_from(translator, classifiers):
    alone = showing(Y)[["a"]]
    with pytest.raises(ModalityError, match="no target is left"):
        cross_coherence(translator(first), alone, Y, {"a": classifiers["a"]})
